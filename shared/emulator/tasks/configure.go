package tasks

import (
	"context"

	"cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/internal/mask"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/internal/resource"
)

// writableQueueFields are the fields of a queue that an update may change.
var writableQueueFields = []string{"app_engine_routing_override", "http_target", "rate_limits", "retry_config", "stackdriver_logging_config"}

// CreateQueue makes a queue; an existing one of that name is AlreadyExists.
func (s *Server) CreateQueue(_ context.Context, request *cloudtaskspb.CreateQueueRequest) (*cloudtaskspb.Queue, error) {
	name := request.GetQueue().GetName()
	if err := resource.Check("parent", request.GetParent()); err != nil {
		return nil, invalid(err)
	}
	if err := resource.Check("queue.name", name, queueKind); err != nil {
		return nil, invalid(err)
	}
	if resource.Parent(name) != request.GetParent() {
		return nil, status.Errorf(codes.InvalidArgument, "queue.name %q is not in parent %q", name, request.GetParent())
	}
	s.Mu.Lock()
	defer s.Mu.Unlock()
	if _, ok := s.queues[name]; ok {
		return nil, status.Errorf(codes.AlreadyExists, "queue %q already exists", name)
	}
	return s.addQueue(request.GetQueue())
}

// addQueue starts a queue that does not exist yet. The lock is held.
func (s *Server) addQueue(from *cloudtaskspb.Queue) (*cloudtaskspb.Queue, error) {
	if s.Ctx.Err() != nil {
		return nil, status.Error(codes.Unavailable, "the emulator is shutting down")
	}
	config := &cloudtaskspb.Queue{Name: from.GetName(), State: cloudtaskspb.Queue_RUNNING}
	if err := reconfigure(config, from, nil); err != nil {
		return nil, err
	}
	q := newQueue(config)
	s.queues[config.GetName()] = q
	delete(s.deleted, config.GetName())
	s.Work.Add(1)
	go s.run(q)
	return proto.CloneOf(config), nil
}

// reconfigure copies the masked fields onto a configuration and completes it.
func reconfigure(config, from *cloudtaskspb.Queue, paths []string) error {
	if err := mask.Apply(config, proto.Clone(from), paths, writableQueueFields); err != nil {
		return invalid(err)
	}
	complete(config)
	if err := checkQueue(config); err != nil {
		return invalid(err)
	}
	return nil
}

// UpdateQueue changes the masked fields of a queue, or makes the queue where
// it does not exist, as the real one does.
func (s *Server) UpdateQueue(_ context.Context, request *cloudtaskspb.UpdateQueueRequest) (*cloudtaskspb.Queue, error) {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	q, err := s.find(request.GetQueue().GetName())
	if status.Code(err) == codes.NotFound {
		return s.addQueue(request.GetQueue())
	}
	if err != nil {
		return nil, err
	}
	config := proto.CloneOf(q.config)
	if err := reconfigure(config, request.GetQueue(), request.GetUpdateMask().GetPaths()); err != nil {
		return nil, err
	}
	q.configure(config)
	return proto.CloneOf(config), nil
}
