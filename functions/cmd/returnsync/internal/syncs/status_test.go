package syncs

import "testing"

// TestInPlace writes a frame over a longer one: no line and no end of a line stays, and
// nothing is cleared before it is written.
func TestInPlace(t *testing.T) {
	if got, want := string(inPlace([]byte("a\nb\n"))), "\x1b[Ha\x1b[K\nb\x1b[K\n\x1b[J"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
