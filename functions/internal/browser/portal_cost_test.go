package browser

import (
	"fmt"
	"strings"
	"testing"
)

// counted counts the queries of the page from now on.
func (p *Page) counted() {
	p.t.Helper()
	Value[bool](p, `(() => { window.queries = 0; const real = window.fetch;
		window.fetch = (path, options) => { if (options?.body) window.queries += JSON.parse(options.body).requests.length; return real(path, options) }; return true })()`)
}

// stopTime keeps what the page plans for later from happening, until time passes again. What
// is typed meanwhile is typed at once, however slow the machine is.
func (p *Page) stopTime() (pass func()) {
	p.t.Helper()
	Value[bool](p, `(() => {
		const [plan, drop] = [window.setTimeout, window.clearTimeout], plans = new Map();
		window.setTimeout = act => { plans.set(-1 - plans.size, act); return -plans.size };
		window.clearTimeout = id => { if (!plans.has(id)) drop(id); else plans.set(id, () => {}) };
		window.pass = () => { Object.assign(window, {setTimeout: plan, clearTimeout: drop}); plans.forEach(act => act()) };
		return true })()`)
	return func() {
		p.t.Helper()
		Value[bool](p, `(window.pass(), true)`)
	}
}

// TestPortalCostsFewQueries types 12 letters, each after the answer to the one before, as
// a slow typist does, and refines twice: the results are those of the database, for 15
// queries at most. Typed at once, the letters cost one query.
func TestPortalCostsFewQueries(t *testing.T) {
	w := enter(t)
	p := w.openPortal(t)
	const word = "RT1000 saree"
	p.counted()
	p.Click("#query")
	typed := ""
	for _, letter := range word {
		typed += string(letter)
		p.Press(string(letter))
		p.Until("the answer to "+typed, `!document.querySelector("#hits.waiting") && document.querySelector("#hits").dataset.query === `+Quote(typed))
	}
	pass := p.stopTime()
	p.Type("#query", "RT10002")
	pass()
	const some = "r.customer_return_number LIKE 'RT10002%' AND "
	p.shows("another word", w.count(t, own, some+"TRUE"))
	typing := Value[int](p, "window.queries")
	courier := w.most(t, "r.courier_name", some+"TRUE")[0]
	reason := w.most(t, "i.return_reason", some+"r.courier_name = ?", courier)[0]
	p.Click(box("courier", courier))
	p.shows("a courier", w.count(t, own, some+"r.courier_name = ?", courier))
	p.Click(box("item.reason", reason))
	p.shows("and a reason", w.count(t, own, some+"r.courier_name = ? AND i.return_reason = ?", courier, reason))
	beside := Value[string](p, fmt.Sprintf(`document.querySelector('%s').parentElement.querySelector("small").innerText`, box("courier", courier)))
	if want := fmt.Sprint(w.count(t, own, some+"r.courier_name = ? AND i.return_reason = ?", courier, reason)); beside != want {
		t.Errorf("beside the courier stands %s, want %s", beside, want)
	}
	all := Value[int](p, "window.queries")
	t.Logf("%d queries for 12 letters and another word typed at once, %d for two refinements", typing, all-typing)
	if typing > len(word)+1 || all-typing > 3 {
		t.Errorf("typing cost %d queries, want %d; two refinements %d, want 3", typing, len(word)+1, all-typing)
	}
	p.Click("#spans legend")
	p.Until("the counts of times", `document.querySelectorAll("#spans small").length === 4`)
	if now := Value[int](p, "window.queries"); now != all+4 {
		t.Errorf("the counts of four times cost %d queries", now-all)
	}
}

// TestPortalAges lets a minute pass: the page asks again when it is looked at, and says by
// itself that it is old when there is no answer.
func TestPortalAges(t *testing.T) {
	w := enter(t)
	p := w.openPortal(t)
	p.counted()
	pass := func(ms int) {
		Value[bool](p, fmt.Sprintf(`(() => { const real = Date.now.bind(Date); Date.now = () => real() + %d; dispatchEvent(new Event("focus")); return true })()`, ms))
	}
	pass(30_000)
	if n := Value[int](p, "window.queries"); n != 0 {
		t.Errorf("%d queries within a minute", n)
	}
	pass(61_000)
	p.Until("another question", `window.queries === 1 && !document.querySelector("#hits.waiting")`)
	Value[bool](p, `(window.fetch = () => new Promise(() => {}), window.said = document.querySelector("#asof").innerText, true)`)
	// Nobody looks any more: the page's own clock has to notice.
	Value[bool](p, `(() => { const real = Date.now.bind(Date); Date.now = () => real() + 400_000; return true })()`)
	p.Until("the age to be a later one", `document.querySelector("#asof").innerText !== window.said`)
	p.Until("the page to call itself old", `document.querySelector("#asof.stale") && document.querySelector("#notice").innerText.includes("no answer for")`)
}

// TestPortalOfOneReturn opens a return's own address, an address with nonsense, and the
// file of the list.
func TestPortalOfOneReturn(t *testing.T) {
	w := enter(t)
	p := w.openPortal(t)
	p.Accessible()
	number := p.Text("#hits .facts span")
	p.Go(strings.TrimSuffix(w.PortalURL(), "/") + "/" + number)
	items := w.count(t, own, "r.customer_return_number = ?", number)
	p.Until("the return", fmt.Sprintf(`document.querySelectorAll("#hits details[open] dl").length === %d`, items))
	p.Picture("return")
	p.Accessible()
	p.Go("about:blank")
	p.Go(w.PortalURL() + "#span=xyz&page=-7.5&sort=none&status=NO_SUCH&q=RT10002")
	p.Until("an answer", `document.querySelector("#hits .empty") && !document.querySelector("#notice.error:not([hidden])")`)
	p.Go("about:blank")
	p.Go(w.PortalURL() + "#span=xyz&page=1.5&lang=no&q=RT10002")
	found := w.count(t, own, "r.customer_return_number LIKE 'RT10002%'")
	p.shows("what the address asks for", found)
	Value[bool](p, `(() => { const real = URL.createObjectURL.bind(URL); URL.createObjectURL = blob => { window.file = blob.text(); return real(blob) }; return true })()`)
	p.Click("#csv")
	p.Until("the file", `window.file`)
	if lines := strings.Split(Value[string](p, `window.file`), "\r\n"); len(lines) != found+1 || !strings.HasPrefix(lines[0], `"Return","Status"`) {
		t.Errorf("%d lines, want %d: %.100s", len(lines), found+1, lines[0])
	}
	// However many pages the service says that there are, the file ends at 1,000 rows.
	Value[bool](p, `(() => { const real = window.fetch; window.file = undefined; window.queries = 0;
		window.fetch = async (...all) => { window.queries++; const answer = await (await real(...all)).json(); answer.results[0].nbPages = 500; return Response.json(answer) }; return true })()`)
	Value[bool](p, `(() => { const real = Date.now.bind(Date); Date.now = () => real() + 61_000; return true })()`) // kept answers are too old
	p.Until("the button", `!document.querySelector("#csv").disabled`)
	p.Click("#csv")
	p.Until("the bounded file", `window.file`)
	if n := Value[int](p, `window.queries`); n != 10 {
		t.Errorf("a file of 500 pages cost %d queries of 100 rows, want 10", n)
	}
	p.Click("#grouped")
	var returns int
	if err := w.DB.QueryRowContext(t.Context(), "SELECT COUNT(DISTINCT r.id)"+from+"r.customer_return_number LIKE 'RT10002%'", own).Scan(&returns); err != nil {
		t.Fatal(err)
	}
	p.Until("a row a return", fmt.Sprintf(`document.querySelector("#count").innerText.replaceAll(",", "") === "%d returns"`, returns))
	p.Press(Tab)
	Value[bool](p, `(document.activeElement.blur(), document.querySelector(".skip").focus(), true)`)
	p.Press(Enter)
	p.Until("the first row to be near", `document.activeElement.id === "hits"`)
}
