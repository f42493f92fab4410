package browser

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/rehearsal"
)

// outcome is what the official client made of a call.
type outcome struct {
	Status  int    // of a refusal; 0 of an answer
	Message string // of a refusal
	Results []struct {
		NbHits int
		Hits   []struct{ Account, ObjectID string }
		Facets map[string]map[string]int
	}
}

// ask asks the index with the official client and a key.
func (p *Page) ask(t *testing.T, key string, requests ...map[string]any) outcome {
	t.Helper()
	text, err := json.Marshal(requests)
	if err != nil {
		t.Fatal(err)
	}
	return Value[outcome](p, fmt.Sprintf(`connect(%q).search(%s).then(
		({results}) => ({results}), ({status, message}) => ({status: status ?? -1, message}))`, key, text))
}

// in is a request to an index.
func in(index string, params map[string]any) map[string]any {
	if params == nil {
		params = map[string]any{}
	}
	params["indexName"] = index
	return params
}

// TestKeyWithTheOfficialClient uses a key of POST /key with Algolia's own client
// in a browser: it answers, and only about its tenant.
func TestKeyWithTheOfficialClient(t *testing.T) {
	w := enter(t)
	config := w.straight(t)
	key := config["key"].(string)
	p := w.frontEnd(t, config)
	p.Until("the page", `typeof connect === "function"`)
	mine := w.count(t, own, "TRUE")

	for name, params := range map[string]map[string]any{
		"everything":      {"hitsPerPage": 1000, "facets": []string{"*"}},
		"the rival's":     {"hitsPerPage": 1000, "facets": []string{"*"}, "filters": "account:" + rival},
		"either's":        {"hitsPerPage": 1000, "facets": []string{"*"}, "filters": "account:" + own + " OR account:" + rival},
		"not ours":        {"hitsPerPage": 1000, "facets": []string{"*"}, "filters": "NOT account:" + own},
		"by a list":       {"hitsPerPage": 1000, "facets": []string{"*"}, "facetFilters": []any{[]string{"account:" + own, "account:" + rival}}},
		"by an own text":  {"hitsPerPage": 1000, "facets": []string{"*"}, "filters": `account:"x" OR NOT account:"y"`},
		"the tenants":     {"facets": []string{"account"}, "hitsPerPage": 1000},
		"another's words": {"query": w.most1(t, rival, "r.customer_order_number"), "hitsPerPage": 1000},
	} {
		for _, index := range []string{"es_prod", replica} {
			o := p.ask(t, key, in(index, params))
			if o.Status != 0 || len(o.Results) != 1 {
				t.Fatalf("%s: %+v", name, o)
			}
			r := o.Results[0]
			for _, h := range r.Hits {
				if h.Account != own {
					t.Errorf("%s: a hit of %s: %s", name, h.Account, h.ObjectID)
				}
			}
			if r.NbHits > mine || r.NbHits != len(r.Hits) {
				t.Errorf("%s: %d hits of %d, we have %d", name, len(r.Hits), r.NbHits, mine)
			}
			for facet, values := range r.Facets {
				for value, n := range values {
					if n > mine || facet == "account" && value != own || w.theirs(t, facet, value) {
						t.Errorf("%s: %s has %s %d times", name, facet, value, n)
					}
				}
			}
			if name == "everything" && r.NbHits != mine {
				t.Errorf("%d hits; we have %d", r.NbHits, mine)
			}
		}
	}
	facet := p.ask(t, key, map[string]any{"indexName": "es_prod", "type": "facet", "facet": "courier", "facetQuery": "DHL"})
	if facet.Status != 0 || strings.Contains(Value[string](p, fmt.Sprintf(`connect(%q).search([{indexName: "es_prod", type: "facet", facet: "courier", facetQuery: "DHL"}]).then(JSON.stringify)`, key)), `"DHL"`) {
		t.Errorf("the rival's courier can be found: %+v", facet)
	}
}

// theirs reports whether a value of a facet is the rival's and not ours.
func (w *world) theirs(t *testing.T, facet, value string) bool {
	column := map[string]string{"courier": "r.courier_name", "channel": "r.external_channel_id", "dropLocation": "r.drop_location_code"}[facet]
	return column != "" && w.count(t, own, column+" = ?", value) == 0
}

// most1 returns the value that an account has most often.
func (w *world) most1(t *testing.T, account, column string) string {
	return w.list(t, "SELECT "+column+from+"TRUE GROUP BY 1 ORDER BY COUNT(*) DESC, 1 LIMIT 1", account)[0]
}

// TestKeyIsRefused changes a key in every way that its holder could, and asks
// for more than it gives.
func TestKeyIsRefused(t *testing.T) {
	w := enter(t)
	config := w.straight(t)
	key := config["key"].(string)
	p := w.frontEnd(t, config)
	p.Until("the page", `typeof connect === "function"`)
	signature, restrictions := taken(t, key)
	widened := strings.Replace(string(restrictions), hex.EncodeToString([]byte(own)), hex.EncodeToString([]byte(rival)), 1)
	late := restrictions.with(t, "validUntil", fmt.Sprint(time.Now().Add(-time.Minute).Unix()))
	for name, c := range map[string]struct{ key, index string }{
		"another index":           {key, "es_prod_2"},
		"every index":             {key, "*"},
		"a replica of no sort":    {key, "es_prod_createdAt_desc"},
		"changed filters":         {encoded(signature, widened), "es_prod"},
		"no restrictions":         {encoded(signature, ""), "es_prod"},
		"a longer life":           {encoded(signature, string(restrictions.with(t, "validUntil", fmt.Sprint(time.Now().Add(24*time.Hour).Unix())))), "es_prod"},
		"expired":                 {signed(rehearsal.SearchKey, string(late)), "es_prod"},
		"made from another key":   {signed("another", string(restrictions)), "es_prod"},
		"made from the key":       {signed(key, string(restrictions)), "es_prod"},
		"made from the admin key": {signed(rehearsal.AdminKey, string(restrictions)), "es_prod"},
		"no key at all":           {"x", "es_prod"},
	} {
		if o := p.ask(t, c.key, in(c.index, nil)); o.Status != 403 {
			t.Errorf("%s: %d %s, %d results", name, o.Status, o.Message, len(o.Results))
		}
	}
	// What signs here is right, or the refusals above would mean nothing.
	if o := p.ask(t, signed(rehearsal.SearchKey, string(restrictions)), in("es_prod", nil)); o.Status != 0 || o.Results[0].NbHits != w.count(t, own, "TRUE") {
		t.Errorf("signed anew: %+v", o)
	}
	for _, c := range p.Complaints() {
		if !strings.Contains(c, "403") { // the browser reports each refusal
			t.Errorf("the page complains: %s", c)
		}
	}
}

// terms are the restrictions of a key, a URL's query.
type terms string

// taken takes a key apart.
func taken(t *testing.T, key string) (signature string, restrictions terms) {
	t.Helper()
	text, err := base64.StdEncoding.DecodeString(key)
	if err != nil || len(text) <= 64 {
		t.Fatalf("%q is no key: %v", key, err)
	}
	return string(text[:64]), terms(text[64:])
}

// with returns the restrictions with one replaced, which has to be there.
func (r terms) with(t *testing.T, name, value string) terms {
	t.Helper()
	values, err := url.ParseQuery(string(r))
	if err != nil || !values.Has(name) {
		t.Fatalf("%s has no %s: %v", r, name, err)
	}
	values.Set(name, value)
	return terms(values.Encode())
}

// encoded puts a key together.
func encoded(signature, restrictions string) string {
	return base64.StdEncoding.EncodeToString([]byte(signature + restrictions))
}

// signed makes a key as the service documents it.
func signed(parent, restrictions string) string {
	mac := hmac.New(sha256.New, []byte(parent))
	mac.Write([]byte(restrictions))
	return encoded(hex.EncodeToString(mac.Sum(nil)), restrictions)
}
