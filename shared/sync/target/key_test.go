package target

import "testing"

func TestKeys(t *testing.T) {
	for text, want := range map[string]Key{
		"returns":         {Base: "returns"},
		"returns~3":       {Base: "returns", ID: 3},
		"RETURN_JOB#12":   {Base: "RETURN_JOB", Job: 12},
		"RETURN_JOB~3#12": {Base: "RETURN_JOB", ID: 3, Job: 12},
		"a~b":             {Base: "a~b"},
		"a~b~7":           {Base: "a~b", ID: 7},
		"~3":              {Base: "~3"},
		"returns~":        {Base: "returns~"},
		"returns~-3":      {Base: "returns~-3"},
		"":                {},
	} {
		if got := Parse(text); got != want || got.String() != text {
			t.Errorf("%q is read as %+v and written as %q; want %+v", text, got, got.String(), want)
		}
	}
	if got := Parse("RETURN_JOB~3").Lane(12).String(); got != "RETURN_JOB~3#12" {
		t.Error(got)
	}
}

// FuzzParse writes every key back as the text that it was read from, or as the
// shortest text of the same key.
func FuzzParse(f *testing.F) {
	f.Add("RETURN_JOB~3#12")
	f.Fuzz(func(t *testing.T, text string) {
		if k := Parse(text); Parse(k.String()) != k {
			t.Errorf("%q: %+v becomes %+v", text, k, Parse(k.String()))
		}
	})
}
