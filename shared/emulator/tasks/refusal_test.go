package tasks

import (
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/internal/kit"
)

// taskCase is one change of a plain task, and what the refusal says: empty for
// accepted.
type taskCase struct {
	name   string
	change func(*cloudtaskspb.Task)
	want   string
}

// onRequest lifts a change of a request to one of its task.
func onRequest(change func(*cloudtaskspb.HttpRequest)) func(*cloudtaskspb.Task) {
	return func(task *cloudtaskspb.Task) { change(task.GetHttpRequest()) }
}

func withHeader(name, value string) func(*cloudtaskspb.Task) {
	return onRequest(func(r *cloudtaskspb.HttpRequest) { r.Headers = map[string]string{name: value} })
}

func withBody(size int, method cloudtaskspb.HttpMethod) func(*cloudtaskspb.Task) {
	return onRequest(func(r *cloudtaskspb.HttpRequest) { r.Body, r.HttpMethod = make([]byte, size), method })
}

func withURL(text string) func(*cloudtaskspb.Task) {
	return onRequest(func(r *cloudtaskspb.HttpRequest) { r.Url = text })
}

func withDeadline(d time.Duration) func(*cloudtaskspb.Task) {
	return func(task *cloudtaskspb.Task) { task.DispatchDeadline = durationpb.New(d) }
}

func ahead(d time.Duration) func(*cloudtaskspb.Task) {
	return func(task *cloudtaskspb.Task) { task.ScheduleTime = timestamppb.New(time.Now().Add(d)) }
}

func named(text string) func(*cloudtaskspb.Task) {
	return func(task *cloudtaskspb.Task) { task.Name = text }
}

func taskCases() []taskCase {
	return []taskCase{
		{"plain", func(*cloudtaskspb.Task) {}, ""},
		{"largest id", named(testQueue + "/tasks/" + strings.Repeat("a", 500)), ""},
		{"id too long", named(testQueue + "/tasks/" + strings.Repeat("a", 501)), "not allowed in tasks"},
		{"id with a dot", named(testQueue + "/tasks/a.b"), "letters, digits, hyphens, underscores"},
		{"short name", named("abc"), "expected the form projects/PROJECT_ID/locations/LOCATION_ID/queues/QUEUE_ID/tasks/TASK_ID"},
		{"other queue", named(testParent + "/queues/other/tasks/a"), "is not in queue"},
		{"no request", func(task *cloudtaskspb.Task) { task.MessageType = nil }, "http_request is required"},
		{"App Engine", func(task *cloudtaskspb.Task) {
			task.MessageType = &cloudtaskspb.Task_AppEngineHttpRequest{AppEngineHttpRequest: &cloudtaskspb.AppEngineHttpRequest{}}
		}, "HTTP targets only"},
		{"no url", withURL(""), "url is required"},
		{"ftp", withURL("ftp://example.com"), "must begin with"},
		{"no host", withURL("http:///x"), "names no host"},
		{"broken url", withURL("http://[::1"), "url"},
		{"longest url", withURL("http://a/" + strings.Repeat("x", 2083-9)), ""},
		{"url too long", withURL("http://a/" + strings.Repeat("x", 2083-8)), "at most 2083"},
		{"X-CloudTasks header", withHeader("x-cloudtasks-queuename", "q"), "set by the platform alone"},
		{"header name", withHeader("a b", "q"), "HTTP does not allow"},
		{"header value", withHeader("a", "q\r\nb: c"), "line break"},
		{"headers too large", withHeader("a", strings.Repeat("x", 80<<10)), "less than 81920"},
		{"body with PUT", withBody(10, cloudtaskspb.HttpMethod_PUT), ""},
		{"body with GET", withBody(10, cloudtaskspb.HttpMethod_GET), "the method is GET"},
		{"size below the limit", withBody(99<<10, cloudtaskspb.HttpMethod_POST), ""},
		{"size above the limit", withBody(100<<10, cloudtaskspb.HttpMethod_POST), "task size too large"},
		{"shortest deadline", withDeadline(15 * time.Second), ""},
		{"deadline too short", withDeadline(15*time.Second - 1), "between 15s and 30m0s"},
		{"longest deadline", withDeadline(30 * time.Minute), ""},
		{"deadline too long", withDeadline(30*time.Minute + 1), "between 15s and 30m0s"},
		{"30 days ahead", ahead(30*24*time.Hour - time.Minute), ""},
		{"31 days ahead", ahead(31 * 24 * time.Hour), "at most 720h"},
		{"broken time", func(task *cloudtaskspb.Task) { task.ScheduleTime = &timestamppb.Timestamp{Nanos: -5} }, "schedule_time"},
		{"retry", func(task *cloudtaskspb.Task) { task.RetryConfig = &cloudtaskspb.RetryConfig{MaxAttempts: -3} }, "max_attempts"},
		{"OAuth", onRequest(func(r *cloudtaskspb.HttpRequest) {
			r.AuthorizationHeader = &cloudtaskspb.HttpRequest_OauthToken{OauthToken: &cloudtaskspb.OAuthToken{}}
		}), "OIDC tokens only"},
		{"OIDC without account", onRequest(func(r *cloudtaskspb.HttpRequest) {
			r.AuthorizationHeader = &cloudtaskspb.HttpRequest_OidcToken{OidcToken: &cloudtaskspb.OidcToken{}}
		}), "service_account_email is required"},
	}
}

func TestTaskRefusals(t *testing.T) {
	_, client := start(t, Options{})
	makeQueue(t, client, &cloudtaskspb.Queue{})
	pause(t, client)
	for _, test := range taskCases() {
		t.Run(test.name, func(t *testing.T) {
			task := httpTask("http://127.0.0.1/", "")
			test.change(task)
			_, err := client.CreateTask(kit.Context(t), &cloudtaskspb.CreateTaskRequest{Parent: testQueue, Task: task})
			if test.want == "" {
				kit.WantCode(t, "CreateTask", err, codes.OK)
				return
			}
			kit.WantCode(t, "CreateTask", err, codes.InvalidArgument)
			if err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("message %q lacks %q", err, test.want)
			}
		})
	}
}
