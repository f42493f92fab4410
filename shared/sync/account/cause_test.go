package account

import "testing"

func TestCause(t *testing.T) {
	for detail, want := range map[string]string{
		"":                                   "",
		"the index refused it":               "the index refused it",
		"12001 bytes, 10000 are allowed":     "… bytes, … are allowed",
		`attribute "size" is 1.5e3, not "x"`: "attribute … is …, not …",
		"Record at the position 3 objectID=R681-1589 is too big size=12001/10000 bytes": "Record at the position … objectID=… is too big size=… bytes",
		"R681-1589 and 'a b' of C12/7": "… and … of …",
	} {
		if got := (Parked{Detail: detail}).Cause(); got != want {
			t.Errorf("%q: %q, want %q", detail, got, want)
		}
	}
}

// FuzzCause wants a cause to be its own cause: causes are compared as texts.
func FuzzCause(f *testing.F) {
	f.Add(`Record 3 objectID=R1-2 "x" 'y'`)
	f.Fuzz(func(t *testing.T, detail string) {
		once := Parked{Detail: detail}.Cause()
		if twice := (Parked{Detail: once}).Cause(); len(twice) > len(once) {
			t.Errorf("%q: %q, then %q", detail, once, twice)
		}
	})
}
