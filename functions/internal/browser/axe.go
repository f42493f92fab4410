package browser

import (
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
