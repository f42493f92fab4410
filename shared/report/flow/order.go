package flow

import (
	"context"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/report"
)

// clockSlack is how far the source's clock may be behind the database's.
const clockSlack = 30 * time.Second

// request sends the report's order, once. The intent is stored first: a process that
// dies between the order and its id leaves an intent without an id, and the next turn
// searches the source before it orders.
func (j *job) request(ctx context.Context, r report.Report) (report.Report, *pause, error) {
	var id string
	var err error
	if r.IntentAt != nil {
		id, err = j.find(ctx, r)
	} else {
		if r, err = j.Reports.Intend(ctx, r); err != nil {
			return r, nil, err
		}
		j.Steps.At("intended")
	}
	if err == nil && id == "" {
		if id, err = j.parts.Source.Request(ctx, j.order(r)); err == nil {
			j.Steps.At("ordered")
		}
		if fault.KindOf(err) == fault.Throttled { // the source took nothing
			if err := j.Reports.Withdraw(ctx, r); err != nil {
				return r, nil, err
			}
		}
	}
	if err != nil {
		return j.judge(ctx, r, j.sourceTrouble(err))
	}
	if r, err = j.Reports.Requested(ctx, r, id); err == nil {
		j.Steps.At("requested")
	}
	return r, nil, err
}

// find searches the source for the order of an intent without an id.
func (j *job) find(ctx context.Context, r report.Report) (string, error) {
	finder, ok := j.parts.Source.(report.Finder)
	if !ok {
		return "", nil // an order has no effect at this source
	}
	id, err := finder.Find(ctx, j.order(r), r.IntentAt.Add(-clockSlack))
	if err == nil && id != "" {
		j.Log.InfoContext(ctx, "an order was found at its source after a crash", "report", r.String(), "id", id)
	}
	return id, err
}

// The bounds of the time between two polls.
const (
	leastPoll = 10 * time.Second
	mostPoll  = 5 * time.Minute
)

// poll asks how far the source is. A report that is not ready waits a quarter of the
// time that it has waited, or as long as the source says.
func (j *job) poll(ctx context.Context, r report.Report) (report.Report, *pause, error) {
	progress, err := j.parts.Source.Poll(ctx, j.order(r), r.SourceID)
	waited := r.Now.Sub(r.Since)
	switch {
	case err != nil:
		return j.judge(ctx, r, j.sourceTrouble(err))
	case progress.Ready:
		j.Steps.At("polled")
		r, err := j.Reports.Ready(ctx, r, progress.Document)
		if err == nil {
			j.Steps.At("ready")
		}
		return r, nil, err
	case waited >= j.Config.SourcePatience:
		return j.judge(ctx, r, j.sourceTrouble(fault.New(fault.Misconfigured, "report-not-ready",
			"the source has not finished the report in %s", j.Config.SourcePatience)))
	}
	after := progress.Wait
	if after <= 0 {
		after = min(max(waited/4, leastPoll), mostPoll)
	}
	return r, &pause{after: after, polled: true}, nil
}
