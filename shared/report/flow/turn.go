package flow

import (
	"context"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/lease"
	"gitlab.com/eshopbox-team/return-sync/shared/report"
)

// Result is what a turn came to.
type Result struct {
	report.Key
	State report.State `json:"state"`
	Rows  int64        `json:"rows,omitempty"`
	// Wait is after how many seconds work goes on; 0 for a report that has ended.
	Wait float64 `json:"wait,omitempty"`
	Note string  `json:"note,omitempty"`
}

// pause is why and how long a report waits.
type pause struct {
	after  time.Duration
	polled bool
	note   string
}

// Run works on a report until it ends or has to wait. now is the time by which the
// next task is sent.
func (w *Work) Run(ctx context.Context, k report.Key, now time.Time) (Result, error) {
	r, decision, err := w.Reports.Take(ctx, k, lease.Grant{Token: lease.NewToken(), For: w.Config.Lease})
	if err != nil {
		return Result{}, err
	}
	switch decision {
	case lease.Held:
		return Result{}, fault.New(fault.Retry, "report-held", "another task works on report %s", k)
	case lease.Duplicate:
		return w.duplicate(ctx, k, r, now)
	}
	w.Steps.At("taken")
	r, wait, err := w.work(ctx, r)
	if fault.KindOf(err) == fault.Superseded {
		w.Log.WarnContext(ctx, "another task took a report over", "report", k.String())
		return Result{Key: k, State: r.State, Note: "taken over"}, nil
	}
	if err != nil || wait == nil {
		return Result{Key: k, State: r.State, Rows: r.Rows}, err
	}
	if err := w.Reports.Release(ctx, r, wait.after, wait.polled, wait.note); err != nil {
		return Result{}, err
	}
	w.Steps.At("released")
	if err := w.Queue.Send(ctx, task(k, turnName(r.Turn), now.Add(wait.after+clockSpare))); err != nil {
		return Result{}, err
	}
	return Result{Key: k, State: r.State, Rows: r.Rows, Wait: wait.after.Seconds(), Note: wait.note}, nil
}

// The tolerance between the clocks of database, function and queue: a task is sent
// clockSpare later than its turn, and one that comes up to early before it is delivered
// again.
const (
	clockSpare = time.Second
	early      = time.Minute
)

// duplicate answers a task on which there is nothing to do now. The task of a report
// that waits may be missing, because a process died before it was sent.
func (w *Work) duplicate(ctx context.Context, k report.Key, r report.Report, now time.Time) (Result, error) {
	switch result := (Result{Key: k, State: r.State, Note: "nothing to do"}); {
	case r.ID == 0 || r.State.Open() && r.NextAt == nil:
		return result, nil
	case !r.State.Open(): // a process may have died before it removed the payload
		return result, w.Payloads.DropPayloads(ctx, r)
	}
	wait := max(r.NextAt.Sub(r.Now), 0)
	if wait <= early {
		// It is the task of this turn, by a clock that is ahead: no other has its name.
		return Result{}, fault.New(fault.Retry, "report-early", "the turn of report %s comes in %s", k, wait).WithAfter(wait)
	}
	err := w.Queue.Send(ctx, task(k, turnName(r.Turn), now.Add(wait+clockSpare)))
	return Result{Key: k, State: r.State, Wait: wait.Seconds(), Note: "waits"}, err
}

// work advances a report from state to state. A nil pause means that it has ended.
func (w *Work) work(ctx context.Context, r report.Report) (report.Report, *pause, error) {
	typ, err := w.Types.Named(ctx, r.Type)
	if err != nil {
		return w.judge(ctx, r, w.sourceTrouble(err))
	}
	parts, err := w.Open(ctx, r.Type)
	if err != nil {
		return w.judge(ctx, r, w.sourceTrouble(err))
	}
	soft, cancel := context.WithTimeout(ctx, w.Config.Budget)
	defer cancel()
	j := &job{Work: w, parts: parts, typ: typ, soft: soft}
	for {
		var wait *pause
		switch r.State {
		case report.Due:
			r, wait, err = j.request(ctx, r)
		case report.Requested:
			r, wait, err = j.poll(ctx, r)
		case report.Ready:
			r, wait, err = j.load(ctx, r)
		case report.Loaded:
			r, wait, err = j.write(ctx, r)
		default:
			return r, nil, nil
		}
		if err != nil || wait != nil {
			return r, wait, err
		}
	}
}

// job is one turn of a report with its open parts.
type job struct {
	*Work
	parts Parts
	typ   report.Type
	soft  context.Context // ends when the rest is to be left to the next task
}

// order returns what the report asks of its source.
func (j *job) order(r report.Report) report.Order { return r.Order(j.typ) }

// trouble is an error of a source or a destination. A fault.Superseded among them is a
// conflict that the other side answered, not the loss of our lease.
type trouble struct {
	err      error
	source   bool // of the source
	patience time.Duration
}

// sourceTrouble is an error of the source.
func (w *Work) sourceTrouble(err error) trouble {
	return trouble{err: err, source: true, patience: w.Config.SourcePatience}
}

// The bounds of a pause after an error that may pass.
const (
	leastPause = 15 * time.Second
	mostPause  = 10 * time.Minute
)

// judge fails a report whose trouble cannot pass, or has lasted too long, and
// otherwise says how long to wait: half of the time that the trouble has lasted.
func (w *Work) judge(ctx context.Context, r report.Report, t trouble) (report.Report, *pause, error) {
	lasted := r.Now.Sub(r.Since)
	if fault.Retryable(t.err) && lasted < t.patience {
		after := max(fault.AfterOf(t.err), min(max(lasted/2, leastPause), mostPause))
		w.Log.WarnContext(ctx, "a report waits", "report", r.String(), "state", r.State, "error", t.err, "wait", after.String())
		return r, &pause{after: after, note: t.err.Error()}, nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keepTime)
	defer cancel()
	if err := w.Reports.Fail(ctx, r, t.source, t.err.Error()); err != nil {
		return r, nil, err
	}
	w.Steps.At("failed")
	w.Log.ErrorContext(ctx, "a report failed", "report", r.String(), "state", r.State, "error", t.err)
	r.State = report.Failed
	return r, nil, w.Payloads.DropPayloads(ctx, r)
}

// keepTime is how long storing the reason of a failure may take after the caller's
// context has ended.
const keepTime = 10 * time.Second
