package flow_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/scope"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/flow"
)

// TestRecoveryAfterADeathInEachState kills the process that starts a scope between any two
// steps, and the pipeline in each state of a claim, and recovers twice: the
// second time nothing may change.
func TestRecoveryAfterADeathInEachState(t *testing.T) {
	body := `{"instanceId":"s","options":{"instanceIds":["m","idle"],"members":{"m":["a"]}}}`
	cases := map[string]struct {
		dies  string // the step that the starter dies at
		then  func(*group)
		state scope.State
		count string
	}{
		"statuses written, lease alive": {"scope-started", nil, scope.Syncing, "1/1/0/0"},
		"statuses written":              {"scope-started", (*group).starterLost, scope.Interrupted, "1/0/0/0"},
		"ticked, not bound":             {"member-ticked", (*group).starterLost, scope.Interrupted, "1/0/0/0"},
		"bound":                         {"member-bound", (*group).starterLost, scope.Syncing, "1/1/0/0"},
		"claim lost":                    {"member-bound", func(g *group) { g.die("a") }, scope.Interrupted, "1/0/0/0"},
		"claim taken over before a run": {"", func(g *group) { g.die("a"); g.tickOne("a") }, scope.Interrupted, "1/0/0/0"},
		"run under way":                 {"", func(g *group) { g.begin("a") }, scope.Syncing, "1/1/0/0"},
		"run lost":                      {"", func(g *group) { g.begin("a"); g.die("a") }, scope.Interrupted, "1/0/0/0"},
		"run taken over":                {"", func(g *group) { g.begin("a"); g.die("a"); g.tickOne("a") }, scope.Interrupted, "1/0/0/0"},
		"run synced":                    {"", func(g *group) { g.end("a", "synced") }, scope.Syncing, "1/0/0/1"},
		"run failed":                    {"", func(g *group) { g.end("a", "failed") }, scope.Syncing, "1/0/1/0"},
		"run synced, next one dead":     {"", func(g *group) { g.end("a", "synced"); g.tickOne("a"); g.die("a") }, scope.Syncing, "1/0/0/1"},
		"nothing started":               {"", (*group).unstarted, scope.Syncing, "2/0/0/0"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			g := newGroup(t)
			g.scopes.Steps = func(step string) {
				if step == c.dies {
					panic(died(step))
				}
			}
			err := mortal(func() error {
				_, err := g.scopes.Start(t.Context(), g.request(scope.StartScope, body), "")
				return err
			})
			if errors.Is(err, errDied) != (c.dies != "") {
				t.Fatal(err)
			}
			g.scopes.Steps = nil
			if c.then != nil {
				c.then(g)
			}
			g.expect("s", c.state, c.count)
			once := g.snapshot()
			g.look0()
			if diff := cmp.Diff(once, g.snapshot()); diff != "" {
				t.Errorf("a second recovery changed something:\n%s", diff)
			}
			if done := g.start(`{"instanceId":"s","when":{"scope":"s","isNot":"syncing"}}`); done.Started != (c.state != scope.Syncing) {
				t.Errorf("the documented guard: started %v with state %s", done.Started, c.state)
			}
		})
	}
}

// starterLost lets the starter's lease run out.
func (g *group) starterLost() {
	g.exec("UPDATE sync_status SET lease_until = NOW(6) - INTERVAL 1 SECOND")
}

// tickOne ticks an entity as the scheduler does.
func (g *group) tickOne(name string) {
	g.t.Helper()
	if _, err := g.scopes.Ticker.Run(g.t.Context(), flow.Tick{Entity: name}); err != nil {
		g.t.Fatal(err)
	}
}

// unstarted restarts the scope without any entities.
func (g *group) unstarted() {
	g.started(`{"instanceId":"s","options":{"instanceIds":["m","idle"],"restart":true}}`)
}

// TestOneOfFiftyStartsAtOnce starts one scope from fifty sides, five times over.
func TestOneOfFiftyStartsAtOnce(t *testing.T) {
	g := newGroup(t)
	for round := 1; round <= 5; round++ {
		var all sync.WaitGroup
		var mu sync.Mutex
		said := map[string]int{}
		for range 50 {
			all.Go(func() {
				done, err := g.scopes.Start(t.Context(), g.request(scope.StartScope, `{"instanceId":"s","options":{"members":{"m":["a"],"n":["b"]}}}`), "")
				mu.Lock()
				defer mu.Unlock()
				said[fmt.Sprint(done.Message, err)]++
			})
		}
		all.Wait()
		if diff := cmp.Diff(map[string]int{"started<nil>": 1, "already syncing<nil>": 49}, said); diff != "" {
			t.Fatalf("round %d:\n%s", round, diff)
		}
		if s := g.expect("s", scope.Syncing, "0/2/0/0"); s.Run != int64(round) {
			t.Fatalf("run %d in round %d", s.Run, round)
		}
		g.end("a", "synced")
		g.end("b", "synced")
		g.expect("s", scope.Synced, "0/0/0/2")
	}
	if n := g.text("SELECT COUNT(*) FROM sync_status"); n != "10" {
		t.Errorf("%s statuses", n)
	}
}

// TestEverythingAtOnce restarts, reports, refreshes and deletes from many sides:
// whatever comes first, no call fails and the scope's counts stay lawful.
func TestEverythingAtOnce(t *testing.T) {
	g := newGroup(t)
	var all sync.WaitGroup
	for side := range 12 {
		all.Go(func() {
			for range 15 {
				var err error
				switch side % 4 {
				case 0:
					_, err = g.scopes.Start(t.Context(), g.request(scope.StartScope, `{"instanceId":"s","options":{"instanceIds":["m","n"],"members":{"n":["b"]},"restart":true}}`), "")
				case 1:
					_, err = g.scopes.SyncEntities(t.Context(), g.request(scope.SyncEntities, `{"instanceId":"m","options":{"entities":["a","c"]}}`))
				case 2:
					err = g.scopes.Sweep(t.Context())
				case 3:
					if err = g.scopes.Store.DeleteScope(t.Context(), "other"); fault.KindOf(err) == fault.NotFound {
						_, err = g.scopes.Start(t.Context(), g.request(scope.StartScope, `{"instanceId":"other","options":{"instanceIds":["m"]}}`), "")
					}
				}
				if err != nil {
					t.Errorf("%d: %v", side%4, err)
				}
			}
		})
	}
	all.Wait()
	s := g.look("s")
	if s.State != scope.Syncing || s.NotStarted+s.Syncing != 2 || s.Run != 45 {
		t.Errorf("%+v", s)
	}
	g.sound("s")
}
