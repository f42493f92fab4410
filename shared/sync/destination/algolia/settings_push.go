package algolia

import (
	"context"
	"encoding/json"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// Wanted is the settings that an index should have. Of several, a primary stands
// before its replicas: it makes them.
type Wanted struct {
	Index    string
	Settings []byte // a JSON object
}

// IndexDrift is how far an index is from its wanted settings.
type IndexDrift struct {
	Index       string       `json:"index"`
	Missing     bool         `json:"missing,omitempty"` // there is no such index
	Settings    int          `json:"settings"`          // how many are wanted
	Differences []Difference `json:"differences"`
}

// Drifted reports whether something would have to be pushed.
func (d IndexDrift) Drifted() bool { return d.Missing || d.Pushable() > 0 }

// Pushable counts the settings that would have to be pushed.
func (d IndexDrift) Pushable() int {
	n := 0
	for _, one := range d.Differences {
		if !one.LeftAlone {
			n++
		}
	}
	return n
}

// CompareSettings says how far the indices are from their wanted settings. It
// changes nothing.
func (c *Client) CompareSettings(ctx context.Context, wanted []Wanted) ([]IndexDrift, error) {
	list := make([]IndexDrift, len(wanted))
	for i, w := range wanted {
		var err error
		if list[i], _, err = c.compare(ctx, w); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// PushSettings changes what differs from the wanted settings and nothing else,
// waits until it is in force, and returns what it found different before. Where
// nothing differs nothing is sent.
func (c *Client) PushSettings(ctx context.Context, wanted []Wanted) ([]IndexDrift, error) {
	list := make([]IndexDrift, 0, len(wanted))
	for _, w := range wanted {
		d, have, err := c.compare(ctx, w)
		if err != nil {
			return list, err
		}
		if d.Drifted() {
			if err := c.ApplySettings(ctx, w.Index, d.patch(have)); err != nil {
				return list, err
			}
		}
		list = append(list, d)
	}
	return list, nil
}

// compare reads one index's settings and compares them.
func (c *Client) compare(ctx context.Context, w Wanted) (IndexDrift, []byte, error) {
	d := IndexDrift{Index: w.Index, Differences: []Difference{}}
	have, err := c.Settings(ctx, w.Index)
	if fault.KindOf(err) == fault.NotFound {
		d.Missing, have, err = true, nil, nil
	}
	if err != nil {
		return d, nil, err
	}
	want, err := settingsOf("the wanted settings", w.Settings)
	if err != nil {
		return d, nil, err
	}
	d.Settings = len(want)
	found, err := Drift(have, w.Settings)
	d.Differences = append(d.Differences, found...)
	return d, have, err
}

// patch is the object that is sent to an index with those settings.
func (d IndexDrift) patch(have []byte) []byte {
	h, _ := settingsOf("", have) // it was compared before
	patch := map[string]json.RawMessage{}
	for _, one := range d.Differences {
		switch {
		case one.LeftAlone:
		case one.Setting == "replicas":
			patch[one.Setting] = withReplicas(h[one.Setting], one.Want)
		default:
			patch[one.Setting] = one.Want
		}
	}
	text, _ := json.Marshal(patch) // decoded JSON always encodes
	return text
}
