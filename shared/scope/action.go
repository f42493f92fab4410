package scope

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// The actions, by their documented names.
const (
	StartScope   = "start-sync-scope"
	DeleteScope  = "delete-sync-scope"
	DeleteStatus = "delete-sync-status"
	SyncEntities = "sync-entities"
)

// Actions returns the names of all actions.
func Actions() []string { return []string{StartScope, DeleteScope, DeleteStatus, SyncEntities} }

// Action returns the action that a name stands for, empty for none. The prefixes
// "action." and "action-" are both documented.
func Action(name string) string {
	for _, prefix := range []string{"action.", "action-"} {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			name = rest
			break
		}
	}
	if slices.Contains(Actions(), name) {
		return name
	}
	return ""
}

// Request is an action's body, in the documented names. What an action does not
// know it refuses.
type Request struct {
	Type       string  `json:"type"`
	InstanceID ID      `json:"instanceId"`
	When       When    `json:"when"`
	Options    Options `json:"options"`
}

// Options are an action's options. InstanceIDs, Members, Restart, Timeout and
// Occurrence belong to start-sync-scope, Provider and Entities to sync-entities,
// ID to the two that delete.
type Options struct {
	ID          ID   `json:"id"`
	Title       Text `json:"title"`
	InstanceIDs []ID `json:"instanceIds"`
	// Members gives members their entities, by instance id; it is ours.
	Members map[string]Wanted `json:"members"`
	Restart bool              `json:"restart"`
	// TimeoutSeconds interrupts a scope that has not completed by then; 0, the
	// documented behaviour, lets it wait for ever.
	TimeoutSeconds int    `json:"timeoutSeconds"`
	Provider       Text   `json:"provider"`
	Entities       Wanted `json:"entities"`
}

// ID is an id: a text, or a number that stands for one.
type ID string

// UnmarshalJSON implements json.Unmarshaler.
func (id *ID) UnmarshalJSON(text []byte) error {
	var number json.Number
	if len(text) > 0 && text[0] != '"' && json.Unmarshal(text, &number) == nil {
		*id = ID(number)
		return nil
	}
	return json.Unmarshal(text, (*string)(id))
}

// Text is a short text for people.
type Text string

// UnmarshalJSON implements json.Unmarshaler.
func (t *Text) UnmarshalJSON(text []byte) error {
	if err := json.Unmarshal(text, (*string)(t)); err != nil {
		return err
	}
	if utf8.RuneCountInString(string(*t)) > MaxTitle {
		return fmt.Errorf("a text has more than %d letters", MaxTitle)
	}
	return nil
}

// Wanted is a list of entities. Each is its name, or an object with it; a
// function is kept with the status, and our entities take no parameters.
type Wanted []Item

// Item is one entity of a list.
type Item struct {
	Entity   string `json:"entity"`
	Function string `json:"function"`
}

// UnmarshalJSON implements json.Unmarshaler.
func (i *Item) UnmarshalJSON(text []byte) error {
	if len(text) > 0 && text[0] == '"' {
		return json.Unmarshal(text, &i.Entity)
	}
	type plain Item
	err := decode(text, (*plain)(i))
	if err == nil && utf8.RuneCountInString(i.Function) > MaxTitle {
		err = fmt.Errorf("a function has more than %d letters", MaxTitle)
	}
	return err
}

// When is an action's condition; its zero value is none. It is a value, of which JavaScript's false ones mean
// "do nothing", or what a scope must be or not be. A scope that was never
// started is "none". Is and IsNot may be one state or several.
type When struct {
	False bool
	Scope ID
	Is    States
	IsNot States
}

// States is a state or a list of them.
type States []State

// UnmarshalJSON implements json.Unmarshaler.
func (s *States) UnmarshalJSON(text []byte) error {
	var one State
	if len(text) > 0 && text[0] == '"' {
		err := json.Unmarshal(text, &one)
		*s = States{one}
		return err
	}
	return json.Unmarshal(text, (*[]State)(s))
}

// None is the state, in conditions, of a scope that is not there.
const None State = "none"

// UnmarshalJSON implements json.Unmarshaler.
func (w *When) UnmarshalJSON(text []byte) error {
	if len(text) == 0 || text[0] != '{' {
		var value any
		err := json.Unmarshal(text, &value)
		w.False = value == nil || value == false || value == "" || value == 0.0
		return err
	}
	var c struct {
		Scope ID     `json:"scope"`
		Is    States `json:"is"`
		IsNot States `json:"isNot"`
	}
	if err := decode(text, &c); err != nil {
		return err
	}
	w.Scope, w.Is, w.IsNot = c.Scope, c.Is, c.IsNot
	for _, s := range slices.Concat(w.Is, w.IsNot) {
		if !slices.Contains([]State{None, Syncing, Synced, Failed, Interrupted}, s) {
			return fmt.Errorf("%.20q is no state of a scope", s)
		}
	}
	if len(w.Is)+len(w.IsNot) == 0 {
		return errors.New(`when wants "is" or "isNot"`)
	}
	return CheckID(string(w.Scope), "when.scope")
}

// Met reports whether the condition holds, given the scope's state.
func (w When) Met(s State) bool {
	if w.Scope == "" {
		return !w.False
	}
	return (len(w.Is) == 0 || slices.Contains(w.Is, s)) && !slices.Contains(w.IsNot, s)
}

// ParseRequest reads an action's body. An empty one is an action without options.
func ParseRequest(action string, body []byte) (Request, error) {
	var r Request
	if len(bytes.TrimSpace(body)) == 0 {
		return r, nil
	}
	if err := decode(body, &r); err != nil {
		var f *fault.Error
		if errors.As(err, &f) {
			return Request{}, err
		}
		return Request{}, fault.New(fault.Invalid, "bad-body", "the body is no %s action: %s", action, err)
	}
	if r.Type != "" && Action(r.Type) != action {
		return Request{}, fault.New(fault.Invalid, "bad-body", "the body is another action than the address names").WithParam("type")
	}
	return r, r.belongs(action)
}

// belongs refuses options of another action, which would do nothing.
func (r Request) belongs(action string) error {
	o := r.Options
	for _, given := range []struct {
		name  string
		there bool
		of    []string
	}{
		{"instanceId", r.InstanceID != "", []string{StartScope, SyncEntities}},
		{"options.id", o.ID != "", []string{DeleteScope, DeleteStatus}},
		{"options.instanceIds", o.InstanceIDs != nil, []string{StartScope}},
		{"options.members", o.Members != nil, []string{StartScope}},
		{"options.restart", o.Restart, []string{StartScope}},
		{"options.timeoutSeconds", o.TimeoutSeconds != 0, []string{StartScope}},
		{"options.provider", o.Provider != "", []string{SyncEntities}},
		{"options.entities", o.Entities != nil, []string{SyncEntities}},
	} {
		if given.there && !slices.Contains(given.of, action) {
			return fault.New(fault.Invalid, "bad-option", "%s has no %s", action, given.name).WithParam(given.name)
		}
	}
	return nil
}

// maxTimeout is the longest timeout of a scope.
const maxTimeout = 7 * 24 * time.Hour

// Timeout returns the timeout, 0 for none.
func (o Options) Timeout() (time.Duration, error) {
	d := time.Duration(o.TimeoutSeconds) * time.Second
	if o.TimeoutSeconds < 0 || o.TimeoutSeconds > int(maxTimeout/time.Second) {
		return 0, fault.New(fault.Invalid, "bad-timeout", "a timeout is from 0 to %d seconds", int(maxTimeout/time.Second)).WithParam("options.timeoutSeconds")
	}
	return d, nil
}

// Order returns the members' ids, each once: as listed, or, where only their
// entities are given, sorted. Entities of a member that is not listed are an
// error. nil means that none were given at all.
func (o Options) Order() ([]string, error) {
	var ids []string
	for _, id := range o.InstanceIDs {
		if !slices.Contains(ids, string(id)) {
			ids = append(ids, string(id))
		}
	}
	if o.InstanceIDs == nil {
		ids = slices.Sorted(maps.Keys(o.Members))
	}
	for id := range o.Members {
		if !slices.Contains(ids, id) {
			return nil, fault.New(fault.Invalid, "bad-member", "options.members has a member that options.instanceIds does not list").WithParam("options.members")
		}
	}
	if len(ids) == 0 && (o.InstanceIDs != nil || o.Members != nil) {
		return nil, fault.New(fault.Invalid, "no-members", "a scope without members would be complete before it began: list at least one").WithParam("options.instanceIds")
	}
	return ids, nil
}

// decode reads one JSON value and refuses what it does not know.
func decode(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is more than one JSON value")
	}
	return nil
}
