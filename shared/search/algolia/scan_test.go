package algolia

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/shared/search"
)

// FuzzTextAt compares the account that a hit is checked by with what the standard decoder
// reads at that path, and what is no JSON with what that decoder takes for none.
func FuzzTextAt(f *testing.F) {
	for _, hit := range []string{
		`{"account":"acme"}`, `{"account" : "ac\u006de" }`, `{"acc\u006funt":"acme","x":[{"account":"b"}]}`, `{"account":"a","account":"b"}`,
		`{"account":"a","account":null}`, `{"account":7}`, `{"account":{"account":"acme"}}`, `{"owner":{"account":"acme"}}`, `{"owner":{"account":"a"},"owner":{}}`,
		`{"owner":"x"}`, `{"owner":null}`, `{}`, `[]`, `"account"`, `{"account":""}`, "{\"account\":\"\xff\"}", `{"a":[1,-0.5e+7,true,false,null,{}],"b":[]}`, `[01]`, `[1.]`, `[-]`, `[1e]`, `["\u12"]`, `["\x"]`, `{"a":1,}`, `[1,]`, `{"a" 1}`, `{1:2}`, `nul`, "[\"\n\"]", `{} {}`, ``, `[`, `{"a"`, `{"account":"\ud800"}`, `{"account":"\\\"}"}`, ` { "a" : 1 , "account":"é" } `,
	} {
		f.Add([]byte(hit), "account")
		f.Add([]byte(hit), "owner.account")
	}
	f.Fuzz(func(t *testing.T, hit []byte, name string) {
		whole := at{b: hit}
		text, end := whole.textAt(whole.space(0), path(name))
		if valid := end != broken && whole.space(end) == len(hit); valid != json.Valid(hit) {
			t.Fatalf("%q: valid is %v", hit, valid)
		} else if !valid {
			return
		}
		var value any
		if err := json.Unmarshal(hit, &value); err != nil {
			return // such as a number that no float holds
		}
		for part := range strings.SplitSeq(name, ".") {
			object, _ := value.(map[string]any)
			value = object[part]
		}
		want, _ := value.(string)
		if string(text) != want {
			t.Errorf("%q of %s is %q; want %q", name, hit, text, want)
		}
	})
}

// FuzzRead compares the hits that stay of an answer with those that the standard decoder
// finds to be the account's own.
func FuzzRead(f *testing.F) {
	for _, hits := range []string{
		`[]`, `[{"account":"acme"}]`, `[{"account":"b"}]`, `[ {"account":"b"} , {"account":"acme","x":"]},{"} , {"account":"b"},{"account":"acme"} ]`,
		`[{"account":"acme"},{"account":"acme"},{"account":"Acme"}]`, `[{"account":["acme"]},{"account":"\u0061cme"},7,null,[]]`, `[{"account":"b","account":"acme"},{"account":"acme","account":"b"}]`, `null`, `{}`,
	} {
		f.Add([]byte(`{"results":[{"hits":` + hits + `,"nbHits":3,"page":0}],"x":1}`))
		f.Add([]byte(` {"results" : [ {"nbHits":9,"hits":` + hits + ` , "hits":` + hits + `} , {"hits":` + hits + `}]} `))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var top map[string]json.RawMessage
		var want []map[string]json.RawMessage
		valid := json.Unmarshal(text, &top) == nil && json.Unmarshal(top["results"], &want) == nil
		asked := bytes.Clone(text)
		got, err := read(text, search.TenantFilter{Field: "account", Accounts: []string{"acme"}})
		if err != nil {
			return // such as hits that are no list
		}
		if !valid || len(got) != len(want) {
			t.Fatalf("%q has %d results; want %d, valid %v", asked, len(got), len(want), valid)
		}
		for i, r := range got {
			var all, stay []json.RawMessage
			if err := json.Unmarshal(r.Result["hits"], &stay); err != nil && r.Result["hits"] != nil {
				t.Fatalf("%q: hits %s, %v", asked, r.Result["hits"], err)
			}
			_ = json.Unmarshal(want[i]["hits"], &all)
			own := 0
			for _, hit := range all {
				var h map[string]any
				_ = json.Unmarshal(hit, &h) // a hit that is no object has no account
				if h["account"] != "acme" {
					continue
				}
				if own++; own > len(stay) || !bytes.Equal(hit, stay[own-1]) {
					t.Fatalf("%q: hit %d of those that stay is not %s: %s", asked, own, hit, r.Result["hits"])
				}
			}
			if own != len(stay) || r.own != own || r.total != len(all) {
				t.Fatalf("%q: %d of %d hits are the account's, %d stay, counted %d of %d", asked, own, len(all), len(stay), r.own, r.total)
			}
		}
	})
}
