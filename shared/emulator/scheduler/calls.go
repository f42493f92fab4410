package scheduler

import (
	"context"
	"maps"
	"slices"

	"cloud.google.com/go/scheduler/apiv1/schedulerpb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/internal/mask"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/internal/resource"
)

const maxJobPage = 500

func invalid(err error) error { return status.Error(codes.InvalidArgument, err.Error()) }

// find returns a job by its name. The lock is held.
func (s *Server) find(name string) (*job, error) {
	if err := resource.Check("job name", name, jobKind); err != nil {
		return nil, invalid(err)
	}
	j, ok := s.jobs[name]
	if !ok {
		return nil, status.Errorf(codes.NotFound, "job %q does not exist: create it first", name)
	}
	return j, nil
}

// CreateJob makes an enabled job; an existing one of that name is
// AlreadyExists. A job without a name gets one.
func (s *Server) CreateJob(_ context.Context, request *schedulerpb.CreateJobRequest) (*schedulerpb.Job, error) {
	if err := resource.Check("parent", request.GetParent()); err != nil {
		return nil, invalid(err)
	}
	s.Mu.Lock()
	defer s.Mu.Unlock()
	s.serial++
	name := request.GetJob().GetName()
	if name == "" {
		name = request.GetParent() + "/jobs/" + s.Dice.Digits(s.serial)
	}
	if err := resource.Check("job.name", name, jobKind); err != nil {
		return nil, invalid(err)
	}
	if resource.Parent(name) != request.GetParent() {
		return nil, status.Errorf(codes.InvalidArgument, "job.name %q is not in parent %q", name, request.GetParent())
	}
	if _, ok := s.jobs[name]; ok {
		return nil, status.Errorf(codes.AlreadyExists, "job %q already exists", name)
	}
	j := &job{message: &schedulerpb.Job{Name: name, State: schedulerpb.Job_ENABLED}}
	if err := s.configure(j, request.GetJob(), nil); err != nil {
		return nil, err
	}
	s.jobs[name] = j
	return proto.CloneOf(j.message), nil
}

// configure copies the masked fields onto a job and plans its next tick; a
// refused change leaves the job as it was. The lock is held.
func (s *Server) configure(j *job, from *schedulerpb.Job, paths []string) error {
	now := s.Now()
	message := proto.CloneOf(j.message)
	if err := mask.Apply(message, proto.Clone(from), paths, writableJobFields); err != nil {
		return invalid(err)
	}
	complete(message)
	if err := checkJob(message); err != nil {
		return invalid(err)
	}
	parsed, err := parseSchedule(message.GetSchedule(), message.GetTimeZone(), now)
	if err != nil {
		return invalid(err)
	}
	if s.options.Every > 0 {
		parsed.Schedule = interval(s.options.Every)
	}
	message.UserUpdateTime = timestamppb.New(now)
	j.message, j.schedule = message, parsed
	s.plan(j, now)
	s.Poke()
	return nil
}

// UpdateJob changes the masked fields of a job; the next tick follows the new
// schedule.
func (s *Server) UpdateJob(_ context.Context, request *schedulerpb.UpdateJobRequest) (*schedulerpb.Job, error) {
	return s.withJob(request.GetJob().GetName(), func(j *job) error {
		return s.configure(j, request.GetJob(), request.GetUpdateMask().GetPaths())
	})
}

// GetJob returns one job.
func (s *Server) GetJob(_ context.Context, request *schedulerpb.GetJobRequest) (*schedulerpb.Job, error) {
	return s.withJob(request.GetName(), func(*job) error { return nil })
}

// PauseJob stops the ticks of an enabled job, and retries that wait.
func (s *Server) PauseJob(_ context.Context, request *schedulerpb.PauseJobRequest) (*schedulerpb.Job, error) {
	return s.withJob(request.GetName(), func(j *job) error {
		if !j.enabled() {
			return status.Errorf(codes.FailedPrecondition, "job %q is %v: only an enabled job can be paused", j.message.GetName(), j.message.GetState())
		}
		j.message.State = schedulerpb.Job_PAUSED
		abandon(j)
		return nil
	})
}

// ResumeJob lets a paused job tick again, from its next scheduled time on.
func (s *Server) ResumeJob(_ context.Context, request *schedulerpb.ResumeJobRequest) (*schedulerpb.Job, error) {
	return s.withJob(request.GetName(), func(j *job) error {
		if j.message.GetState() != schedulerpb.Job_PAUSED {
			return status.Errorf(codes.FailedPrecondition, "job %q is %v: only a paused job can be resumed", j.message.GetName(), j.message.GetState())
		}
		j.message.State = schedulerpb.Job_ENABLED
		s.plan(j, s.Now())
		s.Poke()
		return nil
	})
}

// RunJob makes one attempt now, even if the job is running or paused. It is
// not retried and leaves the schedule alone.
func (s *Server) RunJob(_ context.Context, request *schedulerpb.RunJobRequest) (*schedulerpb.Job, error) {
	return s.withJob(request.GetName(), func(j *job) error {
		s.force(j, s.Now())
		return nil
	})
}

// withJob applies a change to a job and returns the job as it is then.
func (s *Server) withJob(name string, change func(*job) error) (*schedulerpb.Job, error) {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	j, err := s.find(name)
	if err != nil {
		return nil, err
	}
	if err := change(j); err != nil {
		return nil, err
	}
	return proto.CloneOf(j.message), nil
}

// abandon ends an execution that waits for a retry. The lock is held.
func abandon(j *job) {
	if e := j.execution; e != nil && !e.running {
		e.end(errStopped(j))
	}
}

// DeleteJob deletes a job; an attempt in flight ends by itself.
func (s *Server) DeleteJob(_ context.Context, request *schedulerpb.DeleteJobRequest) (*emptypb.Empty, error) {
	_, err := s.withJob(request.GetName(), func(j *job) error {
		j.gone = true
		abandon(j)
		delete(s.jobs, request.GetName())
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, nil
}

// ListJobs returns the jobs of a location by name.
func (s *Server) ListJobs(_ context.Context, request *schedulerpb.ListJobsRequest) (*schedulerpb.ListJobsResponse, error) {
	if err := resource.Check("parent", request.GetParent()); err != nil {
		return nil, invalid(err)
	}
	s.Mu.Lock()
	defer s.Mu.Unlock()
	names := slices.DeleteFunc(slices.Collect(maps.Keys(s.jobs)), func(name string) bool {
		return resource.Parent(name) != request.GetParent()
	})
	page, err := resource.Paginate(names, request.GetPageToken(), int(request.GetPageSize()), maxJobPage)
	if err != nil {
		return nil, invalid(err)
	}
	response := &schedulerpb.ListJobsResponse{NextPageToken: page.Next}
	for _, name := range page.Names {
		response.Jobs = append(response.Jobs, proto.CloneOf(s.jobs[name].message))
	}
	return response, nil
}
