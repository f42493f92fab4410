package algolia_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/shared/search"
)

// A term is one condition as the test thinks of it: how it is written, and
// which records it holds for. It shares nothing with the grammar it judges.
type term struct {
	text  string
	value bool // by value, else by number
	holds func(r map[string]any) bool
}

// dice draws terms and filters.
type dice struct{ *rand.Rand }

var colors = []string{"red", "dark red", `"quoted"`, "it's", "a(b)", "x OR y", "-minus", `back\slash`, "é", "AND", "a:b", "a<b"}

// quoted writes a value in one of the ways that callers may.
func (d dice) quoted(v string) string {
	if strings.Trim(v, "abcdefghijklmnopqrstuvwxyz-é") == "" && d.IntN(2) == 0 {
		return v
	}
	mark := []string{`"`, `'`}[d.IntN(2)]
	return mark + strings.NewReplacer(`\`, `\\`, mark, `\`+mark).Replace(v) + mark
}

// byValue draws a comparison of a text.
func (d dice) byValue() term {
	field, v := "color", colors[d.IntN(len(colors))]
	switch d.IntN(4) {
	case 0:
		field, v = "status", []string{"LOST", "DAMAGED", "NONE"}[d.IntN(3)]
	case 1:
		field, v = "account", []string{"acme", "other"}[d.IntN(2)]
	}
	return term{field + d.space() + ":" + d.space() + d.quoted(v), true, func(r map[string]any) bool { return r[field] == v }}
}

// byNumber draws a comparison of a number.
func (d dice) byNumber() term {
	field := []string{"size", "at"}[d.IntN(2)]
	low := d.IntN(12) - 1
	if d.IntN(4) == 0 {
		high := low + d.IntN(6)
		return term{fmt.Sprintf("%s:%d TO %d", field, low, high), false, func(r map[string]any) bool {
			v, ok := r[field].(int)
			return ok && v >= low && v <= high
		}}
	}
	op := []string{"<", "<=", "=", "!=", ">=", ">"}[d.IntN(6)]
	return term{field + d.space() + op + d.space() + fmt.Sprint(low), false, func(r map[string]any) bool {
		v, ok := r[field].(int)
		return ok && map[string]bool{"<": v < low, "<=": v <= low, "=": v == low, "!=": v != low, ">=": v >= low, ">": v > low}[op]
	}}
}

// space draws white space, mostly none.
func (d dice) space() string { return []string{"", "", " ", "\t", "  "}[d.IntN(5)] }

// negated negates a term now and then.
func (d dice) negated(t term) term {
	if !t.value || d.IntN(4) > 0 {
		return t
	}
	return term{"NOT " + t.text, true, func(r map[string]any) bool { return !t.holds(r) }}
}

// filter draws an AND of OR groups, with brackets where they may stand.
func (d dice) filter() term {
	var groups []term
	for range 1 + d.IntN(3) {
		draw := d.byValue
		if d.IntN(3) == 0 {
			draw = d.byNumber
		}
		var parts []term
		var texts []string
		for range 1 + d.IntN(3) {
			part := d.negated(draw())
			parts = append(parts, part)
			if d.IntN(5) == 0 {
				part.text = "(" + part.text + ")"
			}
			texts = append(texts, part.text)
		}
		text := strings.Join(texts, " OR ")
		if d.IntN(2) == 0 {
			text = "(" + d.space() + text + d.space() + ")"
		}
		groups = append(groups, term{text: text, holds: func(r map[string]any) bool {
			return slices.ContainsFunc(parts, func(p term) bool { return p.holds(r) })
		}})
	}
	var texts []string
	for _, g := range groups {
		texts = append(texts, g.text)
	}
	return term{text: strings.Join(texts, " AND "), holds: func(r map[string]any) bool {
		return !slices.ContainsFunc(groups, func(g term) bool { return !g.holds(r) })
	}}
}

// stock is small data with every value, for two accounts.
func stock() []map[string]any {
	d := dice{rand.New(rand.NewPCG(1, 1))}
	var all []map[string]any
	for i := range 80 {
		r := map[string]any{"objectID": fmt.Sprintf("%02d", i), "account": []string{"acme", "other"}[i%2], "color": colors[d.IntN(len(colors))], "status": []string{"LOST", "DAMAGED"}[d.IntN(2)], "at": d.IntN(10)}
		if i%5 > 0 {
			r["size"] = d.IntN(10)
		}
		all = append(all, r)
	}
	return all
}

// judge compares what the index finds behind the tenant filter with what the term, asked
// about every record of the account, holds for.
func (b *bed) judge(t *testing.T, records []map[string]any, f term) {
	t.Helper()
	parsed, err := b.schema.ParseFilter("filters", f.text)
	if err != nil {
		t.Fatalf("%s: %v", f.text, err)
	}
	q := query()
	q.Filter = parsed
	results, err := b.Search(t.Context(), tenantFilter("acme"), []search.Query{q})
	if err != nil {
		t.Fatalf("%s became %s: %v", f.text, parsed, err)
	}
	var hits []struct{ ObjectID string }
	if err := json.Unmarshal(results[0]["hits"], &hits); err != nil {
		t.Fatal(err)
	}
	var got, want []string
	for _, h := range hits {
		got = append(got, h.ObjectID)
	}
	for _, r := range records {
		if r["account"] == "acme" && f.holds(r) {
			want = append(want, r["objectID"].(string))
		}
	}
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("%s became %s (-want +got):\n%s", f.text, parsed, diff)
	}
}

// TestFiltersMeanWhatTheySay draws filters and asks for them.
func TestFiltersMeanWhatTheySay(t *testing.T) {
	records := stock()
	b := newBed(t, records, nil)
	for seed := range 600 {
		b.judge(t, records, dice{rand.New(rand.NewPCG(uint64(seed), 7))}.filter())
	}
}

// FuzzFiltersMeanWhatTheySay draws filters from the fuzzer's seeds.
func FuzzFiltersMeanWhatTheySay(f *testing.F) {
	f.Add(uint64(1), uint64(2))
	records := stock()
	b := newBed(f, records, nil)
	f.Fuzz(func(t *testing.T, x, y uint64) {
		b.judge(t, records, dice{rand.New(rand.NewPCG(x, y))}.filter())
	})
}
