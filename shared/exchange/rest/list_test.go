package rest

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// endless repeats a byte for ever.
type endless byte

func (e endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(e)
	}
	return len(p), nil
}

// TestListsOfGrains reads what a public program lists, and what only a bad peer does.
func TestListsOfGrains(t *testing.T) {
	t.Parallel()
	id := exchange.NewID()
	one := fmt.Sprintf(`{"id":%q,"payload":"%s","slice":{"id":"x"}}`, id, strings.Repeat("x", 100_000))
	for name, c := range map[string]struct {
		list io.Reader
		ids  int
		kind fault.Kind
	}{
		"null": {strings.NewReader("null\n"), 0, 0}, "none": {strings.NewReader("[]"), 0, 0},
		"with payloads, more than an answer may have": {strings.NewReader("[" + strings.Repeat(one+",", 199) + one + "]"), 200, 0},
		"no list":                {strings.NewReader(`{"id":1}`), 0, fault.Invalid},
		"no JSON":                {strings.NewReader("<html>"), 0, fault.Invalid},
		"no UUID":                {strings.NewReader(`[{"id":"7"}]`), 0, fault.Retry},
		"a number":               {strings.NewReader(`[{"id":7}]`), 0, fault.Retry},
		"cut off":                {strings.NewReader("[" + one + ","), 0, fault.Retry},
		"a grain without an end": {io.MultiReader(strings.NewReader(`[{"payload":"`), endless('x')), 0, fault.TooLarge},
		"white space for ever":   {endless(' '), 0, fault.TooLarge},
	} {
		ids, err := readIDs(c.list)
		if len(ids) != c.ids || (err == nil) != (c.kind == 0) {
			t.Errorf("%s: %d ids, %v", name, len(ids), err)
		}
		if err != nil && name != "no UUID" && name != "a number" && fault.KindOf(err) != c.kind {
			t.Errorf("%s: %v", name, err)
		}
	}
}
