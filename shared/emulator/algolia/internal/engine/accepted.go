package engine

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"gitlab.com/eshopbox-team/return-sync/shared/reference"
)

// answered are what the service answers among an index's settings and takes back
// unread.
var answered = []string{"primary", "version"}

// checkSettings refuses what the service's reference does not have, in the service's
// words; change is given's text.
func checkSettings(change []byte, given map[string]json.RawMessage) error {
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if slices.Contains(answered, name) {
			continue
		}
		if err := reference.Settings.Check(name, given[name]); err != nil {
			return fmt.Errorf("%w near line:1 column:%d", err, bytes.Index(change, []byte(`"`+name+`"`))+len(name)+3)
		}
	}
	return nil
}
