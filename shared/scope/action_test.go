package scope

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

func TestActionAliases(t *testing.T) {
	for name, want := range map[string]string{
		"start-sync-scope": StartScope, "action.start-sync-scope": StartScope, "action-start-sync-scope": StartScope,
		"action.sync-entities": SyncEntities, "action-sync-entities": SyncEntities, "delete-sync-scope": DeleteScope,
		"action.delete-sync-status": DeleteStatus, "action.": "", "": "", "action.action.sync-entities": "", "sync": "",
	} {
		if got := Action(name); got != want {
			t.Errorf("%q is %q, want %q", name, got, want)
		}
	}
}

func TestParseRequest(t *testing.T) {
	cases := map[string]struct {
		action, body string
		want         Request
	}{
		"empty": {SyncEntities, " ", Request{}},
		"documented start": {StartScope, `{"type":"action.start-sync-scope","instanceId":"s","options":{"title":"Sync","instanceIds":["a","b"]}}`,
			Request{Type: "action.start-sync-scope", InstanceID: "s", Options: Options{Title: "Sync", InstanceIDs: []ID{"a", "b"}}}},
		"documented entities": {SyncEntities, `{"instanceId":"a","options":{"provider":"P","entities":["returns",{"entity":"stock","function":"f"},{"entity":"x"}]}}`,
			Request{InstanceID: "a", Options: Options{Provider: "P", Entities: Wanted{{Entity: "returns"}, {Entity: "stock", Function: "f"}, {Entity: "x"}}}}},
		"no entities is a list":   {SyncEntities, `{"options":{"entities":[]}}`, Request{Options: Options{Entities: Wanted{}}}},
		"an id as a number":       {DeleteStatus, `{"options":{"id":7}}`, Request{Options: Options{ID: "7"}}},
		"an id as a text":         {DeleteStatus, `{"options":{"id":"7"}}`, Request{Options: Options{ID: "7"}}},
		"a condition on a scope":  {StartScope, `{"when":{"scope":"s","isNot":"syncing"}}`, Request{When: When{Scope: "s", IsNot: States{Syncing}}}},
		"a condition with states": {StartScope, `{"when":{"scope":"s","is":["failed","none"]}}`, Request{When: When{Scope: "s", Is: States{Failed, None}}}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := ParseRequest(c.action, []byte(c.body))
			if diff := cmp.Diff(c.want, got); err != nil || diff != "" {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestParseRequestRefuses(t *testing.T) {
	for body, want := range map[string]string{
		`{`:                                    "no start-sync-scope action",
		`[]`:                                   "no start-sync-scope action",
		`{} {}`:                                "more than one",
		`{"colour":1}`:                         "colour",
		`{"type":"action.sync-entities"}`:      "another action",
		`{"options":{"entities":["returns"]}}`: "options.entities",
		`{"options":{"provider":"P"}}`:         "options.provider",
		`{"options":{"id":"x"}}`:               "options.id",
		`{"options":{"members":{"a":[{}],"b":1}}`:                                                             "no start-sync-scope action",
		`{"options":{"members":{"a":[{"entity":"e","parameters":{}}]}}}`:                                      "parameters",
		`{"options":{"members":{"a":[{"entity":"e","function":"` + strings.Repeat("f", MaxTitle+1) + `"}]}}}`: "letters",
		`{"options":{"title":"` + strings.Repeat("é", MaxTitle+1) + `"}}`:                                     "letters",
		`{"instanceId":true}`:                          "no start-sync-scope action",
		`{"instanceId":{}}`:                            "no start-sync-scope action",
		`{"when":{"scope":"s"}}`:                       "wants",
		`{"when":{"scope":"s","is":"asleep"}}`:         "no state",
		`{"when":{"scope":"../s","is":"failed"}}`:      "no id",
		`{"when":{"scope":"s","is":"failed","or":1}}`:  "or",
		`{"when":{"is":"failed"}}`:                     "no id",
		`{"when":{"scope":"s","is":"failed"}}trailing`: "no start-sync-scope action",
	} {
		_, err := ParseRequest(StartScope, []byte(body))
		if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", body, err, want)
		}
	}
}

// TestWhenFalsyNothingRuns lists JavaScript's false values and some others.
func TestWhenFalsyNothingRuns(t *testing.T) {
	for value, want := range map[string]bool{
		"false": false, "null": false, "0": false, `""`: false, "0.0": false,
		"true": true, "1": true, `"false"`: true, "[]": true, "-1": true,
	} {
		r, err := ParseRequest(SyncEntities, []byte(`{"when":`+value+`}`))
		if err != nil || r.When.Met("") != want {
			t.Errorf("when %s: %v, %v; want %v", value, r.When.Met(""), err, want)
		}
	}
	if !(When{}).Met("") {
		t.Error("without a condition an action runs")
	}
}

// TestTheDocumentedGuardIsFalseOnlyWhileSyncing tries it on every state.
func TestTheDocumentedGuardIsFalseOnlyWhileSyncing(t *testing.T) {
	r, err := ParseRequest(StartScope, []byte(`{"when":{"scope":"s","isNot":"syncing"}}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []State{None, Syncing, Synced, Failed, Interrupted} {
		if r.When.Met(s) != (s != Syncing) {
			t.Errorf("on %s the guard is %v", s, r.When.Met(s))
		}
	}
}

// TestDuplicateMembersAreOne looks at how members are listed.
func TestDuplicateMembersAreOne(t *testing.T) {
	cases := map[string]struct {
		options Options
		want    []string
		code    string
	}{
		"twice":            {Options{InstanceIDs: []ID{"b", "a", "b"}}, []string{"b", "a"}, ""},
		"none given":       {Options{}, nil, ""},
		"entities alone":   {Options{Members: map[string]Wanted{"b": nil, "a": nil}}, []string{"a", "b"}, ""},
		"both":             {Options{InstanceIDs: []ID{"b", "a"}, Members: map[string]Wanted{"a": nil}}, []string{"b", "a"}, ""},
		"a stranger":       {Options{InstanceIDs: []ID{"b"}, Members: map[string]Wanted{"a": nil}}, nil, "bad-member"},
		"an empty list":    {Options{InstanceIDs: []ID{}}, nil, "no-members"},
		"an empty object":  {Options{Members: map[string]Wanted{}}, nil, "no-members"},
		"both, both empty": {Options{InstanceIDs: []ID{}, Members: map[string]Wanted{}}, nil, "no-members"},
	}
	for name, c := range cases {
		got, err := c.options.Order()
		if diff := cmp.Diff(c.want, got); diff != "" || c.code == "" && err != nil || c.code != "" && fault.CodeOf(err) != c.code {
			t.Errorf("%s: %v\n%s", name, err, diff)
		}
	}
}

func TestCheckPlans(t *testing.T) {
	many := make([]Plan, MaxMembers+1)
	for i := range many {
		many[i].ID = fmt.Sprint("m", i)
	}
	for name, c := range map[string]struct {
		plans []Plan
		code  string
	}{
		"fine":       {[]Plan{{ID: "a"}, {ID: "b.c:d-e_1"}}, ""},
		"no id":      {[]Plan{{}}, "bad-id"},
		"a path":     {[]Plan{{ID: "a/b"}}, "bad-id"},
		"two lines":  {[]Plan{{ID: "a\n"}}, "bad-id"},
		"long":       {[]Plan{{ID: strings.Repeat("a", 97)}}, "bad-id"},
		"twice":      {[]Plan{{ID: "a"}, {ID: "a"}}, "twice"},
		"too many":   {many, "too-many"},
		"many parts": {[]Plan{{ID: "a", Targets: make([]Target, MaxTargets+1)}}, "too-many"},
	} {
		err := CheckPlans(c.plans)
		if c.code == "" && err != nil || c.code != "" && fault.CodeOf(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParseRequest(f *testing.F) {
	for _, seed := range []string{
		`{"instanceId":"s","options":{"instanceIds":["a",7],"members":{"a":["returns",{"entity":"x"}]},"restart":true,"timeoutSeconds":60}}`,
		`{"when":{"scope":"s","is":["failed"]}}`, `{"when":0}`, `{"options":{"id":7}}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		for _, action := range Actions() {
			r, err := ParseRequest(action, []byte(body))
			if err != nil {
				if fault.KindOf(err) != fault.Invalid {
					t.Errorf("%q: %v is not the caller's to mend", body, err)
				}
				continue
			}
			if _, err := r.Options.Timeout(); err != nil && fault.KindOf(err) != fault.Invalid {
				t.Error(err)
			}
			if ids, err := r.Options.Order(); err == nil {
				for i, id := range ids {
					for _, other := range ids[:i] {
						if id == other {
							t.Errorf("%q twice in %q", id, ids)
						}
					}
				}
			}
		}
	})
}
