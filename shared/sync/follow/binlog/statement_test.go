package binlog

import (
	"strings"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/follow"
)

func TestKindsOfStatements(t *testing.T) {
	for text, want := range map[string]statement{
		"BEGIN": begins, "start transaction": begins, "XA START X'61',X'',1": begins,
		"COMMIT": ends, "ROLLBACK": ends, "ROLLBACK TO `s`": nothing, "XA ROLLBACK X'61'": ends, "XA END X'61'": nothing,
		"XA COMMIT X'61',X'',1": endsElsewhere, "DROP DATABASE `shop`": dropsSchema, "drop schema if exists shop": dropsSchema,
		"ANALYZE TABLE parent": harmlessly, "GRANT SELECT ON parent TO x": harmlessly, "SAVEPOINT s": harmlessly, "flush tables": harmlessly,
		"": nothing, "# Dummy event replacing event type 160": nothing, "/* app */ -- why\n COMMIT": ends,
		"TRUNCATE parent": other, "/*!40000 ALTER TABLE parent */": other, "/*M!100101 DELETE FROM parent */": other,
		"-- BEGIN\nDELETE FROM parent": other, "/* never ends": other,
	} {
		if kind, _ := parseStatement(text); kind != want {
			t.Errorf("%q: kind %d, want %d", text, kind, want)
		}
	}
}

func TestNamesInStatements(t *testing.T) {
	for _, c := range []struct {
		text, name string
		want       bool
	}{
		{"ALTER TABLE `shop`.`parent` ADD x INT", "parent", true},
		{"TRUNCATE shop . Parent", "parent", true},
		{"CREATE TABLE parents (id INT)", "parent", false},
		{"DROP TABLE grand_parent, `parent$1`", "parent", false},
		{"DROP TABLE `order-line`", "order-line", true},
		{"DROP TABLE `straße`", "straße", true},
		{"DELETE FROM x /* parent */", "parent", true},
	} {
		_, words := parseStatement(c.text)
		if got := contains(words, strings.ToLower(c.name)); got != c.want {
			t.Errorf("%q mentions %q: %v", c.text, c.name, got)
		}
	}
}

// FuzzStatements demands that a name at the end of any statement that may matter is seen,
// whatever stands before it.
func FuzzStatements(f *testing.F) {
	for _, text := range []string{"DELETE FROM", "/*", "-- x\n/*! TRUNCATE", "/*M!1 x */", "#", "'/*'", "BEGIN"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		kind, words := parseStatement(text + " `parent`")
		if kind == other && !contains(words, "parent") {
			t.Errorf("%q: %q", text, words)
		}
	})
}

func FuzzPlaces(f *testing.F) {
	for _, text := range []string{`{"gtid":"0-1-5","maria":true,"byGtid":true}`, `{"gtid":"","byGtid":true}`, `{"file":"b.1","offset":4}`, "x"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		at, err := parsePlace(follow.Position(text))
		if err != nil {
			return
		}
		again, err := parsePlace(at.saved())
		if err != nil || again.ByGTID != at.ByGTID || again.GTID != at.GTID {
			t.Errorf("%q became %+v and %+v, %v", text, at, again, err)
		}
	})
}
