package watch_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/alert"
	"gitlab.com/eshopbox-team/return-sync/shared/alert/alertstore"
	"gitlab.com/eshopbox-team/return-sync/shared/alert/alerttest"
	"gitlab.com/eshopbox-team/return-sync/shared/alert/slack"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/heartbeat"
	"gitlab.com/eshopbox-team/return-sync/shared/judge"
	"gitlab.com/eshopbox-team/return-sync/shared/localdb/localdbtest"
	"gitlab.com/eshopbox-team/return-sync/shared/runlog"
	"gitlab.com/eshopbox-team/return-sync/shared/schedule/schedulestore"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
	"gitlab.com/eshopbox-team/return-sync/shared/watch"
)

func TestMain(m *testing.M) { localdbtest.Main(m) }

// bench is a watcher over fresh tables and a receiver.
type bench struct {
	*watch.Watcher
	*alerttest.Receiver
	t   *testing.T
	log *bytes.Buffer
	dsn string
}

// newBench returns a bench whose application has just sent a heartbeat.
func newBench(t *testing.T, script ...alerttest.Answer) *bench {
	t.Helper()
	b := &bench{t: t, log: &bytes.Buffer{}, Receiver: alerttest.NewReceiver(t, script...), dsn: localdbtest.New(t)}
	db, err := store.Open(b.dsn, 20, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	defs, err := entity.Load("")
	if err != nil {
		t.Fatal(err)
	}
	b.Watcher = &watch.Watcher{
		Store: db, Alerts: alertstore.New(db.Pool()), Heartbeats: heartbeat.New(db.Pool()), RunLog: runlog.New(db.Pool()), Entities: defs, Plans: watch.Fixed(15 * time.Minute), Channels: []watch.Channel{{Name: "slack", Channel: slack.New(b.URL)}},
		Rules: alert.Rules{
			Limits: judge.Limits{OfflineAfter: 40 * time.Minute, StaleAfter: 30 * time.Minute, AbsentAfter: 24 * time.Hour, FailedRuns: 1, BudgetPercent: 90, CheckedWithin: 5 * time.Minute},
			Repeat: 24 * time.Hour,
		},
		Config: watch.Config{Period: 15 * time.Minute, LogKeepDays: 30}, Log: slog.New(slog.NewJSONHandler(&syncWriter{to: b.log}, nil)),
	}
	if err := db.Indices.KeepIndex(t.Context(), "returns", judge.Index{At: time.Now().Add(time.Hour), Exists: true}, store.Basis{}); err != nil {
		t.Fatal(err)
	}
	b.beat()
	b.round()
	b.exec("UPDATE sync_heartbeat SET alive_since = NOW(6) - INTERVAL 10 DAY")
	b.exec("INSERT INTO order_return_algolia_sync (job_type, created_at, date_range_end) VALUES ('RETURN_JOB', NOW(6) - INTERVAL 10 DAY, NOW(6))")
	return b
}

// syncWriter is a writer for concurrent use.
type syncWriter struct {
	mu sync.Mutex
	to *bytes.Buffer
}

func (w *syncWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.to.Write(p)
}

// exec runs a statement.
func (b *bench) exec(query string) {
	b.t.Helper()
	if _, err := b.Store.SQL().ExecContext(b.t.Context(), query); err != nil {
		b.t.Fatal(err)
	}
}

// beat records a heartbeat of the application.
func (b *bench) beat() {
	b.t.Helper()
	if err := b.Heartbeats.Beat(b.t.Context(), alert.App); err != nil {
		b.t.Fatal(err)
	}
}

// silent leaves the application without a heartbeat for 41 minutes.
func (b *bench) silent() {
	b.exec("UPDATE sync_heartbeat SET timestamp = NOW(6) - INTERVAL 41 MINUTE WHERE name = 'sync'")
}

// round runs one check.
func (b *bench) round() watch.Report {
	b.t.Helper()
	r, err := b.Round(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

// logged demands words of the log.
func (b *bench) logged(words ...string) {
	b.t.Helper()
	for _, w := range words {
		if !strings.Contains(b.log.String(), w) {
			b.t.Errorf("the log does not say %q:\n%s", w, b.log)
		}
	}
	if strings.Contains(b.log.String(), alerttest.Secret) {
		b.t.Errorf("the log shows the channel's address:\n%s", b.log)
	}
}

// TestAnOutageIsReportedOnceByManyWatchers lets ten watchers check concurrently, several
// times: one message for the outage and one for its end.
func TestAnOutageIsReportedOnceByManyWatchers(t *testing.T) {
	b := newBench(t)
	many := func() {
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				for range 3 {
					if _, err := b.Round(t.Context()); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
	}
	b.silent()
	many()
	if told := b.Bodies(); len(told) != 1 || !strings.Contains(told[0], "Sync application offline") {
		t.Fatalf("told %q", told)
	}
	b.logged(`"level":"ERROR","msg":"the heartbeat is missing"`)
	b.beat()
	many()
	if told := b.Bodies(); len(told) != 2 || !strings.Contains(told[1], "Recovered") {
		t.Errorf("told %q", told)
	}
}

// TestBehindIsLoggedWithItsEntity writes the record that the deployment counts, each
// round while the condition holds.
func TestBehindIsLoggedWithItsEntity(t *testing.T) {
	b := newBench(t)
	if r := b.round(); len(r.Holding) != 0 {
		t.Fatalf("%+v", r)
	}
	b.exec("UPDATE order_return_algolia_sync SET date_range_end = NOW(6) - INTERVAL 32 MINUTE")
	for range 2 {
		if r := b.round(); !slices.Equal(r.Holding, []string{"returns: the index is behind"}) {
			t.Errorf("%+v", r)
		}
	}
	b.logged(`"level":"ERROR","msg":"the index is behind","entity":"returns"`)
	if n := strings.Count(b.log.String(), "the index is behind\",\"entity"); n != 2 || len(b.Bodies()) != 1 {
		t.Errorf("logged %d times, told %q", n, b.Bodies())
	}
	b.exec("UPDATE order_return_algolia_sync SET date_range_end = NOW(6)")
	if r := b.round(); len(r.Recovered) != 1 || len(b.Bodies()) != 2 {
		t.Errorf("%+v", r)
	}
}

// TestThrottled waits as long as the channel asks for; a long pause is left to a later
// round.
func TestThrottled(t *testing.T) {
	b := newBench(t, alerttest.Answer{Status: 429, RetryAfter: "1"}, alerttest.Answer{Status: 429, RetryAfter: "120"})
	b.silent()
	began := time.Now()
	r := b.round()
	if r.Sent != 0 || r.Waiting != 1 || b.Tried() != 2 || time.Since(began) < time.Second {
		t.Errorf("%+v, tried %d times in %v", r, b.Tried(), time.Since(began))
	}
	b.round()
	if b.Tried() != 2 {
		t.Error("it was tried again before the channel's time")
	}
	b.exec("UPDATE sync_alert_notice SET next_at = next_at - INTERVAL 115 SECOND")
	b.round()
	if b.Tried() != 2 {
		t.Error("it was tried again a little before the channel's time")
	}
	b.exec("UPDATE sync_alert_notice SET next_at = next_at - INTERVAL 5 SECOND")
	if r := b.round(); r.Sent != 1 || r.Waiting != 0 || len(b.Bodies()) != 1 {
		t.Errorf("%+v", r)
	}
	b.logged("the channel answered 429")
}

// TestAnOutageOfTheChannel keeps messages until the channel is back, and sends them in
// order: the alert, then the recovery.
func TestAnOutageOfTheChannel(t *testing.T) {
	down := slices.Repeat([]alerttest.Answer{{Status: 500}}, 50)
	b := newBench(t, down...)
	b.silent()
	b.round()
	b.beat()
	for range 3 {
		b.exec("UPDATE sync_alert_notice SET next_at = NOW(6)")
		b.round()
	}
	if len(b.Bodies()) != 0 || b.Tried() != 4 {
		t.Fatalf("told %q in %d tries; want one try a round", b.Bodies(), b.Tried())
	}
	var backoff float64
	if err := b.Store.SQL().QueryRow("SELECT TIMESTAMPDIFF(SECOND, NOW(6), next_at) FROM sync_alert_notice WHERE event = 'raised'").Scan(&backoff); err != nil || backoff < 7*60 {
		t.Errorf("after four tries it waits %v s, %v; want about 8 minutes", backoff, err)
	}
	b.Script()
	b.exec("UPDATE sync_alert_notice SET next_at = NOW(6)")
	b.round()
	told := b.Bodies()
	if len(told) != 2 || strings.Contains(told[0], "Recovered") || !strings.Contains(told[1], "Recovered") {
		t.Errorf("told %q", told)
	}
}

// TestARefusedMessageHoldsNothingUp gives up a message that the channel refuses, logs
// so, and sends those behind it.
func TestARefusedMessageHoldsNothingUp(t *testing.T) {
	b := newBench(t, alerttest.Answer{Status: 400})
	b.silent()
	b.exec("INSERT INTO sync_parked (entity, object_id, root_id, run_id, reason, detail, bytes) VALUES ('returns', 'R1-1', 1, 1, 'TOO_LARGE', '', 1)")
	if r := b.round(); len(r.Raised) != 2 || r.Sent != 1 || r.Waiting != 0 {
		t.Errorf("%+v", r)
	}
	b.logged(`"level":"ERROR","msg":"an alert could not be sent and is given up"`)
	entries, err := b.RunLog.ReadLog(t.Context(), runlog.Filter{Least: runlog.Error, Limit: 10})
	if err != nil || len(entries) != 1 || !strings.Contains(entries[0].Message, "given up") || strings.Contains(entries[0].Message, alerttest.Secret) {
		t.Errorf("%+v, %v", entries, err)
	}
}

// TestOwnFailureIsNotOffline fails to read: an error, and no alert.
func TestOwnFailureIsNotOffline(t *testing.T) {
	b := newBench(t)
	b.silent()
	b.exec("RENAME TABLE sync_run TO sync_run_away")
	if _, err := b.Round(t.Context()); fault.KindOf(err) != fault.Retry {
		t.Errorf("Round = %v", err)
	}
	if open, err := b.Alerts.OpenAlerts(t.Context()); err != nil || len(open) != 0 || b.Tried() != 0 {
		t.Errorf("open %v, %v", open, err)
	}
	b.exec("RENAME TABLE sync_run_away TO sync_run")
	if r := b.round(); len(r.Raised) != 1 {
		t.Errorf("%+v", r)
	}
}

// TestWithoutAChannel stores alerts and logs them.
// TestWingsWorkAfterARound says to every wing whether the application is alive, and lets
// no wing fail a round.
func TestWingsWorkAfterARound(t *testing.T) {
	b := newBench(t)
	var seen []bool
	b.After = []watch.After{
		{Wing: "broken", Do: func(context.Context, bool, time.Time) error { return errors.New("the base is away") }},
		{Wing: "reports", Do: func(_ context.Context, alive bool, now time.Time) error {
			if now.IsZero() {
				t.Error("the wing got no time")
			}
			seen = append(seen, alive)
			return nil
		}},
	}
	b.round()
	b.silent()
	b.round()
	b.beat()
	b.round()
	if !slices.Equal(seen, []bool{true, false, true}) {
		t.Errorf("alive was %v", seen)
	}
	b.logged("the base is away", `"wing":"broken"`)
}

func TestWithoutAChannel(t *testing.T) {
	b := newBench(t)
	b.Channels = nil
	b.silent()
	if r := b.round(); len(r.Raised) != 1 || r.Waiting != 0 {
		t.Errorf("%+v", r)
	}
}

// TestOldEntriesArePruned keeps the run log for the configured days.
func TestOldEntriesArePruned(t *testing.T) {
	b := newBench(t)
	b.exec("INSERT INTO sync_log (at, severity, message) VALUES (NOW(6) - INTERVAL 31 DAY, 'INFO', 'old'), (NOW(6) - INTERVAL 29 DAY, 'INFO', 'kept')")
	b.round()
	list, err := b.RunLog.ReadLog(t.Context(), runlog.Filter{Limit: 10})
	if err != nil || len(list) != 1 || list[0].Message != "kept" {
		t.Errorf("%+v, %v", list, err)
	}
}

// TestPlansOfTheTable reads from the table of schedules when an entity is due.
func TestPlansOfTheTable(t *testing.T) {
	b := newBench(t)
	table := watch.Table{From: schedulestore.New(b.Store.Pool())}
	plan := func() alert.Plan {
		t.Helper()
		p, err := table.Plan(t.Context(), "returns")
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	if plan().Active() {
		t.Error("without a schedule it is due")
	}
	const row = `INSERT INTO sync_schedule (name, target_kind, target, time, timezone, run, weekday, applied, anchor_at) VALUES `
	db, err := sql.Open("mysql", b.dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for id, spec := range []string{
		`{"id":1,"name":"w","kind":"entity","target":"returns","run":"Weekly","minutes":390,"offset":-420,"weekday":1}`,
		`{"id":2,"name":"o","kind":"entity","target":"other","run":"Interval","minutes":30}`,
	} {
		if _, err := db.ExecContext(t.Context(), row+"('n', 'entity', 'x', '06:30', -7, 'Weekly', 'Monday', ?, '2026-11-01')", spec); err != nil {
			t.Fatal(id, err)
		}
	}
	p := plan()
	if !p.Active() || p.Period() != 7*24*time.Hour {
		t.Errorf("active %v, period %v", p.Active(), p.Period())
	}
	// Monday 06:30 at UTC-7 is 13:30 UTC.
	if due := p.Due(time.Date(2026, 11, 19, 0, 0, 0, 0, time.UTC)); !due.Equal(time.Date(2026, 11, 16, 13, 30, 0, 0, time.UTC)) {
		t.Errorf("due at %v", due)
	}
	if due := p.Due(time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC)); !due.IsZero() {
		t.Errorf("due at %v, before the schedule's time", due)
	}
	b.exec("UPDATE sync_schedule SET disabled = 1 WHERE id = 1")
	if plan().Active() {
		t.Error("a disabled schedule makes it due")
	}
}

// TestSnooze sends nothing of a snoozed alert: neither what waits nor what is new. It
// sends the alert again after its time, and the recovery in any case.
func TestSnooze(t *testing.T) {
	b := newBench(t, alerttest.Answer{Status: 500})
	b.silent()
	if r := b.round(); r.Sent != 0 || r.Waiting != 1 {
		t.Fatalf("%+v", r)
	}
	snooze := func(d time.Duration) {
		t.Helper()
		open, err := b.Alerts.OpenAlerts(t.Context())
		if err != nil || len(open) != 1 {
			t.Fatal(open, err)
		}
		if ok, err := b.Alerts.Snooze(t.Context(), open[0].ID, "ann", d); !ok || err != nil {
			t.Fatal(ok, err)
		}
	}
	snooze(time.Hour)
	b.exec("UPDATE sync_alert_notice SET next_at = NOW(6)")
	if r := b.round(); r.Sent != 0 || r.Waiting != 0 || b.Tried() != 1 || len(r.Holding) != 1 {
		t.Errorf("snoozed: %+v, tried %d", r, b.Tried())
	}
	b.exec("UPDATE sync_alert SET snoozed_until = NOW(6)")
	b.round()
	b.round()
	if told := b.Bodies(); len(told) != 1 || !strings.Contains(told[0], "Still: Sync application offline") {
		t.Errorf("after the snooze: %q", told)
	}
	snooze(time.Hour)
	b.beat()
	b.round()
	if told := b.Bodies(); len(told) != 2 || !strings.Contains(told[1], "Recovered: Sync application offline") {
		t.Errorf("the recovery: %q", told)
	}
}
