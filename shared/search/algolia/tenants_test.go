package algolia_test

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/search"
)

// confusable are accounts that an index which folds letters, or a filter whose text
// is read again, could take for one another.
var confusable = []string{
	"amberlane", "AMBERLANE", "Amberlane", "aMBERLANE", "amberlane ", " amberlane", "amber lane", "amber  lane", "amber\tlane", "amberlane.", "amberlané", "ámberlane",
	"strasse", "straße", "STRASSE", "STRAẞE", "istanbul", "İstanbul", "ISTANBUL", "ıstanbul", "kelvin", "Kelvin", "KELVIN",
	"ａｃｍｅ", "acme", "ＡＣＭＥ", "аcme", "ﬁsh", "fish", "FISH", "e\u0301", "é", "E\u0301", "ΣΑΣ", "σασ", "σας", "Å", "Å", "Ω", "Ω",
	"-x", "x", "\\-x", "--x", "NOT x", "not x", "a:b", "A:B", "accountKey:x", `"`, `\"`, `""`, `'`, "''", `x" OR account:"amberlane`, "(x)", "[x]", "{x}", "x,y", "x y", "<x>", "*", "amber*",
	"1", "01", "1.0", "1e0", "true", "TRUE", "null", "a616d", "A616D", "616d", "a1", "%61cme", "acme\u200b", "acme\u00a0", "acme\u0000", "名前", "नाम", "😀", "😁",
	strings.Repeat("long", 50), strings.Repeat("long", 50) + "x", strings.Repeat("LONG", 50),
}

// nasty are the letters of invented accounts.
var nasty = []rune("aAbBkK\u212AsSſßẞiIİıéE\u0301\u0327-_:\"'\\ .,()09ａＡ\u200d")

// tenants returns distinct accounts: those above and invented ones.
func tenants() []string {
	random := rand.New(rand.NewSource(7)) //nolint:gosec // a test that replays
	seen, list := map[string]bool{}, []string{}
	add := func(account string) {
		if !seen[account] {
			seen[account] = true
			list = append(list, account)
		}
	}
	for _, account := range confusable {
		add(account)
	}
	for len(list) < len(confusable)+80 {
		letters := make([]rune, 1+random.Intn(4))
		for i := range letters {
			letters[i] = nasty[random.Intn(len(nasty))]
		}
		add(string(letters))
	}
	return list
}

// answer is what a caller sees of an index.
type answer struct {
	NbHits int
	Hits   []struct{ ObjectID, Account, AccountKey string }
	Facets map[string]map[string]int
	Stats  map[string]struct{ Min, Max float64 } `json:"facets_stats"`
	Values []struct{ Value string }              `json:"facetHits"`
}

// holds demands that an answer is about account i alone, which has two records.
func (a answer) holds(t *testing.T, what string, i int, account string) {
	t.Helper()
	if a.NbHits != 2 || len(a.Hits) != 2 {
		t.Errorf("%s of %q: nbHits %d, %d hits; want 2", what, account, a.NbHits, len(a.Hits))
	}
	for _, h := range a.Hits {
		if h.Account != account || h.AccountKey != "" {
			t.Errorf("%s of %q: a hit of %q with key %q", what, account, h.Account, h.AccountKey)
		}
	}
	if len(a.Facets["color"]) != 1 || a.Facets["color"][mark(i)] != 2 || a.Facets["account"] != nil || a.Facets["accountKey"] != nil {
		t.Errorf("%s of %q: facets %v", what, account, a.Facets)
	}
	if s := a.Stats["size"]; s.Min != float64(i) || s.Max != float64(i) {
		t.Errorf("%s of %q: stats %v, want %d alone", what, account, a.Stats, i)
	}
}

// mark is a text that only records of account i have.
func mark(i int) string { return fmt.Sprintf("mark%d", i) }

// town fills an index with two records of every account.
func town(t *testing.T, accounts []string) *bed {
	t.Helper()
	var all []map[string]any
	for i, account := range accounts {
		for n := range 2 {
			all = append(all, map[string]any{"objectID": fmt.Sprintf("t%d-%d", i, n), "account": account, "color": mark(i), "name": "shoe " + mark(i), "size": i, "at": n})
		}
	}
	return newBed(t, all, nil)
}

// TestNoTwoAccountsMeet asks for everything in the name of every account: hits,
// counts, facets, sums, values of facets, and each of the others' records by id.
func TestNoTwoAccountsMeet(t *testing.T) {
	accounts := tenants()
	b := town(t, accounts)
	for i, account := range accounts {
		q := query()
		q.Options["facets"] = []string{"color", "size"}
		typed := search.Query{Facet: "color", FacetText: "mark", Options: map[string]any{"maxFacetHits": 100}}
		results, err := b.Search(t.Context(), tenantFilter(account), []search.Query{q, typed})
		if err != nil {
			t.Fatalf("%q: %v", account, err)
		}
		var a, values answer
		for n, into := range []*answer{&a, &values} {
			text, err := json.Marshal(results[n])
			if err == nil {
				err = json.Unmarshal(text, into)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		a.holds(t, "a search", i, account)
		if len(values.Values) != 1 || values.Values[0].Value != mark(i) {
			t.Errorf("values of a facet of %q: %v", account, values.Values)
		}
		for n := range 8 { // itself, and its neighbours, which are its like
			other := (i + n) % len(accounts)
			record, err := b.Record(t.Context(), tenantFilter(account), fmt.Sprintf("t%d-0", other))
			if mine := other == i; mine && (err != nil || strings.Contains(string(record), `"accountKey":`)) || !mine && fault.KindOf(err) != fault.NotFound {
				t.Fatalf("%q reads a record of %q: %s, %v", account, accounts[other], record, err)
			}
		}
	}
}

// TestNoKeyOfOneAccountFindsAnother asks the index itself with a key of every
// account.
func TestNoKeyOfOneAccountFindsAnother(t *testing.T) {
	accounts := tenants()
	b := town(t, accounts)
	ask := func(key, path, body string) (a answer) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.url+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Algolia-Application-Id", "APP")
		req.Header.Set("X-Algolia-API-Key", key)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil || res.StatusCode != http.StatusOK || json.Unmarshal(text, &a) != nil {
			t.Fatalf("%d %s, %v", res.StatusCode, text, err)
		}
		return a
	}
	for i, account := range accounts {
		k, err := b.Key(tenantFilter(account), time.Now().Add(time.Hour), "u")
		if err != nil {
			t.Fatalf("%q: %v", account, err)
		}
		ask(k.APIKey, "/1/indexes/things/query", `{"hitsPerPage":1000,"facets":["*","size"],"attributesToRetrieve":["*","accountKey"],"attributesToHighlight":["*"]}`).holds(t, "a key's search", i, account)
		if v := ask(k.APIKey, "/1/indexes/things/facets/color/query", `{"facetQuery":"mark"}`); len(v.Values) != 1 || v.Values[0].Value != mark(i) {
			t.Errorf("a key's values of a facet of %q: %v", account, v.Values)
		}
	}
}

// TestIndexWithoutAccountKeys asks an index whose records were pushed before they
// carried the account's key: counts that cannot be separated are not shown.
func TestIndexWithoutAccountKeys(t *testing.T) {
	b := newBed(t, accounts(), nil)
	old := func(account string) search.TenantFilter {
		return search.TenantFilter{Field: "account", Accounts: []string{account}}
	}
	for account, want := range map[string]int{"acme": 3, "Acme": 1, "ACME": 1, "other": 1} {
		q := query()
		q.Options["facets"] = []string{"status"}
		results, err := b.Search(t.Context(), old(account), []search.Query{q})
		if err != nil {
			t.Fatal(err)
		}
		r := results[0]
		var hits []struct{ Account string }
		if err := json.Unmarshal(r["hits"], &hits); err != nil || len(hits) != want || hits[0].Account != account {
			t.Errorf("%s: %s, %v", account, r["hits"], err)
		}
		for name := range r {
			if !slices.Contains([]string{"hits", "page", "hitsPerPage", "query", "processingTimeMS", "countsWithheld"}, name) {
				t.Errorf("%s: %s is told: %s", account, name, r[name])
			}
		}
		if string(r["countsWithheld"]) != "true" {
			t.Errorf("%s: nothing says that counts are withheld", account)
		}
		if _, err := b.Search(t.Context(), old(account), []search.Query{{Facet: "color"}}); fault.KindOf(err) != fault.Retry || fault.CodeOf(err) != "rebuild-needed" {
			t.Errorf("%s: values of a facet: %v", account, err)
		}
		if k, err := b.Key(old(account), time.Now().Add(time.Hour), "u"); fault.CodeOf(err) != "rebuild-needed" || k.APIKey != "" {
			t.Errorf("%s: a key: %v", account, err)
		}
	}
	first := query()
	first.HitsPerPage = 1 // the first hit is of acme
	if results, err := b.Search(t.Context(), old("ACME"), []search.Query{first}); fault.CodeOf(err) != "rebuild-needed" {
		t.Errorf("a page of which nothing is left looks like no hits: %s, %v", results, err)
	}
	if _, err := b.Record(t.Context(), old("ACME"), "r0"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a record of another account: %v", err)
	}
}
