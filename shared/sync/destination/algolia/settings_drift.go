package algolia

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/reference"
)

// ordered are the lists whose order means something.
var ordered = map[string]bool{"searchableAttributes": true, "ranking": true, "customRanking": true}

// reported are members that an index reports among its settings and that nobody
// sets.
var reported = map[string]bool{"primary": true, "version": true}

// Difference is a setting that an index has otherwise than it should.
type Difference struct {
	Setting string `json:"setting"`
	// Have is null where the index has not set it, and so follows Default.
	Have json.RawMessage `json:"have"`
	// Want is absent of a setting that is left alone.
	Want json.RawMessage `json:"want,omitempty"`
	// Default is what holds where nothing is set; absent if there is none.
	Default json.RawMessage `json:"default,omitempty"`
	// LeftAlone marks what the index has beyond what is wanted of it: shown, and
	// never changed. Of replicas, Have lists those that are not ours.
	LeftAlone bool `json:"leftAlone,omitempty"`
}

// Drift compares the settings that an index has with those that are wanted, and
// returns what differs by name. A setting that is not set has its default; order
// counts only in the lists where it means something; true is 1 in distinct. What
// the index has beyond the wanted settings is returned as left alone.
func Drift(have, want []byte) ([]Difference, error) {
	h, err := settingsOf("the index's settings", have)
	if err != nil {
		return nil, err
	}
	w, err := settingsOf("the wanted settings", want)
	if err != nil {
		return nil, err
	}
	names := slices.Sorted(maps.Keys(w))
	for _, name := range slices.Sorted(maps.Keys(h)) {
		if _, ours := w[name]; !ours && !reported[name] {
			names = append(names, name)
		}
	}
	var list []Difference
	for _, name := range names {
		wanted, ours := w[name]
		switch {
		case name == "replicas":
			list = append(list, replicaDrift(h[name], wanted)...)
		case canonical(name, h[name]) == canonical(name, wanted):
		default:
			d := Difference{Setting: name, Have: h[name], Want: wanted, Default: reference.Settings.Default(name), LeftAlone: !ours}
			if d.Have == nil {
				d.Have = json.RawMessage("null")
			}
			list = append(list, d)
		}
	}
	return list, nil
}

// settingsOf decodes settings; nothing at all is no settings.
func settingsOf(what string, text []byte) (map[string]json.RawMessage, error) {
	m := map[string]json.RawMessage{}
	if len(bytes.TrimSpace(text)) == 0 {
		return m, nil
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, fmt.Errorf("%s are no JSON object: %w", what, err)
	}
	return m, nil
}

// replicaDrift compares lists of replicas: ours must be there and be of our
// kind, others are left alone.
func replicaDrift(have, want json.RawMessage) []Difference {
	h, w := texts(have), texts(want)
	ours := map[string]bool{}
	missing := false
	for _, entry := range w {
		ours[replicaName(entry)] = true
		missing = missing || !slices.Contains(h, entry)
	}
	var strangers, known []string
	for _, entry := range h {
		if ours[replicaName(entry)] {
			known = append(known, entry)
		} else {
			strangers = append(strangers, entry)
		}
	}
	var list []Difference
	if missing {
		list = append(list, Difference{Setting: "replicas", Have: encoded(known), Want: encoded(w)})
	}
	if len(strangers) > 0 {
		list = append(list, Difference{Setting: "replicas", Have: encoded(strangers), LeftAlone: true})
	}
	return list
}

// withReplicas returns the list of replicas that has ours and keeps strangers.
func withReplicas(have, want json.RawMessage) json.RawMessage {
	w := texts(want)
	list := slices.Clone(w)
	for _, entry := range texts(have) {
		same := func(our string) bool { return replicaName(our) == replicaName(entry) }
		if !slices.ContainsFunc(w, same) {
			list = append(list, entry)
		}
	}
	return encoded(list)
}

// replicaName returns the index behind an entry such as virtual(name).
func replicaName(entry string) string {
	if inner, ok := strings.CutPrefix(entry, "virtual("); ok {
		return strings.TrimSuffix(inner, ")")
	}
	return entry
}

// texts decodes a list of texts; whatever else it is, is none.
func texts(raw json.RawMessage) []string {
	var list []string
	if json.Unmarshal(raw, &list) != nil {
		return nil
	}
	return list
}

// encoded encodes a list of texts, nil as an empty one.
func encoded(list []string) json.RawMessage {
	if list == nil {
		list = []string{}
	}
	text, _ := json.Marshal(list) // texts always encode
	return text
}

// canonical returns a text that two values of a setting share if they mean the
// same.
func canonical(name string, raw json.RawMessage) string {
	if len(raw) == 0 || string(bytes.TrimSpace(raw)) == "null" {
		raw = reference.Settings.Default(name)
	}
	var v any
	if len(raw) == 0 || json.Unmarshal(raw, &v) != nil {
		return string(raw)
	}
	_, isList := defaultOf(name).([]any)
	switch x := v.(type) {
	case string:
		switch {
		case isList: // a single entry may stand without its list
			v = canonicalList(name, []any{x})
		case name == "typoTolerance" && (x == "true" || x == "false"):
			v = x == "true"
		}
	case bool:
		if name == "distinct" {
			v = map[bool]float64{true: 1}[x]
		}
	case []any:
		v = canonicalList(name, x)
	}
	text, _ := json.Marshal(v) // decoded JSON always encodes
	return string(text)
}

// defaultOf decodes a setting's default, nil without one.
func defaultOf(name string) any {
	var v any
	_ = json.Unmarshal(reference.Settings.Default(name), &v) // without a default it stays nil
	return v
}

// canonicalList trims a list of texts, and sorts it where order means nothing.
// Attributes that share a level, "a, b", have no order among them.
func canonicalList(name string, list []any) []any {
	out := make([]any, len(list))
	for i, entry := range list {
		text, ok := entry.(string)
		if !ok {
			return list
		}
		parts := strings.Split(text, ",")
		for n := range parts {
			parts[n] = strings.TrimSpace(parts[n])
		}
		slices.Sort(parts)
		out[i] = strings.Join(parts, ",")
	}
	if ordered[name] {
		return out
	}
	slices.SortFunc(out, func(a, b any) int { return strings.Compare(a.(string), b.(string)) })
	return slices.CompactFunc(out, reflect.DeepEqual)
}
