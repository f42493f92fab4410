package owner

import (
	"fmt"
	"math"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/source"
)

// TestShared finds the ids that no other root can have.
func TestShared(t *testing.T) {
	for _, c := range []struct {
		root   uint64
		id     string
		shared bool
	}{
		{12, "R12-5", false}, {12, "12", false}, {0, "T0", false}, {math.MaxUint64, fmt.Sprint("T", uint64(math.MaxUint64)), false},
		{12, "R5-12", true}, {12, "R012-5", true}, {0, "T00", true}, {12, "R", true}, {0, "", true}, {0, "T18446744073709551616", true},
	} {
		if got := Shared(c.root, c.id); got != c.shared {
			t.Errorf("%d, %q: shared %v", c.root, c.id, got)
		}
		own := Of(source.Rows{Records: []source.Record{{Root: c.root, ID: c.id}}})
		if root, ok := own[c.id]; ok != c.shared || root != c.root && ok {
			t.Errorf("%d, %q: owned %v", c.root, c.id, own)
		}
	}
}
