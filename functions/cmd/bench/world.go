package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/cron"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/progress"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/rehearsal"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/functions/process"
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
	o     options
	log   io.Writer

	total    int64  // records of all returns
	workers  int    // pages worked at once now
	changes  int    // how often some returns were changed
	profiled string // the subject whose profile is written, empty without
	server   string // the deployed program, which is the process function; empty: this program is
	cron     *wire.Cron
	closers  []func() error
}

// overlap replaces the definition's half hour: the measured tick lists the changes of one
// tick, without those of the thirty minutes before it.
const overlap = "OVERLAP=1ms"

// patience bounds waits that could otherwise last for ever. A loaded machine is slow,
// and must not fail a measurement.
const patience = time.Hour

// openWorld starts everything with the sink in place of the index.
func openWorld(ctx context.Context, o options, log io.Writer, more rehearsal.Options) (*world, error) {
	s := &sink{}
	more.WatchIndex = s.before
	more.Env = append(more.Env, overlap, "ALGOLIA_WRITE_TIMEOUT="+patience.String())
	return open(ctx, &world{sink: s, o: o, log: log}, more)
}

// openSearchable starts everything with the index emulator.
func openSearchable(ctx context.Context, o options, log io.Writer, more rehearsal.Options) (*world, error) {
	return open(ctx, &world{sink: &sink{}, o: o, log: log}, more)
}

// open starts everything.
func open(ctx context.Context, w *world, more rehearsal.Options) (*world, error) {
	o := w.o
	more.DSN, more.Seed, more.BufferPoolMB, more.HoldTicks = o.dsn, o.seed, o.poolMB, true
	more.Log, more.ChildLog = w.log, w.log
	more.Database = fmt.Sprintf("return_sync_bench_%d", time.Now().UnixNano()) // one of its own, on a server of --dsn too
	if o.pageSize > 0 {
		more.Env = append(more.Env, "PAGE_SIZE="+strconv.Itoa(o.pageSize))
	}
	if o.profile != "" {
		if err := os.MkdirAll(o.profile, 0o700); err != nil {
			return nil, err
		}
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
		_, err = w.stack.DB.Exec("DROP DATABASE " + w.stack.Options.Database) //nolint:noctx // done at the end, although the context has ended
	}
	for _, end := range w.closers {
		err = errors.Join(err, end())
	}
	return errors.Join(err, w.stack.Close())
}

// fill invents returns.
func (w *world) fill(ctx context.Context, rows int) (sample.Counts, error) {
	bar := progress.New(w.log, progress.IsTerminal(w.log), "inventing returns", time.Now)
	defer bar.End()
	// A fixed clock makes the sample the same on every machine and every day.
	now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	return sample.Generate(ctx, w.stack.DB, sample.GenerateOptions{Rows: rows, Seed: w.o.seed, Now: now, Progress: func(done, total int) {
		bar.Set(done, total, fmt.Sprintf("%d of %d", done, total))
	}})
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
	return w.stack.Tasks.Wait(ctx) // looking again and again would take processor time of the run
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
	list, err := w.stack.Store.Runs.Newest(ctx, w.def.Name, 1)
	if err != nil || len(list) == 0 {
		return run.Run{}, errors.Join(err, errors.New("there is no run"))
	}
	if list[0].State != run.Synced {
		return list[0], fmt.Errorf("run %d ended %s: %s", list[0].ID, list[0].State, list[0].LastError)
	}
	return list[0], nil
}

// watch measures the call of a function: seconds, statements that reached the database,
// rows that the database's engine was asked for, bytes sent to the index, the CPU
// seconds of each process, and the most memory of the process function, MiB.
func (w *world) watch(ctx context.Context, what func(context.Context) error) (reading, error) {
	list := family()
	for _, p := range list {
		p.resetPeak()
	}
	statements, rows, err := w.counters(ctx)
	if err != nil {
		return nil, err
	}
	bytes, used, began := w.sink.bytes.Load(), cpuOf(list), time.Now()
	if err := what(ctx); err != nil {
		return nil, err
	}
	r := reading{"seconds": time.Since(began).Seconds()}
	for name, s := range cpuOf(list) {
		if d := s - used[name]; d > 0 {
			r[cpuOfProcess+name] = d
		}
	}
	r["bytes"], r["rss_mb"] = float64(w.sink.bytes.Load()-bytes), peakOf(list, process.Function.Name)
	const own = 1 // the statement that reads the counters
	statementsNow, rowsNow, err := w.counters(ctx)
	r["queries"], r["rows_touched"] = statementsNow-statements-own, rowsNow-rows
	return r, err
}

// counters returns how many statements the database server has had, and for how many
// rows its engine was asked.
func (w *world) counters(ctx context.Context) (statements, rows float64, err error) {
	found, err := w.show(ctx, "STATUS WHERE Variable_name = 'Questions' OR Variable_name LIKE 'Handler_read%'")
	for name, text := range found {
		n, bad := strconv.ParseFloat(text, 64)
		if err = errors.Join(err, bad); name == "Questions" {
			statements = n
		} else {
			rows += n
		}
	}
	return statements, rows, err
}

// settings returns the database's settings that its speed depends on. MySQL and
// MariaDB do not have all of them in common.
func (w *world) settings(ctx context.Context) (map[string]string, error) {
	return w.show(ctx, `VARIABLES WHERE Variable_name IN ('version', 'log_bin', 'binlog_format', 'sync_binlog', 'innodb_flush_log_at_trx_commit',
		'innodb_flush_method', 'innodb_doublewrite', 'innodb_buffer_pool_size', 'innodb_log_file_size', 'innodb_redo_log_capacity')`)
}

// show returns the values by name that SHOW GLOBAL gives.
func (w *world) show(ctx context.Context, what string) (map[string]string, error) {
	rows, err := w.stack.DB.QueryContext(ctx, "SHOW GLOBAL "+what)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	found := map[string]string{}
	for rows.Next() {
		var name, value string
		if err := rows.Scan(&name, &value); err != nil {
			return nil, err
		}
		found[name] = value
	}
	return found, rows.Err()
}

// loadAverage returns the machine's load, empty where the system gives none.
func loadAverage() string {
	text, _ := os.ReadFile("/proc/loadavg")
	fields := strings.Fields(string(text))
	return strings.Join(fields[:min(3, len(fields))], " ")
}
