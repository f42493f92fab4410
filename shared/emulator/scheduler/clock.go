package scheduler

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// idleWait is how long the clock sleeps when no job is due: an event ends the
// sleep.
const idleWait = time.Duration(1<<63 - 1)

// run fires ticks and retries until the server closes. It sleeps whenever
// nothing is due.
func (s *Server) run() {
	defer s.Work.Done()
	timer := time.NewTimer(idleWait)
	defer timer.Stop()
	for {
		timer.Reset(s.fireDue())
		select {
		case <-s.wake:
		case <-timer.C:
		case <-s.Ctx.Done():
			return
		}
	}
}

// fireDue launches every attempt that is due and returns how long until the
// next one.
func (s *Server) fireDue() time.Duration {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	now, wait := s.Now(), idleWait
	for _, j := range s.jobs {
		if at, ok := s.fire(j, now); ok {
			wait = min(wait, max(at.Sub(now), 0))
		}
	}
	return wait
}

// fire launches the attempt of a job that is due, or returns the time at which one
// will be.
func (s *Server) fire(j *job, now time.Time) (time.Time, bool) {
	if j.execution == nil && j.enabled() && !j.fireAt.After(now) {
		tick := j.newest(now)
		s.begin(j, tick, now)
		s.plan(j, tick)
	}
	switch e := j.execution; {
	case e == nil:
		return j.fireAt, j.enabled()
	case e.running:
		return time.Time{}, false
	case e.at.After(now):
		return e.at, true
	default:
		s.launch(e, now)
		return time.Time{}, false
	}
}

// Tick fires one tick of a job with the given schedule time, whatever the
// job's schedule and state, and waits until it has succeeded or its retries
// are over; the error then says how the last attempt failed. An execution
// that is outstanding is waited for first. An extension of the emulator.
func (s *Server) Tick(ctx context.Context, jobName string, at time.Time) error {
	e, err := s.beginManual(ctx, jobName, at)
	if err != nil {
		return err
	}
	select {
	case <-e.done:
		return e.err
	case <-ctx.Done():
		return fmt.Errorf("scheduler emulator: tick of %s: %w", jobName, ctx.Err())
	case <-s.Ctx.Done():
		return errClosed
	}
}

var errClosed = errors.New("scheduler emulator: closed")

// beginManual waits for its turn and begins an execution.
func (s *Server) beginManual(ctx context.Context, jobName string, at time.Time) (*execution, error) {
	for {
		e, outstanding, err := s.tryManual(jobName, at)
		if err != nil || e != nil {
			return e, err
		}
		select {
		case <-outstanding:
		case <-ctx.Done():
			return nil, fmt.Errorf("scheduler emulator: tick of %s: an earlier execution is outstanding: %w", jobName, ctx.Err())
		case <-s.Ctx.Done():
			return nil, errClosed
		}
	}
}

// tryManual begins an execution, or returns a channel that closes when the
// outstanding one is over.
func (s *Server) tryManual(jobName string, at time.Time) (*execution, <-chan struct{}, error) {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	if s.Ctx.Err() != nil {
		return nil, nil, errClosed
	}
	j, err := s.find(jobName)
	if err != nil {
		return nil, nil, err
	}
	if j.execution != nil {
		return nil, j.execution.done, nil
	}
	e := s.begin(j, at, s.Now())
	e.manual = true
	s.Poke()
	return e, nil, nil
}

// errStopped ends the executions of jobs that are paused or deleted.
func errStopped(j *job) error {
	return status.Errorf(codes.Aborted, "job %q was paused, changed or deleted meanwhile", j.message.GetName())
}
