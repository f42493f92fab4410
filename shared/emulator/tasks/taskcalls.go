package tasks

import (
	"context"
	"maps"
	"slices"

	"cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/internal/resource"
)

const maxTaskPage = 1000

// remove takes a task out of its queue; an attempt in flight ends unheard. The
// lock is held.
func (s *Server) remove(t *task) {
	if t.gone {
		return
	}
	t.gone = true
	t.queue.unwait(t)
	delete(t.queue.tasks, t.message.GetName())
	if t.named {
		s.taken.add(t.message.GetName(), s.Now())
	}
	s.count(-1)
}

// findTask returns a task by its name. The lock is held.
func (s *Server) findTask(name string) (*task, error) {
	if err := resource.Check("task name", name, queueKind, taskKind); err != nil {
		return nil, invalid(err)
	}
	q, err := s.find(resource.Parent(name))
	if err != nil {
		return nil, err
	}
	t, ok := q.tasks[name]
	if !ok {
		return nil, status.Errorf(codes.NotFound, "task %q does not exist: it never did, or it is done, exhausted or deleted", name)
	}
	return t, nil
}

// GetTask returns a task that is waiting or running.
func (s *Server) GetTask(_ context.Context, request *cloudtaskspb.GetTaskRequest) (*cloudtaskspb.Task, error) {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	t, err := s.findTask(request.GetName())
	if err != nil {
		return nil, err
	}
	return view(t.message, request.GetResponseView()), nil
}

// DeleteTask deletes a task that is waiting or running.
func (s *Server) DeleteTask(_ context.Context, request *cloudtaskspb.DeleteTaskRequest) (*emptypb.Empty, error) {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	t, err := s.findTask(request.GetName())
	if err != nil {
		return nil, err
	}
	s.remove(t)
	s.stats.Deleted++
	return &emptypb.Empty{}, nil
}

// RunTask dispatches a task now, whatever its schedule, its queue's rate and
// state, and even if it is running.
func (s *Server) RunTask(_ context.Context, request *cloudtaskspb.RunTaskRequest) (*cloudtaskspb.Task, error) {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	t, err := s.findTask(request.GetName())
	if err != nil {
		return nil, err
	}
	now := s.Now()
	t.queue.unwait(t)
	t.message.ScheduleTime = timestamppb.New(now)
	s.launch(t, now)
	return view(t.message, request.GetResponseView()), nil
}

// ListTasks returns the tasks of a queue by name.
func (s *Server) ListTasks(_ context.Context, request *cloudtaskspb.ListTasksRequest) (*cloudtaskspb.ListTasksResponse, error) {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	q, err := s.find(request.GetParent())
	if err != nil {
		return nil, err
	}
	page, err := resource.Paginate(slices.Collect(maps.Keys(q.tasks)), request.GetPageToken(), int(request.GetPageSize()), maxTaskPage)
	if err != nil {
		return nil, invalid(err)
	}
	response := &cloudtaskspb.ListTasksResponse{NextPageToken: page.Next}
	for _, name := range page.Names {
		response.Tasks = append(response.Tasks, view(q.tasks[name].message, request.GetResponseView()))
	}
	return response, nil
}

// view returns a copy of a task: without the body unless FULL is asked for.
func view(message *cloudtaskspb.Task, want cloudtaskspb.Task_View) *cloudtaskspb.Task {
	shown := proto.CloneOf(message)
	shown.View = cloudtaskspb.Task_FULL
	if want != cloudtaskspb.Task_FULL {
		shown.View = cloudtaskspb.Task_BASIC
		shown.GetHttpRequest().Body = nil
	}
	return shown
}
