package engine

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia/internal/params"
	"gitlab.com/eshopbox-team/return-sync/shared/reference"
)

// Settings are an index's settings, read once and never changed afterwards.
type Settings struct {
	stored map[string]json.RawMessage // as given, without defaults

	searchable  []searchable // empty: every attribute, all alike
	faceting    []faceting
	ranking     []string        // criteria in order, custom already unfolded
	numeric     map[string]bool // nil: all
	equalOnly   map[string]bool
	hidden      []string // unretrievableAttributes
	distinct    string   // attributeForDistinct
	keep        string   // separatorsToIndex
	limit       int      // paginationLimitedTo
	noPrefix    map[string]bool
	noTypoWords map[string]bool

	Replicas []Replica
	Primary  string        // set on a replica
	Defaults params.Values // those settings that are also parameters, read
}

// Replica names an index that follows this one.
type Replica struct {
	Name    string
	Virtual bool
}

type searchable struct {
	path      string
	rank      int // position in searchableAttributes; attributes listed together share it
	unordered bool
}

type faceting struct {
	path                                  string
	filterOnly, searchable, afterDistinct bool
}

// defaultRanking is the order of criteria of an index without its own.
var defaultRanking = []string{"typo", "geo", "words", "filters", "proximity", "attribute", "exact", "custom"}

// shown are the settings every index answers, with the service's defaults.
const shown = `{"minWordSizefor1Typo":4,"minWordSizefor2Typos":8,"hitsPerPage":20,
"maxValuesPerFacet":100,"version":2,"searchableAttributes":null,"numericAttributesForFiltering":null,
"attributesToRetrieve":null,"unretrievableAttributes":null,"optionalWords":null,
"attributesForFaceting":null,"attributesToSnippet":null,"attributesToHighlight":null,
"paginationLimitedTo":1000,"attributeForDistinct":null,"exactOnSingleWordQuery":"attribute",
"ranking":["typo","geo","words","filters","proximity","attribute","exact","custom"],
"customRanking":null,"separatorsToIndex":"","removeWordsIfNoResults":"none",
"queryType":"prefixLast","highlightPreTag":"<em>","highlightPostTag":"</em>",
"alternativesAsExact":["ignorePlurals","singleWordSynonym"]}`

// NewSettings merges change, a JSON object, over old (nil for a new index). The
// error says which setting is malformed.
func NewSettings(old *Settings, change []byte) (*Settings, error) {
	stored := map[string]json.RawMessage{}
	if old != nil {
		maps.Copy(stored, old.stored)
	}
	var given map[string]json.RawMessage
	if err := json.Unmarshal(change, &given); err != nil {
		return nil, fmt.Errorf("settings must be a JSON object: %w", err)
	}
	if err := checkSettings(change, given); err != nil {
		return nil, err
	}
	for name, value := range given {
		if stored[name] = value; string(value) == "null" {
			delete(stored, name)
		}
	}
	return parseSettings(stored)
}

// JSON returns the settings with defaults, as GET settings answers them.
func (s *Settings) JSON() []byte {
	out := map[string]json.RawMessage{}
	if json.Unmarshal([]byte(shown), &out) != nil {
		return []byte("{}")
	}
	maps.Copy(out, s.stored)
	if s.Primary != "" {
		out["primary"], _ = json.Marshal(s.Primary)
	}
	text, _ := json.Marshal(out)
	return text
}

// Same reports whether an index under s is the same under other.
func (s *Settings) Same(other *Settings) bool { return bytes.Equal(s.JSON(), other.JSON()) }

// WithPrimary returns the settings of a replica of primary; "" makes it a plain
// index.
func (s *Settings) WithPrimary(primary string) *Settings {
	out := *s
	out.Primary = primary
	return &out
}

func parseSettings(stored map[string]json.RawMessage) (*Settings, error) {
	s := &Settings{stored: stored, limit: 1000}
	var err error
	read := func(name string, into any) {
		if value, ok := stored[name]; ok && err == nil {
			if e := json.Unmarshal(value, into); e != nil {
				err = fmt.Errorf("invalid value for setting %s: %w", name, e)
			}
		}
	}
	lists := map[string][]string{}
	for _, name := range []string{"searchableAttributes", "attributesForFaceting", "ranking", "customRanking",
		"numericAttributesForFiltering", "replicas", "disablePrefixOnAttributes", "disableTypoToleranceOnWords"} {
		var list []string
		read(name, &list)
		lists[name] = list
	}
	read("unretrievableAttributes", &s.hidden)
	read("attributeForDistinct", &s.distinct)
	read("separatorsToIndex", &s.keep)
	read("paginationLimitedTo", &s.limit)
	if err != nil {
		return nil, err
	}
	s.setLists(lists)
	also := params.Values{}
	for name, value := range stored {
		var v any
		if reference.Parameters.Has(name) && json.Unmarshal(value, &v) == nil {
			also[name] = v
		}
	}
	s.Defaults, err = params.Read(also)
	return s, err
}

// WithReplicas returns the settings with the replicas of others: copying
// settings does not copy replicas, and moving an index leaves those of the
// destination in place.
func (s *Settings) WithReplicas(others *Settings) *Settings {
	out := *s
	out.Replicas, out.stored = others.Replicas, maps.Clone(s.stored)
	delete(out.stored, "replicas")
	if list, ok := others.stored["replicas"]; ok {
		out.stored["replicas"] = list
	}
	return &out
}
