package browser

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/functions/search"
)

// TestInstantSearchThroughTheFunction uses InstantSearch's widgets over the few
// lines of a client that shared/README.md shows.
func TestInstantSearchThroughTheFunction(t *testing.T) {
	w := enter(t)
	w.searchInstantly(t, map[string]any{
		"through": w.URL(search.Function.Name), "token": w.token(t, own),
		"index": "returns", "sorts": []string{"returns_" + sorted},
	}, "returns_"+sorted)
}

// TestInstantSearchStraight uses the same widgets over the official client and
// the index, with a key that the search function gave.
func TestInstantSearchStraight(t *testing.T) {
	w := enter(t)
	w.searchInstantly(t, w.straight(t), replica)
}

// searchInstantly does what people do, and holds every number that the page
// shows to a count in the database.
func (w *world) searchInstantly(t *testing.T, config map[string]any, sortedIndex string) {
	p := w.frontEnd(t, config)
	shows := func(what, where string, args ...any) {
		t.Helper()
		// The widget adds a text for screen readers 1.4 s after the last change.
		p.Until(what, fmt.Sprintf(`document.querySelector("#stats .ais-Stats-text").innerText === "%d"`, w.count(t, own, where, args...)))
	}
	const some = "r.customer_return_number LIKE 'RT10002%' AND "
	couriers := w.most(t, "r.courier_name", some+"TRUE")
	reason := w.most(t, "i.return_reason", some+"r.courier_name = ?", couriers[0])[0]

	shows("everything", "TRUE")
	p.Type("#search input", "RT10002")
	shows("what was typed", some+"TRUE")
	if Value[int](p, `[...document.querySelectorAll("#hits [data-number] mark")].filter(m => m.innerText === "RT10002").length`) != 10 {
		t.Errorf("matches are not marked: %s", Value[string](p, `document.querySelector("#hits").innerHTML.slice(0, 500)`))
	}

	p.Click(fmt.Sprintf(`#courier input[value=%q]`, couriers[0]))
	shows("one courier", some+"r.courier_name = ?", couriers[0])
	p.Click(fmt.Sprintf(`#courier input[value=%q]`, couriers[1]))
	shows("two couriers", some+"r.courier_name IN (?, ?)", couriers[0], couriers[1])
	p.Click(fmt.Sprintf(`#reason input[value=%q]`, reason))
	shows("two couriers and a reason", some+"r.courier_name IN (?, ?) AND i.return_reason = ?", couriers[0], couriers[1], reason)
	// Every courier is counted as if none were chosen, and so is every reason.
	for _, courier := range couriers {
		p.counts(t, "#courier", courier, w.count(t, own, some+"r.courier_name = ? AND i.return_reason = ?", courier, reason))
	}
	p.counts(t, "#reason", reason, w.count(t, own, some+"r.courier_name IN (?, ?) AND i.return_reason = ?", couriers[0], couriers[1], reason))
	if strange := Value[[]string](p, fmt.Sprintf(`[...document.querySelectorAll("#hits [data-id]")].map(e => e.dataset)
		.filter(d => d.account !== %q || d.reason !== %q || ![%q, %q].includes(d.courier) || !d.number.startsWith("RT10002")).map(d => d.id)`,
		own, reason, couriers[0], couriers[1])); len(strange) > 0 {
		t.Errorf("hits that should not be there: %v", strange)
	}

	p.Click("#clear button")
	shows("no filter", some+"TRUE")
	p.Type("#search input", "")
	shows("everything again", "TRUE")

	p.Type("#courier input[type=search]", "Delh")
	p.Until("the courier that was typed", `[...document.querySelectorAll("#courier li input")].map(e => e.value).join() === "Delhivery"`)
	p.counts(t, "#courier", "Delhivery", w.count(t, own, "r.courier_name = 'Delhivery'"))
	p.Type("#courier input[type=search]", "")

	p.Choose("#sort select", sortedIndex)
	p.lists(t, "the newest", w.newest(t, 0, 10))
	p.Click(`#pages a[aria-label="Page 3"]`)
	p.lists(t, "the third page", w.newest(t, 20, 10))
	shows("everything, sorted", "TRUE")
	p.Picture("sorted")
}

// counts holds the number beside a value to what it should be.
func (p *Page) counts(t *testing.T, list, value string, want int) {
	t.Helper()
	script := fmt.Sprintf(`document.querySelector('%s input[value=%q]')?.closest("label")?.querySelector(".ais-RefinementList-count")?.innerText`, list, value)
	p.Until(fmt.Sprintf("%s: %d", value, want), fmt.Sprintf(`(%s ?? "0") === "%d"`, script, want))
}

// lists holds the hits, in their order, to what they should be.
func (p *Page) lists(t *testing.T, what string, want []string) {
	t.Helper()
	const numbers = `[...document.querySelectorAll("#hits [data-number]")].map(e => e.dataset.number)`
	p.Until(what, fmt.Sprintf(`%[1]s[0] === %[2]q && %[1]s.length === %[3]d`, numbers, want[0], len(want)))
	if diff := cmp.Diff(want, Value[[]string](p, numbers)); diff != "" {
		t.Errorf("%s (-database +page):\n%s", what, diff)
	}
}
