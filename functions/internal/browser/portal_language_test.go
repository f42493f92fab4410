package browser

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// drawn is true once the portal shows records.
const drawn = `!document.querySelector("#hits.waiting") && document.querySelectorAll("#hits details").length > 1 && document.querySelectorAll("#facets fieldset").length > 1`

// foreign lists the words in Latin letters that can be seen outside of what records say and
// of the names of keys.
const foreign = `(() => {
	const found = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	for (let node; (node = walk.nextNode());) {
		const parent = node.parentElement;
		if (!/[A-Za-z]{2}/.test(node.data) || !parent.checkVisibility() || parent.closest('bdi, kbd, [dir=auto], noscript, #language')) continue;
		found.push(node.data);
	}
	for (const e of document.querySelectorAll('[title], [aria-label], [placeholder]'))
		for (const name of ['title', 'aria-label', 'placeholder']) if (/[A-Za-z]{2}/.test(e.getAttribute(name) ?? '')) found.push(e.getAttribute(name));
	return found;
})()`

// TestPortalSpeaks shows the portal in each language, on a wide screen and on a phone, light
// and dark: nothing is left in English, nothing is cut off, and axe finds nothing.
func TestPortalSpeaks(t *testing.T) {
	w := enter(t)
	for language, direction := range map[string]string{"en": "ltr", "hi": "ltr", "ar": "rtl"} {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			p := Open(t)
			for _, width := range []int64{1280, 390} {
				p.Size(width, 900)
				for _, dark := range []bool{false, true} {
					p.Dark(dark)
					p.Go("about:blank")
					p.Go(w.PortalURL() + "?lang=" + language)
					p.Until("the returns", drawn)
					name := fmt.Sprintf("%d dark %v", width, dark)
					p.Picture(name)
					p.Click("#hits summary")
					p.Until("the details", `document.querySelector("#hits details[open] dl")`)
					p.Picture(name + " details")
					p.inItsLanguage(t, language, direction)
					if width == 390 {
						p.fits(t)
					}
					p.Accessible()
				}
			}
			p.Size(1280, 900)
			p.Go(w.PortalURL() + "entities/returns?lang=" + language)
			p.Until("the records", drawn)
			p.Click("#hits summary")
			p.Picture("entity")
			p.inItsLanguage(t, language, direction)
			p.Accessible()
		})
	}
}

// inItsLanguage demands the language and its direction of a page, and no English in another.
func (p *Page) inItsLanguage(t *testing.T, language, direction string) {
	t.Helper()
	if is := Value[string](p, `document.documentElement.lang + " " + getComputedStyle(document.body).direction`); is != language+" "+direction {
		t.Errorf("the page is %s, want %s %s", is, language, direction)
	}
	if language == "en" {
		return
	}
	// These are written in Latin letters in other languages too.
	english := slices.DeleteFunc(Value[[]string](p, foreign), func(text string) bool {
		for _, name := range []string{"SKU", "EAN", "CSV", "am", "pm"} {
			text = strings.ReplaceAll(text, name, "")
		}
		return !strings.ContainsFunc(text, func(r rune) bool { return r < 128 && (r|32) >= 'a' && (r|32) <= 'z' })
	})
	if len(english) > 0 {
		t.Errorf("in %s stands %q", language, english)
	}
}

// TestPortalChoosesItsLanguage takes the language of the address, else the one that a person
// chose, else the browser's; numbers and times have the form of the browser's own region.
func TestPortalChoosesItsLanguage(t *testing.T) {
	w := enter(t)
	p := Open(t)
	p.Prefers("ar-EG,ar")
	speaks := func(address, language string) {
		t.Helper()
		p.Go("about:blank")
		p.Go(address)
		p.Until(address+" in "+language, drawn+` && document.documentElement.lang === "`+language+`" && document.querySelector("#language").value === "`+language+`"`)
	}
	speaks(w.PortalURL(), "ar")
	want := Value[string](p, fmt.Sprintf(`new Intl.NumberFormat("ar-EG").format(%d)`, w.count(t, own, "TRUE")))
	if count, asof := p.Text("#count"), p.Text("#asof"); !strings.Contains(count, want) || !strings.ContainsAny(want, "٠١٢٣٤٥٦٧٨٩") || strings.ContainsAny(asof, "0123456789") {
		t.Errorf("%q, %q; want the number %s", count, asof, want)
	}
	speaks(w.PortalURL()+"?lang=xx#span=7", "ar")
	speaks(w.PortalURL()+"?lang=hi#span=7", "hi")
	if link := Value[string](p, `document.querySelector("h1 a").getAttribute("href")`); link != "./?lang=hi" {
		t.Errorf("the title leads to %s", link)
	}
	p.Choose("#language", "en")
	p.Until("English, with what was chosen", drawn+` && document.documentElement.lang === "en" && location.search === "" && location.hash.includes("span=7")`)
	speaks(w.PortalURL(), "en")
	speaks(w.PortalURL()+"entities/returns", "en")
	speaks(w.PortalURL()+"?lang=ar", "ar")
	speaks(w.PortalURL(), "en")
}

// TestPortalCountsInEachLanguage demands exactly the forms of counted texts that a language
// has, by the browser's own rules.
func TestPortalCountsInEachLanguage(t *testing.T) {
	w := enter(t)
	p := Open(t)
	p.Go(w.PortalURL())
	p.Until("the languages", drawn)
	wrong := Value[[]string](p, `(async () => {
		const wrong = [];
		let counted = 0;
		for (const language of [...document.querySelector("#language").options].map(o => o.value)) {
			const texts = await (await fetch("texts/" + language + ".json")).json(), forms = new Intl.PluralRules(language).resolvedOptions().pluralCategories.toSorted().join();
			for (const [key, text] of Object.entries(texts)) if (typeof text !== "string") { counted++; if (Object.keys(text).toSorted().join() !== forms) wrong.push(language + " " + key); }
		}
		return counted >= 12 ? wrong : ["only " + counted + " counted texts"];
	})()`)
	if len(wrong) > 0 {
		t.Errorf("not the forms of their language: %q", wrong)
	}
}

// TestPortalShowsPictures loads the items' pictures from the page's own origin alone, each
// into a place that does not change when a picture is missing.
func TestPortalShowsPictures(t *testing.T) {
	w := enter(t)
	p := w.openPortal(t)
	p.Until("the pictures", `[...document.querySelectorAll("#hits .picture img")].slice(0, 3).every(e => e.complete && e.naturalWidth && e.alt && e.loading === "lazy")`)
	const place = `(() => { const box = document.querySelector("#hits .picture").getBoundingClientRect(); return box.width + "x" + box.height })()`
	size := Value[string](p, place)
	// The next answer names a picture that is not there, one elsewhere, and none.
	Value[bool](p, `(() => { const real = window.fetch;
		window.fetch = async (...all) => {
			const answer = await (await real(...all)).json();
			["https://images.example.com/catalog/NONE/NONE-1-1/x.jpg", "https://elsewhere.example/x.jpg", ""].forEach((address, i) => answer.results[0].hits[i].item.imageUrl = address);
			return Response.json(answer);
		}; return true })()`)
	p.Type("#query", "RT100")
	p.Until("places without pictures", `document.querySelector("#hits").dataset.query === "RT100" && [...document.querySelectorAll("#hits .picture")].slice(0, 4).map(e => e.children.length).join() === "0,0,0,1"`)
	p.Picture("missing")
	if now := Value[string](p, place); now != size || size != "48x60" {
		t.Errorf("a place for a picture has %s, and %s without one", size, now)
	}
	for _, c := range p.Complaints() {
		if !strings.Contains(c, "404") || !strings.Contains(c, "/catalog/NONE/") {
			t.Errorf("the page complains: %s", c)
		}
	}
}
