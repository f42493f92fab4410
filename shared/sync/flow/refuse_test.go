package flow_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/destination"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/join"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rework"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
)

// mistakes are changes of the stock definition that no later attempt cures, with
// words of the reason that must be kept.
var mistakes = map[string]struct{ file, from, to, words string }{
	"changed: column":        {"changed.sql", "SELECT id AS", "SELECT idd AS", "Unknown column 'idd'"},
	"changed: table":         {"changed.sql", "stock_lot", "stock_lots", "stock_lots' doesn't exist"},
	"changed: syntax":        {"changed.sql", "UNION", "UNIONS", "error in your SQL syntax"},
	"changed: function":      {"changed.sql", "SELECT id AS", "SELECT no_such(id) AS", "no_such does not exist"},
	"changed: database":      {"changed.sql", "FROM stock_position", "FROM nowhere.stock_position", "nowhere"},
	"changed: other column":  {"changed.sql", "id AS _root", "id AS root", "_root"},
	"changed: two columns":   {"changed.sql", "SELECT position_id", "SELECT position_id, 1", "different number of columns"},
	"changed: text":          {"changed.sql", "SELECT id AS", "SELECT sku AS", "SKU-"},
	"changed: negative":      {"changed.sql", "SELECT id AS", "SELECT -CAST(id AS SIGNED) AS", "-"},
	"changed: nothing known": {"changed.sql", "SELECT id AS", "SELECT NULL AS", "root"},
	"changed: subquery":      {"changed.sql", "SELECT id AS", "SELECT (SELECT id FROM stock_lot) AS", "more than 1 row"},
	"rows: column":           {"rows.sql", "p.sku ", "p.skuu ", "Unknown column 'p.skuu'"},
	"rows: table":            {"rows.sql", "JOIN stock_lot", "JOIN stock_lots", "stock_lots' doesn't exist"},
	"rows: syntax":           {"rows.sql", "JOIN stock_lot", "JOINS stock_lot", "error in your SQL syntax"},
	"rows: function":         {"rows.sql", "CONCAT(", "NO_SUCH(", "NO_SUCH does not exist"},
	"rows: ambiguous":        {"rows.sql", "p.id   ", "id   ", "ambiguous"},
	"rows: no root":          {"rows.sql", "AS _root", "AS root", "_root"},
	"rows: no objectID":      {"rows.sql", "AS objectID", "AS objectId", "objectID"},
	"rows: text root":        {"rows.sql", "p.id   ", "p.sku   ", "SKU-"},
	"rows: one id twice":     {"rows.sql", "CONCAT('S', p.id, '-', l.id)", "CONCAT('S', p.id)", "unique"},
	"rows: another root":     {"rows.sql", "p.id   ", "p.id + 100   ", "rows.sql returned "},
	"rows: subquery":         {"rows.sql", "p.sku ", "(SELECT id FROM stock_lot) ", "more than 1 row"},
}

// spoil makes a mistake in a world's definition, under a name of its own.
func (w *world) spoil(mistake string) {
	w.t.Helper()
	m := mistakes[mistake]
	w.rewrite(m.file, m.from, m.to)
}

// rewrite changes a file of a world's definition, under a name of its own.
func (w *world) rewrite(file, from, to string) {
	w.t.Helper()
	q, of := &w.def.Changed, map[string][]any{"from": {"\x01from"}, "to": {"\x01to"}}
	if file == "rows.sql" {
		q, of = &w.def.Rows, map[string][]any{"ids": {"\x01ids"}}
	}
	text, args := q.Bind(of)
	names := []string{}
	for _, a := range args {
		name := ":" + strings.TrimPrefix(a.(string), "\x01")
		text = strings.Replace(text, "?", name, 1)
		names = append(names, name[1:])
	}
	changed := strings.ReplaceAll(text, from, to)
	if changed == text {
		w.t.Fatalf("%s has no %q: %s", file, from, text)
	}
	var err error
	if *q, err = entity.ParseQuery(changed, names...); err != nil {
		w.t.Fatal(err)
	}
	w.def.Source += "-rewritten"
}

// once delivers each task once and demands that a queue has nothing to repeat.
func (w *world) once() {
	w.t.Helper()
	for {
		task, ok := w.queue.next()
		if !ok {
			return
		}
		if err := w.deliver(task); err != nil && fault.Retryable(err) {
			w.t.Errorf("a queue delivers %s again: %v", task.Name, err)
		}
	}
}

// lastly returns the newest run of any kind.
func (w *world) lastly() run.Run {
	w.t.Helper()
	runs, err := w.Runs.Newest(w.t.Context(), w.def.Name, 1)
	if err != nil || len(runs) == 0 {
		w.t.Fatalf("there was no run: %v", err)
	}
	return runs[0]
}

// TestAWrongDefinitionFailsItsRunAtOnce makes each mistake and plays a sync, a
// backfill and a job of single roots. No task may be left to a queue, the reason
// must stand in the run (and in its page), and the mistake's correction must heal
// all of it.
func TestAWrongDefinitionFailsItsRunAtOnce(t *testing.T) {
	for mistake, m := range mistakes {
		t.Run(mistake, func(t *testing.T) {
			w := aged(t, 3)
			w.def.PageSize = 1
			right := w.def
			w.exec("UPDATE stock_position SET updated_at = NOW(6)")
			w.spoil(mistake)
			for _, apart := range []bool{false, true} {
				w.apart = apart
				if err := w.tick(false); err != nil {
					t.Fatal(err)
				}
				w.once()
				w.refused(fmt.Sprintf("sync, apart %v", apart), run.Window, m.words)
			}
			w.bury(2)
			j := w.backfill(rework.Asked{Roots: 2})
			w.once()
			w.failed(j.ID, m.words)
			if m.file == "rows.sql" {
				w.refused("backfill", run.Backfill, m.words)
				j = w.roots(1, 2)
				w.once()
				w.refused("roots", run.Record, m.words)
				w.failed(j.ID, m.words)
			}
			w.def, w.apart = right, false
			if r := w.sync(); r.State != run.Synced {
				t.Errorf("corrected, and %s: %s", r.State, r.LastError)
			}
			j = w.backfill(rework.Asked{Roots: 2})
			w.settled(j.ID)
		})
	}
}

// refused demands that the newest run failed at its first attempt with the words.
func (w *world) refused(what string, kind run.Kind, words string) {
	w.t.Helper()
	r := w.lastly()
	if r.Kind != kind || r.State != run.Failed || !strings.Contains(r.LastError, words) {
		w.t.Errorf("%s: run %d (%s) is %s: %q does not say %q", what, r.ID, r.Kind, r.State, r.LastError, words)
	}
	if strings.Contains(r.LastError, ".sql") && !strings.Contains(r.LastError, w.def.Source) {
		w.t.Errorf("%s: %q does not name the file", what, r.LastError)
	}
	if n := w.text("SELECT COALESCE(MAX(attempts), 0) FROM sync_page WHERE run_id = ?", r.ID); n > "1" {
		w.t.Errorf("%s: a page was tried %s times", what, n)
	}
	if r.PagesTotal > 0 && w.text("SELECT COUNT(*) FROM sync_page WHERE run_id = ? AND state = 3 AND last_error = ?", r.ID, r.LastError) == "0" {
		w.t.Errorf("%s: no page keeps the reason", what)
	}
	if n := w.text("SELECT COUNT(*) FROM order_return_algolia_sync WHERE status <> 0"); n != "0" {
		w.t.Errorf("%s: %s claims are held", what, n)
	}
}

// failed demands that a job failed with the words.
func (w *world) failed(id int64, words string) {
	w.t.Helper()
	j, p := w.job(id)
	if j.State != rework.Failed || !strings.Contains(j.Note, words) || p.Failed > 1 {
		w.t.Errorf("%v is %s after %d failed runs: %q does not say %q", j, j.State, p.Failed, j.Note, words)
	}
	if n := w.text("SELECT COUNT(*) FROM order_return_algolia_sync WHERE status <> 0"); n != "0" {
		w.t.Errorf("%s claims are held", n)
	}
}

// roots starts a job of single roots.
func (w *world) roots(ids ...uint64) rework.Job {
	w.t.Helper()
	r, err := rework.NewRepairs(w.t.Context(), join.Repairs(w.DB), w.def, run.Record, "test")
	if err != nil {
		w.t.Fatal(err)
	}
	for _, id := range ids {
		if err := r.Add(w.t.Context(), id); err != nil {
			w.t.Fatal(err)
		}
	}
	j, err := r.Start(w.t.Context())
	if err := errors.Join(err, w.waker().Wake(w.t.Context(), j.ID)); err != nil {
		w.t.Fatal(err)
	}
	return j
}

// TestWhatPassesIsRetried holds the opposite: an outage that passes neither fails
// a run at its first attempt nor a job.
func TestWhatPassesIsRetried(t *testing.T) {
	w := aged(t, 2)
	w.exec("UPDATE stock_position SET updated_at = NOW(6), sku = 'NEW'")
	calls := 0
	w.index.interfere(func([]destination.Op) error {
		if calls++; calls == 1 {
			return errors.New("connection reset")
		}
		return nil
	}, nil)
	w.synced()
	if calls < 2 {
		t.Errorf("%d calls", calls)
	}
}

// TestARefusedKeyFailsTheRunAtOnce has an index that refuses the key before, or
// only after, it has taken the records.
func TestARefusedKeyFailsTheRunAtOnce(t *testing.T) {
	w := aged(t, 3)
	w.def.PageSize = 1
	w.exec("UPDATE stock_position SET updated_at = NOW(6), sku = 'NEW'")
	w.index.interfere(func([]destination.Op) error {
		return fault.New(fault.Misconfigured, "index-refuses-us", "the index answers 403")
	}, nil)
	if err := w.tick(false); err != nil {
		t.Fatal(err)
	}
	w.once()
	w.refused("push", run.Window, "the index answers 403")
	w.index.interfere(nil, nil)
	w.synced()
}

// TestAQueueThatIsNotThereFailsTheRunAtOnce has the queue of the pages missing.
func TestAQueueThatIsNotThereFailsTheRunAtOnce(t *testing.T) {
	w := aged(t, 3)
	w.exec("UPDATE stock_position SET updated_at = NOW(6), sku = 'NEW'")
	if err := w.tick(false); err != nil {
		t.Fatal(err)
	}
	task, _ := w.queue.next()
	w.queue.down = fault.New(fault.Misconfigured, "queue-refuses", "queue %s does not take tasks", run.RoutePage)
	if err := w.deliver(task); err != nil {
		t.Errorf("the window task: %v", err)
	}
	if r := w.lastly(); r.State != run.Failed || !strings.Contains(r.LastError, "does not take tasks") {
		t.Errorf("%s: %s", r.State, r.LastError)
	}
	w.queue.down = nil
	w.synced()
}
