package tasks

import (
	"testing"
	"time"

	cloudtasks "cloud.google.com/go/cloudtasks/apiv2"
	"cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"google.golang.org/protobuf/types/known/durationpb"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/internal/kit"
)

const (
	testParent = "projects/demo/locations/asia-south1"
	testQueue  = testParent + "/queues/returnSync"
)

// start serves an emulator on loopback and returns it with an unmodified
// client.
func start(t testing.TB, options Options) (*Server, *cloudtasks.Client) {
	t.Helper()
	server := New(options)
	client, err := cloudtasks.NewClient(t.Context(), kit.Serve(t, server)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return server, client
}

// fastRetry retries after a few milliseconds.
func fastRetry(attempts int32) *cloudtaskspb.RetryConfig {
	return &cloudtaskspb.RetryConfig{MaxAttempts: attempts, MinBackoff: durationpb.New(2 * time.Millisecond), MaxBackoff: durationpb.New(5 * time.Millisecond)}
}

func makeQueue(t testing.TB, client *cloudtasks.Client, queue *cloudtaskspb.Queue) *cloudtaskspb.Queue {
	t.Helper()
	queue.Name = testQueue
	made, err := client.CreateQueue(kit.Context(t), &cloudtaskspb.CreateQueueRequest{Parent: testParent, Queue: queue})
	if err != nil {
		t.Fatalf("CreateQueue: %v", err)
	}
	return made
}

func httpTask(url, id string) *cloudtaskspb.Task {
	task := &cloudtaskspb.Task{MessageType: &cloudtaskspb.Task_HttpRequest{HttpRequest: &cloudtaskspb.HttpRequest{Url: url}}}
	if id != "" {
		task.Name = testQueue + "/tasks/" + id
	}
	return task
}

func create(t testing.TB, client *cloudtasks.Client, task *cloudtaskspb.Task) *cloudtaskspb.Task {
	t.Helper()
	made, err := client.CreateTask(kit.Context(t), &cloudtaskspb.CreateTaskRequest{Parent: testQueue, Task: task})
	if err != nil {
		t.Fatalf("CreateTask: %v", err)
	}
	return made
}

func get(t testing.TB, client *cloudtasks.Client, name string) *cloudtaskspb.Task {
	t.Helper()
	task, err := client.GetTask(kit.Context(t), &cloudtaskspb.GetTaskRequest{Name: name, ResponseView: cloudtaskspb.Task_FULL})
	if err != nil {
		t.Fatalf("GetTask: %v", err)
	}
	return task
}

func wait(t testing.TB, server *Server) {
	t.Helper()
	if err := server.Wait(kit.Context(t)); err != nil {
		t.Fatal(err)
	}
}
