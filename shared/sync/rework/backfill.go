package rework

import (
	"context"
	"math/rand/v2"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/flow"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/ledger"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/source"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/target"
	"gitlab.com/eshopbox-team/return-sync/shared/window"
)

// Backfills is what making a backfill needs of our tables.
type Backfills interface {
	// SameBackfill returns an open backfill of the same range, nil if there is none.
	SameBackfill(ctx context.Context, j Job) (*Job, error)
	// CreateJob inserts a job and returns it as it then is.
	CreateJob(ctx context.Context, j Job) (Job, error)
}

// Asked is a request for a backfill.
type Asked struct {
	Window window.Window
	Rate   int    // roots a second; 0 is as fast as the queue lets it
	Roots  int64  // as counted
	By     string // the person or the program
}

// NewBackfill makes a backfill. An open one of the same range is returned
// instead, with again: asking twice starts it once.
func NewBackfill(ctx context.Context, db Backfills, d entity.Definition, a Asked) (j Job, again bool, err error) {
	if a.Window.Empty() {
		return j, false, fault.New(fault.Invalid, "bad-window", "the range %v is empty: its end must be after its beginning", a.Window).WithParam("to")
	}
	j = Job{
		Entity: d.Name, Kind: run.Backfill, State: Running, Window: a.Window, Rate: a.Rate, Roots: a.Roots,
		Chunk: FirstChunk(a.Window, a.Roots), By: a.By,
	}
	same, err := db.SameBackfill(ctx, j)
	if err != nil {
		return j, false, err
	}
	if same != nil {
		return *same, true, nil
	}
	j, err = db.CreateJob(ctx, j)
	return j, false, err
}

// Requeue makes a backfill of the owners' request, typed by hand, for a range of
// history. The same request again returns the open backfill.
func (s *Jobs) Requeue(ctx context.Context, h Historic) (Job, error) {
	first, err := s.Entities.Job(h.JobType)
	if err != nil {
		return Job{}, fault.New(fault.Invalid, "unknown-entity", "%s", err.Error()).WithParam("jobType")
	}
	d, err := target.Catalog{Entities: s.Entities, Store: s.Targets}.LiveOf(ctx, first.Name)
	if err != nil {
		return Job{}, err
	}
	const all = int64(1) << 60
	roots, err := s.Source.CountChanged(ctx, d, h.Window, all)
	if err != nil {
		return Job{}, err
	}
	j, _, err := NewBackfill(ctx, s.Table, d, Asked{Window: h.Window, Roots: roots, By: "a historic sync by hand"})
	if err != nil {
		return j, err
	}
	turn, ok, err := s.Table.Kick(ctx, j.ID)
	if err != nil || !ok {
		return j, err
	}
	return j, sendTurn(ctx, s.Queue, run.RouteTurn, Task{JobID: j.ID, Turn: turn, Resend: true}, time.Time{})
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

// sampleSize is how many roots an estimate samples.
const sampleSize = 1000

// EstimateBackfill counts the roots of a window and estimates the rest from a
// sample of them. It changes nothing.
func EstimateBackfill(ctx context.Context, db interface {
	// Known returns what was last pushed for the roots, by root.
	Known(ctx context.Context, entity string, roots []uint64) (map[uint64]ledger.Row, error)
}, src interface {
	flow.Clock
	flow.Rows
}, d entity.Definition, w window.Window) (Estimate, error) {
	var e Estimate
	sample := make([]uint64, 0, sampleSize)
	_, err := src.EachChanged(ctx, d, map[string][]any{"from": {w.From}, "to": {w.To}}, func(ids []uint64) error {
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
	known, err := db.Known(ctx, d.Name, sample)
	if err != nil {
		return e, err
	}
	e.Sampled = len(sample)
	scale := func(n int) int64 { return (int64(n)*e.Roots + int64(e.Sampled)/2) / int64(e.Sampled) }
	e.Records, e.Operations = scale(len(rows.Records)), scale(differing(d, rows, known))
	return e, nil
}

// differing counts the records that a page would send: those that are not what
// was last pushed, and those that were pushed and are gone.
func differing(d entity.Definition, rows source.Rows, known map[uint64]ledger.Row) int {
	pushed := map[string]ledger.Hash{}
	for _, r := range known {
		for _, e := range r.Entries {
			pushed[e.ID] = e.Hash
		}
	}
	n := 0
	for _, r := range rows.Records {
		if hash, ok := pushed[r.ID]; !ok || hash != d.Hasher.Of(r.Body) {
			n++
		}
		delete(pushed, r.ID)
	}
	return n + len(pushed)
}
