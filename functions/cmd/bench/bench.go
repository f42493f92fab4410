package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/rehearsal"
	"gitlab.com/eshopbox-team/return-sync/functions/process"
)

// bencher measures subjects on one database.
type bencher struct {
	*world
	*findings
	peers map[string]peer
	round int
	// changes counts how often some returns were changed.
	changes int
	// workers is how many pages are worked at once now.
	workers int
}

// bench measures everything as often as it is wanted.
func bench(ctx context.Context, o options, out, log io.Writer) (err error) {
	dir, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	f := newFindings(o)
	peers, err := preparePeers(ctx, dir, f, log)
	if err != nil {
		return err
	}
	for _, database := range []string{fast, durable} {
		list := slices.DeleteFunc(o.wanted(), func(s subject) bool { return s.database != database || f.notRun[s.name()] != "" })
		if len(list) == 0 {
			continue
		}
		b := bencher{findings: f, peers: peers}
		if err := b.rounds(ctx, database, list, log); err != nil {
			return err
		}
	}
	return f.report(out, time.Now())
}

// rounds measures subjects on a database of their own.
func (b *bencher) rounds(ctx context.Context, database string, list []subject, log io.Writer) (err error) {
	if b.world, err = openWorld(ctx, b.o, log, rehearsal.Options{Workers: b.o.workers, Durable: database == durable}); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	loaded, err := b.fill(ctx, b.o.rows, b.o.seed)
	if err != nil {
		return err
	}
	if err := b.warm(ctx); err != nil {
		return err
	}
	if b.databases[database], err = b.settings(ctx); err != nil {
		return err
	}
	_, _ = fmt.Fprintf(log, "%d returns, %d items, %d records; load average %s\n", loaded.Returns, loaded.Items, b.total, loadAverage())
	for b.round = 1; b.round <= b.o.repeat; b.round++ {
		for _, s := range list {
			b.sink.latency.Store(0)
			if s.far {
				b.sink.latency.Store(int64(b.o.latency))
			}
			r, err := s.measure(b, ctx, s)
			if err != nil {
				return fmt.Errorf("%s: %w", s.name(), err)
			}
			b.known[s.name()] = append(b.known[s.name()], r)
			_, _ = fmt.Fprintf(log, "round %d of %d  %-14s  %8.2f s  %9.0f records/s\n", b.round, b.o.repeat, s.name(), r.seconds, r.rate())
		}
	}
	return nil
}

// warm counts the records by a sync, and brings every page of the tables into the
// server's cache.
func (b *bencher) warm(ctx context.Context) error {
	_, _ = fmt.Fprintln(b.log, "warming up with a sync of everything")
	if err := b.tick(ctx); err != nil {
		return err
	}
	r, err := b.last(ctx)
	b.total, b.pageSize = r.Counts.Saved, b.def.PageSize
	if err == nil && (b.total == 0 || b.total != b.sink.records.Load()) {
		err = fmt.Errorf("the sync saved %d records, and the sink counted %d", b.total, b.sink.records.Load())
	}
	return err
}

// instance sets how many pages are worked at once, and begins a new process for
// another number: memory that the one before took is not given back at once.
func (b *bencher) instance(ctx context.Context, workers int) error {
	if b.workers == workers {
		return nil
	}
	b.workers = workers
	if err := b.concurrency(ctx, workers); err != nil {
		return err
	}
	return errors.Join(b.stack.Kill(process.Function.Name), b.stack.Revive(ctx, process.Function.Name))
}

// first measures the first sync of all returns.
func (b *bencher) first(ctx context.Context, s subject) (reading, error) {
	if err := errors.Join(b.instance(ctx, s.senders(b.o)), b.forgetAll(ctx)); err != nil {
		return reading{}, err
	}
	return b.profiled(ctx, s, expectation{saved: b.total})
}

// second measures the same window again.
func (b *bencher) second(ctx context.Context, s subject) (reading, error) {
	if err := errors.Join(b.instance(ctx, s.senders(b.o)), b.stack.ForgetWatermark(ctx, b.def)); err != nil {
		return reading{}, err
	}
	return b.profiled(ctx, s, expectation{unchanged: b.total})
}

// changed measures a tick after some returns changed.
func (b *bencher) changed(ctx context.Context, s subject) (reading, error) {
	b.changes++
	roots, err := b.change(ctx, b.changes)
	if err := errors.Join(err, b.instance(ctx, s.senders(b.o))); err != nil {
		return reading{}, err
	}
	return b.sync(ctx, expectation{saved: roots}) // at least: a return has one item or more
}

// idle measures a tick after nothing changed.
func (b *bencher) idle(ctx context.Context, s subject) (reading, error) {
	if err := errors.Join(b.instance(ctx, s.senders(b.o)), b.rest(ctx)); err != nil {
		return reading{}, err
	}
	return b.sync(ctx, expectation{})
}

// rest ticks once more a second later: a window reaches back to the second in
// which the last one ended, so the tick after a change has that to look at again.
func (w *world) rest(ctx context.Context) error {
	if err := hold(ctx, time.Second); err != nil {
		return err
	}
	return w.tick(ctx)
}

// expectation is what a sync must have done for its time to mean something.
type expectation struct{ saved, unchanged int64 }

// sync measures a tick with all that follows from it.
func (b *bencher) sync(ctx context.Context, e expectation) (reading, error) {
	r, err := b.watch(ctx, b.tick)
	if err != nil {
		return r, err
	}
	done, err := b.last(ctx)
	if err != nil {
		return r, err
	}
	c := done.Counts
	r.records = c.Found
	if c.Saved < e.saved || e.saved == 0 && c.Saved > 0 || c.Unchanged != e.unchanged {
		return r, fmt.Errorf("the run ended with %v; want saved %d, unchanged %d", c, e.saved, e.unchanged)
	}
	return r, nil
}

// profiled is sync with profiles of the process function, if they are wanted.
func (b *bencher) profiled(ctx context.Context, s subject, e expectation) (reading, error) {
	if b.o.profile == "" || b.round > 1 {
		return b.sync(ctx, e)
	}
	end, err := beginProfile(ctx, b.o.profile, process.Function.Name, s.name())
	if err != nil {
		return reading{}, err
	}
	r, err := b.sync(ctx, e)
	return r, errors.Join(err, end())
}
