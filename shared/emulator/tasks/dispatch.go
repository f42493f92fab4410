package tasks

import (
	"time"

	"cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// untilEvent is the pause of a queue that only an event ends.
const untilEvent = time.Duration(1<<63 - 1)

// run dispatches from one queue until it is deleted or the server closes. It
// sleeps whenever nothing is due, so an idle queue costs nothing.
func (s *Server) run(q *queue) {
	defer s.Work.Done()
	timer := time.NewTimer(untilEvent)
	defer timer.Stop()
	for {
		timer.Reset(s.dispatchDue(q))
		select {
		case <-q.wake:
		case <-timer.C:
		case <-q.gone:
			return
		case <-s.Ctx.Done():
			return
		}
	}
}

// dispatchDue launches every task that may go now and returns how long until
// the next one might.
func (s *Server) dispatchDue(q *queue) time.Duration {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	for {
		limits := q.config.GetRateLimits()
		if q.config.GetState() != cloudtaskspb.Queue_RUNNING || len(q.due) == 0 || q.running >= int(limits.GetMaxConcurrentDispatches()) {
			return untilEvent
		}
		now := s.Now()
		t := q.due[0]
		if now.Sub(t.message.GetCreateTime().AsTime()) > retention {
			s.Logger.Warn("task dropped: older than the retention", "task", t.message.GetName())
			s.remove(t)
			s.stats.Exhausted++
			continue
		}
		if wait := t.at.Sub(now); wait > 0 {
			return wait
		}
		if wait := q.throttle(now); wait > 0 {
			return wait
		}
		t = s.overtake(q, now)
		q.unwait(t)
		s.launch(t, now)
	}
}

// schedule plans the next attempt of a task. The lock is held.
func (s *Server) schedule(t *task, at time.Time) {
	t.message.ScheduleTime = timestamppb.New(at.Truncate(time.Microsecond))
	t.queue.wait(t, at.Add(s.lateness(t)))
}

// launch starts an attempt of a task that is not among the waiting. The lock
// is held.
func (s *Server) launch(t *task, now time.Time) {
	if s.Ctx.Err() != nil {
		return
	}
	d := s.prepare(t)
	t.message.DispatchCount++
	attempt := &cloudtaskspb.Attempt{ScheduleTime: t.message.GetScheduleTime(), DispatchTime: timestamppb.New(now.Truncate(time.Microsecond))}
	if t.message.FirstAttempt == nil {
		t.message.FirstAttempt = &cloudtaskspb.Attempt{DispatchTime: attempt.GetDispatchTime()}
	}
	t.message.LastAttempt = proto.CloneOf(attempt)
	t.queue.running++
	s.stats.Running++
	s.stats.Dispatched++
	s.Work.Add(1)
	s.duplicate(d) // first, because a delivery changes its headers
	go s.deliver(d)
}

// finish records the outcome of an attempt: the task is done, planned again, or
// given up.
func (s *Server) finish(d delivery, result result) {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	t := d.task
	t.queue.running--
	s.stats.Running--
	t.queue.poke()
	if s.Ctx.Err() != nil {
		return // cut off by Close: no verdict on the target
	}
	now := s.Now()
	s.record(t, result, now)
	switch {
	case t.gone:
	case result.OK():
		s.stats.Succeeded++
		s.remove(t)
	default:
		s.stats.Failed++
		s.retry(d, result, now)
	}
}

// record writes an outcome into the task's last attempt.
func (s *Server) record(t *task, result result, now time.Time) {
	t.previous, t.reason = result.Code, result.Reason()
	if result.Answered() {
		t.message.ResponseCount++
		if result.Code < 500 {
			t.executions++
		}
		t.message.LastAttempt.ResponseTime = timestamppb.New(now.Truncate(time.Microsecond))
	}
	t.message.LastAttempt.ResponseStatus = result.Status()
}

// retry plans the next attempt, or gives the task up.
func (s *Server) retry(d delivery, result result, now time.Time) {
	t := d.task
	config := t.message.GetRetryConfig()
	if config == nil {
		config = t.queue.config.GetRetryConfig()
	}
	policy, limit := retryOf(config)
	attempts := int(t.message.GetDispatchCount())
	log := s.Logger.With("task", t.message.GetName(), "attempts", attempts, "reason", t.reason)
	if limit.Reached(attempts, now.Sub(t.message.GetFirstAttempt().GetDispatchTime().AsTime())) {
		log.Warn("task given up")
		s.stats.Exhausted++
		s.remove(t)
		return
	}
	wait := max(policy.Delay(attempts), result.RetryAfter, result.redeliverAfter)
	log.Info("task failed, retried later", "wait", wait)
	s.stats.Retried++
	s.schedule(t, now.Add(wait))
}
