package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/rehearsal"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/functions/window"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
)

const scaleLong = `scale makes tables of several sizes, each with a ledger as if all had been synced,
and measures on each the tick after the same 1,000 returns changed: its statements,
the rows that the database's engine was asked for, and its time must not follow the
table's size. Then every row of the table changes, and the window function's part is
measured: the change list, the pages and their tasks. Returns have one item here.`

// scaled is what was measured on one size.
type scaled struct {
	Rows          int     `json:"rows"`
	Queries       figure  `json:"queries"`
	Touched       figure  `json:"rows_touched"`
	Seconds       figure  `json:"seconds"`
	IdleQueries   float64 `json:"idle_queries"`
	WindowSeconds float64 `json:"window_seconds"`
	WindowRSS     float64 `json:"window_rss_mb"`
	Pages         int     `json:"pages"`
}

// newScaleCommand returns bench scale.
func newScaleCommand(o *options, out, log io.Writer) *cobra.Command {
	var sizes []int
	var repeat int
	cmd := &cobra.Command{
		Use: "scale", Short: "Measure what a tick costs on tables of several sizes", Long: scaleLong, Args: cobra.NoArgs,
		Example: "  go run ./functions/cmd/bench scale --rows 10000,1000000,5000000 --buffer-pool 4096",
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, n := range sizes {
				if n < baseRows || n%baseRows != 0 {
					return fmt.Errorf("--rows %d: want multiples of %d", n, baseRows)
				}
			}
			all, err := scale(cmd.Context(), *o, log, sizes, repeat)
			if err != nil {
				return err
			}
			if err := scaleTable(out, all); err != nil {
				return err
			}
			return o.encode(out, map[string]any{"scale": all})
		},
	}
	cmd.Flags().IntSliceVar(&sizes, "rows", []int{10_000, 1_000_000, 5_000_000}, "sizes of the table of returns")
	cmd.Flags().IntVar(&repeat, "repeat", 15, "ticks measured on each size")
	return cmd
}

// baseRows is how many returns are invented; the rest are copies of them.
const baseRows = 10_000

// scale measures all sizes, each on a product of its own, a tick of each in turn:
// whatever else the machine does falls on all of them.
func scale(ctx context.Context, o options, log io.Writer, sizes []int, repeat int) (all []scaled, err error) {
	var worlds []*world
	defer func() {
		for _, w := range worlds {
			err = errors.Join(err, w.close())
		}
	}()
	for _, rows := range sizes {
		w, err := openWorld(ctx, o, log, rehearsal.Options{})
		if err != nil {
			return nil, err
		}
		worlds = append(worlds, w)
		if err := w.multiply(ctx, rows, o.seed); err != nil {
			return nil, fmt.Errorf("on %d rows: %w", rows, err)
		}
	}
	ticks := make([][]reading, len(sizes))
	for n := range repeat {
		for i, w := range worlds {
			r, err := w.thousand(ctx, sizes[i], n)
			if err != nil {
				return nil, fmt.Errorf("on %d rows: %w", sizes[i], err)
			}
			_, _ = fmt.Fprintf(log, "%d returns: tick %d of %d: %d statements, %d rows, %.3f s\n", sizes[i], n+1, repeat, r.queries, r.touched, r.seconds)
			ticks[i] = append(ticks[i], r)
		}
	}
	for i, w := range worlds {
		s, err := w.scaled(ctx, sizes[i], ticks[i])
		if err != nil {
			return nil, fmt.Errorf("on %d rows: %w", sizes[i], err)
		}
		all = append(all, s)
	}
	return all, nil
}

// scaled sums the ticks on one size up, and measures an idle one and a window of
// everything.
func (w *world) scaled(ctx context.Context, rows int, ticks []reading) (scaled, error) {
	s := scaled{
		Rows:    rows,
		Queries: figureOf(ticks, func(r reading) float64 { return float64(r.queries) }),
		Touched: figureOf(ticks, func(r reading) float64 { return float64(r.touched) }),
		Seconds: figureOf(ticks, func(r reading) float64 { return round4(r.seconds) }),
	}
	if err := w.rest(ctx); err != nil {
		return s, err
	}
	idle, err := w.watch(ctx, w.tick)
	if err != nil {
		return s, err
	}
	s.IdleQueries = float64(idle.queries)
	return s, w.wholeWindow(ctx, &s)
}

// changesAtOnce is how many returns change before a tick.
const changesAtOnce = 1000

// thousand changes returns that lie all over the table, and ticks.
func (w *world) thousand(ctx context.Context, rows, n int) (reading, error) {
	if err := w.rest(ctx); err != nil {
		return reading{}, err
	}
	step := rows / changesAtOnce
	for i := range changesAtOnce {
		if _, err := w.stack.DB.ExecContext(ctx, "UPDATE order_return SET row_version = row_version + 1 WHERE id = ?", 1+i*step+n%step); err != nil {
			return reading{}, err
		}
	}
	r, err := w.watch(ctx, w.tick)
	if err != nil {
		return r, err
	}
	done, err := w.last(ctx)
	if err == nil && done.Counts.Saved != changesAtOnce {
		err = fmt.Errorf("the tick ended with %v; want saved %d", done.Counts, changesAtOnce)
	}
	return r, err
}

// wholeWindow lets everything change and measures the window function alone: the
// pages' queue is held.
func (w *world) wholeWindow(ctx context.Context, s *scaled) error {
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
	before := w.stack.Tasks.Stats()
	began := time.Now()
	if _, err := w.stack.Tick(ctx, entityName); err != nil {
		return err
	}
	for w.stack.Tasks.Stats().Succeeded == before.Succeeded { // the window's own task
		if err := hold(ctx, 5*time.Millisecond); err != nil {
			return err
		}
	}
	s.WindowSeconds = round(time.Since(began).Seconds())
	pages := w.stack.Tasks.Stats().Created - before.Created - 1
	for _, p := range list {
		if p.name == window.Function.Name {
			s.WindowRSS = max(s.WindowRSS, round(p.peakMiB())) // those of the other sizes rest
		}
	}
	runs, err := w.stack.Store.Runs(ctx, entityName, 1)
	if err != nil {
		return err
	}
	s.Pages = runs[0].PagesTotal
	if want := (s.Rows + w.def.PageSize - 1) / w.def.PageSize; runs[0].State != run.Processing || s.Pages != want || pages != want {
		return fmt.Errorf("run %d is %s with %d pages and %d tasks; want %d", runs[0].ID, runs[0].State, s.Pages, pages, want)
	}
	_, err = w.stack.Tasks.PurgeQueue(ctx, &cloudtaskspb.PurgeQueueRequest{Name: name})
	return err
}

// scaleTable prints what was measured; ratios are to the smallest table.
func scaleTable(out io.Writer, all []scaled) error {
	t := newTable(out, "returns", "statements", "ratio", "rows touched", "ratio", "seconds", "ratio", "idle statements", "window of all: s", "pages", "window MiB")
	beside := func(f, smallest figure) string { return fmt.Sprintf("%.2f", f.Median/smallest.Median) }
	for _, s := range all {
		t.row(fmt.Sprint(s.Rows), fmt.Sprintf("%.0f", s.Queries.Median), beside(s.Queries, all[0].Queries),
			fmt.Sprintf("%.0f", s.Touched.Median), beside(s.Touched, all[0].Touched),
			fmt.Sprintf("%.3f (%.3f to %.3f)", s.Seconds.Median, s.Seconds.Low, s.Seconds.High), beside(s.Seconds, all[0].Seconds),
			fmt.Sprintf("%.0f", s.IdleQueries), fmt.Sprintf("%.1f", s.WindowSeconds), fmt.Sprint(s.Pages), fmt.Sprintf("%.0f", s.WindowRSS))
	}
	return t.w.Flush()
}
