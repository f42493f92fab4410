package tasks

import (
	"context"
	"time"

	"cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// CreateTask adds a task to a queue. A name that is in use, or was within
// Options.DedupeFor, is AlreadyExists.
func (s *Server) CreateTask(_ context.Context, request *cloudtaskspb.CreateTaskRequest) (*cloudtaskspb.Task, error) {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	q, err := s.find(request.GetParent())
	if s.deleted[request.GetParent()] {
		return nil, status.Errorf(codes.FailedPrecondition, "queue %q was deleted: create it again", request.GetParent())
	}
	if err != nil {
		return nil, err
	}
	now := s.Now()
	if err := checkTask(request.GetParent(), request.GetTask(), now); err != nil {
		return nil, invalid(err)
	}
	retry, err := taskRetry(request.GetTask(), q)
	if err != nil {
		return nil, invalid(err)
	}
	name := request.GetTask().GetName()
	if _, alive := q.tasks[name]; alive || s.taken.has(name, now) {
		s.stats.Deduplicated++
		return nil, status.Errorf(codes.AlreadyExists, "task %q exists or existed within the last %v", name, s.options.DedupeFor)
	}
	t := s.addTask(q, request.GetTask(), now)
	t.message.RetryConfig = retry
	return view(t.message, request.GetResponseView()), nil
}

// taskRetry returns the task's own retry configuration completed by its
// queue's, or nil if it has none.
func taskRetry(message *cloudtaskspb.Task, q *queue) (*cloudtaskspb.RetryConfig, error) {
	if message.GetRetryConfig() == nil {
		return nil, nil
	}
	config := proto.CloneOf(message.GetRetryConfig())
	inherit(config, q.config.GetRetryConfig())
	return config, checkRetry(config)
}

// addTask makes the task of a request that was checked. The lock is held.
func (s *Server) addTask(q *queue, from *cloudtaskspb.Task, now time.Time) *task {
	s.serial++
	message := &cloudtaskspb.Task{
		Name:             from.GetName(),
		MessageType:      &cloudtaskspb.Task_HttpRequest{HttpRequest: proto.CloneOf(from.GetHttpRequest())},
		CreateTime:       timestamppb.New(now.Truncate(time.Second)),
		DispatchDeadline: from.GetDispatchDeadline(),
	}
	if message.DispatchDeadline == nil {
		message.DispatchDeadline = durationpb.New(defaultDeadline)
	}
	if message.GetHttpRequest().GetHttpMethod() == cloudtaskspb.HttpMethod_HTTP_METHOD_UNSPECIFIED {
		message.GetHttpRequest().HttpMethod = cloudtaskspb.HttpMethod_POST
	}
	if message.Name == "" {
		message.Name = q.config.GetName() + "/tasks/" + s.Dice.Digits(s.serial)
	}
	at := now
	if from.GetScheduleTime() != nil && from.GetScheduleTime().AsTime().After(now) {
		at = from.GetScheduleTime().AsTime()
	}
	t := &task{message: message, queue: q, serial: s.serial, index: -1, named: from.GetName() != ""}
	q.tasks[message.Name] = t
	s.stats.Created++
	s.count(1)
	s.schedule(t, at)
	return t
}
