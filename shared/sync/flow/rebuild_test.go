package flow_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/scope"
	"gitlab.com/eshopbox-team/return-sync/shared/scope/scopestore"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/destination"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/flow"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/join"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/member"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rebuild"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/target"
)

// indices are several indices by name, and a rebuild.Indices.
type indices struct {
	mu   sync.Mutex
	list map[string]*index
}

// named returns an index, which a write makes.
func (x *indices) named(name string) *index {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.list[name] == nil {
		x.list[name] = &index{records: map[string]string{}}
	}
	return x.list[name]
}

// Push implements destination.Index.
func (x *indices) Push(ctx context.Context, name string, ops []destination.Op) (destination.Result, error) {
	return x.named(name).Push(ctx, name, ops)
}

// Wait implements destination.Index.
func (x *indices) Wait(ctx context.Context, name string, task int64) error {
	return x.named(name).Wait(ctx, name, task)
}

// Prepare implements rebuild.Indices.
func (x *indices) Prepare(_ context.Context, d entity.Definition) error {
	x.named(d.Index)
	return nil
}

// Delete implements rebuild.Indices.
func (x *indices) Delete(_ context.Context, name string) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	delete(x.list, name)
	return nil
}

// names returns how many indices there are.
func (x *indices) count() int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return len(x.list)
}

// site is a world whose queue is served all the time, with several indices.
type site struct {
	*world
	all *indices
}

// newSite returns a site with n positions that are synced.
func newSite(t *testing.T, n int) *site {
	t.Helper()
	s := &site{world: newStock(t, n), all: &indices{list: map[string]*index{}}}
	s.def.PageSize = 4
	ctx, stop := context.WithCancel(context.Background())
	var served sync.WaitGroup
	served.Go(func() { s.serve(ctx) })
	t.Cleanup(func() { stop(); served.Wait() })
	s.play(t)
	return s
}

// serve delivers tasks until ctx ends.
func (s *site) serve(ctx context.Context) {
	for ctx.Err() == nil {
		task, ok := s.queue.next()
		if !ok {
			time.Sleep(time.Millisecond)
			continue
		}
		if err := s.deliverTo(s.all, task); err != nil && fault.Retryable(err) {
			s.queue.mu.Lock()
			s.queue.list = append(s.queue.list, task)
			s.queue.mu.Unlock()
		}
	}
}

// play ticks all targets and waits until they are synced.
func (s *site) play(t *testing.T) {
	t.Helper()
	_, err := s.cron().Run(context.Background(), flow.Tick{Occurrence: fmt.Sprint("site-", time.Now().UnixNano())})
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(2 * time.Millisecond) {
		var busy string
		if busy = s.text("SELECT COUNT(*) FROM order_return_algolia_sync WHERE status <> 0"); busy == "0" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s claims are held", busy)
		}
	}
}

// live returns the definition that searches see.
func (s *site) live(t *testing.T) entity.Definition {
	t.Helper()
	d, err := target.Catalog{Entities: entity.List{s.def}, Store: s.Targets}.LiveOf(context.Background(), s.def.Name)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// trueIndex demands that an index holds what the database does.
func (s *site) trueIndex(t *testing.T, name string) {
	t.Helper()
	one := *s.world
	one.t, one.index = t, s.all.named(name)
	one.true()
}

// rebuild returns a rebuild that stops at a step, if one is named.
func (s *site) rebuild(stopAt string) *rebuild.Rebuild {
	r := join.Rebuild(&rebuild.Rebuild{
		Cron: s.cron(), Indices: s.all, Poll: time.Millisecond, Log: silent,
		Verify: func(context.Context, entity.Definition) (int64, error) { return 0, nil },
	}, s.DB)
	r.Steps = func(at string) {
		if at == stopAt {
			panic(died(at))
		}
	}
	return r
}

// TestRebuildKilledAtEveryStep kills a rebuild at each step. At every moment the
// live index is whole; the next rebuild goes on and ends with the new one live
// and true, and the old one, still fed, can come back. Nothing is left behind.
func TestRebuildKilledAtEveryStep(t *testing.T) {
	for _, step := range []string{"target-made", "index-prepared", "caught-up", "verified", "promoted"} {
		t.Run(step, func(t *testing.T) {
			s := newSite(t, 10)
			before := s.live(t)
			ctx := context.Background()
			err := mortal(func() error { _, err := s.rebuild(step).Run(ctx, s.def); return err })
			if !errors.Is(err, errDied) {
				t.Fatalf("it did not die: %v", err)
			}
			if live := s.live(t); len(s.all.named(live.Index).content()) != len(s.all.named(before.Index).content()) {
				t.Fatalf("the live index %s is not whole", live.Index)
			}
			s.exec("UPDATE stock_lot SET quantity = quantity + 1, updated_at = NOW(6) WHERE id = 10")
			if step == "promoted" {
				s.play(t)
			} else if _, err := s.rebuild("").Run(ctx, s.def); err != nil {
				t.Fatal(err)
			}
			after := s.live(t)
			if after.Index == before.Index || s.all.count() != 2 {
				t.Fatalf("live is %s, %d indices", after.Index, s.all.count())
			}
			s.exec("UPDATE stock_lot SET quantity = quantity + 1, updated_at = NOW(6) WHERE id = 20")
			s.play(t)
			s.trueIndex(t, after.Index)
			s.trueIndex(t, before.Index)
		})
	}
}

// TestUndoAndClean goes back, forth again, and removes the old index, killed in
// the middle of that.
func TestUndoAndClean(t *testing.T) {
	s := newSite(t, 6)
	ctx := context.Background()
	built, err := s.rebuild("").Run(ctx, s.def)
	if err != nil {
		t.Fatal(err)
	}
	targets, err := s.Targets.Targets(ctx)
	if err != nil || len(targets) != 2 || targets[0].Role != target.Standby || !targets[0].First() {
		t.Fatalf("%+v, %v", targets, err)
	}
	for i, next := range []target.Target{targets[0], built} {
		// The live target is not synced: it would stay ahead of the one that follows.
		live := targets[1-i].Name()
		syncs := s.text("SELECT COUNT(*) FROM sync_run WHERE entity = ?", live)
		s.exec("UPDATE order_return_algolia_sync SET date_range_end = NOW(6) WHERE job_type = ?", s.live(t).JobType)
		if err := s.rebuild("").Promote(ctx, s.def, next); err != nil {
			t.Fatal(err)
		}
		if live := s.live(t); live.Index != next.Index || live.Name != next.Name() {
			t.Errorf("live is %s of %s, want %s", live.Index, live.Name, next.Index)
		}
		if now := s.text("SELECT COUNT(*) FROM sync_run WHERE entity = ?", live); now != syncs {
			t.Errorf("%s was synced: %s runs, then %s", live, syncs, now)
		}
	}
	if err := s.rebuild("").Drop(ctx, s.def, built); fault.KindOf(err) != fault.Superseded {
		t.Fatalf("the live target was dropped: %v", err)
	}
	for _, step := range []string{"target-dropping", "index-deleted", ""} {
		err := mortal(func() error { return s.rebuild(step).Drop(ctx, s.def, targets[0]) })
		if (step == "") != (err == nil) {
			t.Fatalf("%q: %v", step, err)
		}
		s.exec("UPDATE stock_lot SET quantity = quantity + 1, updated_at = NOW(6)")
		s.play(t)
	}
	if s.all.count() != 1 || s.text("SELECT COUNT(*) FROM sync_ledger WHERE entity = ?", s.def.Name) != "0" {
		t.Errorf("%d indices are left, %s rows of the ledger", s.all.count(), s.text("SELECT COUNT(*) FROM sync_ledger WHERE entity = ?", s.def.Name))
	}
	s.trueIndex(t, built.Index)
	again, err := s.rebuild("").Run(ctx, s.def)
	if err != nil || again.ID == built.ID || again.Index == built.Index {
		t.Fatalf("%+v, %v", again, err)
	}
	s.trueIndex(t, again.Index)
}

// TestRebuildFromAnotherDefinition builds from a definition that differs from the
// files' and goes on with it once it is live. Another definition cannot take the
// rebuild over.
func TestRebuildFromAnotherDefinition(t *testing.T) {
	s := newSite(t, 4)
	ctx := context.Background()
	changed := s.def
	changed.Stamp = "builtAt"
	err := mortal(func() error { _, err := s.rebuild("index-prepared").Run(ctx, changed); return err })
	if !errors.Is(err, errDied) {
		t.Fatal(err)
	}
	if _, err := s.rebuild("").Run(ctx, s.def); fault.CodeOf(err) != "other-definition" {
		t.Fatalf("another definition took over: %v", err)
	}
	built, err := s.rebuild("").Run(ctx, changed)
	if err != nil {
		t.Fatal(err)
	}
	s.exec("UPDATE stock_lot SET quantity = quantity + 1, updated_at = NOW(6)")
	s.play(t)
	if live := s.live(t); live.Stamp != "builtAt" {
		t.Errorf("live is synced with stamp %q", live.Stamp)
	}
	one := *s.world
	one.t, one.index, one.def = t, s.all.named(built.Index), changed
	one.true()
}

// TestRebuildThatDiffersDoesNotBecomeLive has the comparison find something.
func TestRebuildThatDiffersDoesNotBecomeLive(t *testing.T) {
	s := newSite(t, 4)
	r := s.rebuild("")
	r.Verify = func(context.Context, entity.Definition) (int64, error) { return 3, nil }
	if _, err := r.Run(context.Background(), s.def); fault.CodeOf(err) != "rebuild-differs" {
		t.Fatal(err)
	}
	if live := s.live(t); live.Index != s.def.Index {
		t.Errorf("live is %s", live.Index)
	}
}

// TestPromoteNeedsFreshness refuses a target that is behind the live one.
func TestPromoteNeedsFreshness(t *testing.T) {
	s := newSite(t, 4)
	ctx := context.Background()
	err := mortal(func() error { _, err := s.rebuild("caught-up").Run(ctx, s.def); return err })
	if !errors.Is(err, errDied) {
		t.Fatal(err)
	}
	targets, err := s.Targets.Targets(ctx)
	if err != nil {
		t.Fatal(err)
	}
	s.exec("UPDATE order_return_algolia_sync SET date_range_end = NOW(6) + INTERVAL 1 HOUR WHERE job_type = ?", s.def.JobType)
	jobTypes := func(x target.Target) (string, error) { d, err := x.Definition(s.def); return d.JobType, err }
	if err := s.Targets.Promote(ctx, targets[1], jobTypes); fault.CodeOf(err) != "not-fresh" {
		t.Errorf("a target that is behind became live: %v", err)
	}
}

// TestScopeOfARebuiltEntity starts a scope whose entity has two targets: its
// member follows the sync of the one that searches see.
func TestScopeOfARebuiltEntity(t *testing.T) {
	s := newSite(t, 4)
	ctx := context.Background()
	if _, err := s.rebuild("").Run(ctx, s.def); err != nil {
		t.Fatal(err)
	}
	scopes := &member.Scopes{
		Store: scopestore.New(s.Pool()), DB: s.DB, Entities: entity.List{s.def}, Log: silent, Ticker: s.cron(),
		Config: member.Config{StartLease: time.Minute, KeepDays: 30},
	}
	r, err := scope.ParseRequest(scope.StartScope, []byte(`{"instanceId":"s","options":{"members":{"m":["stock"]}}}`))
	if err != nil {
		t.Fatal(err)
	}
	if done, err := scopes.Start(ctx, r, ""); err != nil || !done.Started {
		t.Fatalf("%+v, %v", done, err)
	}
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(5 * time.Millisecond) {
		if err := scopes.Refresh(ctx); err != nil {
			t.Fatal(err)
		}
		now, err := scopes.Store.Scope(ctx, "s")
		if err != nil {
			t.Fatal(err)
		}
		if now.State == scope.Synced {
			return
		}
		if now.State != scope.Syncing || time.Now().After(deadline) {
			t.Fatalf("the scope is %s: %s", now.State, now.Reason)
		}
	}
}
