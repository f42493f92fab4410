package base

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/shared/report/airtable"
)

// sheet is a small table.
var sheet = Sheet{Name: "T", Key: "Name", Columns: []Column{{airtable.Text("Name"), false}, {airtable.Number("N", 0), true}, {airtable.Text("Mine"), false}}}

func values(n any, mine any) map[string]any { return map[string]any{"Name": "a", "N": n, "Mine": mine} }

func TestCompareOneRow(t *testing.T) {
	for name, test := range map[string]struct {
		mine, theirs, shadow map[string]any
		edit                 map[string]any
		note                 string
		write                map[string]any
	}{
		"nothing changed":                {values(1.0, "x"), values(1.0, "x"), values(1.0, "x"), nil, "", nil},
		"a person changed":               {values(1.0, "x"), values(2.0, "x"), values(1.0, "x"), map[string]any{"N": 2.0}, "", map[string]any{"N": 1.0}},
		"a person cleared":               {values(1.0, "x"), values(nil, "x"), values(1.0, "x"), map[string]any{"N": nil}, "", map[string]any{"N": 1.0}},
		"we changed":                     {values(3.0, "x"), values(1.0, "x"), values(1.0, "x"), nil, "", map[string]any{"N": 3.0}},
		"both changed alike":             {values(2.0, "x"), values(2.0, "x"), values(1.0, "x"), nil, "", nil},
		"both changed":                   {values(3.0, "x"), values(2.0, "x"), values(1.0, "x"), nil, "to 2 in the base and to 3 here: 3 stays", map[string]any{"N": 3.0}},
		"not people's":                   {values(1.0, "x"), values(1.0, "y"), values(1.0, "x"), nil, `Mine of a was changed to "y" and is not people's: put back to "x"`, map[string]any{"Mine": "x"}},
		"spaces":                         {values(1.0, "x"), values(1.0, " x "), values(1.0, "x"), nil, "", nil},
		"not people's, and we changed":   {values(1.0, "z"), values(1.0, "y"), values(1.0, "x"), nil, `put back to "z"`, map[string]any{"Mine": "z"}},
		"a person and we, other columns": {values(1.0, "z"), values(2.0, "x"), values(1.0, "x"), map[string]any{"N": 2.0}, "", map[string]any{"N": 1.0, "Mine": "z"}},
	} {
		row := Row{"a", test.mine}
		p := sheet.compare([]Row{row}, []airtable.Record{{ID: "rec1", Fields: test.theirs}}, []Shadow{{"a", "rec1", test.shadow}}, true)
		var edit map[string]any
		if len(p.edits) > 0 {
			edit = p.edits[0].values
		}
		if diff := cmp.Diff(test.edit, edit); diff != "" || len(p.added)+len(p.gone) != 0 {
			t.Errorf("%s: edit (-want +got):\n%s", name, diff)
		}
		if got := strings.Join(p.notes, "; "); !strings.Contains(got, test.note) || (got == "") != (test.note == "") {
			t.Errorf("%s: note %q", name, got)
		}
		write := sheet.differing(row, p.theirs["a"])
		if len(write) == 0 {
			write = nil
		}
		if diff := cmp.Diff(test.write, write); diff != "" {
			t.Errorf("%s: write (-want +got):\n%s", name, diff)
		}
		// What was noted is seen: the next comparison notes nothing.
		if len(p.seen) > 0 {
			again := sheet.compare([]Row{row}, []airtable.Record{{ID: "rec1", Fields: test.theirs}}, p.seen, true)
			if len(again.notes) != 0 {
				t.Errorf("%s: noted twice: %q", name, again.notes)
			}
		}
	}
}

func TestCompareRows(t *testing.T) {
	record := func(id, name string) airtable.Record {
		return airtable.Record{ID: id, Fields: map[string]any{"Name": name}}
	}
	row := func(name string) Row { return Row{name, map[string]any{"Name": name}} }
	shadow := func(name, id string) Shadow { return Shadow{name, id, map[string]any{"Name": name}} }
	rows := []Row{row("a"), row("b"), row("c"), row("d")}
	theirs := []airtable.Record{record("r1", "a"), record("r2", "b"), record("r3", "b"), record("r4", "new"), record("r5", "old"), record("r6", "d")}
	shadows := []Shadow{shadow("a", "r1"), shadow("b", "r2"), shadow("c", "r7"), {Key: "?r5", Record: "r5"}}
	p := sheet.compare(rows, theirs, shadows, true)
	var added, gone []string
	for _, r := range p.added {
		added = append(added, r.ID)
	}
	gone = keys(p.gone)
	if fmt.Sprintf("%v %v %s", added, gone, p.records["d"]) != "[r3 r4] [c] r6" {
		t.Errorf("added %v, gone %v, adopted %q", added, gone, p.records["d"])
	}
	// A part of the base says nothing about rows that it does not have.
	p = sheet.compare(rows, theirs[:1], shadows, false)
	if len(p.gone) != 0 || p.records["c"] != "r7" || p.records["b"] != "r2" {
		t.Errorf("%+v", p)
	}
	var many []Shadow
	for n := range 8 {
		many = append(many, shadow(fmt.Sprint("n", n), fmt.Sprint("x", n)))
		rows = append(rows, row(fmt.Sprint("n", n)))
	}
	if p := sheet.compare(rows, nil, many, true); !p.accident(rows) || len(p.gone) != 8 {
		t.Errorf("%d of %d rows vanished, which is no accident", len(p.gone), len(rows))
	}
}

// TestCompareConverges changes both sides at random and demands that one round of
// edits and writes makes them equal, with ours where both changed.
func TestCompareConverges(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 7))
	pick := func() map[string]any {
		v := map[string]any{"Name": "a", "Mine": []any{nil, "x", "y"}[random.IntN(3)], "N": []any{nil, 1.0, 2.0}[random.IntN(3)]}
		return v
	}
	for range 2000 {
		mine, theirs, shadow := pick(), pick(), pick()
		p := sheet.compare([]Row{{"a", mine}}, []airtable.Record{{ID: "r", Fields: theirs}}, []Shadow{{"a", "r", shadow}}, true)
		for _, e := range p.edits {
			for column, value := range e.values {
				if !same(mine[column], shadow[column]) {
					t.Fatalf("ours was written over: %v %v %v", mine, theirs, shadow)
				}
				mine[column] = value
			}
		}
		for column, value := range sheet.differing(Row{"a", mine}, p.theirs["a"]) {
			theirs[column] = value
		}
		if len(sheet.differing(Row{"a", mine}, theirs)) != 0 {
			t.Fatalf("%v and %v differ after a round", mine, theirs)
		}
	}
}
