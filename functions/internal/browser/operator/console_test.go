package operator_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwt"

	"gitlab.com/eshopbox-team/return-sync/functions/console"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/browser"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/rehearsal"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/rehearsal/rehearsaltest"
	"gitlab.com/eshopbox-team/return-sync/functions/schedules"
	"gitlab.com/eshopbox-team/return-sync/shared/identity/identitytest"
	"gitlab.com/eshopbox-team/return-sync/shared/scope"
	"gitlab.com/eshopbox-team/return-sync/shared/scope/scopestore"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rework"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
)

// TestConsoleTellsAndMends is an operator's day: all is well; a scope is started
// and watched to its end; the index refuses a record, which is parked, and tried
// again; the index refuses everything, and the run's reason is read.
func TestConsoleTellsAndMends(t *testing.T) {
	d := openDesk(t)
	d.reads("#verdict", "All is well.")
	d.reads("#who", "operator")
	d.Picture("healthy")

	t.Log("a scope is started and watched")
	d.touch(t, "TRUE")
	d.StrikeAtRandom(0, 1, 150*time.Millisecond)
	d.visit("schedules")
	d.Click(key("new-scope"))
	d.Type("#scopeid", "morning")
	d.Type("#scopetitle", "Every <b>morning</b>")
	d.Press(browser.Enter)
	d.confirm()
	d.reads("#scopes", "syncing")
	d.entity()
	d.Until("the run's progress", `document.querySelector("#thing .progress progress")?.value > 0`)
	d.top()
	d.Picture("running")
	first := browser.Value[int](d.Page, `document.querySelector("#thing .progress progress").value`)
	d.Until("the progress to grow by itself", fmt.Sprintf(`document.querySelector("#thing .progress progress").value > %d`, first))
	d.StrikeAtRandom(0, 0, 0)
	d.reads("#scopes", "synced")
	if s, err := scopestore.New(d.Store.Pool()).Scope(t.Context(), "morning"); err != nil || s.State != scope.Synced || s.Title != "Every <b>morning</b>" {
		t.Errorf("%+v, %v", s, err)
	}
	d.reads("#audit", "start scope")

	t.Log("a record is parked and tried again")
	var id, root string
	if err := d.DB.QueryRowContext(t.Context(), "SELECT CONCAT('R', order_return_id, '-', id), order_return_id FROM order_return_item WHERE deleted_at IS NULL ORDER BY id LIMIT 1").Scan(&id, &root); err != nil {
		t.Fatal(err)
	}
	// The ledger holds the record as it was sent: it has to differ to be sent at all.
	if _, err := d.DB.ExecContext(t.Context(), "UPDATE order_return SET customer_name = 'Somebody Else', updated_at = NOW(6) WHERE id = ?", root); err != nil {
		t.Fatal(err)
	}
	d.index(t, fmt.Sprintf(`{"kind":"refuseNamed","ids":[%q]}`, id))
	d.syncs(t, run.Synced)
	d.reads("#parked", id)
	d.reads("#verdict", "records kept out of the index: 1")
	d.index(t, "")
	d.visit("records")
	d.Click(key("retry-" + id))
	d.Picture("confirm")
	d.confirm()
	d.reads("#parked", "Nothing is parked.")
	d.reads("#audit", "retry parked")
	d.reads("#verdict", "All is well.")

	t.Log("a run fails")
	if _, err := d.DB.ExecContext(t.Context(), "UPDATE order_return SET customer_name = 'Nobody', updated_at = NOW(6) WHERE id < 2000"); err != nil {
		t.Fatal(err)
	}
	d.index(t, `{"kind":"refuseUnnamed","pattern":"."}`)
	failed := d.syncs(t, run.Failed)
	d.reads("#verdict", "refused more than")
	d.top()
	d.Picture("failed")
	d.Click(`#verdict .act`)
	d.Until("the run's pages", fmt.Sprintf(`document.querySelector("#thing h2").innerText.startsWith("Run %d") && document.querySelectorAll("#thing tbody tr").length === %d`, failed.ID, failed.PagesTotal))
	d.Until("the run's address", fmt.Sprintf(`location.search === "?run=%d"`, failed.ID))
	d.Picture("failed-run")
	d.index(t, "")
	d.visit("overview")
	d.Click(key("sync-returns"))
	d.confirm()
	d.reads("#verdict", "All is well.")

	d.top()
	d.Dark(true)
	d.Picture("dark")
	d.Dark(false)
	d.Size(390, 844)
	d.Until("no sideways scrolling", `document.documentElement.scrollWidth <= 390`)
	d.Picture("phone")
}

// top scrolls to the top, for a picture.
func (d *desk) top() {
	d.t.Helper()
	browser.Value[bool](d.Page, "(scrollTo(0, 0), true)")
}

// TestConsoleEditsSchedules adds a schedule, sees it come into force, changes it
// while somebody else does, and finds all of it in the audit.
func TestConsoleEditsSchedules(t *testing.T) {
	d := openDesk(t)
	d.visit("schedules")
	d.Click(key("add-schedule"))
	d.Type("#s-name", "nightly")
	d.Until("the browser's zone to be proposed", `document.querySelector("#s-zone").value === Intl.DateTimeFormat().resolvedOptions().timeZone`)
	d.set("#s-zone", "Asia/Calcutta") // half a zone would be asked for on a slow machine, and refused
	d.set("#s-time", "23:30")
	d.Until("the next three starts", `document.querySelectorAll("#dialog .starts li").length === 3 && document.querySelector("#dialog .starts time").dateTime.endsWith("T18:00:00Z")`)
	d.Accessible()
	d.Picture("adding")
	d.Click("#save")
	d.Until("the dialog to close", `!document.querySelector("#dialog").open`)
	d.reads("#schedules", "pending")
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, d.URL(schedules.Function.Name), nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := d.Do(req)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatal(res, err)
	}
	_ = res.Body.Close()
	d.Until("the schedule is on", `document.querySelector("#schedules .badge").innerText === "on"`)

	d.Click(key("edit-schedule-1"))
	d.Choose("#s-run", "Weekly")
	d.Choose("#s-weekday", "Sunday")
	d.set("#s-time", "22:15")
	d.Until("starts on Sundays", `new Date(document.querySelector("#dialog .starts time").dateTime).getUTCDay() === 0`)
	d.Picture("editing")
	if _, err := d.DB.ExecContext(t.Context(), "UPDATE sync_schedule SET description = 'from elsewhere' WHERE id = 1"); err != nil {
		t.Fatal(err)
	}
	d.Click("#save")
	d.reads("#dialog .refused", "changed by somebody else")
	d.Complaints() // the browser reports the refusal
	d.Press(browser.Escape)
	d.reads("#schedules", "from elsewhere")
	d.Click(key("edit-schedule-1"))
	d.set("#s-time", "22:15")
	d.set("#s-zone", "UTC+05:30")
	d.Click("#save")
	d.reads("#schedules", "daily at 22:15 UTC+05:30")
	d.reads("#audit", "time 22:15")
	d.visit("schedules")
	d.Click(key("pause-schedule-1"))
	d.reads("#schedules", "disabled")
	browser.Value[bool](d.Page, `(document.querySelector("#schedules").scrollIntoView(), true)`)
	d.Picture("schedules")
	var n int
	if err := d.DB.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM sync_audit WHERE who = 'operator' AND via = 'console'").Scan(&n); err != nil || n != 4 {
		t.Errorf("%d entries of the audit, %v; want one each for adding, the refused change, the change and disabling", n, err)
	}
}

// TestConsoleShowsWhatIsWrong has the index put off a page, refuse one record and
// then more, and be emptied: the page names the cause of each with its try or its
// number, and draws how far the index is behind up to the present.
func TestConsoleShowsWhatIsWrong(t *testing.T) {
	d := openDesk(t)
	for range 2 {
		d.touch(t, "id < 700")
		d.syncs(t, run.Synced)
	}
	d.entity()
	d.Until("the chart", `document.querySelector("#thing .chart .line")`)

	t.Log("the index puts a page off")
	d.index(t, `{"kind":"rateLimit","retryAfter":3600}`)
	if _, err := d.DB.ExecContext(t.Context(), "UPDATE order_return SET customer_name = CONCAT('Later ', id), updated_at = NOW(6) WHERE id < 700"); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Tick(t.Context(), "returns"); err != nil {
		t.Fatal(err)
	}
	d.reads("#verdict", "try 1 of 2: ")
	d.entity()
	d.reads("#thing .progress", "try 1 failed")
	const toNow = `(() => { const chart = document.querySelector("#thing .chart");
		return [+chart.querySelector(".line").getAttribute("points").split(" ").pop().split(",")[0], chart.viewBox.baseVal.width - 4] })()`
	if ends := browser.Value[[]float64](d.Page, toNow); len(ends) != 2 || ends[0] < ends[1]-0.1 {
		t.Errorf("the chart's line ends at %v; want the present, at its right edge", ends)
	}
	d.top()
	d.Picture("page-error")
	d.index(t, "")
	rehearsaltest.Settle(t, d.Stack)

	t.Log("the number of parked records follows")
	d.syncs(t, run.Synced)
	var first, second string
	if err := d.DB.QueryRowContext(t.Context(), "SELECT MIN(id), MAX(id) FROM (SELECT id FROM order_return WHERE deleted_at IS NULL ORDER BY id LIMIT 2) few").Scan(&first, &second); err != nil {
		t.Fatal(err)
	}
	d.index(t, fmt.Sprintf(`{"kind":"refuseNamed","pattern":"^R(%s|%s)-"}`, first, second))
	before := int64(0)
	for _, id := range []string{first, second} {
		if _, err := d.DB.ExecContext(t.Context(), "UPDATE order_return SET customer_name = CONCAT('Refused ', UUID()), updated_at = NOW(6) WHERE id = ?", id); err != nil {
			t.Fatal(err)
		}
		d.syncs(t, run.Synced)
		n, err := d.Store.Parked.Count(t.Context(), "returns")
		if err != nil || n <= before {
			t.Fatalf("%d records are parked, %v; want more than %d", n, err, before)
		}
		d.reads("#verdict", fmt.Sprintf("records kept out of the index: %d", n))
		before = n
	}
	d.index(t, "")

	t.Log("the index is emptied")
	d.admin(t, http.MethodPost, "/1/indexes/es_prod/clear", "")
	for found := false; !found; {
		if err := d.Watch(t.Context()); err != nil {
			t.Fatal(err)
		}
		found = strings.Contains(browser.Value[string](d.Page, `document.querySelector("#verdict").innerText`), "the index has 0 records")
	}
	d.reads("#alerts", "the index is not what it should be")
	d.top()
	d.Picture("wrong")
}

// TestConsoleComesBack kills the function behind an open page: the page says so,
// comes back by itself, and is up to date again.
func TestConsoleComesBack(t *testing.T) {
	d := openDesk(t)
	if err := d.Kill(console.Function.Name); err != nil {
		t.Fatal(err)
	}
	d.Until("the page to notice", `document.querySelector("#link").innerText === "Reconnecting…" || document.querySelector("#link").innerText.startsWith("The console")`)
	d.Until("the board to grey", `document.querySelector("#board.old") && /^Not connected for \d+ s\. This is the state of \d\d:\d\d:\d\d\.$/.test(document.querySelector("#old").innerText)`)
	d.Picture("alone")
	d.touch(t, "id < 700")
	last := d.syncs(t, run.Synced)
	if err := d.Revive(t.Context(), console.Function.Name); err != nil {
		t.Fatal(err)
	}
	d.Until("the page to come back", `document.querySelector("#link").innerText === "Live"`)
	d.reads("#lines", fmt.Sprintf("run %d", last.ID))
	d.Until("the board to be of now", `!document.querySelector("#board.old") && document.querySelector("#old").hidden`)
	d.Complaints() // the browser reports the function's absence
}

// TestConsoleByKeyboard uses no mouse: the strip is walked with arrows, a run is opened,
// and the page before comes back.
func TestConsoleByKeyboard(t *testing.T) {
	d := openDesk(t)
	d.touch(t, "id < 700")
	d.syncs(t, run.Synced)
	d.touch(t, "id < 800")
	last := d.syncs(t, run.Synced)
	d.entity()
	d.reads("#thing", fmt.Sprintf("run %d", last.ID))
	value := `document.querySelector('[data-key="lag"]').getAttribute("aria-valuetext")`
	browser.Value[bool](d.Page, `(document.querySelector('[data-key="lag"]').focus(), true)`)
	newest := browser.Value[string](d.Page, value)
	d.Press(browser.ArrowLeft)
	d.Until("the chart to say the value before", fmt.Sprintf(`%s !== %s && document.querySelector('[data-key="lag"]').nextElementSibling.innerText === %s`, value, browser.Quote(newest), value))
	d.Accessible()
	d.top()
	d.Picture("chart")
	browser.Value[bool](d.Page, fmt.Sprintf(`(document.querySelector('%s').focus(), true)`, key("sync-returns")))
	focus := `document.activeElement.dataset.key`
	for i := 0; i < 4 && browser.Value[string](d.Page, focus+` ?? ""`) != fmt.Sprintf("run-%d", last.ID); i++ {
		d.Press(browser.Tab)
	}
	d.Press(browser.ArrowLeft)
	d.Press(browser.Enter)
	d.Until("the run before to be shown", fmt.Sprintf(`document.querySelector("#thing h2").innerText.startsWith("Run %d ") && document.activeElement.id === "main"`, last.ID-1))
	browser.Value[bool](d.Page, "(history.back(), true)")
	d.Until("the entity to come back", `document.querySelector("#thing h2").innerText === "returns"`)
}

// TestConsoleShowsMarkupAsText puts markup wherever a text may come from, and
// finds it on the page as it was written.
func TestConsoleShowsMarkupAsText(t *testing.T) {
	d := openDesk(t)
	const evil = `<img src=x onerror="document.title='hacked'"><script>document.title='hacked'</script>`
	for _, query := range []string{
		"INSERT INTO sync_schedule (name, target, time, description) VALUES (?, 'x', '1', ?)",
		"INSERT INTO sync_parked (entity, object_id, root_id, run_id, reason, detail, bytes) VALUES ('returns', ?, 1, 1, 'REJECTED', ?, 5)",
		"INSERT INTO sync_log (at, severity, message) VALUES (NOW(6), 'INFO', CONCAT(?, ?))",
		"INSERT INTO sync_audit (at, who, via, action, object, old_value, new_value) VALUES (NOW(6), ?, 'console', 'x', ?, '', '')",
		"INSERT INTO sync_alert (cause, title, detail, advice, link, raised_at) VALUES ('x', ?, ?, '', '', NOW(6))",
		"UPDATE sync_run SET state = 'failed', last_error = CONCAT(?, ?)",
	} {
		if _, err := d.DB.ExecContext(t.Context(), query, evil, evil); err != nil {
			t.Fatal(err)
		}
	}
	for _, section := range []string{"#verdict", "#parked", "#runs", "#schedules", "#alerts", "#log", "#audit"} {
		d.reads(section, evil[:40])
	}
	d.entity()
	d.reads("#thing", evil[:40])
	d.Click(key("last-returns"))
	d.Until("the run", `document.querySelector("#thing h2").innerText.startsWith("Run")`)
	d.reads("#thing", evil[:40])
	d.visit("schedules")
	d.Click(key("edit-schedule-1"))
	d.Until("the form", `document.querySelector("#s-name")?.value.startsWith("<img")`)
	d.Press(browser.Escape)
	if n := browser.Value[int](d.Page, `document.querySelectorAll("main img, main script, dialog img, dialog script").length`); n != 0 {
		t.Errorf("%d elements were made of texts", n)
	}
	if title := browser.Value[string](d.Page, "document.title"); strings.Contains(title, "hacked") {
		t.Error(title)
	}
}

// TestConsoleSignsInAndOut comes without a session, with a token that does not
// hold, and as somebody who may only look.
func TestConsoleSignsInAndOut(t *testing.T) {
	d := openDesk(t)
	d.Click("#signout")
	d.Until("the form", `!document.querySelector("#signin").hidden && document.querySelector("#board").hidden`)
	d.Type("#token", "nonsense")
	d.Press(browser.Enter)
	d.reads("#refused", "not valid")
	d.Complaints() // the browser reports the refusal
	tenant := identitytest.Sign(t, rehearsal.JWTSecret, jwt.NewBuilder().Audience([]string{rehearsal.OperatorAudience}).Claim("account", "acme").Expiration(time.Now().Add(time.Hour)), nil)
	d.Type("#token", tenant)
	d.Press(browser.Enter)
	d.reads("#refused", "names an account")
	d.Complaints()
	reader := identitytest.Sign(t, rehearsal.JWTSecret, jwt.NewBuilder().Audience([]string{rehearsal.OperatorAudience}).Claim("roles", "reader").Expiration(time.Now().Add(time.Hour)), nil)
	d.Picture("signin")
	d.Type("#token", reader)
	d.Press(browser.Enter)
	d.reads("#who", "may look")
	d.reads("#verdict", "All is well.")
	if n := browser.Value[int](d.Page, `document.querySelectorAll("main button:not(.link):not(.cell):not([hidden] *)").length`); n != 0 {
		t.Errorf("somebody who may only look has %d buttons", n)
	}
	if browser.Value[string](d.Page, "document.cookie") != "" {
		t.Error("a script can read the session")
	}
}

// TestConsoleSteersJobs pauses a backfill, sees it stay, and lets it go on to its
// end; then it answers an alert.
func TestConsoleSteersJobs(t *testing.T) {
	d := openDesk(t)
	if _, err := d.DB.ExecContext(t.Context(), `INSERT INTO sync_job (entity, kind, state, window_from, window_to, chunk_us, roots, asked_by)
		VALUES ('returns', 'backfill', 'running', '2020-01-01', NOW(6), 0, 200, 'a test')`); err != nil {
		t.Fatal(err)
	}
	d.reads("#jobs", "backfill 1 of returns")
	d.Click(key("pause-job-1"))
	d.confirm()
	d.reads("#jobs", "paused")
	d.Picture("job")
	d.Click(key("resume-job-1"))
	d.confirm()
	d.reads("#jobs", "No job is open.")
	j, err := d.Store.Jobs.Job(t.Context(), 1)
	if err != nil || j.State != rework.Done {
		t.Errorf("%+v, %v", j, err)
	}
	d.reads("#audit", "resume job")

	if _, err := d.DB.ExecContext(t.Context(), `INSERT INTO sync_alert (id, cause, entity, title, detail, advice, link, open_key, raised_at)
		VALUES (70, 'drift', 'returns', 'source and index differ', 'by 2', 'verify', '', 'drift/returns', NOW(6))`); err != nil {
		t.Fatal(err)
	}
	d.Go(d.ConsoleURL() + "/?alert=70")
	for _, step := range []struct{ button, says string }{
		{"acknowledge-alert-70", "acknowledged by"}, {"snooze-alert-70-60", "snoozed by"}, {"snooze-alert-70-0", "snoozed by"},
	} {
		d.Until(step.button, `document.querySelector("#thing [data-key=`+step.button+`]")`)
		d.Click(key(step.button))
		d.confirm()
		d.reads("#thing", step.says)
	}
}
