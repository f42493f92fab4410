package flow_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"strings"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/localdb/localdbtest"
	"gitlab.com/eshopbox-team/return-sync/shared/queue/queuetest"
	"gitlab.com/eshopbox-team/return-sync/shared/report"
	"gitlab.com/eshopbox-team/return-sync/shared/report/flow"
	"gitlab.com/eshopbox-team/return-sync/shared/report/reporttest"
	"gitlab.com/eshopbox-team/return-sync/shared/report/store"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb/sqldbtest"
	"gitlab.com/eshopbox-team/return-sync/shared/states"
	syncstore "gitlab.com/eshopbox-team/return-sync/shared/sync/store"
)

func TestMain(m *testing.M) { localdbtest.Main(m) }

// bench is the wing over a real database, with a source and two destinations in memory.
type bench struct {
	t       *testing.T
	db      *sqldb.DB
	store   *store.Store
	source  *reporttest.Source
	sinks   []*reporttest.Sink
	queue   *queuetest.Memory
	work    *flow.Work
	starter *flow.Starter
	parts   flow.Parts
	rows    int
	change  int // added to every amount
	crash   string
}

// killed is the panic that ends a process at a step.
type killed struct{ step string }

// newBench returns a bench with the type sales.
func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, db: sqldbtest.Open(t, syncstore.Migrations(), store.Migrations()), queue: &queuetest.Memory{}, rows: 1203}
	b.store = store.New(b.db)
	b.source = &reporttest.Source{Polls: 1, Content: b.content}
	b.sinks = []*reporttest.Sink{{}, {Refuse: func(r report.Row) string {
		if r.Number == 7 {
			return "seven is refused"
		}
		return ""
	}}}
	b.parts = flow.Parts{
		Definition: report.Definition{File: "sales.yaml", Key: []string{"id"}, Numbers: []string{"amount"}, Columns: []string{"name"}},
		Source:     b.source, Sinks: []report.NamedSink{{Name: "first", Sink: b.sinks[0]}, {Name: "second", Sink: b.sinks[1]}},
	}
	steps := states.Steps(func(step string) {
		if step == b.crash {
			b.crash = ""
			panic(killed{step})
		}
	})
	log := slog.New(slog.DiscardHandler)
	b.work = &flow.Work{
		Reports: b.store, Payloads: store.PayloadsOf(b.db), Types: b.store.Types, Queue: b.queue, Log: log, Steps: steps,
		Open:   func(context.Context, string) (flow.Parts, error) { return b.parts, nil },
		Config: flow.Config{Lease: time.Minute, Budget: time.Minute, SourcePatience: 6 * time.Hour, SinkPatience: 24 * time.Hour, MaxRows: 1e6},
	}
	b.starter = &flow.Starter{Reports: b.store, Types: b.store.Types, Queue: b.queue, Log: log, Steps: steps}
	if _, err := b.store.Types.Ensure(t.Context(), report.Type{Name: "sales", TypeID: "GET_SALES", Edit: report.Edit{Active: true, NotifyOnFail: true, RepeatAfter: 21}}); err != nil {
		t.Fatal(err)
	}
	return b
}

// content is the rows that the source has.
func (b *bench) content(report.Order) iter.Seq2[map[string]any, error] {
	return func(yield func(map[string]any, error) bool) {
		for n := range b.rows {
			if !yield(map[string]any{"id": fmt.Sprint("k", n), "name": fmt.Sprint("row ", n), "amount": fmt.Sprint(n + b.change)}, nil) {
				return
			}
		}
	}
}

// exec runs a statement.
func (b *bench) exec(query string, args ...any) {
	b.t.Helper()
	if _, err := b.db.Exec(query, args...); err != nil {
		b.t.Fatal(err)
	}
}

// play runs a step that may be killed and reports whether it was.
func (b *bench) play(step func() error) (died bool, err error) {
	defer func() {
		if p := recover(); p != nil {
			if _, ok := p.(killed); !ok {
				panic(p)
			}
			died = true
		}
	}()
	return false, step()
}

// drain delivers tasks until there are none, as a queue that ignores delays. After a
// death, the lease is over and the task comes again.
func (b *bench) drain() {
	b.t.Helper()
	for range 200 {
		one, ok := b.queue.Take()
		if !ok {
			return
		}
		key, err := flow.ParseTask(one.Body)
		if err != nil {
			b.t.Fatal(err)
		}
		b.exec("UPDATE report_report SET next_at = NOW(6) WHERE next_at IS NOT NULL")
		for {
			died, err := b.play(func() error {
				_, err := b.work.Run(b.t.Context(), key, time.Now())
				return err
			})
			if fault.CodeOf(err) == "report-early" { // the queue delivers it again, later
				b.exec("UPDATE report_report SET next_at = NOW(6) WHERE next_at IS NOT NULL")
				continue
			}
			if err != nil {
				b.t.Fatal(err)
			}
			if !died {
				break
			}
			b.exec("UPDATE report_report SET lease_until = NOW(6) - INTERVAL 1 SECOND WHERE lease_until IS NOT NULL")
		}
	}
	b.t.Fatal("the tasks do not end")
}

// start plays a scheduled start, again after a death.
func (b *bench) start(at time.Time) {
	b.t.Helper()
	for {
		died, err := b.play(func() error {
			_, err := b.starter.Start(b.t.Context(), "sales", 0, at, at)
			return err
		})
		if err != nil {
			b.t.Fatal(err)
		}
		if !died {
			return
		}
	}
}

// report reads a report.
func (b *bench) report(slot string) report.Report {
	b.t.Helper()
	r, err := b.store.Report(b.t.Context(), report.Key{Type: "sales", Slot: slot})
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

// whole demands that a report is done and whole in both destinations.
func (b *bench) whole(slot string) report.Report {
	b.t.Helper()
	r := b.report(slot)
	if r.State != report.Done || r.Fail || r.LastUpdated == nil || r.DocumentID != "sales|"+slot || r.Rows != int64(b.rows) {
		b.t.Fatalf("not whole: %+v", r)
	}
	for i, want := range []int{b.rows, b.rows - 1} {
		records := b.sinks[i].Records("sales|" + slot)
		if len(records) != want {
			b.t.Errorf("destination %d has %d records, want %d", i, len(records), want)
		}
		if got, want := records["k3"].Text, fmt.Sprintf(`"amount":%d`, 3+b.change); !strings.Contains(got, want) {
			b.t.Errorf("destination %d: %s, want %s", i, got, want)
		}
	}
	for _, a := range r.Accounts {
		if a.Sum() != r.Rows || !a.Finished {
			b.t.Errorf("account %+v of %d rows", a, r.Rows)
		}
	}
	var left int
	if err := b.db.QueryRow("SELECT COUNT(*) FROM report_chunk").Scan(&left); err != nil || left != 0 {
		b.t.Errorf("%d parts are left: %v", left, err)
	}
	return r
}

// day is a scheduled time.
var day = time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)

// steps are all steps at which a process may die.
var steps = []string{"ensured", "started", "taken", "intended", "ordered", "requested", "polled", "ready", "chunk", "loaded", "written", "counted", "finished", "accounted", "done", "released", "failed"}

// TestAReportSurvivesDeathAtEveryStep kills the process once at each step: the report
// ends whole, and the source was asked once.
func TestAReportSurvivesDeathAtEveryStep(t *testing.T) {
	b := newBench(t)
	if _, err := b.store.Types.Edit(t.Context(), "sales", func(e *report.Edit) { e.RepeatAfter = 0 }); err != nil {
		t.Fatal(err)
	}
	for i, step := range steps {
		t.Run(step, func(t *testing.T) {
			b.t = t
			at := day.AddDate(0, 0, i)
			slot := at.Format(time.DateOnly)
			if b.rows = 1203; step == "failed" {
				b.rows = 0
			}
			b.crash = step
			b.start(at)
			b.drain()
			if b.crash != "" {
				t.Fatalf("the step was never reached")
			}
			if n := b.source.Orders(report.Key{Type: "sales", Slot: slot}); n != 1 {
				t.Errorf("the source was asked %d times", n)
			}
			if step == "failed" {
				if r := b.report(slot); r.Scenario() != "B" {
					t.Errorf("%+v", r)
				}
				return
			}
			b.whole(slot)
		})
	}
}

// TestAReportIsRepeatedInPlace repeats a report 21 days later: the same row and
// document, the new data, and once.
func TestAReportIsRepeatedInPlace(t *testing.T) {
	b := newBench(t)
	b.start(day)
	b.drain()
	first := b.whole("2026-11-20")
	for d := 1; d <= 20; d += 19 {
		b.start(day.AddDate(0, 0, d))
		b.drain()
	}
	if r := b.report("2026-11-20"); r.UpdateRepeated != nil {
		t.Fatal("the repeat came early")
	}
	b.change, b.rows = 1000, 900
	b.start(day.AddDate(0, 0, 21))
	b.drain()
	again := b.whole("2026-11-20")
	if again.ID != first.ID || again.UpdateRepeated == nil || again.Attempt != 2 {
		t.Errorf("%+v", again)
	}
	b.start(day.AddDate(0, 0, 22))
	b.drain()
	if r := b.report("2026-11-20"); r.Attempt != 2 {
		t.Error("it was repeated twice")
	}
}

// TestTheFailedReportProcedureOverTheTables plays scenarios A, B and C.
func TestTheFailedReportProcedureOverTheTables(t *testing.T) {
	key := report.Key{Type: "sales", Slot: "2026-11-20"}
	operate := func(b *bench, act report.Act) {
		b.t.Helper()
		if _, _, err := b.store.Operate(b.t.Context(), key, act); err != nil {
			b.t.Fatal(err)
		}
		b.drain()
	}
	t.Run("A", func(t *testing.T) {
		b := newBench(t)
		good := b.parts.Sinks
		b.parts.Sinks = []report.NamedSink{{Name: "first", Sink: brokenSink{}}}
		b.start(day)
		b.drain()
		if r := b.report(key.Slot); r.Scenario() != "A" || r.LastUpdated != nil {
			t.Fatalf("%+v", r)
		}
		b.parts.Sinks = good
		operate(b, report.Act{UncheckFail: true})
		if r := b.report(key.Slot); r.State != report.Due || r.Fail {
			t.Fatalf("it runs at once: %+v", r)
		}
		b.start(day.AddDate(0, 0, 1))
		b.drain()
		b.whole(key.Slot)
	})
	t.Run("B", func(t *testing.T) {
		b := newBench(t)
		b.rows = 0
		b.start(day)
		b.drain()
		r := b.report(key.Slot)
		if r.Scenario() != "B" || r.LastUpdated == nil || r.DocumentID != "" || r.Error == "" {
			t.Fatalf("%+v", r)
		}
		b.rows = 10
		operate(b, report.Act{UncheckFail: true})
		b.start(day.AddDate(0, 0, 1))
		b.drain()
		if r := b.report(key.Slot); r.State != report.Failed || r.Fail {
			t.Fatalf("without clearing it must stay untouched: %+v", r)
		}
		operate(b, report.Act{ClearLastUpdated: true})
		b.start(day.AddDate(0, 0, 2))
		b.drain()
		b.whole(key.Slot)
	})
	t.Run("C", func(t *testing.T) {
		b := newBench(t)
		b.start(day)
		b.drain()
		b.rows = 0
		b.start(day.AddDate(0, 0, 21))
		b.drain()
		r := b.report(key.Slot)
		if r.Scenario() != "C" || r.UpdateRepeated != nil || len(b.sinks[0].Records("sales|2026-11-20")) != 1203 {
			t.Fatalf("the earlier payload is not kept: %+v", r)
		}
		b.rows = 1203
		operate(b, report.Act{UncheckFail: true})
		b.start(day.AddDate(0, 0, 22))
		b.drain()
		if r := b.whole(key.Slot); r.UpdateRepeated == nil {
			t.Errorf("%+v", r)
		}
	})
}

// brokenSink refuses everything for good.
type brokenSink struct{}

func (brokenSink) Write(context.Context, report.Order, iter.Seq2[report.Row, error]) (report.Outcome, error) {
	return report.Outcome{}, fault.New(fault.Misconfigured, "broken", "the destination is broken")
}

func (brokenSink) Finish(context.Context, report.Order) error { return nil }

// TestBadDocumentsOverwriteNothing refuses documents with their row before any
// destination is touched.
func TestBadDocumentsOverwriteNothing(t *testing.T) {
	for name, c := range map[string]struct {
		rows []map[string]any
		err  error
		want string
	}{
		"a header that changed": {[]map[string]any{{"id": "a", "title": "x"}}, nil, `row 1: the document has no column "name"`},
		"no number":             {[]map[string]any{{"id": "a", "name": "x"}, {"id": "b", "name": "y", "amount": "1,5"}}, nil, `row 2: column "amount" is not a number`},
		"too few fields":        {[]map[string]any{{"id": "a", "name": "x"}}, fault.New(fault.Misconfigured, "bad-row", "row 2 has 3 fields"), "row 2 has 3 fields"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.start(day)
			b.drain()
			b.source.Content = func(report.Order) iter.Seq2[map[string]any, error] {
				return func(yield func(map[string]any, error) bool) {
					for _, row := range c.rows {
						if !yield(row, nil) {
							return
						}
					}
					if c.err != nil {
						yield(nil, c.err)
					}
				}
			}
			b.start(day.AddDate(0, 0, 21))
			b.drain()
			r := b.report("2026-11-20")
			if !r.Fail || !strings.Contains(r.Error, c.want) {
				t.Errorf("error %q, want %q", r.Error, c.want)
			}
			if len(b.sinks[0].Records("sales|2026-11-20")) != 1203 {
				t.Error("the earlier payload was overwritten")
			}
			var logged int
			if err := b.db.QueryRow("SELECT COUNT(*) FROM sync_log WHERE entity = 'sales' AND message LIKE ?", "report sales 2026-11-20 failed: %").Scan(&logged); err != nil || logged != 1 {
				t.Errorf("%d log entries: %v", logged, err)
			}
		})
	}
}

// TestDuplicateKeysParkTheLaterRow accounts for rows that share a key.
func TestDuplicateKeysParkTheLaterRow(t *testing.T) {
	b := newBench(t)
	b.rows = 4
	plain := b.source.Content
	b.source.Content = func(o report.Order) iter.Seq2[map[string]any, error] {
		return func(yield func(map[string]any, error) bool) {
			for range 2 {
				for row, err := range plain(o) {
					if !yield(row, err) {
						return
					}
				}
			}
			yield(map[string]any{"id": "", "name": "no key"}, nil)
		}
	}
	b.start(day)
	b.drain()
	r := b.report("2026-11-20")
	if r.State != report.Done || r.Rows != 9 || r.Accounts[0].Written != 4 || r.Accounts[0].Parked != 5 {
		t.Errorf("%+v", r)
	}
	parked, err := store.PayloadsOf(b.db).Parked(t.Context(), r, 10)
	if err != nil || len(parked) != 10 || parked[0].Row != 5 || parked[0].Key != "k0" || parked[4].Reason != "its key field id is empty" {
		t.Errorf("%+v, %v", parked, err)
	}
}

// awaySink is a destination that does not answer for a while.
type awaySink struct {
	report.Sink
	away *bool
}

func (s awaySink) Write(ctx context.Context, o report.Order, rows iter.Seq2[report.Row, error]) (report.Outcome, error) {
	if *s.away {
		return report.Outcome{}, fault.New(fault.Retry, "away", "the destination does not answer")
	}
	return s.Sink.Write(ctx, o, rows)
}

// TestADestinationThatIsAwayHoldsUpNoOther writes what waited once it is back.
func TestADestinationThatIsAwayHoldsUpNoOther(t *testing.T) {
	b := newBench(t)
	away := true
	b.parts.Sinks[0].Sink = awaySink{b.sinks[0], &away}
	b.start(day)
	for range 4 {
		one, ok := b.queue.Take()
		if !ok {
			t.Fatal("no task waits")
		}
		b.exec("UPDATE report_report SET next_at = NOW(6)")
		key, err := flow.ParseTask(one.Body)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.work.Run(t.Context(), key, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	if r := b.report("2026-11-20"); r.State != report.Loaded || !strings.Contains(r.Error, "first: the destination does not answer") {
		t.Errorf("%+v", r)
	}
	if n := len(b.sinks[1].Records("sales|2026-11-20")); n != 1202 {
		t.Errorf("the other destination has %d records", n)
	}
	away = false
	b.drain()
	b.whole("2026-11-20")
	if n := b.source.Orders(report.Key{Type: "sales", Slot: "2026-11-20"}); n != 1 {
		t.Errorf("the source was asked %d times", n)
	}
}

// TestTwoTasksOfOneReportDoNotMix lets the second of two workers wait, and a worker
// that was taken over write nothing.
func TestTwoTasksOfOneReportDoNotMix(t *testing.T) {
	b := newBench(t)
	b.start(day)
	key := report.Key{Type: "sales", Slot: "2026-11-20"}
	b.work.Steps = func(step string) {
		if step != "intended" {
			return
		}
		b.work.Steps = nil
		other := *b.work
		if _, err := other.Run(t.Context(), key, time.Now()); fault.KindOf(err) != fault.Retry {
			t.Errorf("a second worker: %v", err)
		}
		b.exec("UPDATE report_report SET lease_until = NOW(6) - INTERVAL 1 SECOND")
		if _, err := other.Run(t.Context(), key, time.Now()); err != nil {
			t.Error(err)
		}
	}
	if got, err := b.work.Run(t.Context(), key, time.Now()); err != nil || got.Note != "taken over" {
		t.Errorf("%+v, %v", got, err)
	}
	b.drain()
	b.whole(key.Slot)
}

// TestASweepSendsTheTasksThatWereLost finds reports whose task is late.
func TestASweepSendsTheTasksThatWereLost(t *testing.T) {
	b := newBench(t)
	b.start(day)
	for {
		if _, ok := b.queue.Take(); !ok {
			break
		}
	}
	if n, err := b.starter.Sweep(t.Context(), time.Now()); err != nil || n != 0 {
		t.Fatalf("a task that is not late was sent: %d, %v", n, err)
	}
	b.exec("UPDATE report_report SET next_at = NOW(6) - INTERVAL 2 MINUTE")
	if n, err := b.starter.Sweep(t.Context(), time.Now()); err != nil || n != 1 {
		t.Fatalf("%d, %v", n, err)
	}
	b.drain()
	b.whole("2026-11-20")
}

// TestATaskThatComesEarlyIsDeliveredAgain keeps the only task of a turn.
func TestATaskThatComesEarlyIsDeliveredAgain(t *testing.T) {
	b := newBench(t)
	b.start(day)
	key := report.Key{Type: "sales", Slot: "2026-11-20"}
	b.exec("UPDATE report_report SET next_at = NOW(6) + INTERVAL 30 SECOND")
	_, err := b.work.Run(t.Context(), key, time.Now())
	if fault.KindOf(err) != fault.Retry || fault.AfterOf(err) <= 0 {
		t.Errorf("30 s early: %v", err)
	}
	b.exec("UPDATE report_report SET next_at = NOW(6) + INTERVAL 1 HOUR, turn = 5")
	if got, err := b.work.Run(t.Context(), key, time.Now()); err != nil || got.Note != "waits" {
		t.Errorf("an hour early: %+v, %v", got, err)
	}
	if len(b.queue.Tasks()) != 2 {
		t.Errorf("%d tasks", len(b.queue.Tasks()))
	}
}

// TestARealTimeRunNeverStandsAmongTheFailed keeps one row a run and sets no Fail.
func TestARealTimeRunNeverStandsAmongTheFailed(t *testing.T) {
	b := newBench(t)
	if _, err := b.store.Types.Edit(t.Context(), "sales", func(e *report.Edit) { e.RealTime = true }); err != nil {
		t.Fatal(err)
	}
	b.start(day)
	b.drain()
	b.rows = 0
	b.start(day.Add(time.Hour))
	b.drain()
	list, err := b.store.Reports(t.Context(), store.Filter{Type: "sales"})
	if err != nil || len(list) != 2 {
		t.Fatalf("%d reports, %v", len(list), err)
	}
	if list[0].State != report.Failed || list[0].Fail || list[1].State != report.Done || list[1].Slot != "2026-11-20T08:00:00Z" {
		t.Errorf("%+v", list)
	}
	if failed, err := b.store.Reports(t.Context(), store.Filter{Failed: true}); err != nil || len(failed) != 0 {
		t.Errorf("%d failed reports, %v", len(failed), err)
	}
	if n := len(b.sinks[0].Records("sales|current")); n != 1203 {
		t.Errorf("the current state has %d records", n)
	}
}

// TestASourceThatIsAwayIsAskedAgainAndFailsAtTheEnd holds patience to its bound.
func TestASourceThatIsAwayIsAskedAgainAndFailsAtTheEnd(t *testing.T) {
	b := newBench(t)
	b.parts.Source = awaySource{b.source}
	b.start(day)
	one, _ := b.queue.Take()
	key, err := flow.ParseTask(one.Body)
	if err != nil {
		t.Fatal(err)
	}
	got, err := b.work.Run(t.Context(), key, time.Now())
	if err != nil || got.State != report.Due || got.Wait <= 0 {
		t.Fatalf("%+v, %v", got, err)
	}
	b.exec("UPDATE report_report SET since_at = NOW(6) - INTERVAL 7 HOUR")
	b.drain()
	if r := b.report(key.Slot); r.Scenario() != "B" || !strings.Contains(r.Error, "no answer") {
		t.Errorf("%+v", r)
	}
}

// awaySource never answers.
type awaySource struct{ *reporttest.Source }

func (awaySource) Request(context.Context, report.Order) (string, error) {
	return "", fault.Wrap(errors.New("no answer"), fault.Retry, "away", "the source does not answer")
}

// TestAThrottledSearchOrdersNothingTwice kills the process behind the order, and lets
// the source ask for patience when the order is searched.
func TestAThrottledSearchOrdersNothingTwice(t *testing.T) {
	b := newBench(t)
	busy := &busyFinder{Source: b.source, left: 2}
	b.parts.Source = busy
	b.crash = "ordered"
	b.start(day)
	b.drain()
	b.whole("2026-11-20")
	if n := b.source.Orders(report.Key{Type: "sales", Slot: "2026-11-20"}); n != 1 || busy.left != 0 {
		t.Errorf("the source was asked %d times, and %d searches were not made", n, busy.left)
	}
}

// busyFinder asks for patience at its first searches.
type busyFinder struct {
	*reporttest.Source
	left int
}

func (s *busyFinder) Find(ctx context.Context, o report.Order, since time.Time) (string, error) {
	if s.left > 0 {
		s.left--
		return "", fault.New(fault.Throttled, "busy", "the search is used up")
	}
	return s.Source.Find(ctx, o, since)
}

// TestAConflictOfTheOtherSideFailsTheReport does not take a service's conflict for the
// loss of the lease, after which nobody would work on the report.
func TestAConflictOfTheOtherSideFailsTheReport(t *testing.T) {
	b := newBench(t)
	good := b.parts.Source
	b.parts.Source = conflictingSource{b.source}
	b.start(day)
	b.drain()
	if r := b.report("2026-11-20"); r.Scenario() != "B" || r.Error != "the source answered 409" {
		t.Errorf("a source's conflict: %+v", r)
	}
	b.parts.Source, b.parts.Sinks[0].Sink = good, conflictingSink{b.sinks[0]}
	b.start(day.AddDate(0, 0, 1))
	b.drain()
	if r := b.report("2026-11-21"); r.Scenario() != "A" || r.Error != "destination first: the destination answered 409" {
		t.Errorf("a destination's conflict: %+v", r)
	}
}

// conflictingSource answers orders with a conflict.
type conflictingSource struct{ *reporttest.Source }

func (conflictingSource) Request(context.Context, report.Order) (string, error) {
	return "", fault.New(fault.Superseded, "refused", "the source answered 409")
}

// conflictingSink answers writes with a conflict.
type conflictingSink struct{ report.Sink }

func (conflictingSink) Write(context.Context, report.Order, iter.Seq2[report.Row, error]) (report.Outcome, error) {
	return report.Outcome{}, fault.New(fault.Superseded, "refused", "the destination answered 409")
}

// TestARunContinuesAReportThatWaits: the source was away, and a person does not wait for
// the pause to end.
func TestARunContinuesAReportThatWaits(t *testing.T) {
	b := newBench(t)
	b.parts.Source = awaySource{b.source}
	b.start(day)
	one, _ := b.queue.Take()
	key, err := flow.ParseTask(one.Body)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.work.Run(t.Context(), key, day); err != nil {
		t.Fatal(err)
	}
	if r := b.report(key.Slot); r.NextAt == nil || !r.NextAt.After(r.Now) {
		t.Fatalf("it does not wait: %+v", r)
	}
	b.parts.Source = b.source
	later, _ := b.queue.Take() // the task with the delay
	for range 2 {              // the second one finds that it is due
		if _, err := b.starter.Run(t.Context(), key, 0, day); err != nil {
			t.Fatal(err)
		}
	}
	if r := b.report(key.Slot); r.NextAt == nil || r.NextAt.After(r.Now) {
		t.Errorf("it still waits: %+v", r)
	}
	if now, ok := b.queue.Take(); !ok || !now.At.IsZero() || later.At.IsZero() {
		t.Errorf("the task comes at %s, want now; that of the turn at %s", now.At, later.At)
	}
	if got, err := b.work.Run(t.Context(), key, time.Now()); err != nil || got.State == report.Due {
		t.Errorf("%+v, %v", got, err)
	}
	b.drain()
	b.whole(key.Slot)
}
