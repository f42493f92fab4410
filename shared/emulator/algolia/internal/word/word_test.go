package word

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWords(t *testing.T) {
	tests := []struct {
		text, keep string
		want       []string
	}{
		{"Hello, World", "", []string{"hello", "world"}},
		{"Café-Crème 12", "", []string{"cafe", "creme", "12"}},
		{"R-12_b", "-_", []string{"r-12_b"}},
		{"नमस्ते दुनिया", "", []string{"नमसत", "दनय"}},
		{"", "", nil},
		{"C++ #1", "+#", []string{"c++", "#1"}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, Words(tt.text, tt.keep)); diff != "" {
			t.Errorf("Words(%q, %q): %s", tt.text, tt.keep, diff)
		}
	}
}

func TestDistance(t *testing.T) {
	tests := []struct {
		query, candidate string
		prefix           bool
		limit            int
		mistakes, length int
		ok               bool
	}{
		{"iphone", "iphone", false, 1, 0, 6, true},
		{"ihpone", "iphone", false, 1, 1, 6, true},
		{"iphne", "iphone", false, 1, 1, 6, true},
		{"iphoness", "iphone", false, 1, 0, 0, false},
		{"iphoness", "iphone", false, 2, 2, 6, true},
		{"iph", "iphone", true, 0, 0, 3, true},
		{"ipho", "iqhone", true, 1, 1, 4, true},
		{"phone", "zebra", true, 1, 0, 0, false},
	}
	for _, tt := range tests {
		mistakes, length, ok := NewDistance(tt.query, tt.limit).Of(tt.candidate, tt.prefix)
		if ok != tt.ok || ok && (mistakes != tt.mistakes || length != tt.length) {
			t.Errorf("%q against %q = %d, %d, %v; want %d, %d, %v",
				tt.query, tt.candidate, mistakes, length, ok, tt.mistakes, tt.length, tt.ok)
		}
	}
}

// FuzzSplit checks that spans are in order, inside the text and never empty of
// original text.
func FuzzSplit(f *testing.F) {
	f.Add("Ünï-cødé 12", "-")
	f.Add("a\xffb", "")
	f.Fuzz(func(t *testing.T, text, keep string) {
		last := 0
		Split([]byte(text), keep, func(s Span) {
			if s.Start < last || s.End <= s.Start || s.End > len(text) {
				t.Fatalf("span [%d,%d) after %d in %q", s.Start, s.End, last, text)
			}
			last = s.End
		})
	})
}
