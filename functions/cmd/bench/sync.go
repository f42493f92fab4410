package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/rehearsal"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/functions/process"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
)

// openSync starts the product with invented returns and syncs them once: the sync
// counts the records and brings all pages of the tables into the server's cache.
func openSync(ctx context.Context, o options, on *setup, server string, log io.Writer) (*world, error) {
	w, err := openWorld(ctx, o, log, rehearsal.Options{Workers: o.workers, Durable: on.name == durable})
	if err != nil {
		return nil, err
	}
	w.server = server
	loaded, err := w.fill(ctx, o.rows[0])
	if err == nil {
		_, _ = fmt.Fprintln(log, "warming up with a sync of everything")
		err = w.tick(ctx)
	}
	if err == nil {
		var done run.Run
		if done, err = w.last(ctx); err == nil && (done.Counts.Saved == 0 || done.Counts.Saved != w.sink.records.Load()) {
			err = fmt.Errorf("the sync saved %d records, and the sink counted %d", done.Counts.Saved, w.sink.records.Load())
		}
		w.total = done.Counts.Saved
	}
	if err == nil {
		on.settings, err = w.settings(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, w.close())
	}
	on.notes = fmt.Sprintf("%s database: %d returns, %d items, %d records, page of %d returns; %s",
		on.name, loaded.Returns, loaded.Items, w.total, w.def.PageSize, listed(on.settings, "%s"))
	return w, nil
}

// measure measures a part in a scenario.
func (w *world) measure(ctx context.Context, p part, sc scenario, program peer, round int) (r reading, err error) {
	w.sink.latency.Store(0)
	senders := w.o.workers
	if sc.far {
		w.sink.latency.Store(int64(w.o.latency))
		senders = w.o.limiters
	}
	if p.measure == nil {
		r, err = program.measure(ctx, w, p.name, senders)
	} else {
		if err := w.instance(ctx, senders); err != nil {
			return nil, err
		}
		if w.o.profile != "" && !p.some && round == 0 {
			w.profiled = p.name + sc.suffix
		}
		r, err = p.measure(ctx, w)
		w.profiled = ""
	}
	if err != nil {
		return nil, err
	}
	r["senders"] = float64(senders)
	r.perMillion(p.some)
	return r, nil
}

// perMillion adds the speed, and the cost of a million records. A tick over some
// records has neither: its few records say nothing of many.
func (r reading) perMillion(some bool) {
	million := r["records"] / 1e6
	sum := 0.0
	for key, s := range r {
		switch {
		case !strings.HasPrefix(key, cpuOfProcess):
		case some:
			delete(r, key)
		default:
			sum += s / million
			r[key] = s / million
		}
	}
	if !some {
		r["records_per_s"], r["cpu_s_per_million"] = r["records"]/r["seconds"], sum
		r["mb_per_million"], r["mb_per_s"] = r["bytes"]/1e6/million, r["bytes"]/1e6/r["seconds"]
	}
}

// instance sets how many pages are worked at once. Another number begins a new process,
// because a process does not give memory back at once.
func (w *world) instance(ctx context.Context, workers int) error {
	if w.workers == workers {
		return nil
	}
	w.workers = workers
	name := rehearsal.Location + "/queues/" + wire.QueueProcessing
	q, err := w.stack.Tasks.GetQueue(ctx, &cloudtaskspb.GetQueueRequest{Name: name})
	if err != nil {
		return err
	}
	q.RateLimits.MaxConcurrentDispatches = int32(workers)
	if _, err := w.stack.Tasks.UpdateQueue(ctx, &cloudtaskspb.UpdateQueueRequest{Queue: q}); err != nil {
		return err
	}
	if err := w.stack.Kill(process.Function.Name); err != nil || w.server == "" {
		return errors.Join(err, w.stack.Revive(ctx, process.Function.Name))
	}
	_, err = rehearsal.Deploy(ctx, w.stack, w.server, process.Function.Name)
	return err
}

// first measures the first sync of all returns: nothing was ever pushed.
func first(ctx context.Context, w *world) (reading, error) {
	for _, table := range []string{"sync_ledger", "sync_page"} {
		if _, err := w.stack.DB.ExecContext(ctx, "TRUNCATE TABLE "+table); err != nil {
			return nil, err
		}
	}
	if err := w.stack.ForgetWatermark(ctx, w.def); err != nil {
		return nil, err
	}
	return w.sync(ctx, w.total, 0)
}

// second measures the same window again.
func second(ctx context.Context, w *world) (reading, error) {
	if err := w.stack.ForgetWatermark(ctx, w.def); err != nil {
		return nil, err
	}
	return w.sync(ctx, 0, w.total)
}

// changed measures a tick after 0.1 % of the returns changed, others each time.
func changed(ctx context.Context, w *world) (reading, error) {
	w.changes++
	res, err := w.stack.DB.ExecContext(ctx, "UPDATE order_return SET row_version = row_version + 1 WHERE id % 1000 = ?", w.changes%1000)
	if err != nil {
		return nil, err
	}
	roots, err := res.RowsAffected()
	if err != nil {
		return nil, err
	}
	return w.sync(ctx, roots, 0) // at least: a return has one item or more
}

// idle measures a tick after nothing changed.
func idle(ctx context.Context, w *world) (reading, error) {
	if err := w.rest(ctx); err != nil {
		return nil, err
	}
	return w.sync(ctx, 0, 0)
}

// rest ticks once more a second later: a window reaches back to the second in which
// the last window ended, so the tick after a change lists that change again.
func (w *world) rest(ctx context.Context) error {
	if err := hold(ctx, time.Second); err != nil {
		return err
	}
	return w.tick(ctx)
}

// sync measures a tick with all that follows from it. The run must save at least the
// records saved, none for 0, and find exactly the records unchanged.
func (w *world) sync(ctx context.Context, saved, unchanged int64) (reading, error) {
	end := func() error { return nil }
	if w.profiled != "" {
		var err error
		if end, err = beginProfile(ctx, w.o.profile, process.Function.Name, w.profiled); err != nil {
			return nil, err
		}
	}
	r, err := w.watch(ctx, w.tick)
	if err := errors.Join(err, end()); err != nil {
		return nil, err
	}
	done, err := w.last(ctx)
	if err != nil {
		return nil, err
	}
	c := done.Counts
	r["records"] = float64(c.Found)
	if c.Saved < saved || saved == 0 && c.Saved > 0 || c.Unchanged != unchanged {
		return nil, fmt.Errorf("the run ended with %v; want saved %d, unchanged %d", c, saved, unchanged)
	}
	return r, nil
}
