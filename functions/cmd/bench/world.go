package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"

	"gitlab.com/eshopbox-team/return-sync/functions/cron"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/progress"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/rehearsal"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/sample"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
)

// entityName is the entity that is measured.
const entityName = "returns"

// world is the running product that is measured.
type world struct {
	stack *rehearsal.Stack
	sink  *sink
	def   entity.Definition
	log   io.Writer
}

// overlap replaces the definition's half hour: a tick is measured that has one
// tick's changes to look at, not those of the thirty minutes before it as well.
const overlap = "OVERLAP=1ms"

// patience bounds what would otherwise wait for ever. A machine that is loaded is
// slow, and must not fail a measurement.
const patience = time.Hour

// openWorld starts everything with the sink in place of the index.
func openWorld(ctx context.Context, o options, log io.Writer, more rehearsal.Options) (*world, error) {
	s := &sink{}
	more.WatchIndex = s.before
	more.Env = append(more.Env, overlap, "ALGOLIA_WRITE_TIMEOUT="+patience.String())
	return open(ctx, o, &world{sink: s, log: log}, more)
}

// openSearchable starts everything with the index emulator.
func openSearchable(ctx context.Context, o options, log io.Writer, more rehearsal.Options) (*world, error) {
	return open(ctx, o, &world{sink: &sink{}, log: log}, more)
}

// open starts everything.
func open(ctx context.Context, o options, w *world, more rehearsal.Options) (*world, error) {
	more.DSN, more.Seed, more.BufferPoolMB, more.HoldTicks = o.dsn, o.seed, o.poolMB, true
	more.Log, more.ChildLog = w.log, w.log
	more.Database = fmt.Sprintf("return_sync_bench_%d", time.Now().UnixNano()) // one of its own, on a server of --dsn too
	if o.pageSize > 0 {
		more.Env = append(more.Env, "PAGE_SIZE="+strconv.Itoa(o.pageSize))
	}
	if o.profile != "" {
		more.Env = append(more.Env, profileEnv+"="+o.profile)
	}
	var err error
	if w.stack, err = rehearsal.Start(ctx, more); err != nil {
		return nil, err
	}
	if w.def, err = w.stack.Entity(entityName); err == nil {
		err = sample.Migrate(ctx, w.stack.DB)
	}
	if o.pageSize > 0 {
		w.def.PageSize = o.pageSize
	}
	if err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

// close stops everything, and removes the database from a server that stays.
func (w *world) close() error {
	var err error
	if w.stack.Options.DSN != "" {
		_, err = w.stack.DB.Exec("DROP DATABASE " + w.stack.Options.Database) //nolint:noctx // done at the end, whatever was called off
	}
	return errors.Join(err, w.stack.Close())
}

// fill invents returns.
func (w *world) fill(ctx context.Context, rows int, seed int64) (sample.Counts, error) {
	bar := progress.New(w.log, progress.IsTerminal(w.log), "inventing returns", time.Now)
	defer bar.End()
	// A fixed clock makes the sample the same on every machine and every day.
	now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	return sample.Generate(ctx, w.stack.DB, sample.GenerateOptions{Rows: rows, Seed: seed, Now: now, Progress: func(done, total int) {
		bar.Set(done, total, fmt.Sprintf("%d of %d", done, total))
	}})
}

// concurrency sets how many pages are worked at once.
func (w *world) concurrency(ctx context.Context, n int) error {
	name := rehearsal.Location + "/queues/" + wire.QueueProcessing
	q, err := w.stack.Tasks.GetQueue(ctx, &cloudtaskspb.GetQueueRequest{Name: name})
	if err != nil {
		return err
	}
	q.RateLimits.MaxConcurrentDispatches = int32(n)
	_, err = w.stack.Tasks.UpdateQueue(ctx, &cloudtaskspb.UpdateQueueRequest{Queue: q})
	return err
}

// forgetAll makes the next sync a first one: nothing was ever pushed.
func (w *world) forgetAll(ctx context.Context) error {
	for _, table := range []string{"sync_ledger", "sync_change", "sync_page"} {
		if _, err := w.stack.DB.ExecContext(ctx, "TRUNCATE TABLE "+table); err != nil {
			return err
		}
	}
	return w.stack.ForgetWatermark(ctx, w.def)
}

// tick ticks as the scheduler does and waits until every task has ended. It asks
// the queue and not the database, whose statements are counted.
func (w *world) tick(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.stack.URL(cron.Function.Name), nil)
	if err != nil {
		return err
	}
	req.Header.Set("X-CloudScheduler-ScheduleTime", time.Now().UTC().Format(time.RFC3339Nano))
	res, err := w.stack.Do(req)
	if err != nil {
		return err
	}
	body, err := io.ReadAll(res.Body)
	if err = errors.Join(err, res.Body.Close()); err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("the cron function answered %d: %s", res.StatusCode, body)
	}
	for w.stack.Tasks.Stats().Pending > 0 {
		if err := hold(ctx, 2*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

// hold waits.
func hold(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// last returns the newest run, which must have closed as synced.
func (w *world) last(ctx context.Context) (run.Run, error) {
	list, err := w.stack.Store.Runs(ctx, entityName, 1)
	if err != nil || len(list) == 0 {
		return run.Run{}, errors.Join(err, errors.New("there is no run"))
	}
	if list[0].State != run.Synced {
		return list[0], fmt.Errorf("run %d ended %s: %s", list[0].ID, list[0].State, list[0].LastError)
	}
	return list[0], nil
}

// change changes 0.1 % of the returns, others each time.
func (w *world) change(ctx context.Context, round int) (int64, error) {
	res, err := w.stack.DB.ExecContext(ctx, "UPDATE order_return SET row_version = row_version + 1 WHERE id % 1000 = ?", round%1000)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// counters returns counters of the database server.
func (w *world) counters(ctx context.Context) (map[string]int64, error) {
	found := map[string]int64{}
	err := w.show(ctx, "STATUS WHERE Variable_name = 'Questions' OR Variable_name LIKE 'Handler_read%'", func(name, value string) error {
		n, err := strconv.ParseInt(value, 10, 64)
		if name != "Questions" {
			name = "Handler_read"
		}
		found[name] += n
		return err
	})
	return found, err
}

// settings returns the database's settings that its speed depends on. MySQL and
// MariaDB have not all of them in common.
func (w *world) settings(ctx context.Context) (map[string]string, error) {
	found := map[string]string{}
	err := w.show(ctx, `VARIABLES WHERE Variable_name IN ('version', 'log_bin', 'binlog_format', 'sync_binlog', 'innodb_flush_log_at_trx_commit',
		'innodb_flush_method', 'innodb_doublewrite', 'innodb_buffer_pool_size', 'innodb_log_file_size', 'innodb_redo_log_capacity')`,
		func(name, value string) error {
			found[name] = value
			return nil
		})
	return found, err
}

// show calls each with the names and values that SHOW GLOBAL gives.
func (w *world) show(ctx context.Context, what string, each func(name, value string) error) error {
	rows, err := w.stack.DB.QueryContext(ctx, "SHOW GLOBAL "+what)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var name, value string
		if err := rows.Scan(&name, &value); err != nil {
			return err
		}
		if err := each(name, value); err != nil {
			return err
		}
	}
	return rows.Err()
}
