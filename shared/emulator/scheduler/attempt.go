package scheduler

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/internal/push"
)

// launch starts the coming attempt of an execution. The lock is held.
func (s *Server) launch(e *execution, now time.Time) {
	call, ok := s.start(e.job, e.tick, now)
	if !ok {
		return
	}
	e.running = true
	e.attempts++
	if e.attempts == 1 {
		e.first = now
		s.twice(e, call)
	}
	e.job.show()
	go func() {
		defer s.Work.Done()
		outcome := s.Send(call)
		s.Mu.Lock()
		defer s.Mu.Unlock()
		if s.record(e.job, outcome) {
			s.settle(e, outcome)
		}
	}()
}

// force starts one attempt outside the schedule, with the next tick's time.
// The lock is held.
func (s *Server) force(j *job, now time.Time) {
	tick := j.next
	if !tick.After(now) {
		tick = j.schedule.Next(now)
	}
	call, ok := s.start(j, tick, now)
	if !ok {
		return
	}
	s.stats.Forced++
	go func() {
		defer s.Work.Done()
		outcome := s.Send(call)
		s.Mu.Lock()
		defer s.Mu.Unlock()
		s.record(j, outcome)
	}()
}

// start records the beginning of an attempt, unless the server is closing: the
// caller then launches it and calls work.Done at its end. The lock is held.
func (s *Server) start(j *job, tick, now time.Time) (push.Call, bool) {
	if s.Ctx.Err() != nil {
		return push.Call{}, false
	}
	j.message.LastAttemptTime = timestamppb.New(now)
	s.stats.Attempts++
	s.stats.Running++
	s.Work.Add(1)
	return s.prepare(j, tick), true
}

// record writes an outcome into the job. It returns false if Close cut the
// attempt off, which is no verdict on the target. The lock is held.
func (s *Server) record(j *job, outcome push.Outcome) bool {
	s.stats.Running--
	if s.Ctx.Err() != nil {
		return false
	}
	j.message.Status = outcome.Status()
	if outcome.OK() {
		s.stats.Succeeded++
	} else {
		s.stats.Failed++
		s.Logger.Info("job attempt failed", "job", j.message.GetName(), "reason", outcome.Reason())
	}
	return true
}

// settle ends an execution or plans its retry. The lock is held.
func (s *Server) settle(e *execution, outcome push.Outcome) {
	defer s.Poke()
	e.running = false
	if outcome.OK() {
		e.end(nil)
		return
	}
	now := s.Now()
	policy, limit := retryOf(e.job.message.GetRetryConfig())
	at := now.Add(max(policy.Delay(e.attempts), outcome.RetryAfter))
	over := limit.Reached(e.attempts, now.Sub(e.first)) || !e.manual && (!e.job.enabled() || !at.Before(e.job.next))
	if over || e.job.gone {
		e.end(fmt.Errorf("scheduler emulator: job %s failed after %d attempts: %s", e.job.message.GetName(), e.attempts, outcome.Reason()))
		return
	}
	s.stats.Retried++
	e.at = at
	e.job.show()
}
