package browser

import (
	"fmt"
	"testing"
)

// TestEntityPage uses the plain page, which serves any entity: it searches, refines, opens
// a record, pages and switches the tenant.
func TestEntityPage(t *testing.T) {
	w := enter(t)
	p := Open(t)
	p.Go(w.PortalURL() + "entities/returns")
	shows := func(what string, n int) {
		t.Helper()
		p.Until(fmt.Sprintf("%s: %d records", what, n), fmt.Sprintf(`!document.querySelector("#hits.waiting") &&
			document.querySelector("#hits").dataset.query === document.querySelector("#query").value &&
			document.querySelector("#count").innerText.replaceAll(",", "") === "%d record" + (%[1]d === 1 ? "" : "s")`, n))
	}
	p.Until("the accounts", `document.querySelectorAll("#tenant option").length > 1`)
	p.Choose("#tenant", own)
	shows("everything", w.count(t, own, "TRUE"))
	p.Accessible()
	p.Picture("entity")
	const some = "r.customer_return_number LIKE 'RT10002%' AND "
	p.Type("#query", "RT10002")
	shows("what was typed", w.count(t, own, some+"TRUE"))
	courier := w.most(t, "r.courier_name", some+"TRUE")[0]
	p.Click(box("courier", courier))
	shows("a courier", w.count(t, own, some+"r.courier_name = ?", courier))
	p.Click("#hits summary")
	p.Until("the record's fields", `[...document.querySelectorAll("#hits details[open] dt")].some(e => e.innerText === "item.sku")`)
	p.Picture("record")
	p.Accessible()
	p.Choose("#tenant", rival)
	shows("the other tenant's", w.count(t, rival, some+"TRUE"))
	p.Type("#query", "")
	shows("all of the other tenant's", w.count(t, rival, "TRUE"))
	p.Click("#next")
	p.Until("the second page", `document.querySelector("#page").innerText.startsWith("Page 2 of")`)
}
