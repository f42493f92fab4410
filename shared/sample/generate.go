package sample

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
)

// GenerateOptions choose the sample.
type GenerateOptions struct {
	// Rows is the number of returns; items come to about 2.3 times as many.
	Rows int
	// Seed chooses among all possible samples.
	Seed int64
	// Now is the newest instant in the sample: changes are spread over the 90
	// days before it. It is cut to the microsecond that the columns keep.
	Now time.Time
	// Progress, if set, is called after every batch with the returns written so
	// far and Rows. Calls come one at a time.
	Progress func(done, total int)
}

// Counts is how many rows were written.
type Counts struct{ Returns, Items int }

// span is how far back changes go.
const span = 90 * 24 * time.Hour

// writers is how many connections insert at the same time: enough that the
// server works while this side prepares.
const writers = 3

// Generate fills the source tables with Rows invented returns and their items.
// The same options give the same rows, byte for byte, ids included when the
// tables were empty before. Ids continue after those that are there.
//
// It is not one transaction: after an error the batches written so far stay. A
// handle whose DSN has interpolateParams=true is about a quarter faster.
func Generate(ctx context.Context, db *sql.DB, o GenerateOptions) (Counts, error) {
	if o.Rows < 0 {
		return Counts{}, fmt.Errorf("sample: %d rows asked for; want 0 or more", o.Rows)
	}
	if o.Now.IsZero() {
		return Counts{}, fmt.Errorf("sample: GenerateOptions.Now is not set")
	}
	returnID, itemID, err := nextIDs(ctx, db)
	if err != nil {
		return Counts{}, err
	}
	g := generation{o: o, returnID: returnID, itemID: itemID}
	g.o.Now = o.Now.UTC().Truncate(time.Microsecond)
	return g.run(ctx, db)
}

// generation is one call of Generate under way.
type generation struct {
	o                GenerateOptions
	returnID, itemID int64
	counts           Counts
}

// run makes batches in order, which fixes the ids, and writes them as
// connections come free.
func (g *generation) run(ctx context.Context, db *sql.DB) (Counts, error) {
	batches := make(chan []returnRow)
	written := make(chan int)
	group, groupCtx := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer close(batches)
		return g.produce(groupCtx, batches)
	})
	inserts, insertCtx := errgroup.WithContext(groupCtx)
	for range writers {
		inserts.Go(func() error { return write(insertCtx, db, batches, written) })
	}
	group.Go(func() error {
		defer close(written)
		return inserts.Wait()
	})
	done := 0
	for n := range written {
		done += n
		if g.o.Progress != nil {
			g.o.Progress(done, g.o.Rows)
		}
	}
	if err := group.Wait(); err != nil {
		return Counts{}, err
	}
	return g.counts, Analyze(ctx, db)
}

// produce makes the batches.
func (g *generation) produce(ctx context.Context, to chan<- []returnRow) error {
	for g.counts.Returns < g.o.Rows {
		batch := make([]returnRow, min(batchRows, g.o.Rows-g.counts.Returns))
		for i := range batch {
			batch[i] = g.next()
		}
		select {
		case to <- batch:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// next makes one return. Each has dice of its own, so that a change in how one
// is made leaves the others as they are.
func (g *generation) next() returnRow {
	d := newDice(uint64(g.o.Seed), uint64(g.returnID))
	r := returnOf(d, g.returnID, g.o.Now.Add(-d.between(0, span)), g.o.Now)
	for i := range r.items {
		r.items[i].id = g.itemID
		g.itemID++
	}
	g.returnID++
	g.counts.Returns++
	g.counts.Items += len(r.items)
	return r
}

// write inserts batches, each in a transaction of its own.
func write(ctx context.Context, db *sql.DB, batches <-chan []returnRow, written chan<- int) error {
	for batch := range batches {
		if err := insertAll(ctx, db, batch); err != nil {
			return err
		}
		written <- len(batch)
	}
	return nil
}

// insertAll inserts returns with their items, or nothing.
func insertAll(ctx context.Context, db *sql.DB, returns []returnRow) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("sample: %w", err)
	}
	defer tx.Rollback()
	if err := insertReturns(ctx, tx, returns); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("sample: %w", err)
	}
	return nil
}
