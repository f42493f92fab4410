package browser

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/functions/search"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
)

// openPortal opens the portal's page as the largest account.
func (w *world) openPortal(t *testing.T) *Page {
	t.Helper()
	p := Open(t)
	p.Go(w.PortalURL())
	p.shows("everything", w.count(t, own, "TRUE"))
	return p
}

// shows waits until the portal has drawn an answer with so many hits.
func (p *Page) shows(what string, n int) {
	p.t.Helper()
	// A list of an earlier keystroke may have as many items.
	p.Until(fmt.Sprintf("%s: %d items", what, n), fmt.Sprintf(`!document.querySelector("#hits.waiting") &&
		document.querySelector("#hits").dataset.query === document.querySelector("#query").value &&
		document.querySelector("#count").innerText.replaceAll(",", "") === "%d returned item" + (%[1]d === 1 ? "" : "s")`, n))
}

// box is the selector of a facet's value.
func box(field, value string) string { return fmt.Sprintf("input[data-key=%q]", field+":"+value) }

func TestPortalSearches(t *testing.T) {
	w := enter(t)
	p := w.openPortal(t)
	p.Picture("open")
	const some = "r.customer_return_number LIKE 'RT10002%' AND "
	couriers := w.most(t, "r.courier_name", some+"TRUE")
	reason := w.most(t, "i.return_reason", some+"r.courier_name = ?", couriers[0])[0]

	p.Type("#query", "RT10002")
	p.shows("what was typed", w.count(t, own, some+"TRUE"))
	p.Click(box("courier", couriers[0]))
	p.shows("a courier", w.count(t, own, some+"r.courier_name = ?", couriers[0]))
	p.Click(box("courier", couriers[1]))
	p.shows("two couriers", w.count(t, own, some+"r.courier_name IN (?, ?)", couriers[0], couriers[1]))
	p.Click(box("item.reason", reason))
	p.shows("and a reason", w.count(t, own, some+"r.courier_name IN (?, ?) AND i.return_reason = ?", couriers[0], couriers[1], reason))
	for _, courier := range couriers {
		beside := Value[string](p, fmt.Sprintf(`document.querySelector('%s')?.parentElement.querySelector("small").innerText ?? "0"`, box("courier", courier)))
		if want := fmt.Sprint(w.count(t, own, some+"r.courier_name = ? AND i.return_reason = ?", courier, reason)); beside != want {
			t.Errorf("beside %s stands %s, want %s", courier, beside, want)
		}
	}
	p.Picture("refined")

	address := Value[string](p, "location.href")
	p.Go("about:blank")
	p.Go(address)
	p.shows("the same by its address", w.count(t, own, some+"r.courier_name IN (?, ?) AND i.return_reason = ?", couriers[0], couriers[1], reason))
	p.Click("#chosen button:last-child") // Clear all
	p.shows("no filter", w.count(t, own, some+"TRUE"))
	Value[bool](p, "(history.back(), true)")
	p.shows("a step back", w.count(t, own, some+"r.courier_name IN (?, ?) AND i.return_reason = ?", couriers[0], couriers[1], reason))
}

func TestPortalSortsAndPages(t *testing.T) {
	w := enter(t)
	p := w.openPortal(t)
	p.Choose("#sort", sorted)
	p.rows(t, "the newest", w.newest(t, 0, 20))
	p.Click("#next")
	p.rows(t, "the second page", w.newest(t, 20, 20))
	p.Click("#next")
	p.rows(t, "the third page", w.newest(t, 40, 20))
	p.Click("#previous")
	p.rows(t, "the second page again", w.newest(t, 20, 20))
	p.Picture("second page")
}

// rows holds the return numbers of the hits, in their order, to what they should be.
func (p *Page) rows(t *testing.T, what string, want []string) {
	t.Helper()
	const numbers = `[...document.querySelectorAll("#hits .facts")].map(e => e.innerText.split(" · ")[0])`
	p.Until(what, fmt.Sprintf(`%[1]s[0] === %[2]q && %[1]s.length === %[3]d`, numbers, want[0], len(want)))
	if diff := cmp.Diff(want, Value[[]string](p, numbers)); diff != "" {
		t.Errorf("%s (-database +page):\n%s", what, diff)
	}
}

func TestPortalSwitchesTenant(t *testing.T) {
	w := enter(t)
	p := w.openPortal(t)
	p.Click(box("courier", w.most(t, "r.courier_name", "TRUE")[0]))
	p.Choose("#tenant", rival)
	p.shows("the other tenant's", w.count(t, rival, "TRUE"))
	p.Picture("other tenant")
	p.Type("#query", "RT")
	p.Choose("#tenant", own)
	p.shows("our own", w.count(t, own, "TRUE"))
}

// TestPortalByKeyboard uses the page without a mouse.
func TestPortalByKeyboard(t *testing.T) {
	w := enter(t)
	p := w.openPortal(t)
	Value[bool](p, "(document.activeElement.blur(), true)")
	p.Press("/")
	p.Until("the query to have the focus, and no text", `document.activeElement.id === "query" && document.activeElement.value === ""`)
	p.Press("RT10001")
	found := w.count(t, own, "r.customer_return_number LIKE 'RT10001%'")
	p.shows("what was typed", found)
	p.Press(ArrowDown)
	p.Press(ArrowDown)
	p.Until("the second row to have the focus", `document.querySelectorAll("#hits summary")[1] === document.activeElement`)
	p.Press(Enter)
	p.Until("its details", `document.querySelectorAll("#hits details[open] dl div").length > 8`)
	p.Picture("details")
	p.Press(ArrowUp + ArrowUp)
	p.Until("the query to have the focus", `document.activeElement.id === "query"`)
	p.Press(ArrowDown + Escape)
	p.Until("the query to have the focus by Esc", `document.activeElement.id === "query"`)
	p.Press(Escape)
	p.shows("everything", w.count(t, own, "TRUE"))
	// Tab leads from the query to the account, the language and on to the filters; space chooses.
	p.Press(Tab + Tab + Tab)
	p.Until("a filter to have the focus", `document.activeElement.dataset.key === undefined ? false : true`)
	key := Value[string](p, "document.activeElement.dataset.key")
	p.Press(" ")
	p.Until("the filter to be chosen", fmt.Sprintf(`document.activeElement.dataset.key === %q && document.activeElement.checked && document.querySelectorAll("#chosen button").length === 1`, key))
	if outline := Value[string](p, "getComputedStyle(document.activeElement).outlineStyle"); outline == "none" {
		t.Error("what has the focus cannot be seen")
	}
}

func TestPortalStates(t *testing.T) {
	w := enterAlone(t)
	p := w.openPortal(t)
	p.Type("#query", "zzzzqqqqzzzz")
	p.shows("nothing", 0)
	if text := p.Text(".empty"); !strings.Contains(text, "zzzzqqqqzzzz") {
		t.Errorf("nothing is found, and the page says %q", text)
	}
	p.Picture("empty")
	p.Click(".empty button")
	p.shows("everything again", w.count(t, own, "TRUE"))

	w.whileDown(t, p)
	w.whileStale(t, p)
}

// whileDown takes the search function away and gives it back.
func (w *world) whileDown(t *testing.T, p *Page) {
	if err := w.Kill(search.Function.Name); err != nil {
		t.Fatal(err)
	}
	p.Type("#query", "RT10003")
	p.Until("the error, and what was shown dimmed", `document.querySelector("#notice.error").checkVisibility() && getComputedStyle(document.querySelector("#hits")).opacity === "0.5"`)
	p.Picture("error")
	if err := w.Revive(t.Context(), search.Function.Name); err != nil {
		t.Fatal(err)
	}
	// The page tries again by itself after seconds, perhaps before this does.
	Value[bool](p, `(document.querySelector("#notice button")?.click(), true)`)
	p.shows("what was typed", w.count(t, own, "r.customer_return_number LIKE 'RT10003%'"))
	if Value[bool](p, `document.querySelector("#notice").checkVisibility()`) {
		t.Errorf("all is well, and the page says %q", p.Text("#notice"))
	}
	for _, c := range p.Complaints() {
		// The browser reports the answers that there were, or that broke off.
		if !strings.Contains(c, "503") && !strings.Contains(c, "ERR_INCOMPLETE_CHUNKED_ENCODING") {
			t.Errorf("the page complains: %s", c)
		}
	}
}

// whileStale sets the watermark back and makes it good again.
func (w *world) whileStale(t *testing.T, p *Page) {
	d, err := w.Entity("returns")
	if err != nil {
		t.Fatal(err)
	}
	w.shift(t, d, "-")
	again := func(what, expression string) {
		t.Helper()
		for deadline := time.Now().Add(patience); !Value[bool](p, expression); {
			if time.Now().After(deadline) {
				t.Fatalf("waited in vain for %s", what)
			}
			p.Click("#query")
			p.Press(Enter)
			time.Sleep(200 * time.Millisecond) // the function keeps what it read for seconds
		}
	}
	again("the warning", `document.querySelector("#notice").checkVisibility() && !!document.querySelector("#asof.stale")`)
	p.Picture("stale")
	w.shift(t, d, "+")
	again("the all-clear", `!document.querySelector("#notice").checkVisibility() && !document.querySelector("#asof.stale")`)
}

// shift moves the watermark by two hours.
func (w *world) shift(t *testing.T, d entity.Definition, direction string) {
	t.Helper()
	_, err := w.DB.ExecContext(t.Context(), "UPDATE order_return_algolia_sync SET date_range_end = date_range_end "+direction+" INTERVAL 2 HOUR WHERE job_type = ?", d.JobType)
	if err != nil {
		t.Fatal(err)
	}
}

// TestPortalOnAPhone looks at the page on a narrow screen, in both colours.
func TestPortalOnAPhone(t *testing.T) {
	w := enter(t)
	p := Open(t)
	p.Size(390, 844)
	for _, dark := range []bool{false, true} {
		p.Dark(dark)
		p.Go("about:blank")
		p.Go(w.PortalURL())
		p.shows("everything", w.count(t, own, "TRUE"))
		p.fits(t)
		p.Picture(fmt.Sprintf("list dark %v", dark))
		if Value[bool](p, `document.querySelector("#facets").checkVisibility()`) {
			t.Error("the filters hide the results")
		}
		p.Click("#toggle")
		p.Until("the filters", `document.querySelector("#facets").checkVisibility()`)
		p.fits(t)
		p.Picture(fmt.Sprintf("filters dark %v", dark))
		p.Click("#toggle")
		p.Click("#hits summary")
		p.Until("the details", `document.querySelector("#hits dl")`)
		p.fits(t)
		p.Picture(fmt.Sprintf("details dark %v", dark))
		if back := Value[int](p, `Number(getComputedStyle(document.body).backgroundColor.match(/\d+/)[0])`); (back < 128) != dark {
			t.Errorf("dark is %v, and the background is as light as %d of 255", dark, back)
		}
	}
	p.Size(1280, 900)
	p.Picture("wide dark")
}

// fits demands that nothing has to be scrolled sideways, and that what is to be
// touched is large enough for a finger.
func (p *Page) fits(t *testing.T) {
	t.Helper()
	if wide := Value[int](p, "document.documentElement.scrollWidth - innerWidth"); wide > 0 {
		t.Errorf("the page is %d pixels wider than the screen", wide)
	}
	small := Value[[]string](p, `[...document.querySelectorAll("button, select, summary, label.value, #query")]
		.filter(e => e.checkVisibility() && e.getBoundingClientRect().height < 30).map(e => e.outerHTML.slice(0, 80))`)
	if len(small) > 0 {
		t.Errorf("too small for a finger: %q", small)
	}
}
