package scope

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var (
	one = time.Date(2026, 11, 21, 4, 0, 0, 0, time.UTC)
	two = one.Add(time.Minute)
)

// in returns members in the states.
func in(states ...State) []Member {
	var list []Member
	for i, s := range states {
		list = append(list, Member{ID: fmt.Sprint("m", i), State: s})
	}
	return list
}

func TestJudge(t *testing.T) {
	cases := map[string]struct {
		members []Member
		state   State
		counts  Counts
	}{
		"none started":         {in(NotStarted, NotStarted), Syncing, Counts{NotStarted: 2}},
		"all running":          {in(Syncing, Syncing), Syncing, Counts{Syncing: 2}},
		"an early failure":     {in(Failed, Syncing), Syncing, Counts{Failed: 1, Syncing: 1}},
		"failed, one to start": {in(Failed, NotStarted), Syncing, Counts{Failed: 1, NotStarted: 1}},
		"synced, one to start": {in(Synced, NotStarted), Syncing, Counts{Synced: 1, NotStarted: 1}},
		"all ended, one badly": {in(Synced, Failed, Synced), Failed, Counts{Failed: 1, Synced: 2}},
		"all ended well":       {in(Synced, Synced), Synced, Counts{Synced: 2}},
		"one lost":             {in(Interrupted, Syncing, Synced, Failed, NotStarted), Interrupted, Counts{Synced: 1, Failed: 1, NotStarted: 1}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			state, counts := Judge(c.members)
			if diff := cmp.Diff(c.counts, counts); state != c.state || diff != "" {
				t.Errorf("%s, want %s; counts (-want +got):\n%s", state, c.state, diff)
			}
		})
	}
}

// TestCountsFallShortOfTheMembersOnlyWhenInterrupted throws members of all states
// together and looks at the laws that every scope keeps.
func TestCountsFallShortOfTheMembersOnlyWhenInterrupted(t *testing.T) {
	dice := rand.New(rand.NewPCG(1, 2))
	states := []State{NotStarted, Syncing, Synced, Failed, Interrupted}
	for range 20_000 {
		members := in()
		for i := range 1 + dice.IntN(6) {
			members = append(members, Member{ID: fmt.Sprint(i), State: states[dice.IntN(len(states))]})
		}
		state, c := Judge(members)
		sum := c.NotStarted + c.Syncing + c.Failed + c.Synced
		switch {
		case sum > len(members), sum < len(members) && state != Interrupted:
			t.Fatalf("%s: %+v of %d members", state, c, len(members))
		case state == Interrupted && c.Syncing != 0:
			t.Fatalf("an interrupted scope has %d running members", c.Syncing)
		case (state == Syncing) != (c.NotStarted+c.Syncing > 0) && state != Interrupted:
			t.Fatalf("%s with %+v", state, c)
		case state == Failed && c.Failed == 0, state == Synced && c.Synced != len(members):
			t.Fatalf("%s with %+v", state, c)
		}
	}
}

// TestAMemberFailsIfAnyOfItsEntitiesFailed looks at members of several entities.
func TestAMemberFailsIfAnyOfItsEntitiesFailed(t *testing.T) {
	status := func(s State, lost bool) Status {
		return Status{Entity: "e", Provider: "p", FunctionID: "f", State: s, Interrupted: lost, Error: "why", StartedAt: one, ChangedAt: two, PagesDone: 1, PagesTotal: 2}
	}
	cases := map[string]struct {
		statuses []Status
		state    State
		failures int
		ended    bool
	}{
		"nothing began":        {nil, NotStarted, 0, false},
		"all run":              {[]Status{status(Syncing, false), status(Syncing, false)}, Syncing, 0, false},
		"one failed, one runs": {[]Status{status(Failed, false), status(Syncing, false)}, Syncing, 1, false},
		"one failed":           {[]Status{status(Failed, false), status(Synced, false)}, Failed, 1, true},
		"all synced":           {[]Status{status(Synced, false), status(Synced, false)}, Synced, 0, true},
		"one lost, one runs":   {[]Status{status(Failed, true), status(Syncing, false)}, Interrupted, 1, false},
		"one lost, one failed": {[]Status{status(Failed, true), status(Failed, false)}, Interrupted, 2, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			m := MemberOf(Plan{ID: "m", Targets: []Target{{Entity: "planned"}}}, c.statuses)
			if m.State != c.state || len(m.Failures) != c.failures || (m.CompletedAt != nil) != c.ended {
				t.Errorf("%+v", m)
			}
			if n := len(c.statuses); m.PagesDone != n || m.PagesTotal != 2*n {
				t.Errorf("%d of %d pages", m.PagesDone, m.PagesTotal)
			}
		})
	}
}

func TestVerdict(t *testing.T) {
	cases := map[string]struct {
		trail Trail
		state State
		why   string
	}{
		"its starter is at work":        {Trail{Starting: true}, Syncing, ""},
		"its starter died":              {Trail{}, Interrupted, lostStart},
		"claimed":                       {Trail{Bound: true, Held: true}, Syncing, ""},
		"claimed, the starter is late":  {Trail{Bound: true, Held: true, Starting: false}, Syncing, ""},
		"the claim went without a run":  {Trail{Bound: true, Starting: true}, Interrupted, lostClaim},
		"the run synced":                {Trail{Bound: true, Ended: Synced}, Synced, ""},
		"the run failed":                {Trail{Bound: true, Ended: Failed, Reason: "page 3"}, Failed, "page 3"},
		"the run failed silently":       {Trail{Bound: true, Ended: Failed}, Failed, "the sync failed"},
		"the run was taken over":        {Trail{Bound: true, Ended: Interrupted, Reason: "the lease"}, Interrupted, "the lease"},
		"the run is dead, not yet told": {Trail{Bound: true, Begun: true, Reason: "of a page"}, Interrupted, lostRun},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if state, why := c.trail.Verdict(); state != c.state || why != c.why {
				t.Errorf("%s %q, want %s %q", state, why, c.state, c.why)
			}
		})
	}
}

// TestDocumentedNames holds the JSON of scopes and statuses to the documented
// names and to epoch milliseconds.
func TestDocumentedNames(t *testing.T) {
	s := Scope{ID: "nightly", State: Failed, Counts: Counts{1, 2, 3, 4}, Run: 5, LastStartedAt: &one, ChangedAt: two,
		Details: DetailsOf([]Member{{ID: "m", State: NotStarted}})}
	st := Status{ID: 7, Provider: "p", Entity: "e", FunctionID: "f", State: Synced, StartedAt: one, ChangedAt: two}
	for want, value := range map[string]any{
		`{"id":"nightly","title":"","state":"failed","notStarted":1,"syncing":2,"failed":3,"synced":4,"lastStartedAt":1795233600000,"lastFailedAt":null,"lastSyncedAt":null,` +
			`"timestamp":1795233660000,"run":5,"reason":"","details":{"m":{"state":"notStarted","startedAt":null,"completedAt":null,"entities":[],"pagesDone":0,"pagesTotal":0,"failures":[]}}}`: s.Answer(),
		`{"id":"7","provider":"p","entity":"e","functionId":"f","state":"synced","timestamp":1795233660000,"error":"","instanceId":"","startedAt":1795233600000,"runId":0,"pagesDone":0,"pagesTotal":0}`: st.Answer(),
	} {
		got, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, string(got)); diff != "" {
			t.Error(diff)
		}
	}
}
