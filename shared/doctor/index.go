package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Rights are the rights of a key, as the index itself reports them.
type Rights struct {
	ACL     []string
	Indexes []string // names or patterns; empty means every index
}

// Key is a key to be examined.
type Key struct {
	Setting string   // the setting that holds it
	Needs   []string // the rights that its function needs
	// Harm are the rights that make the key dangerous at its place; Why says so.
	Harm []string
	Why  string
	// Indexes are the indices that the key is meant for.
	Indexes []string
	// Rights asks the index about the key, with the key itself.
	Rights func(ctx context.Context) (Rights, error)
}

// WriteKey returns the process function's key.
func WriteKey(setting string, rights func(context.Context) (Rights, error)) Key {
	return Key{Setting: setting, Needs: []string{"addObject", "deleteObject"}, Rights: rights,
		Harm: []string{"deleteIndex", "editSettings", "settings", "search", "browse", "seeUnretrievableAttributes", "listIndexes", "logs", "usage", "analytics", "recommendation"},
		Why:  "a thief of the process function's key could do the same"}
}

// SearchKey returns the search function's key.
func SearchKey(setting string, rights func(context.Context) (Rights, error)) Key {
	return Key{Setting: setting, Needs: []string{"search"}, Rights: rights,
		Harm: []string{"addObject", "deleteObject", "deleteIndex", "editSettings", "browse", "seeUnretrievableAttributes", "listIndexes", "logs", "settings", "usage", "analytics", "recommendation"},
		Why:  "the keys that the search function hands out are derived from it"}
}

// writes are the rights that change an index.
var writes = []string{"addObject", "deleteObject", "deleteIndex", "editSettings"}

// Keys compares a key's rights with those that it needs.
func Keys(ctx context.Context, k Key) []Finding {
	r, err := k.Rights(ctx)
	if err != nil {
		return one(Fail, fmt.Sprintf("%s is refused: %v", k.Setting, err), "check the key and ALGOLIA_APP_ID, in Algolia's dashboard under API keys")
	}
	var found []Finding
	add := func(s Severity, message, do string) {
		found = append(found, Finding{Severity: s, Message: message, Do: do})
	}
	if lacks := without(k.Needs, r.ACL); len(lacks) > 0 {
		add(Fail, fmt.Sprintf("%s lacks %s", k.Setting, strings.Join(lacks, ", ")), "make a key with exactly "+strings.Join(k.Needs, ", ")+" and set it")
	}
	if held := both(k.Harm, r.ACL); len(held) > 0 {
		severity := Warn
		if !slices.Contains(k.Needs, "addObject") && len(both(writes, held)) > 0 {
			severity = Fail // a key that searches must not write
		}
		add(severity, fmt.Sprintf("%s may do more than it needs: %s; %s", k.Setting, strings.Join(held, ", "), k.Why),
			"make a key with exactly "+strings.Join(k.Needs, ", ")+", set it, and delete this key when it is no longer used")
	}
	if len(r.Indexes) == 0 {
		add(Info, k.Setting+" is valid for every index of the application", "restrict it to "+strings.Join(k.Indexes, ", ")+" (and their replicas)")
	}
	return orOK(found, "%s may %s, and nothing more", k.Setting, strings.Join(r.ACL, ", "))
}

// without returns the elements of a that are not in b.
func without(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(s string) bool { return slices.Contains(b, s) })
}

// both returns the elements of a that are in b.
func both(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(s string) bool { return !slices.Contains(b, s) })
}

// Index checks whether an index exists, by searching it.
func Index(ctx context.Context, name string, count func(ctx context.Context, index string) (records int, exists bool, err error)) []Finding {
	n, exists, err := count(ctx, name)
	switch {
	case err != nil:
		return one(Fail, fmt.Sprintf("index %s cannot be searched: %v", name, err), "check ALGOLIA_APP_ID and ALGOLIA_SEARCH_KEY, and that Algolia can be reached from here")
	case !exists:
		return one(Warn, "index "+name+" does not exist yet", "give it its settings before the first sync: returnsync settings push")
	case n == 0:
		return one(Info, "index "+name+" is empty", "start a sync: returnsync sync --wait")
	}
	return one(OK, fmt.Sprintf("index %s has %d records", name, n), "")
}

// Drift is an index whose settings differ from its definition.
type Drift struct {
	Index    string
	Missing  bool
	Settings []string // the settings that differ
}

// Settings compares the settings of an entity's index and of its replicas with those of
// the definition.
func Settings(ctx context.Context, name string, drift func(context.Context) ([]Drift, error)) []Finding {
	list, err := drift(ctx)
	if err != nil {
		return blind("the settings of "+name, err, "")
	}
	var found []Finding
	for _, d := range list {
		message := "index " + d.Index + " does not exist"
		if !d.Missing {
			message = fmt.Sprintf("index %s has other settings than the definition of %s: %s", d.Index, name, strings.Join(d.Settings, ", "))
		}
		found = append(found, Finding{Severity: Warn, Message: message, Do: "to see them: returnsync settings diff; to correct them: returnsync settings push"})
	}
	return orOK(found, "%s: the index's settings are the definition's", name)
}
