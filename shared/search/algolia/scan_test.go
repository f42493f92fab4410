package algolia

import (
	"encoding/json"
	"strings"
	"testing"
)

// FuzzTextAt compares the account that a hit is checked by with what the standard decoder
// reads at that path.
func FuzzTextAt(f *testing.F) {
	for _, hit := range []string{
		`{"account":"acme"}`, `{"account" : "ac\u006de" }`, `{"acc\u006funt":"acme","x":[{"account":"b"}]}`, `{"account":"a","account":"b"}`,
		`{"account":"a","account":null}`, `{"account":7}`, `{"account":{"account":"acme"}}`, `{"owner":{"account":"acme"}}`, `{"owner":{"account":"a"},"owner":{}}`,
		`{"owner":"x"}`, `{"owner":null}`, `{}`, `[]`, `"account"`, `{"account":""}`, "{\"account\":\"\xff\"}", `{"account":"\ud800"}`, `{"account":"\\\"}"}`, ` { "a" : 1 , "account":"é" } `,
	} {
		f.Add([]byte(hit), "account")
		f.Add([]byte(hit), "owner.account")
	}
	f.Fuzz(func(t *testing.T, hit []byte, path string) {
		if !json.Valid(hit) {
			return
		}
		var at any
		if err := json.Unmarshal(hit, &at); err != nil {
			return // such as a number that no float holds
		}
		for name := range strings.SplitSeq(path, ".") {
			object, _ := at.(map[string]any)
			at = object[name]
		}
		want, _ := at.(string)
		if got := textAt(hit, path); got != want {
			t.Errorf("%q of %s is %q; want %q", path, hit, got, want)
		}
	})
}
