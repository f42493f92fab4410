package filter

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func has(attr, value string) Condition { return Condition{Attr: attr, Value: value, Score: 1} }

func not(c Condition) Condition { c.Not = true; return c }

func num(attr string, op Op, low float64) Condition {
	return Condition{Kind: Numeric, Attr: attr, Op: op, Low: low, Score: 1}
}

func tagged(value string) Condition {
	return Condition{Kind: Tag, Attr: "_tags", Value: value, Score: 1}
}

func TestParse(t *testing.T) {
	scored := has("a", "1")
	scored.Score = 3
	between := num("price", Between, 5.99)
	between.High = 100
	tests := []struct {
		text string
		want Filter
	}{
		{"", nil},
		{"a:1", Filter{{has("a", "1")}}},
		{"a:1 AND (b:2 OR b:3)", Filter{{has("a", "1")}, {has("b", "2"), has("b", "3")}}},
		{"x:1 AND y:2 OR z:3 AND a:4", Filter{{has("x", "1")}, {has("y", "2"), has("z", "3")}, {has("a", "4")}}},
		{"(a:1 OR b:2) AND c:3", Filter{{has("a", "1"), has("b", "2")}, {has("c", "3")}}},
		{"NOT a:1", Filter{{not(has("a", "1"))}}},
		{`"full name":"John \"X\" Doe"`, Filter{{has("full name", `John "X" Doe`)}}},
		{`a:'OR'`, Filter{{has("a", "OR")}}},
		{"price > 12.5 AND price<=20", Filter{{num("price", Greater, 12.5)}, {num("price", LessEqual, 20)}}},
		{"price:5.99 TO 100", Filter{{between}}},
		{"price != -3", Filter{{num("price", NotEqual, -3)}}},
		{"published", Filter{{tagged("published")}}},
		{"_tags:published OR user_1", Filter{{tagged("published"), tagged("user_1")}}},
		{"a:1<score=3>", Filter{{scored}}},
		{"a:-1", Filter{{not(has("a", "1"))}}},
		{"((a:1 OR a:2) OR a:3)", Filter{{has("a", "1"), has("a", "2"), has("a", "3")}}},
	}
	for _, tt := range tests {
		got, err := Parse(tt.text)
		if err != nil {
			t.Errorf("Parse(%q): %v", tt.text, err)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("Parse(%q): %s", tt.text, diff)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, text := range []string{
		"A:1 OR (B:2 AND C:3)", "NOT (a:1 OR a:2)", "(a:1 AND (b:2 OR c:3))", "num=3 OR tag1",
		"a:1 OR num>2", "a:", ":1", "a:1 AND", "AND a:1", "a:1 b:2", "price > x", `a:"x`, "(a:1", "a:1)",
		"a:1<score=x>", "a:1 TO",
	} {
		if got, err := Parse(text); err == nil {
			t.Errorf("Parse(%q) = %v, want an error", text, got)
		}
	}
}

func TestArrays(t *testing.T) {
	tests := []struct {
		name  string
		read  func(any) (Filter, error)
		value any
		want  Filter
	}{
		{"flat", FromFacets, []any{"a:1", "b:2"}, Filter{{has("a", "1")}, {has("b", "2")}}},
		{"nested", FromFacets, []any{[]any{"a:1", "a:2"}, "b:x:y"}, Filter{{has("a", "1"), has("a", "2")}, {has("b", "x:y")}}},
		{"negated", FromFacets, []any{"a:-1", `a:\-1`}, Filter{{not(has("a", "1"))}, {has("a", "-1")}}},
		{"text", FromFacets, "A:1,(B:2,C:3)", Filter{{has("A", "1")}, {has("B", "2"), has("C", "3")}}},
		{"numeric", FromNumerics, []any{[]any{"p>1", "p = 0"}, "q:5"}, Filter{{num("p", Greater, 1), num("p", Equal, 0)}, {num("q", Equal, 5)}}},
		{"tags", FromTags, "t1,(t2,t3)", Filter{{tagged("t1")}, {tagged("t2"), tagged("t3")}}},
	}
	for _, tt := range tests {
		got, err := tt.read(tt.value)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
	}
	for _, value := range []any{1.0, []any{1.0}, []any{[]any{[]any{"a:1"}}}, "nocolon"} {
		if got, err := FromFacets(value); err == nil {
			t.Errorf("FromFacets(%v) = %v, want an error", value, got)
		}
	}
}

// FuzzParse checks that no text makes the parsers panic and that a group never
// mixes kinds.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"a:1 AND (b:2 OR NOT b:3)", "p:1 TO 2", `"x y":'z'`, "t<score=2>", "(((", "a!=1", "a,(b,c),d"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		filter, err := Parse(text)
		if err != nil {
			filter, _ = FromFacets(text)
		}
		for _, group := range filter {
			for _, c := range group {
				if c.Kind != group[0].Kind {
					t.Fatalf("%q mixes kinds", text)
				}
			}
		}
		_, _ = FromNumerics(text)
		_, _ = FromTags(text)
	})
}
