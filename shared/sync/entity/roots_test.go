package entity

import (
	"maps"
	"strings"
	"testing"
)

// TestRootsAreOptional loads a definition with and without a roots.sql.
func TestRootsAreOptional(t *testing.T) {
	files := map[string]string{
		"entity.yaml": "name: things\njobType: THING_JOB\nindex: things\nrootField: thing.id\n",
		"changed.sql": "SELECT id AS _root FROM thing WHERE updated_at >= :from AND updated_at < :to",
		"rows.sql":    "SELECT id AS _root FROM thing WHERE id IN (:ids)",
	}
	named := func(roots string) (Definition, error) {
		dir := t.TempDir()
		own := maps.Clone(files)
		if roots != "" {
			own["roots.sql"] = roots
		}
		write(t, dir, "things", own)
		defs, err := Load(dir)
		for _, d := range defs {
			if d.Name == "things" {
				return d, err
			}
		}
		return Definition{}, err
	}
	d, err := named("")
	if err != nil || !d.Roots.Empty() || d.RootField != "thing.id" {
		t.Errorf("%+v, %v", d, err)
	}
	d, err = named("SELECT id AS _root FROM thing WHERE id > :after AND id <= :upto -- all\n")
	if err != nil || d.Roots.Empty() {
		t.Fatal(err)
	}
	if text, args := d.Roots.Bind(map[string][]any{"after": {1}, "upto": {2}}); strings.Count(text, "?") != 2 || len(args) != 2 {
		t.Errorf("%s %v", text, args)
	}
	if _, err = named("SELECT id AS _root FROM thing WHERE id > :after"); err == nil || !strings.Contains(err.Error(), "roots.sql: parameter :upto is missing") {
		t.Errorf("%v", err)
	}
}
