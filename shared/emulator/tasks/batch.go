package tasks

import (
	"context"

	"cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	rpcstatus "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

const maxBatch = 100

// BatchCreateTasks creates up to 100 tasks of one queue and returns an
// operation that is already done: its response holds the tasks created, its
// metadata the failures by their position. If every request fails, so does
// the operation.
func (s *Server) BatchCreateTasks(ctx context.Context, request *cloudtaskspb.BatchCreateTasksRequest) (*longrunningpb.Operation, error) {
	if err := checkBatch(request); err != nil {
		return nil, err
	}
	start := timestamppb.New(s.Now())
	response := &cloudtaskspb.BatchCreateTasksResponse{}
	failed := map[int32]*rpcstatus.Status{}
	for i, one := range request.GetRequests() {
		one = proto.CloneOf(one)
		one.Parent = request.GetParent()
		task, err := s.CreateTask(ctx, one)
		if err != nil {
			failed[int32(i)] = status.Convert(err).Proto()
			continue
		}
		response.Tasks = append(response.Tasks, task)
	}
	metadata := &cloudtaskspb.BatchCreateTasksMetadata{
		StartTime: start, EndTime: timestamppb.New(s.Now()),
		State: batchState(len(response.GetTasks()), len(failed)), FailedRequests: failed,
	}
	return s.batchOperation(request, response, metadata)
}

func checkBatch(request *cloudtaskspb.BatchCreateTasksRequest) error {
	if n := len(request.GetRequests()); n == 0 || n > maxBatch {
		return status.Errorf(codes.InvalidArgument, "requests: %d tasks in the batch, from 1 to %d are allowed", n, maxBatch)
	}
	for i, one := range request.GetRequests() {
		if one.GetParent() != "" && one.GetParent() != request.GetParent() {
			return status.Errorf(codes.InvalidArgument, "requests[%d].parent %q is not the batch's parent %q", i, one.GetParent(), request.GetParent())
		}
	}
	return nil
}

func batchState(created, failed int) cloudtaskspb.BatchCreateTasksMetadata_State {
	switch {
	case failed == 0:
		return cloudtaskspb.BatchCreateTasksMetadata_SUCCEEDED
	case created == 0:
		return cloudtaskspb.BatchCreateTasksMetadata_FAILED
	default:
		return cloudtaskspb.BatchCreateTasksMetadata_PARTIALLY_SUCCEEDED
	}
}

// batchOperation wraps a finished batch. An operation without an id of the
// caller's is named after the number of tasks created so far.
func (s *Server) batchOperation(request *cloudtaskspb.BatchCreateTasksRequest, response *cloudtaskspb.BatchCreateTasksResponse, metadata *cloudtaskspb.BatchCreateTasksMetadata) (*longrunningpb.Operation, error) {
	described, err := anypb.New(metadata)
	if err != nil {
		return nil, status.Errorf(codes.Internal, "packing the metadata: %v", err)
	}
	operation := &longrunningpb.Operation{Name: request.GetParent() + "/operations/" + request.GetRequestId(), Metadata: described, Done: true}
	if request.GetRequestId() == "" {
		operation.Name += s.Dice.Digits(-1 - s.Stats().Created)
	}
	if len(response.GetTasks()) == 0 {
		failure := &rpcstatus.Status{Code: int32(codes.FailedPrecondition), Message: "no task of the batch was created, the metadata says why"}
		operation.Result = &longrunningpb.Operation_Error{Error: failure}
		return operation, nil
	}
	packed, err := anypb.New(response)
	if err != nil {
		return nil, status.Errorf(codes.Internal, "packing the response: %v", err)
	}
	operation.Result = &longrunningpb.Operation_Response{Response: packed}
	return operation, nil
}
