package exchange

import (
	"context"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/rehearsal"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/rehearsal/rehearsaltest"
	"gitlab.com/eshopbox-team/return-sync/shared/clock"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/localdb/localdbtest"
	"gitlab.com/eshopbox-team/return-sync/shared/sample"
)

func TestMain(m *testing.M) {
	rehearsal.Child() // this program is also the functions'
	os.Exit(localdbtest.Run(m))
}

// everyStep asks for the story of every step; without it the story plays one of each side.
const everyStep = "RETURN_SYNC_STORY_STEPS"

// The steps of a session between which a process may die, in their order: the secondary's,
// and the primary's before and behind each answer.
var (
	secondarySteps = []string{"held", "listed", "planned", "stated", "staged", "compared", "removed", "moved", "proven", "swapped", "reported", "ended", "kept"}
	primaryActions = []string{"subscriptions", "slice", "pieces", "ids", "grains", "done", "end"}
)

// steps returns the steps to play.
func steps() []string {
	if os.Getenv(everyStep) == "" {
		return []string{"moved", "asked grains"}
	}
	list := slices.Clone(secondarySteps)
	for _, action := range primaryActions {
		list = append(list, "asked "+action, "answered "+action)
	}
	return list
}

// startStack starts the product with the wing and small slices. Where times are judged no
// process asks between steps whether to go on.
func startStack(t *testing.T, grains map[string]int) (*rehearsal.Stack, *play) {
	t.Helper()
	var p *play
	tool := Tool().Play
	tool.Open = func(_ context.Context, s *rehearsal.Stack) (one *rehearsal.Play, err error) {
		if p, err = newPlay(s, grains); err != nil {
			return nil, err
		}
		return p.registered(), nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	s := rehearsaltest.Filled(ctx, t, rehearsal.Options{
		Steps: os.Getenv(sizesEnv) == "", HoldTicks: true, Wings: []rehearsal.Wing{tool}, Log: os.Stderr, ChildLog: os.Stderr, BufferPoolMB: 1024,
		Env: []string{"LOG_LEVEL=ERROR", "CLOUD_RUN_TIMEOUT_SECONDS=3600"}, // as Terraform gives the function
	}, sample.GenerateOptions{})
	if err := s.BeginWings(ctx); err != nil {
		t.Fatal(err)
	}
	return s, p
}

// proofs returns what a server holds of each slice, from its grains.
func proofs(t *testing.T, p *play, s *server) map[string]exchange.Proof {
	t.Helper()
	all := map[string]exchange.Proof{}
	for name, id := range p.slices {
		slice, err := s.tables.Slices.Slice(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if all[name], err = exchange.Prove(s.tables.Grains.IDs(t.Context(), id, exchange.Whole), slice.Metadata); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// untilSynced has a server sync until nothing is left to do, and returns how long that took.
func untilSynced(t *testing.T, p *play, s *server) time.Duration {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	for began := time.Now(); ; {
		r, err := s.sync(ctx, p.primary.id)
		if err == nil && unchanged(r) {
			return time.Since(began)
		}
		if clock.Sleep(ctx, 50*time.Millisecond) != nil {
			t.Fatalf("%s is not in line: %v", s.name, err)
		}
	}
}

// TestSessionsOfProcesses runs sessions between the deployed program's processes.
func TestSessionsOfProcesses(t *testing.T) {
	s, p := startStack(t, map[string]int{rotors: 2500, "acme-pads": 40}) // more than a page of ids, so that pieces are asked for
	if _, err := p.syncAll(t.Context(), io.Discard); err != nil {
		t.Fatal(err)
	}
	t.Run("kills", func(t *testing.T) { kills(t, s, p) })
	t.Run("figures", func(t *testing.T) { figuresOf(t, s, p) })
}

// kills ends the secondary's or the primary's process with kill -9 at a step of a session.
// Afterwards each copy is the old one or the new one, never between, and the next sync
// ends the work soon, although the dead one held the right to sync.
func kills(t *testing.T, s *rehearsal.Stack, p *play) {
	secondary := p.secondaries[0]
	for i, step := range steps() {
		old := proofs(t, p, secondary)
		for _, name := range []string{rotors, "acme-pads"} {
			var list []exchange.Grain
			for n := range 20 {
				list = append(list, grain(p.slices[name], name, n*p.grains[name]/25, step))
			}
			if err := p.primary.tables.Grains.AddGrains(t.Context(), p.slices[name], list, true); err != nil {
				t.Fatal(err)
			}
		}
		fresh := proofs(t, p, p.primary)
		kills := s.Kills()[step]
		s.Strike(rehearsal.Blow{Step: step})
		if _, err := secondary.sync(t.Context(), p.primary.id); err == nil && strings.HasPrefix(step, "asked") && step != "asked end" {
			t.Errorf("%s: the sync ended well", step)
		}
		if s.Kills()[step] != kills+1 {
			t.Fatalf("%s: no process was killed", step)
		}
		between := proofs(t, p, secondary)
		for name, have := range between {
			if have != old[name] && have != fresh[name] {
				t.Errorf("%s: %s is neither the old nor the new: %+v", step, name, have)
			}
			if whole, err := sound(t.Context(), secondary.tables, p.slices[name]); err != nil || !whole {
				t.Errorf("%s: %s is not what its row says: %v", step, name, err)
			}
		}
		took := untilSynced(t, p, secondary)
		if after := proofs(t, p, secondary); !maps.Equal(after, fresh) {
			t.Errorf("%s: the copies are not the primary's: %+v and %+v", step, after, fresh)
		}
		if took > time.Minute {
			t.Errorf("%s: it took %s to take the sync up again", step, took)
		}
		t.Logf("%d %s: in line again %s after the kill", i+1, step, took.Round(100*time.Millisecond))
	}
}
