package tasks

import (
	"testing"

	"cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"google.golang.org/grpc/codes"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/internal/kit"
)

// batch wraps tasks as one request.
func batch(tasks ...*cloudtaskspb.Task) *cloudtaskspb.BatchCreateTasksRequest {
	request := &cloudtaskspb.BatchCreateTasksRequest{Parent: testQueue}
	for _, task := range tasks {
		request.Requests = append(request.Requests, &cloudtaskspb.CreateTaskRequest{Parent: testQueue, Task: task})
	}
	return request
}

func TestBatchCreateTasks(t *testing.T) {
	server, client := start(t, Options{})
	makeQueue(t, client, &cloudtaskspb.Queue{})
	target := kit.NewTarget(t, kit.Answer(200))
	operation, err := client.BatchCreateTasks(kit.Context(t), batch(httpTask(target.URL, "a"), httpTask(target.URL, "a"), httpTask(target.URL, "b")))
	if err != nil {
		t.Fatal(err)
	}
	response, err := operation.Wait(kit.Context(t))
	if err != nil || len(response.GetTasks()) != 2 {
		t.Fatalf("response %v, %v", response, err)
	}
	metadata, err := operation.Metadata()
	if err != nil || metadata.GetState() != cloudtaskspb.BatchCreateTasksMetadata_PARTIALLY_SUCCEEDED || metadata.GetFailedRequests()[1].GetCode() != int32(codes.AlreadyExists) {
		t.Errorf("metadata %v, %v", metadata, err)
	}
	wait(t, server)
	if target.Count() != 2 {
		t.Errorf("%d requests, want 2", target.Count())
	}
}

func TestBatchRefusals(t *testing.T) {
	_, client := start(t, Options{})
	makeQueue(t, client, &cloudtaskspb.Queue{})
	_, err := client.BatchCreateTasks(kit.Context(t), batch())
	kit.WantCode(t, "empty", err, codes.InvalidArgument)
	_, err = client.BatchCreateTasks(kit.Context(t), batch(make([]*cloudtaskspb.Task, 101)...))
	kit.WantCode(t, "101 tasks", err, codes.InvalidArgument)
	mixed := batch(httpTask("http://127.0.0.1/", ""))
	mixed.Requests[0].Parent = testParent + "/queues/other"
	_, err = client.BatchCreateTasks(kit.Context(t), mixed)
	kit.WantCode(t, "two parents", err, codes.InvalidArgument)
	operation, err := client.BatchCreateTasks(kit.Context(t), batch(httpTask("ftp://x", "")))
	if err != nil {
		t.Fatal(err)
	}
	_, err = operation.Wait(kit.Context(t))
	kit.WantCode(t, "all fail", err, codes.FailedPrecondition)
	if metadata, err := operation.Metadata(); err != nil || metadata.GetState() != cloudtaskspb.BatchCreateTasksMetadata_FAILED {
		t.Errorf("metadata %v, %v", metadata, err)
	}
}
