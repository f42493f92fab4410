package worker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
)

// The bounds of one run.
const (
	maxDepth   = 20 // of jobs below each other
	maxAttempt = 4  // readings of records that change all the time
	maxLocks   = 50 // times that a job begins anew because another one held its records
)

// pauses are those before another reading of records that changed.
var pauses = []time.Duration{100 * time.Millisecond, 800 * time.Millisecond, 2700 * time.Millisecond}

// run runs a job with its children and returns the job as it ended. An error ends the
// worker's run: the lease is lost, or the table of jobs does not answer.
func (p *pack) run(ctx context.Context, j transfer.Job, above []string) (transfer.Job, error) {
	j, err := p.Jobs.Claim(ctx, p.hold.token, j.ID)
	if fault.CodeOf(err) == "job-closed" {
		j.State = transfer.Skipped // a newer job of the record closed it
		return j, nil
	}
	if err != nil {
		return j, err
	}
	begun := p.Now()
	r := &runner{pack: p, ctx: ctx, job: &j, above: append(slices.Clone(above), p.nameOf(j)), tried: map[string]bool{}}
	failure := r.carry()
	if ctx.Err() != nil {
		return j, errors.Join(ctx.Err(), r.broken) // the job stays in progress for the next holder of the lease
	}
	if r.broken != nil {
		return j, r.broken
	}
	r.end(failure)
	took := p.Now().Sub(begun).Milliseconds()
	j.Duration, j.ToProtocol = &took, p.Settings.Protocol
	closed, err := p.Jobs.Finish(ctx, p.hold.token, j)
	if err != nil {
		return j, err
	}
	p.Log.DebugContext(ctx, "a transfer job ended", "job", j.ID, "state", j.State, "record", j.String(), "closed", closed)
	return j, nil
}

// runner is a job that runs.
type runner struct {
	*pack
	ctx    context.Context
	job    *transfer.Job
	above  []string        // the records of the jobs above, this one's last
	tried  map[string]bool // children that have run
	lock   locked
	broken error // an error of the table of jobs
	seen   transfer.Seen
	looked time.Time // when the sides were read
	flow   transfer.Flow
}

// failure is why a run did not succeed.
type failure struct {
	code  transfer.Code
	text  string
	final bool
	at    *time.Time // when to try again; nil for the usual back-off
}

// judge makes a failure of an error of a side.
func judge(err error, doing string) *failure {
	f := &failure{code: transfer.CodeUnknown, text: doing + ": " + err.Error(), final: !fault.Retryable(err)}
	switch {
	case errors.Is(err, context.DeadlineExceeded), fault.CodeOf(err) == "timeout":
		f.code, f.final = transfer.CodeTimeout, false
	case errors.Is(err, transfer.ErrNotFound):
		f.code = transfer.CodeSource
	case errors.Is(err, transfer.ErrChanged):
		f.final = false
	case f.final:
		f.code = transfer.CodeTransform
	}
	return f
}

// end sets the job's state after a run.
func (r *runner) end(f *failure) {
	j := r.job
	if f == nil {
		if j.State == transfer.InProgress {
			j.State = transfer.Done
		}
		j.ErrorCode, j.ErrorText = "", ""
		return
	}
	j.AddError(f.code, f.text)
	j.AddLog("run %d failed: %s", j.Runs, f.text)
	switch {
	case f.final:
		j.State = transfer.Failed
	case j.Runs >= r.Settings.RunLimit:
		j.State = transfer.Failed
		j.AddLog("run %d was the last one", j.Runs)
	default:
		j.State, j.RetryAt = transfer.Retry, f.at
		if j.RetryAt == nil {
			at := transfer.Micro(r.Now().Add(r.backoff(j.Runs)))
			j.RetryAt = &at
		}
	}
}

// backoff returns the time before the run that follows run n.
func (r *runner) backoff(n int) time.Duration {
	d := r.Settings.RetryAfter
	for i := 1; i < n && d < time.Hour; i++ {
		d *= 2
	}
	return min(d, time.Hour)
}

// carry does what the job asks for.
func (r *runner) carry() *failure {
	flow, ok := r.Flows.Of(*r.job)
	if !ok {
		return &failure{code: transfer.CodeUnknown, final: true, text: fmt.Sprintf("no flow carries jobs of type %q of the model %s", r.job.Kind, r.job.Model)}
	}
	r.flow = flow
	for _, child := range r.children[r.job.ID] { // stored with the job
		if f := r.settle(child); f != nil {
			return f
		}
	}
	timer := time.NewTimer(r.Settings.LockTimeout)
	defer timer.Stop()
	r.lock = locked{pairs: &r.pairs, until: timer.C}
	for again, begun := 0, 0; ; {
		outcome, f := r.attempt()
		r.lock.release()
		if outcome == ended && f == nil && r.broken == nil && r.ctx.Err() == nil {
			f = r.followers()
		}
		switch {
		case r.broken != nil || r.ctx.Err() != nil, outcome == ended:
			return f
		case outcome == raced:
			if begun++; begun == maxLocks {
				return judge(errBusy, "lock the record")
			}
		case again == maxAttempt-1:
			return f
		default:
			pause(r.ctx, nil, pauses[again])
			again++
		}
	}
}

// outcome is how an attempt ended.
type outcome uint8

const (
	ended   outcome = iota
	raced           // begin again at once: another job held a record, or a child ran
	changed         // a record changed under the job: read again after a pause
)

// attempt carries the job once.
func (r *runner) attempt() (outcome, *failure) {
	own := key(r.job.System, r.flow.On(r.job.System), r.job.RecordID)
	if ok, err := r.lock.take(r.ctx, own); err != nil {
		return ended, judge(err, "lock the record")
	} else if !ok {
		return raced, nil
	}
	switch r.job.Kind {
	case transfer.Delete:
		return r.remove()
	case transfer.Merge:
		return r.merge()
	case transfer.Temporary:
		return r.temporary()
	}
	return r.replicate()
}

// alsoLock takes the other side's record.
func (r *runner) alsoLock(side transfer.Side, id int64) (bool, *failure) {
	ok, err := r.lock.take(r.ctx, key(side, r.flow.On(side), id))
	if err != nil {
		return false, judge(err, "lock the record of the other side")
	}
	return ok, nil
}

// settle runs a child unless it has ended, and judges how it ended.
func (r *runner) settle(child transfer.Job) *failure {
	var err error
	if child.State == transfer.New || child.State == transfer.InProgress {
		begun := transfer.Micro(r.Now())
		if r.job.ChildStart == nil {
			r.job.ChildStart = &begun
		}
		child, err = r.run(r.ctx, child, r.above)
		end := transfer.Micro(r.Now())
		took := end.Sub(*r.job.ChildStart).Milliseconds()
		r.job.ChildEnd, r.job.ChildDuration = &end, &took
	}
	if err != nil {
		r.broken = err
		return nil
	}
	switch child.State {
	case transfer.Done, transfer.Skipped:
		return nil
	case transfer.Failed:
		return &failure{code: transfer.CodeChild, final: true, text: fmt.Sprintf("the job %d of %s failed", child.ID, child)}
	}
	return &failure{code: transfer.CodeChild, at: child.RetryAt, text: fmt.Sprintf("the job %d of %s will be tried again", child.ID, child)}
}

// require runs a child job for a record that this job's record refers to, or that refers
// to it. The child's direction is that from side if force asks for it.
func (r *runner) require(side transfer.Side, model string, id int64, force bool) *failure {
	k := key(side, model, id)
	switch {
	case slices.Contains(r.above, k):
		return &failure{code: transfer.CodeChild, final: true, text: fmt.Sprintf("the records refer to each other in a circle: %v, then %s", r.above, k)}
	case len(r.above) >= maxDepth:
		return &failure{code: transfer.CodeChild, final: true, text: fmt.Sprintf("the records refer to each other more than %d deep", maxDepth)}
	case r.tried[k]:
		return &failure{code: transfer.CodeChild, text: fmt.Sprintf("the job of %s ended and the record still has no id on the other side", k)}
	}
	r.tried[k] = true
	draft := transfer.Draft{Job: transfer.Job{
		State: transfer.New, Date: transfer.Micro(r.Now()), Priority: r.job.Priority, System: side, Model: model, RecordID: id,
	}}
	if force {
		draft.KindInfo = transfer.Forced
	}
	child, err := r.Jobs.Child(r.ctx, r.hold.token, *r.job, draft)
	if err != nil {
		r.broken = err
		return nil
	}
	return r.settle(child)
}

// note stores what the job saw, before a side is written.
func (r *runner) note() bool {
	r.broken = r.Jobs.Note(r.ctx, r.hold.token, *r.job)
	return r.broken == nil
}

// read reads a record of a side.
func (r *runner) read(side transfer.Side, model string, id int64) (transfer.Record, error) {
	ctx, cancel := context.WithTimeout(r.ctx, r.Settings.CallTimeout)
	defer cancel()
	return r.system(side).Read(ctx, model, id)
}

// find finds a record of a side by its back-reference.
func (r *runner) find(side transfer.Side, model string, foreign int64) (transfer.Record, error) {
	ctx, cancel := context.WithTimeout(r.ctx, r.Settings.CallTimeout)
	defer cancel()
	return r.system(side).Find(ctx, model, foreign)
}

// write writes to a side.
func (r *runner) write(side transfer.Side, w transfer.Write) (transfer.Written, error) {
	ctx, cancel := context.WithTimeout(r.ctx, r.Settings.CallTimeout)
	defer cancel()
	return r.system(side).Write(ctx, w)
}

// nameOf names a job's record by the model of its flow, whatever letters the job has.
func (p *pack) nameOf(j transfer.Job) string {
	if f, ok := p.Flows.Named(j.Model); ok {
		return key(j.System, f.On(j.System), j.RecordID)
	}
	return key(j.System, j.Model, j.RecordID)
}
