package verify

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
)

// definition has the fields that reading a record needs.
var definition = entity.Definition{Name: "things", Account: "account", RootField: "root", Stamp: "at"}

// TestRead checks when two records are equal, and the fields of a record about itself.
func TestRead(t *testing.T) {
	base := `{"objectID":"a","account":"x","root":7,"n":1.5,"list":[1,2],"o":{"a":1,"b":"é"}}`
	for body, same := range map[string]bool{
		base: true,
		`{"o":{"b":"\u00e9","a":1.0},"list":[1.0,2e0],"n":15e-1,"root":7.0,"account":"x","objectID":"a","at":5}`: true,
		`{"objectID":"a","account":"x","root":7,"n":1.5,"list":[2,1],"o":{"a":1,"b":"é"}}`:                       false,
		`{"objectID":"a","account":"x","root":7,"n":"1.5","list":[1,2],"o":{"a":1,"b":"é"}}`:                     false,
		`{"objectID":"a","account":"x","root":7,"n":1.5,"list":[1,2],"o":{"a":1,"b":"é"},"p":null}`:              false,
		`{"objectID":"a","account":"x","root":7,"n":1.5,"list":[1,2]}`:                                           false,
		`{"objectID":"b","account":"x","root":7,"n":1.5,"list":[1,2],"o":{"a":1,"b":"é"}}`:                       false,
	} {
		one, err := read(definition, []byte(base))
		other, err2 := read(definition, []byte(body))
		if err != nil || err2 != nil || (one.sum == other.sum) != same {
			t.Errorf("%s: same is %v, %v, %v", body, one.sum == other.sum, err, err2)
		}
	}
	for body, stamped := range map[string]string{`{"a":1}`: `{"a":1,"at":5}`, `{"b":1}`: `{"at":{"x":[1]},"b":1}`, `{}`: `{"at":5}`} {
		one, err := read(definition, []byte(body))
		other, err2 := read(definition, []byte(stamped))
		if err != nil || err2 != nil || one != other {
			t.Errorf("%s is another record with a stamp: %v, %v", body, err, err2)
		}
	}
	for body, want := range map[string]document{
		`{"objectID":"a","account":"x","root":7}`:              {id: "a", account: "x", root: 7, rooted: true},
		`{"objectID":"a","root":"7"}`:                          {id: "a"},
		`{"objectID":"a","root":7.5}`:                          {id: "a"},
		`{"objectID":"a","root":0}`:                            {id: "a", rooted: true},
		`{"objectID":"a","root":-7}`:                           {id: "a"},
		`{"objectID":"a","root":1e300,"account":["x"]}`:        {id: "a"},
		`{"objectID":5,"account":"x","root":9007199254740991}`: {account: "x", root: maxExact - 1, rooted: true},
		`{"objectID":"a","root":9007199254740992}`:             {id: "a", large: true},
		`{"objectID":"a","root":18446744073709551615}`:         {id: "a", large: true},
	} {
		got, err := read(definition, []byte(body))
		if got.sum = (digest{}); err != nil || got != want {
			t.Errorf("%s: %+v, %v", body, got, err)
		}
	}
	for _, body := range []string{`[1]`, `{`, `{"a":1}}`, ``, `null`, `"text"`} {
		if _, err := read(definition, []byte(body)); err == nil {
			t.Errorf("%s is no record", body)
		}
	}
}

// FuzzRead rewrites a record with another indentation: the record stays the same.
func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"objectID":"a","account":"x","root":7,"n":1.50}`))
	f.Add([]byte(`{"a":{"b":[1e2,null,true,"\ud800"]}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		one, err := read(definition, body)
		if err != nil {
			return
		}
		var wide bytes.Buffer
		if json.Indent(&wide, body, "", "\t") != nil {
			t.Fatalf("%q was read and is no JSON", body)
		}
		other, err := read(definition, wide.Bytes())
		if err != nil || one != other {
			t.Errorf("%q: %+v, %+v, %v", body, one, other, err)
		}
	})
}

// TestSumsDoNotDependOnOrder adds the same records in two orders to tables that
// widen at different times.
func TestSumsDoNotDependOnOrder(t *testing.T) {
	type one struct {
		account string
		place   uint64
		sum     digest
	}
	dice := rand.New(rand.NewPCG(1, 1))
	var all []one
	for n := range 100_000 {
		var d digest
		for i := range d {
			d[i] = byte(dice.Uint32())
		}
		all = append(all, one{fmt.Sprint(n % 7), dice.Uint64() >> 30, d})
	}
	fill := func(list []one) *table {
		x := newTable()
		for _, o := range list {
			x.add(x.slice(o.account, o.place), o.sum)
		}
		return x
	}
	half := fill(all[:len(all)/2])
	half.merge(fill(all[len(all)/2:]))
	dice.Shuffle(len(all), func(a, b int) { all[a], all[b] = all[b], all[a] })
	other := fill(all)
	if len(half.sums) > maxSlices || len(other.sums) > maxSlices {
		t.Errorf("%d and %d slices", len(half.sums), len(other.sums))
	}
	if dirty, n := differing(half, other); len(dirty) != 0 || n == 0 {
		t.Errorf("%d of %d slices differ", len(dirty), n)
	}
	all[5].sum[31] ^= 1
	if dirty, _ := differing(half, fill(all)); len(dirty) != 1 || !dirty[half.slice(all[5].account, all[5].place)] {
		t.Errorf("%d slices differ, want the one that was changed", len(dirty))
	}
	if dirty, _ := differing(half, fill(all[1:])); len(dirty) != 2 {
		t.Errorf("%d slices differ, want the changed one and the one that lacks a record", len(dirty))
	}
}

// BenchmarkRead reads a record as the index has it.
func BenchmarkRead(b *testing.B) {
	body := []byte(`{"objectID":"R681-1589","account":"nordhaus","channel":"amazon","returnId":681,"returnNumber":"RN-681","orderNumber":"O-2211-9",` +
		`"status":"RETURN_DELIVERED","statusRank":30,"statusAt":1761999012345,"trackingId":"T1","courier":"Bluedart","isCod":false,` +
		`"refund":{"amountMinor":129900,"currency":"INR","mode":"SOURCE","status":"DONE"},"customer":{"name":"A Person","phoneLast4":"1234"},` +
		`"pickup":{"city":"Pune","state":"MH","postalCode":"411001","country":"IN"},"item":{"sku":"S1","esin":"E1","ean":"E","name":"Blue kurta, long",` +
		`"quantity":1,"unitPriceMinor":129900,"reason":"Size","qcReasons":["A","B"]},"returnLineCount":2,"createdAt":1761999012345,"updatedAt":1761999012345,"at":1}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := read(definition, body); err != nil {
			b.Fatal(err)
		}
	}
}
