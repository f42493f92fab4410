package scheduler

import (
	"time"

	"cloud.google.com/go/scheduler/apiv1/schedulerpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// job is one job's state, guarded by Life.Mu.
type job struct {
	message   *schedulerpb.Job // complete: defaults are filled in
	schedule  schedule
	next      time.Time  // the coming tick
	fireAt    time.Time  // next plus an injected delay
	planned   int        // ticks planned so far: lateness is drawn by it
	begun     int        // executions begun so far: double delivery is drawn by it
	execution *execution // the outstanding one, nil if there is none
	gone      bool
}

// execution is one tick with its retries, guarded by Life.Mu.
type execution struct {
	job      *job
	tick     time.Time
	ordinal  int // among the executions of its job
	attempts int
	first    time.Time     // when the first attempt began
	at       time.Time     // when the coming attempt is due
	running  bool          // an attempt is in flight
	manual   bool          // fired by Tick: the next scheduled tick does not end its retries
	done     chan struct{} // closed when the execution is over
	err      error         // why the last attempt failed; read after done
}

func (j *job) enabled() bool { return j.message.GetState() == schedulerpb.Job_ENABLED }

// plan sets the tick that follows a time. The lock is held.
func (s *Server) plan(j *job, after time.Time) {
	j.next = j.schedule.Next(after)
	j.planned++
	j.fireAt = j.next.Add(s.lateness(j))
	j.show()
}

// newest returns the coming tick, or the last one due by now if several were
// missed. The lock is held.
func (j *job) newest(now time.Time) time.Time {
	tick := j.next
	for following := j.schedule.Next(tick); !following.After(now); following = j.schedule.Next(following) {
		tick = following
	}
	return tick
}

// show publishes the time of what comes next: a retry or the next tick.
func (j *job) show() {
	at := j.next
	if e := j.execution; e != nil && !e.running {
		at = e.at
	}
	j.message.ScheduleTime = timestamppb.New(at)
}

// begin makes an execution the outstanding one of its job. The lock is held.
func (s *Server) begin(j *job, tick, now time.Time) *execution {
	j.begun++
	j.execution = &execution{job: j, tick: tick, ordinal: j.begun, at: now, done: make(chan struct{})}
	s.stats.Ticks++
	return j.execution
}

// end closes an execution. The lock is held.
func (e *execution) end(err error) {
	if e.job.execution == e {
		e.job.execution = nil
	}
	e.err = err
	e.job.show()
	close(e.done)
}
