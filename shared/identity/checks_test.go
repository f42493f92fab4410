package identity

import (
	"encoding/binary"
	"testing"
)

// TestWhatIsRememberedIsBounded remembers more tokens than there is room for, and asks for
// one all the time: that one stays, and the number is bounded.
func TestWhatIsRememberedIsBounded(t *testing.T) {
	var c checks
	hot := tokenHash{31: 1}
	c.add(hot, checked{})
	for n := range 5 * maxChecked {
		var id tokenHash
		binary.BigEndian.PutUint64(id[:], uint64(n)+1)
		c.add(id, checked{})
		if _, ok := c.find(hot); !ok {
			t.Fatalf("the token of every second request is forgotten after %d others", n)
		}
		if got := len(c.recent) + len(c.older); got > 2*maxChecked {
			t.Fatalf("%d tokens are remembered", got)
		}
	}
}
