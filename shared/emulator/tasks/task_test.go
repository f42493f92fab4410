package tasks

import (
	"context"
	"net/http"
	"testing"
	"time"

	"cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/api/iterator"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/internal/kit"
)

func TestDedupe(t *testing.T) {
	clock := kit.NewClock()
	server, client := start(t, Options{Now: clock.Now})
	makeQueue(t, client, &cloudtaskspb.Queue{})
	target := kit.NewTarget(t, kit.Answer(200))
	again := func() error {
		_, err := client.CreateTask(kit.Context(t), &cloudtaskspb.CreateTaskRequest{Parent: testQueue, Task: httpTask(target.URL, "once")})
		return err
	}
	pause(t, client)
	kit.WantCode(t, "first", again(), codes.OK)
	kit.WantCode(t, "while alive", again(), codes.AlreadyExists)
	if _, err := client.ResumeQueue(kit.Context(t), &cloudtaskspb.ResumeQueueRequest{Name: testQueue}); err != nil {
		t.Fatal(err)
	}
	wait(t, server)
	clock.Move(time.Hour - 1)
	kit.WantCode(t, "within the hour", again(), codes.AlreadyExists)
	clock.Move(1)
	kit.WantCode(t, "after the hour", again(), codes.OK)
	wait(t, server)
	if got := server.Stats(); got.Deduplicated != 2 || got.Succeeded != 2 {
		t.Errorf("stats %+v", got)
	}
	if server.taken.add("x", clock.Now().Add(2*time.Hour)); len(server.taken.until) != 1 || len(server.taken.order) != 1 {
		t.Errorf("old names are kept: %v", server.taken.until)
	}
}

func TestGetListDeleteAndViews(t *testing.T) {
	server, client := start(t, Options{Seed: 5})
	makeQueue(t, client, &cloudtaskspb.Queue{})
	pause(t, client)
	task := httpTask("http://127.0.0.1/", "b")
	task.GetHttpRequest().Body = []byte("secret")
	made := create(t, client, task)
	if made.GetView() != cloudtaskspb.Task_BASIC || made.GetHttpRequest().GetBody() != nil || made.GetDispatchDeadline().AsDuration() != 10*time.Minute {
		t.Errorf("created %v", made)
	}
	if full := get(t, client, made.GetName()); string(full.GetHttpRequest().GetBody()) != "secret" || full.GetView() != cloudtaskspb.Task_FULL {
		t.Errorf("full %v", full)
	}
	unnamed := create(t, client, httpTask("http://127.0.0.1/", ""))
	create(t, client, httpTask("http://127.0.0.1/", "a"))
	var names []string
	for it := client.ListTasks(kit.Context(t), &cloudtaskspb.ListTasksRequest{Parent: testQueue, PageSize: 1}); ; {
		task, err := it.Next()
		if err == iterator.Done {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, task.GetName())
	}
	if diff := cmp.Diff([]string{unnamed.GetName(), testQueue + "/tasks/a", made.GetName()}, names); diff != "" {
		t.Errorf("listed (-want +got):\n%s", diff)
	}
	for _, name := range names {
		if err := client.DeleteTask(kit.Context(t), &cloudtaskspb.DeleteTaskRequest{Name: name}); err != nil {
			t.Fatal(err)
		}
	}
	wait(t, server)
	kit.WantCode(t, "delete again", client.DeleteTask(kit.Context(t), &cloudtaskspb.DeleteTaskRequest{Name: names[0]}), codes.NotFound)
	_, err := client.GetTask(kit.Context(t), &cloudtaskspb.GetTaskRequest{Name: names[0]})
	kit.WantCode(t, "get", err, codes.NotFound)
	_, err = client.RunTask(kit.Context(t), &cloudtaskspb.RunTaskRequest{Name: names[0]})
	kit.WantCode(t, "run", err, codes.NotFound)
	_, err = client.GetTask(kit.Context(t), &cloudtaskspb.GetTaskRequest{Name: "x"})
	kit.WantCode(t, "name", err, codes.InvalidArgument)
}

func TestRunTaskIgnoresPauseAndSchedule(t *testing.T) {
	server, client := start(t, Options{})
	makeQueue(t, client, &cloudtaskspb.Queue{RetryConfig: &cloudtaskspb.RetryConfig{MinBackoff: durationpb.New(time.Minute)}})
	target := kit.NewTarget(t, kit.Answer(500, 200))
	pause(t, client)
	task := httpTask(target.URL, "forced")
	task.ScheduleTime = timestamppb.New(time.Now().Add(time.Hour))
	name := create(t, client, task).GetName()
	run := func() {
		t.Helper()
		if _, err := client.RunTask(kit.Context(t), &cloudtaskspb.RunTaskRequest{Name: name}); err != nil {
			t.Fatal(err)
		}
		target.Next(t)
		kit.Eventually(t, "the run is recorded", func() bool { return server.Stats().Running == 0 })
	}
	run()
	if wait := time.Until(get(t, client, name).GetScheduleTime().AsTime()); wait > time.Minute || wait < 30*time.Second {
		t.Errorf("after a failed run the next attempt is in %v, want the backoff of a minute", wait)
	}
	run()
	wait(t, server)
}

func TestDispatchDeadlineReachesTheRequest(t *testing.T) {
	deadlines := make(chan time.Duration, 10)
	client := &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		at, _ := r.Context().Deadline()
		deadlines <- time.Until(at)
		return nil, context.DeadlineExceeded
	})}
	server, api := start(t, Options{HTTPClient: client})
	makeQueue(t, api, &cloudtaskspb.Queue{RetryConfig: &cloudtaskspb.RetryConfig{MinBackoff: durationpb.New(time.Hour)}})
	for _, want := range []time.Duration{0, 45 * time.Second} {
		task := httpTask("http://127.0.0.1/", "")
		if want != 0 {
			task.DispatchDeadline = durationpb.New(want)
		} else {
			want = 10 * time.Minute
		}
		name := create(t, api, task).GetName()
		if got := <-deadlines; got > want || got < want-10*time.Second {
			t.Errorf("deadline in %v, want %v", got, want)
		}
		kit.Eventually(t, "the attempt is recorded", func() bool { return server.Stats().Running == 0 })
		attempt := get(t, api, name).GetLastAttempt()
		if attempt.GetResponseTime() != nil || attempt.GetResponseStatus().GetCode() != int32(codes.DeadlineExceeded) {
			t.Errorf("attempt %v", attempt)
		}
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// Callers that are in the same process keep their messages.
func TestMessagesAreCopied(t *testing.T) {
	server := New(Options{})
	defer server.Close()
	queue := &cloudtaskspb.Queue{Name: testQueue, RetryConfig: &cloudtaskspb.RetryConfig{MaxAttempts: 5}}
	before := proto.CloneOf(queue)
	made, err := server.CreateQueue(t.Context(), &cloudtaskspb.CreateQueueRequest{Parent: testParent, Queue: queue})
	if err != nil {
		t.Fatal(err)
	}
	made.RetryConfig.MaxAttempts, made.State = 1, cloudtaskspb.Queue_PAUSED
	read, err := server.GetQueue(t.Context(), &cloudtaskspb.GetQueueRequest{Name: testQueue})
	if err != nil || read.GetRetryConfig().GetMaxAttempts() != 5 || read.GetState() != cloudtaskspb.Queue_RUNNING || !proto.Equal(before, queue) {
		t.Errorf("stored %v (%v), caller's %v", read, err, queue)
	}
}
