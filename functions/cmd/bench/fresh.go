package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/sethvargo/go-envconfig"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/rehearsal"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/join"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rework"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
)

const freshLong = `fresh measures how old an answer is: from COMMIT of a change of one return to the
moment at which the index emulator shows it. Once with a tick a second, as the
scheduler makes them, and once with a job that syncs this one return at once, with no
ticks at all.`

// freshStudy measures both ways, each on a product of its own.
func freshStudy(_ context.Context, o options, _ string, log io.Writer) (*study, error) {
	s := &study{columns: []column{
		{key: "ms", head: "COMMIT to searchable: ms", show: whole},
		{key: "ms", head: "95 %", show: late},
		{key: "ms", head: "highest", show: highest},
	}}
	for _, way := range []struct {
		name    string
		more    rehearsal.Options
		prepare func(context.Context, *world) error
		start   func(context.Context, *world, uint64) error
	}{
		{"tick_1s", rehearsal.Options{Every: time.Second, Env: []string{overlap}}, func(ctx context.Context, w *world) error { return w.stack.BeginTicks(ctx) }, nil},
		{"direct", rehearsal.Options{Env: []string{"JOB_PAUSE=20ms"}}, nil, syncDirectly},
	} {
		s.groups = append(s.groups, []*setup{{
			open: func(ctx context.Context) (*world, error) {
				w, err := openSearchable(ctx, o, log, way.more)
				if err != nil {
					return nil, err
				}
				if _, err = w.fill(ctx, o.rows[0]); err == nil {
					err = w.tick(ctx)
				}
				if err == nil && way.prepare != nil {
					err = way.prepare(ctx, w)
				}
				if err != nil {
					return nil, errors.Join(err, w.close())
				}
				return w, nil
			},
			subjects: []subject{{name: way.name, measure: func(ctx context.Context, w *world, round int) (reading, error) {
				waited, err := w.follow(ctx, round, way.start)
				return reading{"ms": waited.Seconds() * 1000}, err
			}}},
		}})
	}
	return s, nil
}

// follow changes a return, each time at another part of a second, and returns how long
// the index takes to show the change.
func (w *world) follow(ctx context.Context, round int, start func(context.Context, *world, uint64) error) (time.Duration, error) {
	var root, item uint64
	var version int64
	err := w.stack.DB.QueryRowContext(ctx, `SELECT r.id, i.id, r.row_version + 1 FROM order_return r
		JOIN order_return_item i ON i.order_return_id = r.id WHERE r.id > ? AND r.deleted_at IS NULL AND i.deleted_at IS NULL
		ORDER BY r.id, i.id LIMIT 1`, 10*round).Scan(&root, &item, &version)
	if err != nil {
		return 0, err
	}
	if err := hold(ctx, time.Duration(round*137%1000)*time.Millisecond); err != nil {
		return 0, err
	}
	if _, err := w.stack.DB.ExecContext(ctx, "UPDATE order_return SET row_version = ? WHERE id = ?", version, root); err != nil {
		return 0, err
	}
	began := time.Now()
	if start != nil {
		if err := start(ctx, w, root); err != nil {
			return 0, err
		}
	}
	for time.Since(began) < patience {
		shown, err := w.shown(ctx, fmt.Sprintf("R%d-%d", root, item))
		if err != nil || shown == version {
			return time.Since(began), err
		}
		if err := hold(ctx, time.Millisecond); err != nil {
			return 0, err
		}
	}
	return 0, fmt.Errorf("the index does not show return %d after %v", root, patience)
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

// syncDirectly syncs a return by a job of its own.
func syncDirectly(ctx context.Context, w *world, root uint64) (err error) {
	if w.cron == nil {
		e := &wire.Env{Lookup: envconfig.MapLookuper(w.stack.Environment()), Log: slog.New(slog.DiscardHandler)}
		w.closers = append(w.closers, e.Close)
		if w.cron, err = e.Cron(ctx); err != nil {
			return err
		}
	}
	repairs, err := rework.NewRepairs(ctx, join.Repairs(w.stack.Store), w.def, run.Record, "bench")
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
	return w.cron.Wake(ctx, j.ID)
}
