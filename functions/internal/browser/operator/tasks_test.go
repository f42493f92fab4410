package operator_test

import (
	"fmt"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/browser"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
)

// The time that a task may take, by a step a second and the waits that were measured.
const (
	perStep  = time.Second
	taskTime = 30 * time.Second
)

// task counts the steps of a person and measures the waits between them.
type task struct {
	*desk
	steps int
	waits time.Duration
}

// click, write and press are a step each.
func (k *task) click(selector string) {
	k.t.Helper()
	began := time.Now()
	k.Click(selector)
	k.steps, k.waits = k.steps+1, k.waits+time.Since(began)
}

func (k *task) write(selector, text string) {
	k.t.Helper()
	k.set(selector, text)
	k.steps++
}

// sees waits until a part of the page says so.
func (k *task) sees(selector, text string) {
	k.t.Helper()
	began := time.Now()
	k.Until(selector+" to say "+text, fmt.Sprintf("document.querySelector(%s)?.innerText.includes(%s)", browser.Quote(selector), browser.Quote(text)))
	k.waits += time.Since(began)
}

// TestTasksOfAnOperator plays the tasks that people come to the console for, each from the
// overview, and counts what they cost: none takes longer than half a minute.
func TestTasksOfAnOperator(t *testing.T) {
	d := openDesk(t, "CONSOLE_POLL=1s") // as an operator has to wait
	if _, err := d.DB.ExecContext(t.Context(), "UPDATE order_return_algolia_sync SET updated_at = updated_at - INTERVAL 1 HOUR"); err != nil {
		t.Fatal(err)
	}
	var root string
	if err := d.DB.QueryRowContext(t.Context(), "SELECT id FROM order_return WHERE deleted_at IS NULL ORDER BY id LIMIT 1").Scan(&root); err != nil {
		t.Fatal(err)
	}
	for _, one := range []struct {
		name    string
		prepare func()
		play    func(*task)
	}{
		{"find why a record is missing", func() {}, func(k *task) {
			k.click(key("entity-returns"))
			k.click(key("record-returns"))
			k.write("#recordid", "R"+root+"-999999")
			k.write("#recordroot", root)
			k.click("#dialog button[type=submit]")
			k.sees("#dialog", "not found")
		}},
		{"prove the index right", func() {}, func(k *task) {
			k.click(key("entity-returns"))
			k.click(key("compare-returns"))
			k.click("#ask")
			k.sees("#dialog", "nothing differs")
		}},
		{"move a schedule", func() {
			if _, err := d.DB.ExecContext(t.Context(), "INSERT INTO sync_schedule (name, target, time) VALUES ('nightly', 'returns', '23:30')"); err != nil {
				t.Fatal(err)
			}
		}, func(k *task) {
			k.click(key("place-schedules"))
			k.click(key("edit-schedule-1"))
			k.write("#s-time", "22:15")
			k.sees("#dialog .says", "Next starts")
			k.click("#save")
			k.sees("#schedules", "daily at 22:15")
		}},
		{"retry all of one cause", func() {
			d.index(t, `{"kind":"refuseNamed","pattern":"^R`+root+`-"}`)
			if _, err := d.DB.ExecContext(t.Context(), "UPDATE order_return SET customer_name = 'Somebody Else', updated_at = NOW(6) WHERE id = ?", root); err != nil {
				t.Fatal(err)
			}
			d.syncs(t, run.Synced)
			d.index(t, "")
		}, func(k *task) {
			k.click("#verdict .act")
			k.click(`#parked [data-key^="retry-all-"]`)
			k.click("#confirm")
			k.sees("#parked", "Nothing is parked.")
		}},
		{"see why an index is stale, and correct that", func() {
			d.index(t, `{"kind":"refuseUnnamed","pattern":"."}`)
			if _, err := d.DB.ExecContext(t.Context(), "UPDATE order_return SET customer_name = 'Nobody', updated_at = NOW(6) WHERE id < 2000"); err != nil {
				t.Fatal(err)
			}
			d.syncs(t, run.Failed)
			d.index(t, "") // what kept the index from writing has passed
		}, func(k *task) {
			k.click("#verdict .act")
			k.sees("#thing", "refused more than")
			k.click(key("place-overview"))
			k.click(key("sync-returns"))
			k.click("#confirm")
			k.sees("#verdict", "All is well.")
		}},
	} {
		one.prepare()
		d.Go(d.ConsoleURL() + "/")
		d.Until("the overview", `document.querySelector("#link").innerText === "Live" && document.querySelector("#lines tbody tr")`)
		k := &task{desk: d}
		one.play(k)
		takes := time.Duration(k.steps)*perStep + k.waits
		t.Logf("%s: %d steps, %.1f s of waits, %.0f s", one.name, k.steps, k.waits.Seconds(), takes.Seconds())
		if takes > taskTime {
			t.Errorf("%s takes %v; want %v at most", one.name, takes, taskTime)
		}
	}
}
