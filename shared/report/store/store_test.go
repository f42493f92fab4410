package store_test

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/lease"
	"gitlab.com/eshopbox-team/return-sync/shared/localdb/localdbtest"
	"gitlab.com/eshopbox-team/return-sync/shared/report"
	"gitlab.com/eshopbox-team/return-sync/shared/report/store"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb/sqldbtest"
	syncstore "gitlab.com/eshopbox-team/return-sync/shared/sync/store"
)

func TestMain(m *testing.M) { localdbtest.Main(m) }

// open returns a store over an empty database.
func open(t *testing.T) (*store.Store, *sqldb.DB) {
	t.Helper()
	db := sqldbtest.Open(t, syncstore.Migrations(), store.Migrations())
	return store.New(db), db
}

// number returns the number that a query answers.
func number(t *testing.T, db *sqldb.DB, query string, args ...any) int64 {
	t.Helper()
	var n int64
	if err := db.QueryRow(query, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestOneOfManyTakesAReport lets one of eight callers take a report.
func TestOneOfManyTakesAReport(t *testing.T) {
	s, _ := open(t)
	k := report.Key{Type: "sales", Slot: "2026-11-20"}
	for range 2 {
		if _, err := s.Ensure(t.Context(), k, 0, time.Unix(0, 0)); err != nil {
			t.Fatal(err)
		}
	}
	var won, held atomic.Int32
	var work sync.WaitGroup
	for range 8 {
		work.Go(func() {
			switch _, d, err := s.Take(t.Context(), k, lease.Grant{Token: lease.NewToken(), For: time.Minute}); {
			case err != nil:
				t.Error(err)
			case d == lease.Free:
				won.Add(1)
			case d == lease.Held:
				held.Add(1)
			}
		})
	}
	if work.Wait(); won.Load() != 1 || held.Load() != 7 {
		t.Errorf("%d won, %d were told that it is held", won.Load(), held.Load())
	}
}

// TestAVerbOutOfTurnChangesNothing refuses arrows that the diagram does not have, and
// callers without the lease.
func TestAVerbOutOfTurnChangesNothing(t *testing.T) {
	s, db := open(t)
	p := store.PayloadsOf(db)
	ctx := t.Context()
	k := report.Key{Type: "sales", Slot: "2026-11-20"}
	if _, err := s.Ensure(ctx, k, 0, time.Unix(0, 0)); err != nil {
		t.Fatal(err)
	}
	r, d, err := s.Take(ctx, k, lease.Grant{Token: lease.NewToken(), For: time.Minute})
	if err != nil || d != lease.Free {
		t.Fatal(d, err)
	}
	refuse := func(name string, err error) {
		t.Helper()
		if fault.KindOf(err) != fault.Superseded {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err = s.Ready(ctx, r, "d")
	refuse("ready from due", err)
	_, err = p.Loaded(ctx, r, 1, 1)
	refuse("loaded from due", err)
	refuse("done from due", s.Done(ctx, r, "d"))
	stranger := r
	stranger.Token = lease.NewToken()
	_, err = s.Requested(ctx, stranger, "1")
	refuse("requested by a stranger", err)
	refuse("released by a stranger", s.Release(ctx, stranger, 0, false, ""))
	refuse("a part by a stranger", p.AddChunk(ctx, stranger, 0, []byte("x"), time.Minute))
	_, err = p.Written(ctx, stranger, report.Account{Sink: "a"}, report.Outcome{Written: 1}, time.Minute)
	refuse("an account by a stranger", err)
	refuse("failed by a stranger", s.Fail(ctx, stranger, true, "x"))
	after, err := s.Report(ctx, k)
	if err != nil || after.State != report.Due || len(after.Accounts) != 0 || number(t, db, "SELECT COUNT(*) FROM report_chunk") != 0 {
		t.Errorf("%+v, %v", after, err)
	}
}

// TestTheDevelopersPropertiesArePutBack logs field and old value, once.
func TestTheDevelopersPropertiesArePutBack(t *testing.T) {
	s, db := open(t)
	ctx := t.Context()
	want := report.Type{Name: "sales", TypeID: "GET_SALES", Datapoints: true, Edit: report.Edit{Active: true, Offset: -1}}
	if back, err := s.Types.Ensure(ctx, want); err != nil || back != nil {
		t.Fatal(back, err)
	}
	if _, err := db.Exec("UPDATE report_type SET report_type_id = 'GET_OTHER', add_to_datapoints = 0, offset_days = -2"); err != nil {
		t.Fatal(err)
	}
	back, err := s.Types.Ensure(ctx, want)
	if err != nil || len(back) != 2 || !strings.Contains(back[0], `was "GET_OTHER"`) {
		t.Errorf("%q, %v", back, err)
	}
	if back, err := s.Types.Ensure(ctx, want); err != nil || back != nil {
		t.Errorf("put back twice: %q, %v", back, err)
	}
	got, err := s.Types.Named(ctx, "sales")
	if err != nil || got.TypeID != "GET_SALES" || !got.Datapoints || got.Offset != -2 {
		t.Errorf("%+v, %v", got, err)
	}
	if n := number(t, db, "SELECT COUNT(*) FROM sync_log WHERE entity = 'sales'"); n != 2 {
		t.Errorf("%d log entries", n)
	}
}

// TestAnEditIsOneLogEntry writes one entry a change and none for an edit that changes
// nothing or cannot be meant.
func TestAnEditIsOneLogEntry(t *testing.T) {
	s, db := open(t)
	ctx := t.Context()
	if _, err := s.Types.Ensure(ctx, report.Type{Name: "sales", TypeID: "X"}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := s.Types.Edit(ctx, "sales", func(e *report.Edit) { e.Active, e.RepeatAfter = true, 21 }); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Types.Edit(ctx, "sales", func(e *report.Edit) { e.Offset = 1e6 }); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a senseless offset: %v", err)
	}
	if _, err := s.Types.Edit(ctx, "stock", func(*report.Edit) {}); fault.KindOf(err) != fault.NotFound {
		t.Errorf("an unknown type: %v", err)
	}
	var message string
	if err := db.QueryRow("SELECT message FROM sync_log").Scan(&message); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("report type sales was changed: Status active false -> true, Repeat after N days 0 -> 21", message); diff != "" || number(t, db, "SELECT COUNT(*) FROM sync_log") != 1 {
		t.Error(diff)
	}
}

// TestALimitIsSharedAndExact reserves calls from many callers at once: they are spaced
// by the rate, for all callers together.
func TestALimitIsSharedAndExact(t *testing.T) {
	s, db := open(t)
	var mu sync.Mutex
	var waits []time.Duration
	l := &store.Limiter{Store: s, Most: time.Hour, Sleep: func(_ context.Context, d time.Duration) error {
		mu.Lock()
		defer mu.Unlock()
		waits = append(waits, d)
		return nil
	}}
	var work sync.WaitGroup
	for range 4 {
		work.Go(func() {
			for range 5 {
				if err := l.Wait(t.Context(), "base", report.Rate{PerSecond: 0.01, Burst: 3}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	work.Wait()
	// Three pass at once; the others stand 100 s apart.
	if len(waits) != 17 {
		t.Fatalf("%d calls had to wait", len(waits))
	}
	var longest time.Duration
	for _, w := range waits {
		longest = max(longest, w)
	}
	if longest > 1700*time.Second || longest < 1600*time.Second {
		t.Errorf("the last call waits %s", longest)
	}
	before := number(t, db, "SELECT next_us FROM report_limit WHERE name = 'base'")
	short := &store.Limiter{Store: s, Most: time.Minute}
	err := short.Wait(t.Context(), "base", report.Rate{PerSecond: 0.01, Burst: 3})
	if fault.KindOf(err) != fault.Throttled || fault.AfterOf(err) < 1600*time.Second {
		t.Errorf("%v after %s", err, fault.AfterOf(err))
	}
	if after := number(t, db, "SELECT next_us FROM report_limit WHERE name = 'base'"); after != before {
		t.Error("a refused call used the limit up")
	}
	if err := l.Block(t.Context(), "other", 30*time.Second); err != nil {
		t.Fatal(err)
	}
	waits = nil
	if err := l.Wait(t.Context(), "other", report.Rate{PerSecond: 5, Burst: 5}); err != nil || len(waits) != 1 || waits[0] < 25*time.Second || waits[0] > 30*time.Second {
		t.Errorf("a blocked call waits %v, %v", waits, err)
	}
}

// TestOldRunsOfRealTimeTypesAreRemoved keeps dated reports, open runs and new ones.
func TestOldRunsOfRealTimeTypesAreRemoved(t *testing.T) {
	s, db := open(t)
	exec := func(query string, args ...any) {
		t.Helper()
		if _, err := db.ExecContext(t.Context(), query, args...); err != nil {
			t.Fatal(err)
		}
	}
	for name, realTime := range map[string]bool{"stock": true, "sales": false} {
		if _, err := s.Types.Ensure(t.Context(), report.Type{Name: name, TypeID: "X", Edit: report.Edit{Active: true, RealTime: realTime}}); err != nil {
			t.Fatal(err)
		}
	}
	for _, one := range []struct{ typ, slot, state string }{
		{"stock", "2026-08-01T00:00:00Z", "done"}, {"stock", "2026-08-02T00:00:00Z", "failed"}, // removed
		{"stock", "2026-08-03T00:00:00Z", "loaded"}, {"stock", "2026-09-02T00:00:00Z", "done"}, {"stock", "2026-08-01", "done"},
		{"sales", "2026-08-01", "done"}, {"sales", "2026-08-01T00:00:00Z", "done"}, // a run of a type that is dated now
	} {
		if _, err := s.Ensure(t.Context(), report.Key{Type: one.typ, Slot: one.slot}, 0, time.Unix(0, 0)); err != nil {
			t.Fatal(err)
		}
		exec("UPDATE report_report SET state = ? WHERE type = ? AND slot = ?", one.state, one.typ, one.slot)
	}
	exec("INSERT INTO report_account (report_id, attempt, sink) SELECT id, 1, 'datapoints' FROM report_report")
	exec("INSERT INTO report_parked (report_id, attempt, sink, row_no, row_key, reason) SELECT id, 1, 'datapoints', 1, 'k', 'r' FROM report_report")
	day, err := report.ParseDate("2026-09-01")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []int{2, 0} {
		if n, err := s.PruneRuns(t.Context(), day); n != want || err != nil {
			t.Errorf("%d runs were removed, %v; want %d", n, err, want)
		}
	}
	for _, table := range []string{"report_report", "report_account", "report_parked"} {
		if n := number(t, db, "SELECT COUNT(*) FROM "+table); n != 5 {
			t.Errorf("%s has %d rows, want 5", table, n)
		}
	}
}

// TestKeysOfEarlierRowsAreFound remembers keys of two loaders of one report, which do not
// meet, and forgets them.
func TestKeysOfEarlierRowsAreFound(t *testing.T) {
	_, db := open(t)
	p := store.PayloadsOf(db)
	r := report.Report{ID: 7, Token: lease.NewToken()}
	other := report.Report{ID: 7, Token: lease.NewToken()}
	const large = 1<<64 - 1
	for _, c := range []struct {
		r    report.Report
		list []report.RowKey
		want map[uint64]bool
	}{
		{r, []report.RowKey{{Hash: 1, Row: 1}, {Hash: large, Row: 2}}, map[uint64]bool{}},
		{r, []report.RowKey{{Hash: 1, Row: 1}, {Hash: large, Row: 2}}, map[uint64]bool{}}, // again, after a lost answer
		{r, []report.RowKey{{Hash: 3, Row: 3}, {Hash: large, Row: 4}}, map[uint64]bool{large: true}},
		{other, []report.RowKey{{Hash: 1, Row: 9}}, map[uint64]bool{}},
		{r, nil, map[uint64]bool{}},
	} {
		got, err := p.AddKeys(t.Context(), c.r, c.list)
		if diff := cmp.Diff(c.want, got); err != nil || diff != "" {
			t.Errorf("%v: %s, %v", c.list, diff, err)
		}
	}
	if err := p.DropKeys(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if n := number(t, db, "SELECT COUNT(*) FROM report_key"); n != 0 {
		t.Errorf("%d keys are left", n)
	}
}
