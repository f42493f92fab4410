package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/sethvargo/go-envconfig"
	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/rehearsal"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rework"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
)

const freshLong = `fresh measures how old an answer is: from COMMIT of a change of one return to the
moment at which the index emulator shows it. Once with a tick a second, as the
scheduler makes them, and once with a job that syncs this one return at once, with no
ticks at all.`

// newFreshCommand returns bench fresh.
func newFreshCommand(o *options, out, log io.Writer) *cobra.Command {
	var rows, repeat int
	cmd := &cobra.Command{
		Use: "fresh", Short: "Measure the time from COMMIT to searchable", Long: freshLong, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return fresh(cmd.Context(), *o, rows, repeat, out, log) },
	}
	cmd.Flags().IntVar(&rows, "rows", 2000, "how many returns there are")
	cmd.Flags().IntVar(&repeat, "repeat", 50, "how many changes are followed each way")
	return cmd
}

// freshness sums waits up, in milliseconds.
type freshness struct {
	Median float64 `json:"median_ms"`
	P95    float64 `json:"p95_ms"`
	High   float64 `json:"high_ms"`
}

// fresh measures both ways.
func fresh(ctx context.Context, o options, rows, repeat int, out, log io.Writer) error {
	byTick, err := freshOf(ctx, o, rehearsal.Options{Every: time.Second, Env: []string{overlap}}, rows, log, func(ctx context.Context, w *world) ([]time.Duration, error) {
		if err := w.stack.BeginTicks(ctx); err != nil {
			return nil, err
		}
		return w.follow(ctx, repeat, func(context.Context, uint64) error { return nil })
	})
	if err != nil {
		return err
	}
	direct, err := freshOf(ctx, o, rehearsal.Options{Env: []string{"JOB_PAUSE=20ms"}}, rows, log, func(ctx context.Context, w *world) ([]time.Duration, error) {
		return w.directly(ctx, repeat)
	})
	if err != nil {
		return err
	}
	all := map[string]freshness{"tick_1s": byTick, "direct": direct}
	for _, name := range []string{"tick_1s", "direct"} {
		f := all[name]
		_, _ = fmt.Fprintf(out, "%-8s  COMMIT to searchable: median %.0f ms, p95 %.0f ms, highest %.0f ms, of %d changes\n", name, f.Median, f.P95, f.High, repeat)
	}
	return o.encode(out, map[string]any{"fresh": all})
}

// freshOf measures one way on a product of its own, with the index emulator.
func freshOf(ctx context.Context, o options, more rehearsal.Options, rows int, log io.Writer, way func(context.Context, *world) ([]time.Duration, error)) (f freshness, err error) {
	w, err := openSearchable(ctx, o, log, more)
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	if _, err := w.fill(ctx, rows, o.seed); err != nil {
		return f, err
	}
	if err := w.tick(ctx); err != nil {
		return f, err
	}
	waits, err := way(ctx, w)
	if err != nil {
		return f, err
	}
	slices.Sort(waits)
	ms := func(i int) float64 { return round(waits[i].Seconds() * 1000) }
	return freshness{Median: ms(len(waits) / 2), P95: ms(len(waits) * 95 / 100), High: ms(len(waits) - 1)}, nil
}

// follow changes returns one after the other, each at another part of a second,
// and waits until the index shows each.
func (w *world) follow(ctx context.Context, repeat int, start func(context.Context, uint64) error) ([]time.Duration, error) {
	var waits []time.Duration
	for n := range repeat {
		var root, item uint64
		var version int64
		err := w.stack.DB.QueryRowContext(ctx, `SELECT r.id, i.id, r.row_version + 1 FROM order_return r
			JOIN order_return_item i ON i.order_return_id = r.id WHERE r.id > ? AND r.deleted_at IS NULL AND i.deleted_at IS NULL
			ORDER BY r.id, i.id LIMIT 1`, 10*n).Scan(&root, &item, &version)
		if err != nil {
			return nil, err
		}
		if err := hold(ctx, time.Duration(n*137%1000)*time.Millisecond); err != nil {
			return nil, err
		}
		if _, err := w.stack.DB.ExecContext(ctx, "UPDATE order_return SET row_version = ? WHERE id = ?", version, root); err != nil {
			return nil, err
		}
		began := time.Now()
		if err := start(ctx, root); err != nil {
			return nil, err
		}
		for shown := int64(0); shown != version; {
			if shown, err = w.shown(ctx, fmt.Sprintf("R%d-%d", root, item)); err != nil {
				return nil, err
			}
			if time.Since(began) > patience {
				return nil, fmt.Errorf("return %d is not shown after %v", root, time.Since(began))
			}
			if err := hold(ctx, time.Millisecond); err != nil {
				return nil, err
			}
		}
		waits = append(waits, time.Since(began))
	}
	return waits, nil
}

// shown returns the rowVersion of a record in the index.
func (w *world) shown(ctx context.Context, id string) (int64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.stack.AlgoliaURL()+"/1/indexes/"+w.def.Index+"/"+id, nil)
	if err != nil {
		return 0, err
	}
	req.Header.Set("X-Algolia-Application-Id", rehearsal.AppID)
	req.Header.Set("X-Algolia-API-Key", rehearsal.AdminKey)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode == http.StatusNotFound {
		return 0, nil
	}
	var record struct {
		RowVersion int64 `json:"rowVersion"`
	}
	return record.RowVersion, json.NewDecoder(res.Body).Decode(&record)
}

// directly follows changes whose return is synced by a job of its own.
func (w *world) directly(ctx context.Context, repeat int) (waits []time.Duration, err error) {
	e := &wire.Env{Lookup: envconfig.MapLookuper(w.stack.Environment()), Log: slog.New(slog.DiscardHandler)}
	defer func() { err = errors.Join(err, e.Close()) }()
	cron, err := e.Cron(ctx)
	if err != nil {
		return nil, err
	}
	return w.follow(ctx, repeat, func(ctx context.Context, root uint64) error {
		repairs, err := rework.NewRepairs(ctx, w.stack.Store, w.def, run.Record, "bench")
		if err != nil {
			return err
		}
		if err := repairs.Add(ctx, root); err != nil {
			return err
		}
		j, err := repairs.Start(ctx)
		if err != nil {
			return err
		}
		return cron.Wake(ctx, j.ID)
	})
}
