package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/rehearsal"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/functions/window"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
)

const scaleLong = `scale makes tables of several sizes, each with a ledger as if all had been synced,
and measures on each the tick after the same 1,000 returns changed: its statements,
the rows that the database's engine was asked for, and its time must not follow the
table's size. Then every row of the table changes, and the window function's part is
measured: the change list, the pages and their tasks. Returns have one item here.
--narrow takes rows of four columns instead, of which a disk holds more.`

const (
	// baseRows is how many returns are invented; the rest are copies of them.
	baseRows = 10_000
	// changesAtOnce is how many returns change before a tick.
	changesAtOnce = 1000
)

// scaleStudy measures ticks on tables of several sizes.
func scaleStudy(_ context.Context, o options, dir string, log io.Writer) (*study, error) {
	var sizes []*setup
	var more rehearsal.Options
	if o.narrow {
		if err := writeNarrow(dir); err != nil {
			return nil, err
		}
		more.Env = []string{"ENTITIES_DIR=" + dir}
	}
	for _, rows := range o.rows {
		if rows < baseRows || rows%baseRows != 0 {
			return nil, fmt.Errorf("--rows %d: want multiples of %d", rows, baseRows)
		}
		sizes = append(sizes, &setup{
			open: func(ctx context.Context) (*world, error) {
				w, err := openWorld(ctx, o, log, more)
				if err != nil {
					return nil, err
				}
				if err := w.multiply(ctx, rows); err != nil {
					return nil, errors.Join(err, w.close())
				}
				return w, nil
			},
			subjects: []subject{{name: strconv.Itoa(rows), measure: func(ctx context.Context, w *world, round int) (reading, error) {
				r, err := w.thousand(ctx, rows, round)
				if err == nil && round == o.repeat-1 {
					err = errors.Join(w.idleTick(ctx, r), w.wholeWindow(ctx, rows, r))
				}
				return r, err
			}}},
		})
	}
	smallest := func(string) string { return strconv.Itoa(o.rows[0]) }
	return &study{groups: [][]*setup{sizes}, columns: []column{
		{key: "queries", head: "statements", show: whole},
		{key: "queries_ratio", head: "ratio", show: ratio, to: smallest, of: "queries"},
		{key: "rows_touched", head: "rows touched", show: whole},
		{key: "rows_touched_ratio", head: "ratio", show: ratio, to: smallest, of: "rows_touched"},
		{key: "seconds", head: "seconds", show: precise},
		{key: "seconds_ratio", head: "ratio", show: ratio, to: smallest, of: "seconds"},
		{key: "idle_queries", head: "idle statements", show: whole},
		{key: "window_seconds", head: "window of all: s", show: tenths},
		{key: "pages", head: "pages", show: whole},
		{key: "window_rss_mb", head: "window MiB", show: whole},
	}}, nil
}

// thousand changes returns that lie all over the table, and ticks.
func (w *world) thousand(ctx context.Context, rows, n int) (reading, error) {
	if err := w.rest(ctx); err != nil {
		return nil, err
	}
	step, touch := rows/changesAtOnce, "UPDATE order_return SET row_version = row_version + 1 WHERE id = ?"
	if w.o.narrow {
		touch = "UPDATE narrow_row SET amount = amount + 1, updated_at = NOW(6) WHERE id = ?"
	}
	for i := range changesAtOnce {
		if _, err := w.stack.DB.ExecContext(ctx, touch, 1+i*step+n%step); err != nil {
			return nil, err
		}
	}
	r, err := w.watch(ctx, w.tick)
	if err != nil {
		return nil, err
	}
	done, err := w.last(ctx)
	if err == nil && done.Counts.Saved != changesAtOnce {
		err = fmt.Errorf("the tick ended with %v; want saved %d", done.Counts, changesAtOnce)
	}
	return r, err
}

// idleTick adds the statements of a tick after nothing changed.
func (w *world) idleTick(ctx context.Context, r reading) error {
	if err := w.rest(ctx); err != nil {
		return err
	}
	idle, err := w.watch(ctx, w.tick)
	r["idle_queries"] = idle["queries"]
	return err
}

// wholeWindow changes every row and adds the figures of the window function alone: the
// pages' queue is paused.
func (w *world) wholeWindow(ctx context.Context, rows int, r reading) error {
	name := rehearsal.Location + "/queues/" + wire.QueueProcessing
	if _, err := w.stack.Tasks.PauseQueue(ctx, &cloudtaskspb.PauseQueueRequest{Name: name}); err != nil {
		return err
	}
	if err := w.stack.ForgetWatermark(ctx, w.def); err != nil {
		return err
	}
	list := family()
	for _, p := range list {
		p.resetPeak()
	}
	before, began := w.stack.Tasks.Stats(), time.Now()
	if _, err := w.stack.Tick(ctx, w.def.Name); err != nil {
		return err
	}
	for w.stack.Tasks.Stats().Succeeded == before.Succeeded { // the window's own task
		if err := hold(ctx, 5*time.Millisecond); err != nil {
			return err
		}
	}
	runs, err := w.stack.Store.Runs.Newest(ctx, w.def.Name, 1)
	if err != nil {
		return err
	}
	pages, tasks := runs[0].PagesTotal, w.stack.Tasks.Stats().Created-before.Created-1
	r["window_seconds"], r["window_rss_mb"], r["pages"] = time.Since(began).Seconds(), peakOf(list, window.Function.Name), float64(pages)
	if want := (rows + w.def.PageSize - 1) / w.def.PageSize; runs[0].State != run.Processing || pages != want || tasks != want {
		return fmt.Errorf("run %d is %s with %d pages and %d tasks; want %d", runs[0].ID, runs[0].State, pages, tasks, want)
	}
	_, err = w.stack.Tasks.PurgeQueue(ctx, &cloudtaskspb.PurgeQueueRequest{Name: name})
	return err
}
