// Package reports is the function that fetches reports.
//
// Who calls it: the queue reports, one task a turn of a report, as the tasks' service
// account; and Cloud Scheduler's jobs returnsReports, with ?sweep=1, and
// returnsReportsBase, with ?base=1, every minute.
//
// What it does: a task asks the report's source, looks whether it is ready, loads it and
// writes it to its destinations, until the report ends or has to wait; then a task with
// a delay continues. The sweep puts back what only developers may change of report
// types, sends tasks that were lost again, and removes old runs of real-time types. The base's round brings the SYNC base in
// Airtable in step with our tables.
//
// A second call: of a task that was worked off does nothing; of a report that another
// task works on answers 503, so that the queue tries again; of a report whose worker
// died continues where it stopped. A sweep twice sends a task once. Of two rounds at
// once one does nothing.
package reports

import (
	"context"
	"net/http"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/edge"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/report"
	"gitlab.com/eshopbox-team/return-sync/shared/report/flow"
)

// Parts are what the function works with.
type Parts struct {
	*flow.Work
	Starter *flow.Starter
	// Base brings the SYNC base in step and says what it did.
	Base func(ctx context.Context, now time.Time) (any, error)
	// Definitions are those that developers ship, and Ensure makes a type's row follow
	// one of them.
	Definitions []report.Definition
	Ensure      func(ctx context.Context, want report.Type) (back []string, err error)
	// Prune removes runs of real-time types that began before a date.
	Prune func(ctx context.Context, before report.Date) (removed int, err error)
	// KeepDays is how many days those runs stay.
	KeepDays int
}

// Function returns the reports function; open opens its parts.
func Function(open func(ctx context.Context, e *wire.Env) (*Parts, error)) wire.Function {
	return wire.Function{Name: "FetchReports", ByServices: true, Open: func(ctx context.Context, e *wire.Env) (http.Handler, error) {
		p, err := open(ctx, e)
		if err != nil {
			return nil, err
		}
		return Handler(p, time.Now), nil
	}}
}

// swept is the result of a sweep.
type swept struct {
	Sent    int      `json:"sent"`    // tasks that were lost
	PutBack []string `json:"putBack"` // properties of developers
	Pruned  int      `json:"pruned"`  // old runs of real-time types
}

// Handler answers tasks and the scheduler.
func Handler(p *Parts, clock func() time.Time) http.Handler {
	return edge.HandleTask(p.Log, func(r *http.Request) (any, error) {
		now := clock().UTC()
		switch query := r.URL.Query(); {
		case query.Has("base"):
			return p.Base(r.Context(), now)
		case query.Has("sweep"):
			return p.sweep(r.Context(), now)
		}
		body, err := edge.Body(r)
		if err != nil {
			return nil, err
		}
		key, err := flow.ParseTask(body)
		if err != nil {
			return nil, err
		}
		return p.Run(r.Context(), key, now)
	}, http.MethodPost)
}

// sweep brings the types up to date and sends lost tasks again.
func (p *Parts) sweep(ctx context.Context, now time.Time) (any, error) {
	answer := swept{PutBack: []string{}}
	var problems []error
	for _, d := range p.Definitions {
		back, err := p.Ensure(ctx, d.Type)
		answer.PutBack, problems = append(answer.PutBack, back...), append(problems, err)
	}
	sent, err := p.Starter.Sweep(ctx, now)
	answer.Sent = sent
	pruned, problem := p.Prune(ctx, report.Zone(0).Today(now)-report.Date(p.KeepDays))
	answer.Pruned = pruned
	return answer, fault.Join(append(problems, err, problem)...)
}
