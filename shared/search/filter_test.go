package search_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/search"
)

// TestFiltersAreBuiltAnew compares what callers write with what the index is asked.
func TestFiltersAreBuiltAnew(t *testing.T) {
	s := newSchema(t)
	for text, want := range map[string]string{
		``:                                      ``,
		` `:                                     ``,
		`status:LOST`:                           `status:"LOST"`,
		`status:'a b'`:                          `status:"a b"`,
		`status:"a\"b"`:                         `status:"a\"b"`,
		`status:'a"b'`:                          `status:"a\"b"`,
		`status:"a\\"`:                          `status:"a\\"`,
		`status : "OR"`:                         `status:"OR"`,
		`"status":"x"`:                          `status:"x"`,
		`status:-x`:                             `status:"-x"`,
		`NOT status:x`:                          `NOT status:"x"`,
		`status:a OR status:b AND courier:c`:    `(status:"a" OR status:"b") AND courier:"c"`,
		`status:a AND (courier:b OR courier:c)`: `status:"a" AND (courier:"b" OR courier:"c")`,
		`((status:a OR (NOT courier:b)))`:       `(status:"a" OR NOT courier:"b")`,
		`updatedAt >= 5`:                        `updatedAt>=5`,
		`updatedAt>=5 OR amount != -1.5e2`:      `(updatedAt>=5 OR amount!=-150)`,
		`amount:1 TO 3`:                         `amount:1 TO 3`,
		`NOT amount = 3`:                        `NOT amount=3`,
		`amount:7`:                              `amount=7`,
		`updatedAt >= "2026-11-01T00:00:00Z"`:   `updatedAt>=1793491200000`,
		`updatedAt:"2026-11-01" TO "2026-11-01T05:30:00+05:30"`: `updatedAt:1793491200000 TO 1793491200000`,
		`account:other`:           `account:"other"`,
		"status:é\tAND\nsecret:x": `status:"é" AND secret:"x"`,
	} {
		f, err := s.ParseFilter("filters", text)
		if err != nil || f.String() != want {
			t.Errorf("%s: %s, %v; want %s", text, f, err, want)
		}
	}
}

func TestFiltersAreRefused(t *testing.T) {
	s := newSchema(t)
	for _, text := range []string{
		`x`, `status`, `status:`, `:x`, `unknown:x`, `unknown>1`, `status>1`, `updatedAt>x`, `updatedAt>"1 OR 2"`, `updatedAt:1 TO`, `updatedAt:1 TO x`, `status:a TO b`,
		`status:a status:b`, `status:a AND`, `OR status:a`, `(status:a`, `status:a)`, `()`, `NOT (status:a)`, `NOT NOT status:a`, `(status:a AND status:b)`, `(status:a) OR (status:b AND status:c)`,
		`status:a OR updatedAt>1`, `status:"a`, `status:a<score=1>`, `_tags:a`, `status:a and status:b`, `amount>1e17`, `amount>Inf`, `amount>0x10`, "status:\x00", "status:\xff",
		`status:"` + strings.Repeat("x", 513) + `"`, strings.Repeat("(", 11) + "status:a" + strings.Repeat(")", 11), strings.Repeat("status:a OR ", 100) + "status:b", strings.Repeat(" ", 8193),
		"status\u00a0:a", "ѕtatus:a", "status：a",
	} {
		f, err := s.ParseFilter("filters", text)
		var refused *fault.Error
		if !errors.As(err, &refused) || refused.Kind != fault.Invalid || refused.Param != "filters" || len(refused.Message) > 500 {
			t.Errorf("%.80q: %v, %v", text, f, err)
		}
	}
}

func TestTenantFilter(t *testing.T) {
	s := newSchema(t)
	tenantFilter := search.TenantFilter{Field: "account", Accounts: []string{"acme", `x" OR account:"y`}}
	f, err := s.ParseFilter("filters", `status:a OR status:b`)
	if err != nil {
		t.Fatal(err)
	}
	want := `(account:"acme" OR account:"x\" OR account:\"y") AND (status:"a" OR status:"b")`
	if got := tenantFilter.Around(f); got != want {
		t.Errorf("%s", got)
	}
	if got := (search.TenantFilter{Field: "account", Accounts: []string{"acme"}}).Around(nil); got != `account:"acme"` {
		t.Errorf("%s", got)
	}
	for _, none := range []search.TenantFilter{{}, {Field: "account"}, {Accounts: []string{"a"}}, {Field: "account", Accounts: []string{"a", ""}}} {
		if fault.KindOf(none.Check()) != fault.Forbidden {
			t.Errorf("%+v filters no tenant and is no error", none)
		}
	}
	holds := func(account string) bool { return tenantFilter.Holds([]byte(account)) }
	if !holds("acme") || holds("Acme") || holds("") || holds("acme ") {
		t.Error("accounts are compared exactly")
	}
}

// FuzzFilter holds whatever is accepted to the form of the index's language: it
// reads back as itself, and its quotes and brackets are closed.
func FuzzFilter(f *testing.F) {
	for _, seed := range []string{`status:a OR (status:"b\"" OR NOT courier:'c') AND updatedAt>=5`, `amount:1 TO 2`, `status:"`, `)(`, `status:\`, "status:a\nOR\tstatus:b"} {
		f.Add(seed)
	}
	s := newSchema(f)
	f.Fuzz(func(t *testing.T, text string) {
		got, err := s.ParseFilter("filters", text)
		if err != nil {
			return
		}
		again, err := s.ParseFilter("filters", got.String())
		if err != nil {
			t.Fatalf("%q became %q, which is refused: %v", text, got, err)
		}
		if diff := cmp.Diff(got.String(), again.String()); diff != "" {
			t.Fatalf("%q (-first +again):\n%s", text, diff)
		}
		if depth, quoted := shape(got.String()); depth != 0 || quoted {
			t.Fatalf("%q became %q, which is not closed", text, got)
		}
	})
}

// shape returns how many brackets are open at the end of a text, -1 if one was
// closed that was not open, and whether a quote is.
func shape(text string) (depth int, quoted bool) {
	for i := 0; i < len(text); i++ {
		switch {
		case quoted && text[i] == '\\':
			i++
		case text[i] == '"':
			quoted = !quoted
		case !quoted && text[i] == '(':
			depth++
		case !quoted && text[i] == ')':
			if depth--; depth < 0 {
				return -1, quoted
			}
		}
	}
	return depth, quoted
}
