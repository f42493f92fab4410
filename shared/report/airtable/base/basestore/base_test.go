package basestore_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	emulator "gitlab.com/eshopbox-team/return-sync/shared/emulator/airtable"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/localdb/localdbtest"
	"gitlab.com/eshopbox-team/return-sync/shared/report"
	"gitlab.com/eshopbox-team/return-sync/shared/report/airtable"
	"gitlab.com/eshopbox-team/return-sync/shared/report/airtable/base"
	"gitlab.com/eshopbox-team/return-sync/shared/report/airtable/base/basestore"
	"gitlab.com/eshopbox-team/return-sync/shared/report/store"
	"gitlab.com/eshopbox-team/return-sync/shared/runlog"
	"gitlab.com/eshopbox-team/return-sync/shared/schedule"
	"gitlab.com/eshopbox-team/return-sync/shared/schedule/schedulestore"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb/sqldbtest"
	syncstore "gitlab.com/eshopbox-team/return-sync/shared/sync/store"
)

func TestMain(m *testing.M) { localdbtest.Main(m) }

// openGate lets every request pass.
type openGate struct{}

func (openGate) Enter(ctx context.Context, _ string) (airtable.Slot, error) {
	return airtable.Slot{}, ctx.Err()
}

func (openGate) Leave(context.Context, string, airtable.Slot, time.Duration) error { return nil }

func (openGate) Block(context.Context, string, time.Duration) error { return nil }

// world is the SYNC base over a real database and an emulator.
type world struct {
	*testing.T
	db        *sqldb.DB
	server    *emulator.Server
	base      *base.Base
	reports   *store.Store
	schedules *schedulestore.Store
	now       time.Time
}

func start(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, db: sqldbtest.Open(t, syncstore.Migrations(), store.Migrations()), now: time.Date(2026, 11, 21, 4, 0, 0, 0, time.UTC)}
	w.server = emulator.New(emulator.Options{Rate: -1, Now: func() time.Time { return w.now }})
	web := httptest.NewServer(w.server)
	t.Cleanup(func() { w.server.Close(); web.Close() })
	w.reports, w.schedules = store.New(w.db), schedulestore.New(w.db)
	w.base = &base.Base{
		Client: &airtable.Client{URL: web.URL, Base: emulator.DefaultBase.ID, Token: "patLocal", Gate: openGate{}},
		Store:  basestore.New(w.db), Types: w.reports.Types, Reports: w.reports, Schedules: w.schedules,
	}
	if _, err := w.base.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"sales_report", "stock_report"} {
		_, err := w.reports.Types.Ensure(t.Context(), report.Type{Name: name, Edit: report.Edit{Active: true, NotifyOnFail: true}, TypeID: "GET_" + name})
		if err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// round runs a round, which has to succeed.
func (w *world) round() base.Summary {
	w.Helper()
	w.now = w.now.Add(time.Minute)
	sum, err := w.base.Round(w.Context(), w.now)
	if err != nil {
		w.Fatal(err)
	}
	return sum
}

// settled runs a round that has nothing to do but write entries of the log.
func (w *world) settled() {
	w.Helper()
	if sum := w.round(); sum.Edits+sum.Written+sum.Notes != 0 {
		w.Errorf("a round after the last one still had to do: %+v", sum)
	}
}

// rows returns a table of the base by its key.
func (w *world) rows(table, key string) map[string]airtable.Record {
	w.Helper()
	out := map[string]airtable.Record{}
	for r, err := range w.base.Client.List(w.Context(), table, airtable.Query{}) {
		if err != nil {
			w.Fatal(err)
		}
		out[fmt.Sprint(r.Fields[key])] = r
	}
	return out
}

// edit changes a row of the base by hand.
func (w *world) edit(table, record string, fields map[string]any) string {
	w.Helper()
	id, err := w.server.Edit(emulator.Edit{Base: "SYNC", Table: table, Record: record, Fields: fields})
	if err != nil {
		w.Fatal(err)
	}
	return id
}

// exec runs a statement on our tables.
func (w *world) exec(query string, args ...any) {
	w.Helper()
	if _, err := w.db.ExecContext(w.Context(), query, args...); err != nil {
		w.Fatal(err)
	}
}

// logged returns the entries of the run log since the last call.
func (w *world) logged() []string {
	w.Helper()
	list, err := runlog.New(w.db).ReadLog(w.Context(), runlog.Filter{Limit: 1000})
	if err != nil {
		w.Fatal(err)
	}
	var out []string
	for _, e := range list {
		out = append(out, e.Message)
	}
	if _, err := w.db.ExecContext(w.Context(), "DELETE FROM sync_log"); err != nil {
		w.Fatal(err)
	}
	return out
}

// one demands one entry of the log that has all parts.
func (w *world) one(parts ...string) {
	w.Helper()
	got := w.logged()
	if len(got) != 1 {
		w.Errorf("%d entries, want 1: %q", len(got), got)
		return
	}
	for _, part := range parts {
		if !strings.Contains(got[0], part) {
			w.Errorf("the entry %q lacks %q", got[0], part)
		}
	}
}

func TestReportTypes(t *testing.T) {
	w := start(t)
	w.round()
	w.settled()
	row := w.rows(base.TypesTable, "Name")["sales_report"]
	want := map[string]any{"Name": "sales_report", "Status": "Active", "Notify On Fail": true, "Report Type Id": "GET_sales_report"}
	if diff := cmp.Diff(want, row.Fields); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	w.logged()

	w.edit(base.TypesTable, row.ID, map[string]any{"Repeat after N days": 21, "Offset": -1, "Status": "Inactive"})
	w.round()
	have, err := w.reports.Types.Named(t.Context(), "sales_report")
	if err != nil || have.RepeatAfter != 21 || have.Offset != -1 || have.Active {
		t.Errorf("%+v, %v", have, err)
	}
	w.one("sales_report", "Repeat after N days 0 -> 21", "Offset 0 -> -1")
	w.settled()

	w.edit(base.TypesTable, row.ID, map[string]any{"Report Type Id": "GET_OTHER"})
	w.round()
	if got := w.rows(base.TypesTable, "Name")["sales_report"].Text("Report Type Id"); got != "GET_sales_report" {
		t.Errorf("the developer's property is %q", got)
	}
	w.one("Report Type Id of sales_report", `"GET_OTHER"`, `put back to "GET_sales_report"`)
	w.settled()

	w.edit(base.TypesTable, row.ID, map[string]any{"Offset": 99999})
	w.round()
	if got := w.rows(base.TypesTable, "Name")["sales_report"].Fields["Offset"]; got != -1.0 {
		t.Errorf("the offset is %v", got)
	}
	w.one("offset is 99999 days")
	w.settled()

	// Both sides change one property: ours stays, and the other is named.
	w.edit(base.TypesTable, row.ID, map[string]any{"Offset": -5})
	if _, err := w.reports.Types.Edit(t.Context(), "sales_report", func(e *report.Edit) { e.Offset = -3 }); err != nil {
		t.Fatal(err)
	}
	w.logged()
	w.round()
	if got := w.rows(base.TypesTable, "Name")["sales_report"].Fields["Offset"]; got != -3.0 {
		t.Errorf("the offset is %v", got)
	}
	w.one("changed on both sides", "-5 in the base", "-3 stays")

	// A duplicate and a row of a person are named once and stop nothing.
	w.edit(base.TypesTable, "", map[string]any{"Name": "sales_report", "Offset": 7})
	w.edit(base.TypesTable, "", map[string]any{"Name": "mine"})
	w.edit(base.TypesTable, row.ID, map[string]any{"Notify On Fail": nil})
	w.round()
	if have, _ := w.reports.Types.Named(t.Context(), "sales_report"); have.NotifyOnFail || have.Offset != -3 {
		t.Errorf("%+v", have)
	}
	if got := w.logged(); len(got) != 3 {
		t.Errorf("%q", got)
	}
	w.settled()
	w.logged()

	// A deleted row comes back.
	if _, err := w.server.Edit(emulator.Edit{Base: "SYNC", Table: base.TypesTable, Record: w.rows(base.TypesTable, "Name")["stock_report"].ID, Delete: true}); err != nil {
		t.Fatal(err)
	}
	w.round()
	if _, back := w.rows(base.TypesTable, "Name")["stock_report"]; !back {
		t.Error("the deleted row did not come back")
	}
	w.one("stock_report", "come back")
	w.settled()
}

func TestSchedules(t *testing.T) {
	w := start(t)
	id, err := w.schedules.AddSchedule(t.Context(), schedule.Edit{Name: "Sales", TargetKind: "report", Target: "sales_report", Time: "23:30", Run: "Daily"})
	if err != nil {
		t.Fatal(err)
	}
	w.round()
	w.settled()
	row := w.rows(base.SchedulesName, "Name")["Sales"]
	if row.Text("Time") != "23:30" || row.Fields["No"] != float64(id) || row.Fields["Timezone"] != nil {
		t.Errorf("%v", row.Fields)
	}
	w.edit(base.SchedulesName, row.ID, map[string]any{"Time": "22:00", "Timezone": 5.5, "Disable": true, "Run": "Weekly", "Weekday": "Friday"})
	w.round()
	have, err := w.schedules.Schedule(t.Context(), id)
	if err != nil || have.Time != "22:00" || have.Timezone == nil || *have.Timezone != 5.5 || !have.Disabled || have.Weekday != "Friday" {
		t.Errorf("%+v, %v", have.Edit, err)
	}
	w.settled()

	// A person writes a new row, cell by cell.
	fresh := w.edit(base.SchedulesName, "", map[string]any{"Name": "Verify", "Kind": "verify"})
	w.round()
	if poll, _ := w.schedules.Schedules(t.Context()); len(poll.Rows) != 1 {
		t.Errorf("%d schedules", len(poll.Rows))
	}
	w.edit(base.SchedulesName, fresh, map[string]any{"Target": "returns", "Time": "03:00"})
	w.round()
	poll, _ := w.schedules.Schedules(t.Context())
	if len(poll.Rows) != 2 || poll.Rows[1].TargetKind != "verify" || poll.Rows[1].Run != "Daily" {
		t.Fatalf("%+v", poll.Rows)
	}
	if got := w.rows(base.SchedulesName, "Name")["Verify"]; got.ID != fresh || got.Fields["No"] != float64(poll.Rows[1].ID) || got.Text("Run") != "Daily" {
		t.Errorf("%s %v", got.ID, got.Fields)
	}
	w.settled()

	// A copy of a row is a new schedule with a number of its own.
	w.edit(base.SchedulesName, "", map[string]any{"Name": "Copy", "Kind": "report", "Target": "stock_report", "Time": "01:00", "No": id})
	w.round()
	poll, _ = w.schedules.Schedules(t.Context())
	if len(poll.Rows) != 3 || w.rows(base.SchedulesName, "Name")["Copy"].Fields["No"] != float64(poll.Rows[2].ID) {
		t.Errorf("%d schedules, %v", len(poll.Rows), w.rows(base.SchedulesName, "Name")["Copy"].Fields)
	}
	w.settled()

	// Deleted there is deleted here, and the other way round.
	if _, err := w.server.Edit(emulator.Edit{Base: "SYNC", Table: base.SchedulesName, Record: fresh, Delete: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.schedules.DeleteSchedule(t.Context(), poll.Rows[2].ID, ""); err != nil {
		t.Fatal(err)
	}
	w.round()
	poll, _ = w.schedules.Schedules(t.Context())
	if got := w.rows(base.SchedulesName, "Name"); len(poll.Rows) != 1 || len(got) != 1 || got["Sales"].ID != row.ID {
		t.Errorf("%d schedules, %d rows", len(poll.Rows), len(got))
	}
	w.settled()
}

// failed makes a report that failed at its source.
func (w *world) failed(k report.Key) {
	w.Helper()
	if _, err := w.reports.Ensure(w.Context(), k, 0, w.now); err != nil {
		w.Fatal(err)
	}
	if _, err := w.db.ExecContext(w.Context(), "UPDATE report_report SET state = 'failed', fail = 1, last_updated = NOW(6), failed_at = NOW(6), error = 'no answer', next_at = NULL WHERE type = ? AND slot = ?", k.Type, k.Slot); err != nil {
		w.Fatal(err)
	}
}

func TestReports(t *testing.T) {
	w := start(t)
	k := report.Key{Type: "sales_report", Slot: "2026-11-20"}
	w.failed(k)
	w.round()
	w.settled()
	row := w.rows(base.ReportsTable, "Report")[k.String()]
	if !row.Checked("Fail") || row.Text("Date") != "2026-11-20" || row.Text("Error") != "no answer" || row.Text("Last Updated") == "" {
		t.Errorf("%v", row.Fields)
	}
	w.logged()

	// Scenario B: unchecking Fail alone changes nothing but Fail; clearing Last Updated
	// as well lets it run at the next scheduled time.
	w.edit(base.ReportsTable, row.ID, map[string]any{"Fail": false})
	w.round()
	have, _ := w.reports.Report(t.Context(), k)
	if have.Fail || have.State != report.Failed {
		t.Errorf("%+v", have)
	}
	w.one("sales_report 2026-11-20", "Fail was unchecked")
	w.edit(base.ReportsTable, row.ID, map[string]any{"Last Updated": nil})
	w.round()
	have, _ = w.reports.Report(t.Context(), k)
	if have.State != report.Due || have.LastUpdated != nil || have.NextAt != nil {
		t.Errorf("%+v", have)
	}
	w.one("Last Updated was cleared", "next scheduled time")
	if got := w.rows(base.ReportsTable, "Report")[k.String()]; got.Text("State") != "due" {
		t.Errorf("%v", got.Fields)
	}

	w.edit(base.ReportsTable, row.ID, map[string]any{"Mongo Id": "mine", "Fail": true})
	w.round()
	if got := w.rows(base.ReportsTable, "Report")[k.String()]; got.Text("Mongo Id") != "" || got.Checked("Fail") {
		t.Errorf("%v", got.Fields)
	}
	if got := w.logged(); len(got) != 2 {
		t.Errorf("%q", got)
	}
	w.settled()

	// A row that a person deleted is written again when the report changes.
	if _, err := w.server.Edit(emulator.Edit{Base: "SYNC", Table: base.ReportsTable, Record: row.ID, Delete: true}); err != nil {
		t.Fatal(err)
	}
	w.failed(k)
	if _, err := w.db.ExecContext(t.Context(), "UPDATE report_report SET fail = 1, updated_at = NOW(6)"); err != nil {
		t.Fatal(err)
	}
	w.round()
	if got := w.rows(base.ReportsTable, "Report"); len(got) != 1 || !got[k.String()].Checked("Fail") {
		t.Errorf("%v", got)
	}
}

// TestAirtableAwayForAnHour lets everything go on without the base and demands that it
// is whole and in order afterwards.
func TestAirtableAwayForAnHour(t *testing.T) {
	w := start(t)
	w.round()
	if err := w.server.SetFaults(emulator.Faults{Rules: []emulator.Fault{{Kind: "serverError"}}}); err != nil {
		t.Fatal(err)
	}
	var want []string
	for minute := range 60 {
		w.now = w.now.Add(time.Minute)
		message := fmt.Sprintf("minute %d", minute)
		want = append(want, message)
		if err := runlog.New(w.db).Log(t.Context(), runlog.Entry{Message: message}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.reports.Ensure(t.Context(), report.Key{Type: "sales_report", Slot: fmt.Sprintf("2026-10-%02d", 1+minute%30)}, 0, w.now); err != nil {
			t.Fatal(err)
		}
		if minute%10 == 0 {
			if _, err := w.base.Round(t.Context(), w.now); fault.KindOf(err) != fault.Retry {
				t.Fatalf("minute %d: %v", minute, err)
			}
			if _, err := w.base.Beat(t.Context(), true, w.now); err == nil {
				t.Fatal("a heartbeat was written into a base that is away")
			}
		}
	}
	if err := w.server.SetFaults(emulator.Faults{}); err != nil {
		t.Fatal(err)
	}
	w.age()
	w.round()
	var got []string
	for r, err := range w.base.Client.List(t.Context(), base.LogsTable, airtable.Query{}) { // as they were made
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(r.Text("Message"), "minute") {
			got = append(got, r.Text("Message"))
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
	if n := len(w.rows(base.ReportsTable, "Report")); n != 30 {
		t.Errorf("%d reports, want 30", n)
	}
	if wrote, err := w.base.Beat(t.Context(), true, w.now); !wrote || err != nil {
		t.Errorf("%v, %v", wrote, err)
	}
}

// age makes the entries of the log old enough to be written.
func (w *world) age() {
	w.Helper()
	if _, err := w.db.ExecContext(w.Context(), "UPDATE sync_log SET at = at - INTERVAL 1 MINUTE"); err != nil {
		w.Fatal(err)
	}
}

func TestBeat(t *testing.T) {
	w := start(t)
	beat := func(alive bool, after time.Duration) string {
		w.now = w.now.Add(after)
		wrote, err := w.base.Beat(t.Context(), alive, w.now)
		if err != nil {
			t.Fatal(err)
		}
		row := w.rows(base.OverviewTable, "Name")["Sync"]
		return fmt.Sprint(wrote, row.Fields["Alive"], " ", row.Text("Timestamp"))
	}
	for n, step := range []struct {
		alive bool
		after time.Duration
		want  string
	}{
		{true, 0, "true 1 2026-11-21T04:00:00.000Z"},
		{true, time.Minute, "false 1 2026-11-21T04:00:00.000Z"},
		{true, 28 * time.Minute, "true 1 2026-11-21T04:29:00.000Z"},
		{false, time.Minute, "true 0 2026-11-21T04:29:00.000Z"},
		{false, time.Hour, "false 0 2026-11-21T04:29:00.000Z"},
		{true, time.Minute, "true 1 2026-11-21T05:31:00.000Z"},
	} {
		if got := beat(step.alive, step.after); got != step.want {
			t.Errorf("%d: %s, want %s", n, got, step.want)
		}
	}
}

func TestInitAndCheck(t *testing.T) {
	w := start(t)
	if made, err := w.base.Init(t.Context()); err != nil || len(made) != 0 {
		t.Errorf("the second time made %v, %v", made, err)
	}
	if wrong, err := w.base.Check(t.Context()); err != nil || len(wrong) != 0 {
		t.Errorf("%v, %v", wrong, err)
	}
	tables, err := w.base.Client.Tables(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if names := len(tables); names != 5 {
		t.Errorf("%d tables", names)
	}
	empty := *w.base.Client
	other := emulator.New(emulator.Options{Rate: -1})
	web := httptest.NewServer(other)
	defer web.Close()
	defer other.Close()
	empty.URL = web.URL
	if _, err := empty.CreateTable(t.Context(), base.OverviewTable, "", airtable.Text("Name"), airtable.Text("Alive")); err != nil {
		t.Fatal(err)
	}
	b := &base.Base{Client: &empty}
	wrong, err := b.Check(t.Context())
	if err != nil || !slices.Contains(wrong, "field Alive of Overview has the type singleLineText: change it to number in Airtable") || !slices.Contains(wrong, "the base has no table Logs: returnsync reports base init makes it") {
		t.Errorf("%q, %v", wrong, err)
	}
	made, err := b.Init(t.Context())
	if err != nil || !slices.Contains(made, "field Timestamp of Overview") || !slices.Contains(made, "table Reports") {
		t.Errorf("%q, %v", made, err)
	}
	for _, v := range base.Views() {
		if err := other.SetViews(emulator.Views{Base: "SYNC", Table: v.Sheet, Views: []emulator.View{{Name: v.Name, FilterByFormula: v.Filter, Group: v.Group, Fields: v.Columns, Sort: []emulator.Sort{{Field: v.Sort}}}}}); err != nil {
			t.Errorf("view %s: %v", v.Name, err)
		}
	}
}

// TestWhatIsOldLeavesTheBase prunes entries of the log and unchanged reports; those that
// changed or failed stay.
func TestWhatIsOldLeavesTheBase(t *testing.T) {
	w := start(t)
	w.base.Keep = 30 * 24 * time.Hour
	key := func(slot string) report.Key { return report.Key{Type: "sales_report", Slot: slot} }
	for _, slot := range []string{"2026-11-01", "2026-11-02"} {
		if _, err := w.reports.Ensure(t.Context(), key(slot), 0, w.now); err != nil {
			t.Fatal(err)
		}
	}
	w.failed(key("2026-11-03"))
	w.logged()
	const entry = "INSERT INTO sync_log (at, severity, entity, message) VALUES (?, 'INFO', '', ?)"
	for n := range 203 { // more than a round deletes
		w.exec(entry, "2026-09-01", fmt.Sprint("old ", n))
	}
	w.exec(entry, "2026-11-15", "new")
	if sum := w.round(); sum.Entries != 204 || sum.Pruned != 200 {
		t.Errorf("%+v", sum)
	}
	if sum := w.round(); sum.Pruned != 3 {
		t.Errorf("%+v", sum)
	}
	if logs := w.rows(base.LogsTable, "Message"); len(logs) != 1 || logs["new"].ID == "" {
		t.Errorf("%d entries", len(logs))
	}
	w.now = w.now.AddDate(0, 0, 20)
	w.exec("UPDATE report_report SET rows_read = 9, updated_at = NOW(6) + INTERVAL 1 MINUTE WHERE slot = '2026-11-02'")
	w.round()
	w.now = w.now.AddDate(0, 0, 15)
	if sum := w.round(); sum.Pruned != 2 { // the entry and one report
		t.Errorf("%+v", sum)
	}
	left := w.rows(base.ReportsTable, "Report")
	if len(left) != 2 || left["sales_report 2026-11-01"].ID != "" {
		t.Errorf("%v", left)
	}
	w.settled()
	w.exec("UPDATE report_report SET rows_read = 7, updated_at = NOW(6) + INTERVAL 2 MINUTE WHERE slot = '2026-11-01'")
	w.round()
	if left := w.rows(base.ReportsTable, "Report"); len(left) != 3 {
		t.Errorf("a report that changed did not come back: %v", left)
	}
}

func TestOneAtATime(t *testing.T) {
	w := start(t)
	s := basestore.New(w.db)
	token, ok, err := s.Lease(t.Context(), time.Hour)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	if sum := w.round(); !sum.Busy {
		t.Errorf("%+v", sum)
	}
	if err := s.Release(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	if sum := w.round(); sum.Busy || sum.Written == 0 {
		t.Errorf("%+v", sum)
	}
}

// TestARoundKeepsItsLease renews the lease while Airtable is slow, and ends without it.
func TestARoundKeepsItsLease(t *testing.T) {
	w := start(t)
	s := basestore.New(w.db)
	token, ok, err := s.Lease(t.Context(), time.Minute)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	w.exec("UPDATE report_base_cursor SET lease_until = NOW(6) + INTERVAL 1 SECOND WHERE name = 'round'")
	if err := s.Renew(t.Context(), token, time.Hour); err != nil {
		t.Fatal(err)
	}
	var left int
	if err := w.db.QueryRow("SELECT TIMESTAMPDIFF(MINUTE, NOW(6), lease_until) FROM report_base_cursor WHERE name = 'round'").Scan(&left); err != nil || left < 50 {
		t.Errorf("%d minutes are left, %v", left, err)
	}
	if err := s.Renew(t.Context(), "another's", time.Hour); fault.KindOf(err) != fault.Superseded {
		t.Errorf("%v", err)
	}
	if err := s.Release(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	// Another process takes the base over while this one's round waits for Airtable.
	w.base.Lease = 300 * time.Millisecond
	if err := w.server.SetFaults(emulator.Faults{Rules: []emulator.Fault{{Kind: "slow", Probability: 1, DelayMS: 60_000}}}); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		_, err := w.base.Round(t.Context(), w.now)
		ended <- err
	}()
	for {
		n, err := sqldb.Affected(t.Context(), w.db, "UPDATE report_base_cursor SET token = 'another' WHERE name = 'round' AND lease_until > NOW(6)")
		if err != nil {
			t.Fatal(err)
		}
		if n == 1 {
			break
		}
	}
	if err := <-ended; fault.CodeOf(err) != "base-taken-over" {
		t.Errorf("%v", err)
	}
}
