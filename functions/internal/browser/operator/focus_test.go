package operator_test

import (
	"fmt"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/browser"
)

// TestFocusStays has the state change while the focus is on a button, or in a dialog that
// the button opened: the focus is at the button afterwards, or at the one that took its
// place, or where it was.
func TestFocusStays(t *testing.T) {
	d := openDesk(t, "ENTITIES_DIR="+definitions(t))
	synced := func(entity string, minutes int) {
		t.Helper()
		if _, err := d.DB.ExecContext(t.Context(), `INSERT INTO order_return_algolia_sync (job_type, status, date_range_start, date_range_end)
			VALUES (UPPER(?), 0, NOW(6) - INTERVAL 1 DAY, NOW(6) - INTERVAL ? MINUTE)`, entity, minutes); err != nil {
			t.Fatal(err)
		}
	}
	focus := func(where, expression string) {
		t.Helper()
		d.Until("the focus "+where, `document.activeElement === `+expression)
	}
	element := func(selector string) string {
		return fmt.Sprintf("document.querySelector(%s)", browser.Quote("main "+selector))
	}
	problem := func(entity, kind string) string { return element(fmt.Sprintf("[data-row=%q]", " "+entity+" "+kind)) }
	// Each act happens under the dialog of a button.
	under := func(button string, act func(), drawn string) {
		t.Helper()
		d.Click(key(button))
		focus("in the dialog", `document.querySelector("#confirm")`)
		act()
		d.Until("the change to be drawn", drawn)
		d.Press(browser.Escape)
	}
	d.Until("the problems", problem("exchanges", "never-synced")+" && "+problem("shipments", "never-synced"))

	under("act-sync-exchanges", func() { synced("exchanges", 120) }, problem("exchanges", "behind")+" && !"+problem("exchanges", "never-synced"))
	focus("at the button of the entity's next problem", element(key("act-sync-exchanges")))

	under("act-sync-exchanges", func() { synced("exchanges", 0) }, "!"+problem("exchanges", "behind"))
	focus("where the problem was", `document.querySelector("#verdict")`)

	under("act-sync-shipments", func() { synced("exchanges", 120) }, problem("exchanges", "behind"))
	focus("at what folds the button away", element("details.more summary"))

	row := `document.querySelector('[data-row="exchanges"]').rowIndex`
	place := browser.Value[int](d.Page, row)
	browser.Value[bool](d.Page, fmt.Sprintf(`(%s.focus(), window.lost = 0, addEventListener("focusout", () => lost++), true)`, element(key("act-sync-refunds"))))
	synced("exchanges", 0)
	d.Until("the entity's row to go down, and its problem to go", fmt.Sprintf("%s > %d && !%s", row, place, problem("exchanges", "behind")))
	focus("at a button behind what went", element(key("act-sync-refunds")))
	if n := browser.Value[int](d.Page, "lost"); n > 0 {
		t.Errorf("the focus left a button %d times because another before it went", n)
	}

	browser.Value[bool](d.Page, fmt.Sprintf("(%s.focus(), true)", element(key("sync-exchanges"))))
	synced("exchanges", 120)
	d.Until("the entity's row to come up", fmt.Sprintf("%s === %d", row, place))
	focus("at the button that was moved", element(key("sync-exchanges")))
}
