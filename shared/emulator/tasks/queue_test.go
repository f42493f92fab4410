package tasks

import (
	"testing"
	"time"

	cloudtasks "cloud.google.com/go/cloudtasks/apiv2"
	"cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/api/iterator"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/internal/kit"
)

func pause(t *testing.T, client *cloudtasks.Client) {
	t.Helper()
	queue, err := client.PauseQueue(kit.Context(t), &cloudtaskspb.PauseQueueRequest{Name: testQueue})
	if err != nil || queue.GetState() != cloudtaskspb.Queue_PAUSED {
		t.Fatalf("PauseQueue: %v, %v", queue, err)
	}
}

func TestQueueDefaultsAndUpdate(t *testing.T) {
	_, client := start(t, Options{})
	want := &cloudtaskspb.Queue{
		Name: testQueue, State: cloudtaskspb.Queue_RUNNING,
		RateLimits: &cloudtaskspb.RateLimits{MaxDispatchesPerSecond: 500, MaxBurstSize: 100, MaxConcurrentDispatches: 1000},
		RetryConfig: &cloudtaskspb.RetryConfig{
			MaxAttempts: 100, MaxDoublings: 16, MinBackoff: durationpb.New(100 * time.Millisecond), MaxBackoff: durationpb.New(time.Hour),
		},
	}
	if diff := cmp.Diff(want, makeQueue(t, client, &cloudtaskspb.Queue{}), protocmp.Transform()); diff != "" {
		t.Fatalf("created (-want +got):\n%s", diff)
	}
	change := &cloudtaskspb.Queue{
		Name:        testQueue,
		RateLimits:  &cloudtaskspb.RateLimits{MaxDispatchesPerSecond: 0.25, MaxConcurrentDispatches: 3},
		RetryConfig: &cloudtaskspb.RetryConfig{MaxAttempts: -1},
	}
	masked := &cloudtaskspb.UpdateQueueRequest{Queue: change, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"rate_limits.max_dispatches_per_second", "state"}}}
	got, err := client.UpdateQueue(kit.Context(t), masked)
	if err != nil {
		t.Fatal(err)
	}
	want.RateLimits.MaxDispatchesPerSecond, want.RateLimits.MaxBurstSize = 0.25, 10
	if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
		t.Errorf("masked update (-want +got):\n%s", diff)
	}
	got, err = client.UpdateQueue(kit.Context(t), &cloudtaskspb.UpdateQueueRequest{Queue: change})
	if err != nil {
		t.Fatal(err)
	}
	want.RateLimits.MaxConcurrentDispatches, want.RetryConfig.MaxAttempts = 3, -1
	if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
		t.Errorf("full update (-want +got):\n%s", diff)
	}
	read, err := client.GetQueue(kit.Context(t), &cloudtaskspb.GetQueueRequest{Name: testQueue})
	if diff := cmp.Diff(want, read, protocmp.Transform()); diff != "" || err != nil {
		t.Errorf("read (-want +got): %v\n%s", err, diff)
	}
}

func TestUpdateQueueCreates(t *testing.T) {
	_, client := start(t, Options{})
	got, err := client.UpdateQueue(kit.Context(t), &cloudtaskspb.UpdateQueueRequest{Queue: &cloudtaskspb.Queue{
		Name: testQueue, RetryConfig: &cloudtaskspb.RetryConfig{MaxAttempts: 7},
	}})
	if err != nil || got.GetRetryConfig().GetMaxAttempts() != 7 || got.GetState() != cloudtaskspb.Queue_RUNNING {
		t.Errorf("%v, %v", got, err)
	}
}

func TestQueueRefusals(t *testing.T) {
	_, client := start(t, Options{})
	makeQueue(t, client, &cloudtaskspb.Queue{})
	rate := func(l *cloudtaskspb.RateLimits) *cloudtaskspb.Queue { return &cloudtaskspb.Queue{RateLimits: l} }
	retry := func(r *cloudtaskspb.RetryConfig) *cloudtaskspb.Queue { return &cloudtaskspb.Queue{RetryConfig: r} }
	tests := []struct {
		name  string
		id    string
		queue *cloudtaskspb.Queue
		want  codes.Code
	}{
		{"exists", testQueue, &cloudtaskspb.Queue{}, codes.AlreadyExists},
		{"underscore", testParent + "/queues/return_sync", &cloudtaskspb.Queue{}, codes.InvalidArgument},
		{"no id", testParent + "/queues/", &cloudtaskspb.Queue{}, codes.InvalidArgument},
		{"short name", "returnSync", &cloudtaskspb.Queue{}, codes.InvalidArgument},
		{"other location", "projects/demo/locations/europe-west1/queues/q", &cloudtaskspb.Queue{}, codes.InvalidArgument},
		{"bad location", "projects/demo/locations/Asia South/queues/q", &cloudtaskspb.Queue{}, codes.InvalidArgument},
		{"rate too high", testParent + "/queues/a", rate(&cloudtaskspb.RateLimits{MaxDispatchesPerSecond: 501}), codes.InvalidArgument},
		{"rate negative", testParent + "/queues/a", rate(&cloudtaskspb.RateLimits{MaxDispatchesPerSecond: -1}), codes.InvalidArgument},
		{"concurrency too high", testParent + "/queues/a", rate(&cloudtaskspb.RateLimits{MaxConcurrentDispatches: 5001}), codes.InvalidArgument},
		{"attempts below -1", testParent + "/queues/a", retry(&cloudtaskspb.RetryConfig{MaxAttempts: -2}), codes.InvalidArgument},
		{"doublings negative", testParent + "/queues/a", retry(&cloudtaskspb.RetryConfig{MaxDoublings: -2}), codes.InvalidArgument},
		{"backoffs crossed", testParent + "/queues/a", retry(&cloudtaskspb.RetryConfig{MinBackoff: durationpb.New(2 * time.Hour)}), codes.InvalidArgument},
		{"negative duration", testParent + "/queues/a", retry(&cloudtaskspb.RetryConfig{MaxRetryDuration: durationpb.New(-1)}), codes.InvalidArgument},
		{"queue-level target", testParent + "/queues/a", &cloudtaskspb.Queue{HttpTarget: &cloudtaskspb.HttpTarget{}}, codes.InvalidArgument},
		{"App Engine", testParent + "/queues/a", &cloudtaskspb.Queue{AppEngineRoutingOverride: &cloudtaskspb.AppEngineRouting{}}, codes.InvalidArgument},
	}
	for _, test := range tests {
		test.queue.Name = test.id
		_, err := client.CreateQueue(kit.Context(t), &cloudtaskspb.CreateQueueRequest{Parent: testParent, Queue: test.queue})
		kit.WantCode(t, test.name, err, test.want)
	}
	_, err := client.CreateQueue(kit.Context(t), &cloudtaskspb.CreateQueueRequest{Parent: "projects/demo", Queue: &cloudtaskspb.Queue{Name: testQueue}})
	kit.WantCode(t, "parent", err, codes.InvalidArgument)
	_, err = client.UpdateQueue(kit.Context(t), &cloudtaskspb.UpdateQueueRequest{Queue: &cloudtaskspb.Queue{Name: testQueue}, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"speed"}}})
	kit.WantCode(t, "mask", err, codes.InvalidArgument)
	_, err = client.UpdateQueue(kit.Context(t), &cloudtaskspb.UpdateQueueRequest{Queue: &cloudtaskspb.Queue{Name: "q"}})
	kit.WantCode(t, "update name", err, codes.InvalidArgument)
	_, err = client.PauseQueue(kit.Context(t), &cloudtaskspb.PauseQueueRequest{Name: testParent + "/queues/none"})
	kit.WantCode(t, "pause nothing", err, codes.NotFound)
	err = client.DeleteQueue(kit.Context(t), &cloudtaskspb.DeleteQueueRequest{Name: testParent + "/queues/none"})
	kit.WantCode(t, "delete nothing", err, codes.NotFound)
}

func TestListQueuesInPages(t *testing.T) {
	_, client := start(t, Options{})
	want := []string{testParent + "/queues/a", testParent + "/queues/b", testParent + "/queues/c"}
	for _, i := range []int{2, 0, 1} {
		if _, err := client.CreateQueue(kit.Context(t), &cloudtaskspb.CreateQueueRequest{Parent: testParent, Queue: &cloudtaskspb.Queue{Name: want[i]}}); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for it := client.ListQueues(kit.Context(t), &cloudtaskspb.ListQueuesRequest{Parent: testParent, PageSize: 2}); ; {
		queue, err := it.Next()
		if err == iterator.Done {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, queue.GetName())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	_, err := client.ListQueues(kit.Context(t), &cloudtaskspb.ListQueuesRequest{Parent: testParent, Filter: "state: PAUSED"}).Next()
	kit.WantCode(t, "filter", err, codes.Unimplemented)
	_, err = client.ListQueues(kit.Context(t), &cloudtaskspb.ListQueuesRequest{Parent: testParent, PageToken: "!"}).Next()
	kit.WantCode(t, "token", err, codes.InvalidArgument)
	_, err = client.ListQueues(kit.Context(t), &cloudtaskspb.ListQueuesRequest{Parent: "x"}).Next()
	kit.WantCode(t, "parent", err, codes.InvalidArgument)
}

func TestPauseResumePurgeDelete(t *testing.T) {
	server, client := start(t, Options{})
	makeQueue(t, client, &cloudtaskspb.Queue{})
	target := kit.NewTarget(t, kit.Answer(200))
	pause(t, client)
	create(t, client, httpTask(target.URL, "purged"))
	target.None(t, 30*time.Millisecond)
	purged, err := client.PurgeQueue(kit.Context(t), &cloudtaskspb.PurgeQueueRequest{Name: testQueue})
	if err != nil || purged.GetPurgeTime() == nil {
		t.Fatalf("PurgeQueue: %v, %v", purged, err)
	}
	create(t, client, httpTask(target.URL+"/kept", "kept"))
	resumed, err := client.ResumeQueue(kit.Context(t), &cloudtaskspb.ResumeQueueRequest{Name: testQueue})
	if err != nil || resumed.GetState() != cloudtaskspb.Queue_RUNNING {
		t.Fatalf("ResumeQueue: %v, %v", resumed, err)
	}
	if got := target.Next(t); got.Path != "/kept" {
		t.Errorf("%s was delivered", got.Path)
	}
	wait(t, server)
	pause(t, client)
	create(t, client, httpTask(target.URL, "dropped"))
	if err := client.DeleteQueue(kit.Context(t), &cloudtaskspb.DeleteQueueRequest{Name: testQueue}); err != nil {
		t.Fatal(err)
	}
	wait(t, server)
	_, err = client.CreateTask(kit.Context(t), &cloudtaskspb.CreateTaskRequest{Parent: testQueue, Task: httpTask(target.URL, "")})
	kit.WantCode(t, "task in a deleted queue", err, codes.FailedPrecondition)
	makeQueue(t, client, &cloudtaskspb.Queue{})
	target.None(t, 30*time.Millisecond)
}

// TestTasksOfADeletedQueue creates tasks in queues that were deleted, never made, and
// made again.
func TestTasksOfADeletedQueue(t *testing.T) {
	_, client := start(t, Options{})
	makeQueue(t, client, &cloudtaskspb.Queue{})
	ask := func() codes.Code {
		_, err := client.CreateTask(t.Context(), &cloudtaskspb.CreateTaskRequest{Parent: testQueue, Task: httpTask("http://127.0.0.1/", "")})
		return status.Code(err)
	}
	if err := client.DeleteQueue(t.Context(), &cloudtaskspb.DeleteQueueRequest{Name: testQueue}); err != nil {
		t.Fatal(err)
	}
	if got := ask(); got != codes.FailedPrecondition {
		t.Errorf("deleted: %v", got)
	}
	_, err := client.CreateTask(t.Context(), &cloudtaskspb.CreateTaskRequest{Parent: testParent + "/queues/never", Task: httpTask("http://127.0.0.1/", "")})
	if status.Code(err) != codes.NotFound {
		t.Errorf("never made: %v", err)
	}
	makeQueue(t, client, &cloudtaskspb.Queue{State: cloudtaskspb.Queue_PAUSED})
	if got := ask(); got != codes.OK {
		t.Errorf("made again: %v", got)
	}
}

// TestBurstsAreAFifthOfTheRate holds the burst to the rate.
func TestBurstsAreAFifthOfTheRate(t *testing.T) {
	for rate, want := range map[float64]int32{500: 100, 499: 100, 100: 20, 51: 11, 50: 10, 10: 10, 1: 10, 0.1: 10} {
		q := &cloudtaskspb.Queue{RateLimits: &cloudtaskspb.RateLimits{MaxDispatchesPerSecond: rate}}
		if complete(q); q.GetRateLimits().GetMaxBurstSize() != want {
			t.Errorf("%v/s: %d, want %d", rate, q.GetRateLimits().GetMaxBurstSize(), want)
		}
	}
}
