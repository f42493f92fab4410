package record

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func columns() []Column {
	return []Column{
		{Name: "_root", Kind: Number}, {Name: "objectID", Kind: Auto}, {Name: "_version_return", Kind: EpochMillis}, {Name: "account", Kind: String},
		{Name: "isCod", Kind: Bool}, {Name: "item.sku", Kind: String}, {Name: "refund.amountMinor", Kind: Number}, {Name: "item.qc.reasons", Kind: JSON},
		{Name: "updatedAt", Kind: EpochMillis}, {Name: "item.price", Kind: Number},
	}
}

// row builds a row of texts; a "NULL" is nil.
func row(values ...string) [][]byte {
	r := make([][]byte, len(values))
	for i, v := range values {
		if v != "NULL" {
			r[i] = []byte(v)
		}
	}
	return r
}

func TestAppend(t *testing.T) {
	plan, err := NewPlan(columns(), Format{})
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		row  [][]byte
		want string
	}{
		"everything": {
			row("7", "R7-9", "v", "brand\"one\\", "1", "S\t1", "12050", `[ "torn", "stain" ]`, "2026-03-29 01:30:00.123456", "27.500"),
			`{"objectID":"R7-9","account":"brand\"one\\","isCod":true,"item":{"sku":"S\t1","qc":{"reasons":["torn","stain"]},"price":27.500},"refund":{"amountMinor":12050},"updatedAt":1774747800123}`,
		},
		"nulls and empty objects are left out": {
			row("7", "R7-9", "v", "NULL", "0", "NULL", "NULL", "NULL", "NULL", "NULL"),
			`{"objectID":"R7-9","isCod":false}`,
		},
		"a zero date is no date": {
			row("7", "R7-9", "v", "NULL", "NULL", "NULL", "NULL", "NULL", "0000-00-00 00:00:00", "007"),
			`{"objectID":"R7-9","item":{"price":7}}`,
		},
		"control characters, other scripts, broken text": {
			row("7", "R7-9", "v", "\x01 मुंबई \xff", "NULL", "NULL", "-3", "NULL", "2011-08-31", "NULL"),
			`{"objectID":"R7-9","account":"\u0001 मुंबई ` + "\uFFFD" + `","refund":{"amountMinor":-3},"updatedAt":1314748800000}`,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := plan.Append(nil, c.row)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, string(got)); diff != "" {
				t.Error(diff)
			}
			if !json.Valid(got) {
				t.Error("not JSON")
			}
		})
	}
}

func TestAppendRefusesAndLeavesTheBufferAlone(t *testing.T) {
	plan, err := NewPlan(columns(), Format{})
	if err != nil {
		t.Fatal(err)
	}
	for want, r := range map[string][][]byte{
		"objectID is NULL":       row("7", "NULL", "v", "a", "1", "s", "1", "[]", "2011-08-31", "1"),
		"field item.qc.reasons":  row("7", "R", "v", "a", "1", "s", "1", "[", "2011-08-31", "1"),
		"field updatedAt":        row("7", "R", "v", "a", "1", "s", "1", "[]", "yesterday", "1"),
		"field item.price":       row("7", "R", "v", "a", "1", "s", "1", "[]", "2011-08-31", "abc"),
		"field refund.amountMin": row("7", "R", "v", "a", "1", "s", `"1"`, "[]", "2011-08-31", "1"),
	} {
		got, err := plan.Append([]byte("before"), r)
		if err == nil || !strings.Contains(err.Error(), want) || string(got) != "before" {
			t.Errorf("want %q: got %v, buffer %q", want, err, got)
		}
	}
}

func TestNewPlanRefuses(t *testing.T) {
	for want, cols := range map[string][]Column{
		`no column "_root"`:    {{Name: "objectID", Kind: String}, {Name: "_version", Kind: String}},
		`no column "objectID"`: {{Name: "_root", Kind: Number}, {Name: "_version", Kind: String}},
		`no column "_version"`: {{Name: "_root", Kind: Number}, {Name: "objectID", Kind: String}},
		`stands twice`:         {{Name: "_root", Kind: Number}, {Name: "objectID", Kind: String}, {Name: "_version", Kind: String}, {Name: "a", Kind: String}, {Name: "a", Kind: String}},
		`both a field`:         {{Name: "_root", Kind: Number}, {Name: "objectID", Kind: String}, {Name: "_version", Kind: String}, {Name: "a.b", Kind: String}, {Name: "a", Kind: String}},
		`is a field`:           {{Name: "_root", Kind: Number}, {Name: "objectID", Kind: String}, {Name: "_version", Kind: String}, {Name: "a", Kind: String}, {Name: "a.b", Kind: String}},
		`must not be empty`:    {{Name: "_root", Kind: Number}, {Name: "objectID", Kind: String}, {Name: "_version", Kind: String}, {Name: "a..b", Kind: String}},
	} {
		if _, err := NewPlan(cols, Format{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}

func TestVersionSeesEveryChange(t *testing.T) {
	plan, err := NewPlan([]Column{{Name: "_root", Kind: Number}, {Name: "objectID", Kind: String}, {Name: "_version_a", Kind: String}, {Name: "_version_b", Kind: String}, {Name: "x", Kind: String}}, Format{})
	if err != nil {
		t.Fatal(err)
	}
	base := plan.Version(row("1", "R1", "ab", "c", "x"))
	if plan.Version(row("1", "R1", "ab", "c", "y")) != base {
		t.Error("a field that is not a version must not matter")
	}
	for _, r := range [][][]byte{row("1", "R2", "ab", "c", "x"), row("1", "R1", "a", "bc", "x"), row("1", "R1", "ab", "NULL", "x")} {
		if plan.Version(r) == base {
			t.Errorf("%q has the version of another", r)
		}
	}
	if id, err := plan.Root(row("18446744073709551615", "", "", "", "")); err != nil || id != 1<<64-1 {
		t.Error(id, err)
	}
	if _, err := plan.Root(row("-1", "", "", "", "")); err == nil {
		t.Error("a negative root id was accepted")
	}
}

func TestKinds(t *testing.T) {
	for name, want := range map[string]Kind{
		"BIGINT": Number, "UNSIGNED INT": Number, "decimal": Number, "VARCHAR": String, "TIMESTAMP": EpochMillis, "JSON": JSON,
	} {
		if got, err := KindOf(name); err != nil || got != want {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	if _, err := KindOf("BLOB"); err == nil {
		t.Error("BLOB has no JSON form")
	}
	if k, err := ParseKind("bool"); err != nil || k != Bool {
		t.Error(k, err)
	}
	if _, err := ParseKind("date"); err == nil {
		t.Error("date is not a kind")
	}
}

func FuzzEpochMillis(f *testing.F) {
	f.Add("2024-02-29 23:59:59.999999")
	f.Add("0001-01-01")
	f.Add("0000-02-29 00:00:00")
	f.Fuzz(func(t *testing.T, s string) {
		got, err := epochMillis([]byte(s))
		const layout = "2006-01-02 15:04:05.000000000"
		n := len(s)
		if n != 10 && n != 19 && (n < 21 || n > len(layout)) {
			return
		}
		want, refused := time.Parse(layout[:n], s)
		// The parser accepts more than a database writes: a comma for the point, hours
		// of one digit.
		if refused != nil || want.Format(layout[:n]) != s {
			return
		}
		if err != nil || got != want.UnixMilli() {
			t.Errorf("%q: %d, %v; want %d", s, got, err, want.UnixMilli())
		}
	})
}

func FuzzAppendString(f *testing.F) {
	f.Add([]byte("a\"\\\x00\xff मुंबई"))
	f.Fuzz(func(t *testing.T, s []byte) {
		var got string
		if err := json.Unmarshal(appendString(nil, s), &got); err != nil {
			t.Fatal(err)
		}
		if want := string([]rune(string(s))); got != want {
			t.Errorf("%q became %q", s, got)
		}
	})
}

func BenchmarkAppend(b *testing.B) {
	plan, err := NewPlan(columns(), Format{})
	if err != nil {
		b.Fatal(err)
	}
	r := row("7", "R7-9", "v", "brand-one", "1", "SKU-1", "12050", `["torn"]`, "2026-03-29 01:30:00.123456", "27.500")
	buf := make([]byte, 0, 1024)
	b.ReportAllocs()
	for b.Loop() {
		if buf, err = plan.Append(buf[:0], r); err != nil {
			b.Fatal(err)
		}
	}
}
