package operator_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/console"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/browser"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wings/reports"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire/wiretest"
)

// openReports opens the reports' page of the console, which a person with a role sees.
func openReports(t *testing.T, role string) (*browser.Page, wiretest.Product) {
	t.Helper()
	t.Parallel()
	product := wiretest.Open(t, map[string]string{"WINGS": reports.Name}, reports.Wing())
	fill(t, product)
	return openWing(t, product, reports.Name, role), product
}

// openWing opens a wing's page of a product's console, which a person with a role sees.
func openWing(t *testing.T, product wiretest.Product, wing, role string) *browser.Page {
	t.Helper()
	opened, err := product.Env.Console(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	handler, token := console.Handler(opened, time.Now), wiretest.OperatorToken(t, role)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" { // signs the visitor in
			http.SetCookie(w, console.Cookie(token, false, time.Hour))
			http.Redirect(w, r, console.Path+"/wings/"+wing+"/", http.StatusSeeOther)
			return
		}
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(web.Close)
	p := browser.Open(t)
	p.Go(web.URL + "/")
	p.Until("the page", `document.querySelector("#link").innerText === "Live"`)
	return p
}

// fill has five types and five weeks of their reports, of which three have failed.
func fill(t *testing.T, p wiretest.Product) {
	t.Helper()
	run := func(query string, args ...any) {
		t.Helper()
		if _, err := p.DB.SQL().ExecContext(t.Context(), query, args...); err != nil {
			t.Fatal(err)
		}
	}
	for name, realTime := range map[string]bool{"sales_report": false, "returns_by_status": false, "courier_scans": false, "warehouse_costs": false, "stock_report": true} {
		run("INSERT INTO report_type (name, real_time, report_type_id, repeat_after_days) VALUES (?, ?, ?, ?)", name, realTime, "GET_"+name, map[bool]int{false: 21}[realTime])
		slot := "DATE_FORMAT(UTC_TIMESTAMP() - INTERVAL n DAY, '%Y-%m-%d')"
		if realTime {
			slot = "DATE_FORMAT(UTC_TIMESTAMP() - INTERVAL n DAY, '%Y-%m-%dT08:00:00Z')"
		}
		run(`INSERT INTO report_report (type, slot, zone_minutes, state, last_updated, document_id, rows_read, due_at, since_at)
			WITH RECURSIVE days AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM days WHERE n < 40)
			SELECT ?, `+slot+`, 0, 'done', NOW(6), 'x', 3000 + n, NOW(6), NOW(6) FROM days`, name)
	}
	const failed = "UPDATE report_report SET state = 'failed', fail = 1, failed_at = NOW(6), error = ?, "
	run(failed+"last_updated = NULL, document_id = '' WHERE type = 'sales_report' AND slot = DATE_FORMAT(UTC_TIMESTAMP() - INTERVAL 2 DAY, '%Y-%m-%d')", "Airtable refused: the table Sales is missing")
	run(failed+"document_id = '' WHERE type = 'courier_scans' AND slot = DATE_FORMAT(UTC_TIMESTAMP() - INTERVAL 3 DAY, '%Y-%m-%d')", `<img src=x onerror="document.title='hacked'"> instead of JSON`)
	run(failed+"repeating = 1 WHERE type = 'sales_report' AND slot = DATE_FORMAT(UTC_TIMESTAMP() - INTERVAL 20 DAY, '%Y-%m-%d')", "the source cancelled the report")
	run("UPDATE report_report SET state = 'requested' WHERE type = 'warehouse_costs' AND slot = DATE_FORMAT(UTC_TIMESTAMP() - INTERVAL 1 DAY, '%Y-%m-%d')")
}

// TestReportsPage is an operator's morning: the failed reports with their causes, one
// retried, a type edited; all of it in the audit, and nothing that axe complains about.
func TestReportsPage(t *testing.T) {
	p, product := openReports(t, "operator")
	reads := func(section, text string) {
		t.Helper()
		p.Until(section+" to say "+text, fmt.Sprintf("document.querySelector(%s).innerText.includes(%s)", browser.Quote(section), browser.Quote(text)))
	}
	for _, text := range []string{"Airtable refused: the table Sales is missing", "Scenario A", "<img src=x", "Scenario B", "Scenario C"} {
		reads("#failed", text)
	}
	reads("#types", "GET_stock_report")
	// The last date is that of the easternmost zone, so how many are before today depends on the hour.
	p.Until("the calendar", `(past => past > 20 && document.querySelectorAll("#calendar .row button").length === 5 * past)(
		[...document.querySelectorAll("#calendar .date")].findIndex(d => d.classList.contains("today")))`)
	p.InEveryForm("reports")

	t.Log("a report is looked at with the keyboard")
	browser.Value[bool](p, `([...document.querySelectorAll("#calendar .row button")].find(b => b.tabIndex === 0).focus(), true)`)
	p.Press(browser.ArrowLeft)
	p.Press(browser.Enter)
	reads("#dialog", "3,")
	p.Accessible()
	p.Picture("day")
	p.Press(browser.Escape)

	t.Log("a report is retried, while the list changes under the pressed button")
	release := p.Hold(`#failed [data-key^="retry-sales_report"]`)
	if _, err := product.DB.SQL().ExecContext(t.Context(), "UPDATE report_report SET error = 'changed meanwhile' WHERE type = 'courier_scans' AND state = 'failed'"); err != nil {
		t.Fatal(err)
	}
	reads("#failed", "changed meanwhile")
	release()
	reads("#dialog", "Retry sales_report")
	p.Accessible()
	p.Press(browser.Enter)
	p.Until("it to leave the list", `document.querySelectorAll("#failed tbody tr").length === 2`)

	t.Log("a type is edited, and somebody else is faster")
	edit := func(days string) {
		t.Helper()
		p.Click(`[data-key="edit-courier_scans"]`)
		p.Type("#t-repeat", days)
		p.Press(browser.Enter)
		reads("#dialog", "Save the change of courier_scans")
	}
	edit("7")
	p.Press(browser.Enter)
	reads("#types", "7 days")
	edit("9")
	if _, err := product.DB.SQL().ExecContext(t.Context(), "UPDATE report_type SET offset_days = -2 WHERE name = 'courier_scans'"); err != nil {
		t.Fatal(err)
	}
	p.Click("#confirm")
	reads("#dialog", "changed by somebody else")
	p.Complaints() // the browser reports the refusal
	p.Press(browser.Escape)
	reads("#types", "-2 days")
	var acts string
	if err := product.DB.SQL().QueryRowContext(t.Context(), "SELECT GROUP_CONCAT(CONCAT(action, ' ', outcome = 'done') ORDER BY id) FROM sync_audit WHERE who = 'ann' AND via = 'console'").Scan(&acts); err != nil || acts != "retry-report 1,edit-report-type 1,edit-report-type 0" {
		t.Errorf("the audit: %s, %v", acts, err)
	}
}

// TestReportsPageOfAReader offers no acts.
func TestReportsPageOfAReader(t *testing.T) {
	p, _ := openReports(t, "reader")
	p.Until("the list", `document.querySelectorAll("#failed tbody tr").length === 3`)
	if n := browser.Value[int](p, `document.querySelectorAll(".acts").length`); n != 0 {
		t.Errorf("a reader is offered %d acts", n)
	}
}
