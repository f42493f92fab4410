package jsonscan

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCompact(t *testing.T) {
	for in, want := range map[string]string{
		" { \"a\" : [ 1 , -2.5e+3, true ] , \"b\\n\": null } ": `{"a":[1,-2.5e+3,true],"b\n":null}`,
		"[]":              "[]",
		"{ }":             "{}",
		`"é \u00e9 \" x"`: `"é \u00e9 \" x"`,
	} {
		got, err := Compact(nil, []byte(in))
		if err != nil || string(got) != want {
			t.Errorf("Compact(%s) = %s, %v; want %s", in, got, err, want)
		}
	}
}

func TestCompactRefuses(t *testing.T) {
	for _, in := range []string{"", "{", `{"a"}`, `{"a":}`, "[1,]", "01", "1.", "tru", `"a`, `"\x"`, `"\u12"`, "1 2", "{\"a\":1,}", "-", "1e"} {
		if got, err := Compact(nil, []byte(in)); err == nil {
			t.Errorf("Compact(%q) = %s, want an error", in, got)
		}
	}
}

func TestReaders(t *testing.T) {
	object := []byte(`{"a":{"b":[1,{"c":"x,}"}]},"d\"":"q\\","a":7}`)
	var names []string
	Each(object, func(name string, value []byte) bool {
		names = append(names, name+"="+string(value))
		return true
	})
	want := []string{`a={"b":[1,{"c":"x,}"}]}`, `d"="q\\"`, `a=7`}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
	if got := string(Member(object, "a")); got != "7" {
		t.Errorf("Member a = %s, want the last one", got)
	}
	var leaves []string
	Walk(object, func(path, value []byte) { leaves = append(leaves, string(path)+"="+string(value)) })
	want = []string{`a.b=1`, `a.b.c="x,}"`, `d"="q\\"`, `a=7`}
	if diff := cmp.Diff(want, leaves); diff != "" {
		t.Error(diff)
	}
	var elements []string
	Elements([]byte(`[[1,2],"a]",{}]`), func(v []byte) bool { elements = append(elements, string(v)); return true })
	if diff := cmp.Diff([]string{"[1,2]", `"a]"`, "{}"}, elements); diff != "" {
		t.Error(diff)
	}
}

// FuzzCompact holds Compact to encoding/json: both accept the same texts
// (invalid UTF-8 and excessive depth aside) and squeeze them alike.
func FuzzCompact(f *testing.F) {
	for _, s := range []string{`{"a":[1,2.5,"x\u0041"],"b":{}}`, " [ ] ", `"\ud800"`, "-0.1e-7", "{\"a\":tru}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		got, err := Compact(nil, in)
		if err != nil {
			return
		}
		var want bytes.Buffer
		if json.Compact(&want, in) != nil || !bytes.Equal(want.Bytes(), got) {
			t.Fatalf("Compact(%q) = %q, encoding/json says %q", in, got, want.Bytes())
		}
		Walk(got, func(path, value []byte) {
			if !json.Valid(value) {
				t.Fatalf("leaf %s = %q of %q is not JSON", path, value, got)
			}
		})
		Each(got, func(_ string, value []byte) bool {
			if !json.Valid(value) {
				t.Fatalf("member %q of %q is not JSON", value, got)
			}
			return true
		})
	})
}
