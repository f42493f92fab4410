package operator_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/browser"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/openapitest"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rework"
)

// TestConsoleRepairs has the index emptied and its settings changed by another hand: the
// console compares, says what a repair costs, repairs, pushes the settings back, and syncs
// history again.
func TestConsoleRepairs(t *testing.T) {
	d := openDesk(t)
	if _, err := d.DB.ExecContext(t.Context(), "UPDATE order_return_algolia_sync SET updated_at = updated_at - INTERVAL 1 HOUR"); err != nil {
		t.Fatal(err)
	}
	d.notesAnswers()
	d.admin(t, http.MethodPost, "/1/indexes/es_prod/clear", "")
	d.admin(t, http.MethodPut, "/1/indexes/es_prod/settings", `{"searchableAttributes":["orderNumber"]}`)
	compare := func() {
		t.Helper()
		d.entity()
		d.Click(key("compare-returns"))
		d.Until("the question", `document.querySelector("#ask")`)
		d.Click("#ask")
	}
	compare()
	d.reads("#dialog", "A repair syncs ")
	d.Accessible()
	d.Picture("differs")
	d.confirm()
	d.reads("#jobs", "repair 1 of returns")
	d.reads("#jobs", "No job is open.")
	compare()
	d.reads("#dialog", "nothing differs")
	d.Press(browser.Escape)

	t.Log("settings")
	d.Click(key("settings-returns"))
	d.reads("#dialog", "searchableAttributes")
	d.Accessible()
	d.Picture("settings")
	d.confirm()
	d.Click(key("settings-returns"))
	d.reads("#dialog", "in step")
	d.Press(browser.Escape)

	t.Log("history")
	d.Click(key("backfill-returns"))
	d.Until("the question", `document.querySelector("#ask")`)
	d.Accessible()
	d.Click("#ask")
	d.reads("#dialog", "operations of the index, estimated from")
	d.Picture("history")
	d.confirm()
	d.reads("#jobs", "backfill 2 of returns")
	d.reads("#jobs", "No job is open.")
	if j, err := d.Store.Jobs.Job(t.Context(), 2); err != nil || j.State != rework.Done || !strings.HasPrefix(j.By, "console: ") {
		t.Errorf("%+v, %v", j, err)
	}
	for _, text := range []string{"repair", "push settings", "backfill"} {
		d.reads("#audit", text)
	}
	d.asDescribed(t, "/ask/compare", "/act/repair", "/ask/settings", "/act/push-settings", "/ask/backfill", "/act/backfill")
}

// notesAnswers has the page note each answer that its scripts get from now on.
func (d *desk) notesAnswers() {
	browser.Value[bool](d.Page, `(() => { window.answers = []; const real = window.fetch;
		window.fetch = async (path, options) => {
			const answer = await real(path, options);
			window.answers.push({ Method: options?.method ?? "GET", Path: new URL(answer.url).pathname.replace("/console", ""), Status: answer.status, Body: await answer.clone().text() });
			return answer;
		}; return true })()`)
}

// asDescribed holds the answers that the page noted to the console's own description, and
// demands that those of some routes are among them.
func (d *desk) asDescribed(t *testing.T, routes ...string) {
	t.Helper()
	doc := openapitest.Parse(t, browser.Value[string](d.Page, `fetch("openapi.json").then(answer => answer.text())`))
	number := regexp.MustCompile(`/[0-9]+$`)
	seen := map[string]bool{}
	for _, a := range browser.Value[[]openapitest.Answer](d.Page, "window.answers") {
		a.Route, a.Want = number.ReplaceAllString(a.Path, "/{id}"), http.StatusOK
		doc.Check(t, a)
		seen[a.Route] = true
	}
	for _, route := range routes {
		if !seen[route] {
			t.Errorf("the page got no answer of %s", route)
		}
	}
}
