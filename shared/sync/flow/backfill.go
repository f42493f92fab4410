package flow

import (
	"context"
	"math/rand/v2"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/job"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/ledger"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/source"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
	"gitlab.com/eshopbox-team/return-sync/shared/window"
)

// Asked is what somebody wants of a backfill.
type Asked struct {
	Window window.Window
	Rate   int    // roots a second; 0 is as fast as the queue lets it
	Roots  int64  // as counted
	By     string // who asks
}

// NewBackfill makes a backfill. An open one of the same range is returned
// instead, with again: asking twice starts it once.
func NewBackfill(ctx context.Context, db *store.DB, d entity.Definition, a Asked) (j job.Job, again bool, err error) {
	if a.Window.Empty() {
		return j, false, fault.New(fault.Invalid, "bad-window", "the range %v is empty: its end must be after its beginning", a.Window).WithParam("to")
	}
	j = job.Job{
		Entity: d.Name, Kind: run.Backfill, State: job.Running, Window: a.Window, Rate: a.Rate, Roots: a.Roots,
		Chunk: job.FirstChunk(a.Window, a.Roots), By: a.By,
	}
	same, err := db.SameBackfill(ctx, j)
	if err != nil || same != nil {
		return orZero(same), same != nil, err
	}
	j, err = db.CreateJob(ctx, j)
	return j, false, err
}

// orZero returns what p points to, the zero value for nil.
func orZero[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

// Requeue plays the owners' request, typed by hand, for a range of history: it
// becomes a backfill. The same request again finds that.
func (w *Window) Requeue(ctx context.Context, h job.Historic) (job.Job, error) {
	first, err := w.Entities.Job(h.JobType)
	if err != nil {
		return job.Job{}, fault.New(fault.Invalid, "unknown-entity", "%s", err.Error()).WithParam("jobType")
	}
	d, err := w.catalog().LiveOf(ctx, first.Name)
	if err != nil {
		return job.Job{}, err
	}
	const all = int64(1) << 60
	roots, err := w.Source.CountChanged(ctx, d, h.Window, all)
	if err != nil {
		return job.Job{}, err
	}
	j, _, err := NewBackfill(ctx, w.Store, d, Asked{Window: h.Window, Roots: roots, By: "a historic sync by hand"})
	if err != nil {
		return j, err
	}
	turn, ok, err := w.Store.Kick(ctx, j.ID)
	if err != nil || !ok {
		return j, err
	}
	return j, sendTurn(ctx, w.Queue, run.RouteTurn, job.Task{JobID: j.ID, Turn: turn, Resend: true}, time.Time{})
}

// Estimate is what a backfill would be.
type Estimate struct {
	Roots   int64 `json:"roots"`   // counted
	Records int64 `json:"records"` // estimated from a sample
	// Operations is how many records differ from what was last pushed, estimated
	// from the same sample.
	Operations int64 `json:"operations"`
	Sampled    int   `json:"sampled"` // roots
}

// sampleSize is how many roots an estimate looks at.
const sampleSize = 1000

// EstimateBackfill counts the roots of a window and looks at a sample of them.
// It changes nothing.
func EstimateBackfill(ctx context.Context, db *store.DB, src interface {
	Clock
	Rows
}, d entity.Definition, w window.Window) (Estimate, error) {
	var e Estimate
	sample := make([]uint64, 0, sampleSize)
	err := src.EachChanged(ctx, d, map[string][]any{"from": {w.From}, "to": {w.To}}, func(ids []uint64) error {
		for _, id := range ids {
			e.Roots++
			if len(sample) < sampleSize {
				sample = append(sample, id)
			} else if i := rand.Int64N(e.Roots); i < sampleSize {
				sample[i] = id
			}
		}
		return nil
	})
	if err != nil || len(sample) == 0 {
		return e, err
	}
	rows, err := src.Rows(ctx, d, sample)
	if err != nil {
		return e, err
	}
	known, err := db.Ledger(ctx, d.Name, sample)
	if err != nil {
		return e, err
	}
	e.Sampled = len(sample)
	scale := func(n int) int64 { return (int64(n)*e.Roots + int64(e.Sampled)/2) / int64(e.Sampled) }
	e.Records, e.Operations = scale(len(rows.Records)), scale(differing(rows, known))
	return e, nil
}

// differing counts the records that a page would send: those that are not what
// was last pushed, and those that were pushed and are gone.
func differing(rows source.Rows, known map[uint64][]ledger.Entry) int {
	pushed := map[string]ledger.Hash{}
	for _, entries := range known {
		for _, e := range entries {
			pushed[e.ID] = e.Hash
		}
	}
	n := 0
	for _, r := range rows.Records {
		if hash, ok := pushed[r.ID]; !ok || hash != ledger.HashOf(r.Body) {
			n++
		}
		delete(pushed, r.ID)
	}
	return n + len(pushed)
}
