// Package reference is the one list of what Algolia's API reference documents: the names
// of settings, search parameters, parts of rules and of synonyms, and the forms of their
// values. What stands in the list is accepted, everything else is refused in the
// service's words.
//
// The list belongs to neither side. Definitions (sync/entity), the search function
// (search) and the emulator (emulator/algolia) read it, so that a name that one of them
// knows is known to all. It holds facts of the service and no behaviour: the emulator's
// engine shares nothing else with us. Because a wrong fact would be shared too, tests
// compare the list with the types of Algolia's own clients.
package reference

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// List is a part of the reference: names and the forms of their values.
type List struct {
	forms    map[string]form
	defaults map[string]json.RawMessage
	loose    bool   // values may be texts of a URL
	unknown  string // the service's words for a name outside the list
}

// The parts of the reference. Values of settings are JSON; values of parameters may be
// the texts of a URL too, as "1" for true or "a,b" for a list.
var (
	Settings   = list(setting, "Invalid object attributes")
	Parameters = list(parameter, "Unknown parameter")
)

// list returns the lines of the table that are of a kind.
func list(k kind, unknown string) *List {
	l := &List{forms: map[string]form{}, defaults: map[string]json.RawMessage{}, loose: k == parameter, unknown: unknown}
	for _, line := range table {
		for _, name := range strings.Fields(line.names) {
			if line.kind&k != 0 {
				l.forms[name] = line.form
			}
			if line.kind&k != 0 && line.missing != "" {
				l.defaults[name] = json.RawMessage(line.missing)
			}
		}
	}
	return l
}

// Names lists the documented names in order.
func (l *List) Names() []string { return slices.Sorted(maps.Keys(l.forms)) }

// Has reports whether a name is documented.
func (l *List) Has(name string) bool { return l.forms[name].read != nil }

// Default returns what holds where nothing is set, nil for a name without a default.
func (l *List) Default(name string) json.RawMessage { return l.defaults[name] }

// Read checks a decoded value and returns what it says: a bool, an int, a string, a
// []string, or lists and objects as they were given. nil resets a name and stays nil. The
// error is an *Error.
func (l *List) Read(name string, value any) (any, error) {
	f, known := l.forms[name]
	if !known {
		return nil, &Error{Words: l.unknown, Path: name}
	}
	if value == nil {
		return nil, nil
	}
	read, refused := f.read(value, l.loose)
	return read, refused.at(name)
}

// Check checks a value that is JSON.
func (l *List) Check(name string, value json.RawMessage) error {
	var v any
	dec := json.NewDecoder(bytes.NewReader(value))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	_, err := l.Read(name, v)
	return err
}

// CheckRule checks a rule, a JSON object.
func CheckRule(document []byte) error { return checkDocument(rule, document) }

// CheckSynonym checks a synonym, a JSON object.
func CheckSynonym(document []byte) error { return checkDocument(synonym, document) }

func checkDocument(f form, document []byte) error {
	var v any
	dec := json.NewDecoder(bytes.NewReader(document))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil {
		return err
	}
	_, refused := f.read(v, false)
	return refused.at("")
}

// Error is a refusal. Its text has the service's words.
type Error struct {
	Words string // such as "Invalid value for"
	Path  string // the name, and where the value is an object the member within
	Want  string // the documented form, empty for names
	Got   string // the entry of a list that is wrong, if one is
}

// Error returns the message.
func (e *Error) Error() string {
	switch {
	case e.Want == "":
		return e.Words + ": " + e.Path
	case e.Got != "":
		return fmt.Sprintf("%s %q parameter, expected %s, not %q", e.Words, e.Path, e.Want, e.Got)
	}
	return fmt.Sprintf("%s %q parameter, expected %s", e.Words, e.Path, e.Want)
}

// at returns the error with a name before its path; no error stays none.
func (e *Error) at(name string) error {
	if e == nil {
		return nil
	}
	return e.within(name)
}

// within puts a name before the path.
func (e *Error) within(name string) *Error {
	out := *e
	switch {
	case name == "":
	case out.Path == "" || strings.HasPrefix(out.Path, "["):
		out.Path = name + out.Path
	default:
		out.Path = name + "." + out.Path
	}
	return &out
}
