package browser

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Accessible fails the test for each rule of WCAG 2.2 A and AA that the page breaks, as
// axe-core finds them.
func (p *Page) Accessible() {
	p.t.Helper()
	if !Value[bool](p, "!!window.axe") {
		packages, err := Modules(filepath.Join(p.root(), "testdata", "axe"))
		if err != nil {
			p.t.Fatal(err)
		}
		script, err := os.ReadFile(filepath.Join(packages, "axe-core", "axe.min.js"))
		if err != nil {
			p.t.Fatal(err)
		}
		Value[bool](p, `(() => { `+string(script)+`; return !!window.axe })()`)
	}
	broken := Value[[]string](p, `axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']}).then(found =>
		found.violations.map(v => v.id + ': ' + v.nodes.slice(0, 3).map(n => n.html.slice(0, 160) + ' ' + (n.failureSummary ?? '')).join(' | ')))`)
	if len(broken) > 0 {
		p.t.Errorf("axe finds:\n%s", strings.Join(broken, "\n"))
	}
}

// InEveryForm holds a page to the rules of accessibility, wide and on a phone, light and
// dark; in none it scrolls sideways. It takes a picture of each, and leaves the page wide and
// light.
func (p *Page) InEveryForm(name string) {
	p.t.Helper()
	for _, width := range []int64{1280, 390} {
		p.Size(width, 900)
		p.Until("no sideways scrolling", fmt.Sprintf(`document.documentElement.scrollWidth <= %d`, width))
		for _, dark := range []bool{false, true} {
			p.Dark(dark)
			p.Accessible()
			p.Picture(fmt.Sprintf("%s-%d-%s", name, width, map[bool]string{false: "light", true: "dark"}[dark]))
		}
	}
	p.Size(1280, 900)
	p.Dark(false)
}

// root returns the module's folder, which is above that of every test.
func (p *Page) root() string {
	p.t.Helper()
	at := "."
	for range 20 {
		if _, err := os.Stat(filepath.Join(at, "go.mod")); err == nil {
			return at
		}
		at = filepath.Join(at, "..")
	}
	p.t.Fatal("no go.mod is above the test's folder")
	return ""
}
