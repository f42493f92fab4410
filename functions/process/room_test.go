package process_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/closing"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/destination"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/flow"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/page"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/source"
)

// crowded are a source and an index that see how many pages hold records.
type crowded struct {
	rows
	index
	room                     chan struct{}
	reading, pushing, behind int // pages in the room when each was called
}

func (c *crowded) Rows(ctx context.Context, d entity.Definition, ids []uint64) (source.Rows, error) {
	c.reading = len(c.room)
	return c.rows.Rows(ctx, d, ids)
}

func (c *crowded) Versions(context.Context, entity.Definition, []uint64) (map[uint64]uint64, error) {
	c.behind = len(c.room)
	return nil, nil
}

func (c *crowded) Push(ctx context.Context, index string, ops []destination.Op) (destination.Result, error) {
	c.pushing = len(c.room)
	return c.index.Push(ctx, index, ops)
}

// TestAPageHoldsRecordsOnlyInTheRoom lets a page wait while the room is full, and leave it
// once its records are sent.
func TestAPageHoldsRecordsOnlyInTheRoom(t *testing.T) {
	x := &crowded{index: index{}, room: make(chan struct{}, 1), reading: -1, pushing: -1, behind: -1}
	log := slog.New(slog.DiscardHandler)
	db := &tables{roots: []uint64{1, 2}, run: run.Run{ID: 1, Kind: run.Window, State: run.Processing, PagesTotal: 1}}
	p := &flow.Process{
		Pages: db, Ledger: db, Changes: db, Claims: db, Runs: db, Definitions: db, Owners: db, Source: x, Index: x, Log: log, Room: x.room,
		Closer: closing.Closer{Runs: db, Jobs: db, Log: log},
		Config: flow.Config{RunLease: time.Minute, PageLease: 20 * time.Second, PageAttempts: 3, EnqueueSenders: 1},
	}
	task := page.Task{RunID: 1, Page: 1}
	x.room <- struct{}{} // another page's
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err := p.Run(ended, task, clock); fault.CodeOf(err) != "pages-waiting" || !fault.Retryable(err) || x.reading != -1 {
		t.Errorf("in a full room the page ends with %v", err)
	}
	<-x.room
	if r, err := p.Run(t.Context(), task, clock); err != nil || r.State != run.Synced {
		t.Fatalf("%s, %v", r.State, err)
	}
	if x.reading != 1 || x.pushing != 1 || x.behind != 0 || len(x.room) != 0 {
		t.Errorf("in the room: %d while reading, %d while pushing, %d after it, %d at the end", x.reading, x.pushing, x.behind, len(x.room))
	}
}
