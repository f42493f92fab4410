package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/rehearsal"
	"gitlab.com/eshopbox-team/return-sync/functions/process"
)

// subjects are what is measured, in the order of a round.
var subjects = []string{
	"limit", "first", "limit_50ms", "first_50ms", "second", "tick", "idle", "second_50ms", "tick_50ms", "idle_50ms",
}

// farSuffix ends the name of a subject that is measured with a slow index.
const farSuffix = "_50ms"

// bencher measures subjects.
type bencher struct {
	*world
	o     options
	round int
	// changes counts how often some returns were changed.
	changes int
	total   int64 // records of all returns
	// workers is how many pages are worked at once now.
	workers int
	known   map[string][]reading
}

// bench measures everything as often as it is wanted.
func bench(ctx context.Context, o options, out, log io.Writer) (err error) {
	w, err := openWorld(ctx, o, log, rehearsal.Options{Workers: o.workers})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	b := &bencher{world: w, o: o, known: map[string][]reading{}}
	loaded, err := w.fill(ctx, o.rows, o.seed)
	if err != nil {
		return err
	}
	if err := b.warm(ctx); err != nil {
		return err
	}
	_, _ = fmt.Fprintf(log, "%d returns, %d items, %d records; load average %s\n", loaded.Returns, loaded.Items, b.total, loadAverage())
	for b.round = 1; b.round <= o.repeat; b.round++ {
		for _, s := range subjects {
			if !o.wanted(s) {
				continue
			}
			r, err := b.measure(ctx, s)
			if err != nil {
				return fmt.Errorf("%s: %w", s, err)
			}
			b.known[s] = append(b.known[s], r)
			_, _ = fmt.Fprintf(log, "round %d of %d  %-10s  %8.2f s  %9.0f records/s\n", b.round, o.repeat, s, r.seconds, r.rate())
		}
	}
	return b.report(out, time.Now())
}

// warm counts the records by a sync, and brings every page of the tables into the
// server's cache.
func (b *bencher) warm(ctx context.Context) error {
	_, _ = fmt.Fprintln(b.log, "warming up with a sync of everything")
	if err := b.tick(ctx); err != nil {
		return err
	}
	r, err := b.last(ctx)
	b.total = r.Counts.Saved
	if err == nil && (b.total == 0 || b.total != b.sink.records.Load()) {
		err = fmt.Errorf("the sync saved %d records, and the sink counted %d", b.total, b.sink.records.Load())
	}
	return err
}

// measure measures one subject.
func (b *bencher) measure(ctx context.Context, subject string) (reading, error) {
	workers, latency := b.o.workers, time.Duration(0)
	what, far := strings.CutSuffix(subject, farSuffix)
	if far {
		workers, latency = b.o.limiters, b.o.latency
	}
	b.sink.latency.Store(int64(latency))
	if err := b.instance(ctx, workers); err != nil {
		return reading{}, err
	}
	switch what {
	case "limit":
		return b.limit(ctx)
	case "first":
		if err := b.forgetAll(ctx); err != nil {
			return reading{}, err
		}
		return b.profiled(ctx, subject, expectation{saved: b.total})
	case "second":
		if err := b.stack.ForgetWatermark(ctx, b.def); err != nil {
			return reading{}, err
		}
		return b.profiled(ctx, subject, expectation{unchanged: b.total})
	case "tick":
		b.changes++
		roots, err := b.change(ctx, b.changes)
		if err != nil {
			return reading{}, err
		}
		return b.sync(ctx, expectation{saved: roots}) // at least: a return has one item or more
	default:
		if err := b.rest(ctx); err != nil {
			return reading{}, err
		}
		return b.sync(ctx, expectation{})
	}
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

// rest ticks once more a second later: a window reaches back to the second in
// which the last one ended, so the tick after a change has that to look at again.
func (w *world) rest(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Second):
		return w.tick(ctx)
	}
}

// limitGoroutines is how many goroutines the limit reads and posts with.
const limitGoroutines = 4

// limit measures the minimal program.
func (b *bencher) limit(ctx context.Context) (reading, error) {
	var done limitDone
	r, err := b.watch(ctx, func(ctx context.Context) (err error) {
		w := limitWork{
			DSN: b.stack.DSN(), URL: b.stack.AlgoliaURL() + "/1/indexes/limit/batch",
			Roots: b.o.rows, Page: b.def.PageSize, Goroutines: limitGoroutines,
		}
		done, err = w.start(ctx)
		return err
	})
	if err == nil && done.Records != b.total {
		err = fmt.Errorf("the limit's program posted %d records; want %d", done.Records, b.total)
	}
	r.records, r.rss = done.Records, done.RSS
	r.cpu["limit"] = done.CPU
	return r, err
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
func (b *bencher) profiled(ctx context.Context, subject string, e expectation) (reading, error) {
	if b.o.profile == "" || b.round > 1 {
		return b.sync(ctx, e)
	}
	end, err := beginProfile(ctx, b.o.profile, process.Function.Name, subject)
	if err != nil {
		return reading{}, err
	}
	r, err := b.sync(ctx, e)
	return r, errors.Join(err, end())
}
