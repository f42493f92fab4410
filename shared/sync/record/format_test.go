package record

import (
	"encoding/json"
	"strings"
	"testing"
)

// keyed is the format of the tests.
var keyed = Format{Account: "account", AccountKey: true}

// TestAccountKey encodes similar accounts: no two keys may be equal to an index that
// folds letters and reads digits as numbers.
func TestAccountKey(t *testing.T) {
	seen := map[string]string{}
	for _, account := range []string{"a", "A", "á", "a\u0301", "a ", " a", "K", "\u212a", "ß", "ss", "İ", "i", "1", "01", "", "\xff", "\xfe", "\uFFFD", "616d", "am"} {
		key := AccountKey(account)
		if key != strings.ToLower(key) || strings.Trim(key, "0123456789abcdef") != "" || key[0] != 'a' {
			t.Errorf("%q: %q can be folded or is a number", account, key)
		}
		if other, twice := seen[key]; twice {
			t.Errorf("%q and %q have one key", account, other)
		}
		seen[key] = account
	}
}

// FuzzAccountKey checks that the key names its account, byte by byte.
func FuzzAccountKey(f *testing.F) {
	f.Add("acme", "ACME")
	f.Add("", "\x00")
	f.Fuzz(func(t *testing.T, one, other string) {
		if (AccountKey(one) == AccountKey(other)) != (one == other) || strings.ToLower(AccountKey(one)) != AccountKey(one) {
			t.Errorf("%q, %q: %s, %s", one, other, AccountKey(one), AccountKey(other))
		}
	})
}

func TestRecordsOfAFormat(t *testing.T) {
	values := row("7", "R7-9", "v", "Acme\xff", "NULL", "NULL", "NULL", "NULL", "NULL", "NULL")
	secret := Format{Account: "account", AccountKey: true, IDs: IDs("secret")}
	for name, c := range map[string]struct {
		format Format
		want   string
	}{
		"with the key":       {keyed, `{"objectID":"R7-9","account":"Acme` + "\uFFFD" + `","accountKey":"a41636d65ff"}`},
		"before it":          {Format{Account: "account"}, `{"objectID":"R7-9","account":"Acme` + "\uFFFD" + `"}`},
		"with secret ids":    {secret, `{"objectID":"` + secret.IDs.Of("R7-9") + `","account":"Acme` + "\uFFFD" + `","accountKey":"a41636d65ff"}`},
		"without an account": {Format{}, `{"objectID":"R7-9","account":"Acme` + "\uFFFD" + `"}`},
	} {
		plan, err := NewPlan(columns(), c.format)
		if err != nil {
			t.Fatal(err)
		}
		got, err := plan.Append(nil, values)
		if err != nil || string(got) != c.want {
			t.Errorf("%s: %s, %v; want %s", name, got, err, c.want)
		}
		var doc struct{ ObjectID string }
		if err := json.Unmarshal(got, &doc); err != nil || doc.ObjectID != plan.ID(values) {
			t.Errorf("%s: the record's id is %q, the plan says %q", name, doc.ObjectID, plan.ID(values))
		}
	}
}

// TestRowWithoutAnAccount expects no record for any form of an empty account.
func TestRowWithoutAnAccount(t *testing.T) {
	for _, f := range []Format{keyed, {Account: "account"}} {
		plan, err := NewPlan(columns(), f)
		if err != nil {
			t.Fatal(err)
		}
		for _, account := range []string{"NULL", "", " ", "\t\u00a0"} {
			got, err := plan.Append([]byte("kept"), row("7", "R7-9", "v", account, "1", "S", "1", "NULL", "NULL", "NULL"))
			if err == nil || !strings.Contains(err.Error(), "account is NULL or empty") || string(got) != "kept" {
				t.Errorf("%q: %s, %v", account, got, err)
			}
		}
	}
}

// TestAccountsAreTexts uses a column of numbers as the account.
func TestAccountsAreTexts(t *testing.T) {
	plan, err := NewPlan([]Column{{Name: "_root", Kind: Number}, {Name: "objectID", Kind: String}, {Name: "_version", Kind: Number}, {Name: "owner.id", Kind: Number}}, Format{Account: "owner.id", AccountKey: true})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := plan.Append(nil, row("1", "x", "1", "007")); err != nil || string(got) != `{"objectID":"x","owner":{"id":"007"},"accountKey":"a303037"}` {
		t.Errorf("%s, %v", got, err)
	}
	for _, name := range []string{"accountKey", "accountKey.x"} {
		if _, err := NewPlan([]Column{{Name: "_root", Kind: Number}, {Name: "objectID", Kind: String}, {Name: "_version", Kind: Number}, {Name: name, Kind: String}}, Format{}); err == nil || !strings.Contains(err.Error(), "is kept") {
			t.Errorf("column %s: %v", name, err)
		}
	}
	if _, err := NewPlan([]Column{{Name: "_root", Kind: Number}, {Name: "objectID", Kind: String}, {Name: "_version", Kind: Number}}, keyed); err == nil {
		t.Error("no column for the account: no error")
	}
}

// FuzzIDs checks the rules of secret ids: equal for equal ids, found by either form,
// different for another secret.
func FuzzIDs(f *testing.F) {
	f.Add("R681-1589", "one", "other")
	f.Fuzz(func(t *testing.T, id, one, other string) {
		a, b := IDs(one), IDs(other)
		full := a.Of(id)
		switch {
		case a.Of(full) != full:
			t.Errorf("%q: %q becomes %q", id, full, a.Of(full))
		case (len(a) == 0 || id == "") != (full == id):
			t.Errorf("%q: %q", id, full)
		case id != "" && len(a) > 0 && len(b) > 0 && strings.TrimRight(one, "\x00") != strings.TrimRight(other, "\x00") && b.Of(id) == full:
			// HMAC fills a short key up with zeros, so these differ by more than zeros.
			t.Errorf("%q: two secrets give %q", id, full)
		}
	})
}
