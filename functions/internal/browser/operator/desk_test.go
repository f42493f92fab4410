package operator_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/browser"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/rehearsal"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/rehearsal/rehearsaltest"
	"gitlab.com/eshopbox-team/return-sync/shared/alert"
	"gitlab.com/eshopbox-team/return-sync/shared/heartbeat"
	"gitlab.com/eshopbox-team/return-sync/shared/localdb/localdbtest"
	"gitlab.com/eshopbox-team/return-sync/shared/sample"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
)

// desk is the running product with an operator before the console.
type desk struct {
	*rehearsal.Stack
	*browser.Page
	t *testing.T
}

// openDesk starts the product, syncs a sample and opens the console; more is further
// environment of the functions.
func openDesk(t *testing.T, more ...string) *desk {
	t.Helper()
	t.Parallel()
	return openDeskOver(t, localdbtest.New(t), more...)
}

// openDeskOver is openDesk over a database, or over a server of its own without one.
func openDeskOver(t *testing.T, dsn string, more ...string) *desk {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	s := rehearsaltest.Filled(ctx, t, rehearsal.Options{
		DSN: dsn, Steps: true, HoldTicks: true, Workers: 2, Log: os.Stderr,
		Env: append([]string{"PAGE_SIZE=10", "ALGOLIA_MAX_REFUSED=5", "PAGE_ATTEMPTS=2", "OVERLAP=1s", "OPERATIONS_DAY=20000", "JOB_PAUSE=200ms", "CONSOLE_POLL=250ms"}, more...),
	}, sample.GenerateOptions{Rows: 200, Seed: 7, Now: time.Now().UTC()})
	d := &desk{s, browser.Open(t), t}
	d.syncs(t, run.Synced)
	if err := s.Watch(ctx); err != nil {
		t.Fatal(err)
	}
	if err := heartbeat.New(s.Store.Pool()).Beat(ctx, alert.App); err != nil {
		t.Fatal(err)
	}
	d.Go(s.ConsoleURL())
	d.Until("the stream lives", `document.querySelector("#link").innerText === "Live"`)
	return d
}

// syncs ticks, and wants the run to end so.
func (d *desk) syncs(t *testing.T, want run.State) run.Run {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	r, err := d.Sync(ctx, "returns", nil)
	if err != nil || r.State != want {
		t.Fatalf("%+v, %v; want %s", r, err, want)
	}
	return r
}

// touch changes returns, so that a sync finds them.
func (d *desk) touch(t *testing.T, where string) {
	t.Helper()
	if _, err := d.DB.ExecContext(t.Context(), "UPDATE order_return SET row_version = row_version + 1, updated_at = NOW(6) WHERE "+where); err != nil {
		t.Fatal(err)
	}
}

// index sets the index's faults.
func (d *desk) index(t *testing.T, rules string) {
	t.Helper()
	d.admin(t, http.MethodPut, "/_emulator/faults", `{"rules":[`+rules+`]}`)
}

// admin asks the index, as somebody who uses its dashboard.
func (d *desk) admin(t *testing.T, method, path, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, d.AlgoliaURL()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Algolia-Application-Id", rehearsal.AppID)
	req.Header.Set("X-Algolia-API-Key", rehearsal.AdminKey)
	d.expectOK(t, req)
}

// expectOK sends a request.
func (d *desk) expectOK(t *testing.T, req *http.Request) {
	t.Helper()
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d", req.URL, res.StatusCode)
	}
}

// pageOf is the page of each section; those that are not here are on every page.
var pageOf = map[string]string{
	"#verdict": "overview", "#lines": "overview", "#alerts": "overview", "#runs": "runs", "#parked": "records", "#jobs": "jobs",
	"#scopes": "schedules", "#schedules": "schedules", "#log": "log", "#audit": "audit",
}

// visit goes to a page by the navigation.
func (d *desk) visit(page string) {
	d.t.Helper()
	d.Click(key("place-" + page))
	d.Until("the page "+page, fmt.Sprintf(`document.querySelector(%s).getAttribute("aria-current") === "page"`, browser.Quote(key("place-"+page))))
}

// entity goes to the page of the entity.
func (d *desk) entity() {
	d.t.Helper()
	d.visit("overview")
	d.Click(key("entity-returns"))
	d.Until("the entity", `document.querySelector("#thing h2").innerText === "returns" && !document.querySelector("#thing").hidden`)
}

// reads waits until a section reads so, on its page.
func (d *desk) reads(section, text string) {
	d.t.Helper()
	if page := pageOf[section]; page != "" && browser.Value[bool](d.Page, fmt.Sprintf("document.querySelector(%s).hidden", browser.Quote(section))) {
		d.visit(page)
	}
	d.Until(section+" to say "+text, fmt.Sprintf("document.querySelector(%s).innerText.includes(%s)", browser.Quote(section), browser.Quote(text)))
}

// confirm says yes to what the page asks.
func (d *desk) confirm() {
	d.t.Helper()
	d.Click("#confirm")
	d.Until("the dialog to close", `!document.querySelector("#dialog").open`)
}

// key is the selector of a button of the page.
func key(name string) string { return fmt.Sprintf("[data-key=%q]", name) }

// set gives a field a value at once: how a time is typed depends on the browser's language.
func (d *desk) set(selector, value string) {
	d.t.Helper()
	d.Until(selector+" to be there", fmt.Sprintf("document.querySelector(%s)", browser.Quote(selector)))
	browser.Value[bool](d.Page, fmt.Sprintf(`(() => { const e = document.querySelector(%s); e.value = %s; e.dispatchEvent(new Event("input", {bubbles: true})); return true })()`, browser.Quote(selector), browser.Quote(value)))
}
