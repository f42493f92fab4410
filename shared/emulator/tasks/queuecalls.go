package tasks

import (
	"context"
	"maps"
	"regexp"
	"slices"

	"cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/internal/resource"
)

const maxQueuePage = 9800

var queueKind = resource.Kind{
	Collection: "queues",
	ID:         regexp.MustCompile(`^[A-Za-z0-9-]{1,100}$`),
	IDRule:     "1 to 100 letters, digits, hyphens",
}

func invalid(err error) error { return status.Error(codes.InvalidArgument, err.Error()) }

// find returns a queue by its name. The lock is held.
func (s *Server) find(name string) (*queue, error) {
	if err := resource.Check("queue name", name, queueKind); err != nil {
		return nil, invalid(err)
	}
	q, ok := s.queues[name]
	if !ok {
		return nil, status.Errorf(codes.NotFound, "queue %q does not exist: create it first", name)
	}
	return q, nil
}

// GetQueue returns one queue.
func (s *Server) GetQueue(_ context.Context, request *cloudtaskspb.GetQueueRequest) (*cloudtaskspb.Queue, error) {
	return s.withQueue(request.GetName(), func(*queue) {})
}

// PauseQueue stops dispatching from a queue; requests in flight end.
func (s *Server) PauseQueue(_ context.Context, request *cloudtaskspb.PauseQueueRequest) (*cloudtaskspb.Queue, error) {
	return s.withQueue(request.GetName(), func(q *queue) { q.config.State = cloudtaskspb.Queue_PAUSED })
}

// ResumeQueue dispatches from a paused queue again.
func (s *Server) ResumeQueue(_ context.Context, request *cloudtaskspb.ResumeQueueRequest) (*cloudtaskspb.Queue, error) {
	return s.withQueue(request.GetName(), func(q *queue) { q.config.State = cloudtaskspb.Queue_RUNNING })
}

// PurgeQueue deletes all tasks of a queue at once.
func (s *Server) PurgeQueue(_ context.Context, request *cloudtaskspb.PurgeQueueRequest) (*cloudtaskspb.Queue, error) {
	return s.withQueue(request.GetName(), func(q *queue) {
		s.purge(q)
		q.config.PurgeTime = timestamppb.New(s.Now())
	})
}

// withQueue applies a change to a queue and returns its new configuration.
func (s *Server) withQueue(name string, change func(*queue)) (*cloudtaskspb.Queue, error) {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	q, err := s.find(name)
	if err != nil {
		return nil, err
	}
	change(q)
	q.poke()
	return proto.CloneOf(q.config), nil
}

func (s *Server) purge(q *queue) {
	for _, t := range q.tasks {
		s.remove(t)
		s.stats.Deleted++
	}
}

// DeleteQueue deletes a queue with its tasks. The name is free again at once;
// the real one may refuse it for some days.
func (s *Server) DeleteQueue(_ context.Context, request *cloudtaskspb.DeleteQueueRequest) (*emptypb.Empty, error) {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	q, err := s.find(request.GetName())
	if err != nil {
		return nil, err
	}
	s.purge(q)
	delete(s.queues, request.GetName())
	s.deleted[request.GetName()] = true
	close(q.gone)
	return &emptypb.Empty{}, nil
}

// ListQueues returns the queues of a location by name.
func (s *Server) ListQueues(_ context.Context, request *cloudtaskspb.ListQueuesRequest) (*cloudtaskspb.ListQueuesResponse, error) {
	if err := resource.Check("parent", request.GetParent()); err != nil {
		return nil, invalid(err)
	}
	if request.GetFilter() != "" {
		return nil, status.Error(codes.Unimplemented, "filter: this emulator lists all queues only")
	}
	s.Mu.Lock()
	defer s.Mu.Unlock()
	names := slices.DeleteFunc(slices.Collect(maps.Keys(s.queues)), func(name string) bool {
		return resource.Parent(name) != request.GetParent()
	})
	page, err := resource.Paginate(names, request.GetPageToken(), int(request.GetPageSize()), maxQueuePage)
	if err != nil {
		return nil, invalid(err)
	}
	response := &cloudtaskspb.ListQueuesResponse{NextPageToken: page.Next}
	for _, name := range page.Names {
		response.Queues = append(response.Queues, proto.CloneOf(s.queues[name].config))
	}
	return response, nil
}
