package store_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/ledger"
	syncjob "gitlab.com/eshopbox-team/return-sync/shared/sync/rework"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/target"
	"gitlab.com/eshopbox-team/return-sync/shared/window"
)

// jobTypes returns a target's job type.
func (b *bench) jobTypes(t target.Target) (string, error) {
	d, err := t.Definition(b.def)
	return d.JobType, err
}

// targets returns the roles of all targets by name.
func (b *bench) targets() map[string]target.Role {
	b.t.Helper()
	list, err := b.Targets.Targets(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	roles := map[string]target.Role{}
	for _, one := range list {
		roles[one.Name()] = one.Role
	}
	return roles
}

// mark sets the watermark of a job type.
func (b *bench) mark(jobType string, at time.Time) {
	b.t.Helper()
	b.exec("DELETE FROM order_return_algolia_sync WHERE job_type = ?", jobType)
	b.exec("INSERT INTO order_return_algolia_sync (job_type, status, date_range_end) VALUES (?, 0, ?)", jobType, at)
}

// TestNewTargetHasOneWinner has many begin a rebuild at once.
func TestNewTargetHasOneWinner(t *testing.T) {
	b := newBench(t)
	ids := make([]int64, 8)
	var all sync.WaitGroup
	for i := range ids {
		all.Go(func() {
			made, _, err := b.Targets.NewTarget(t.Context(), b.def)
			if err != nil {
				t.Error(err)
			}
			ids[i] = made.ID
		})
	}
	all.Wait()
	for _, id := range ids {
		if id != ids[0] {
			t.Fatalf("several targets were made: %v", ids)
		}
	}
	made, again, err := b.Targets.NewTarget(t.Context(), b.def)
	if err != nil || !again || made.Index != target.IndexOf(b.def, made.ID) || made.Role != target.Building {
		t.Errorf("%+v, again %v, %v", made, again, err)
	}
	if got := b.targets(); len(got) != 2 || got[b.def.Name] != target.Live || got[made.Name()] != target.Building {
		t.Errorf("%v", got)
	}
	_, err = b.Targets.Target(t.Context(), made.ID+100)
	wantKind(t, err, fault.NotFound)
}

// TestFirstSecretsHaveOneWinner has many processes push an entity's first records at once.
// Each of them looked before, when nothing had been pushed.
func TestFirstSecretsHaveOneWinner(t *testing.T) {
	b := newBench(t)
	b.def.SecretIDs = true
	type secrets struct {
		id   string
		hash ledger.Hash
	}
	got := make([]secrets, 8)
	stores := make([]*store.DB, len(got))
	for i := range stores {
		stores[i] = openStore(t, b.dsn)
		if d, err := stores[i].Targets.FirstDefinition(t.Context(), b.def); err != nil || !d.Hasher.IsZero() || len(d.Format.IDs) > 0 {
			t.Fatalf("secrets before the first record: %v", err)
		}
	}
	fixed := func(i int, fix func(context.Context, entity.Definition) (entity.Definition, error)) {
		d, err := fix(t.Context(), b.def)
		if err != nil || d.Hasher.IsZero() || len(d.Format.IDs) == 0 {
			t.Errorf("no secrets, %v", err)
		}
		got[i] = secrets{d.Format.IDs.Of("R1"), d.Hasher.Of([]byte("x"))}
	}
	var all sync.WaitGroup
	for i := range stores[1:] {
		all.Go(func() { fixed(1+i, stores[1+i].Targets.FixFirst) })
	}
	all.Wait()
	fixed(0, stores[0].Targets.FirstDefinition) // looks only
	for _, one := range got {
		if one != got[0] {
			t.Fatalf("several secrets: %v", got)
		}
	}
}

// TestFirstSecretsOfARebuild begins a rebuild before the first sync: the first target has its
// secrets all the same.
func TestFirstSecretsOfARebuild(t *testing.T) {
	b := newBench(t)
	b.def.SecretIDs = true
	made, _, err := b.Targets.NewTarget(t.Context(), b.def)
	if err != nil {
		t.Fatal(err)
	}
	of, err := made.Definition(b.def)
	if err != nil {
		t.Fatal(err)
	}
	first, err := b.Targets.FixFirst(t.Context(), b.def)
	if err != nil || first.Hasher.IsZero() || len(first.Format.IDs) == 0 || of.Hasher.IsZero() || first.Hasher.Of(nil) == of.Hasher.Of(nil) || first.Format.IDs.Of("a") == of.Format.IDs.Of("a") {
		t.Errorf("secrets are missing or shared: first %t %d, next %t, %v", first.Hasher.IsZero(), len(first.Format.IDs), of.Hasher.IsZero(), err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%q", "%d"} {
		if text := fmt.Sprintf(verb, first); strings.Contains(text, fmt.Sprintf(verb, []byte(first.Format.IDs))) || !strings.Contains(text, "(hasher)") || !strings.Contains(text, "(secret)") {
			t.Errorf("%s prints a secret: %s", verb, text)
		}
	}
}

// TestFirstTargetFollowsTheFiles names another index in the files than the one that was
// filled first: a rebuild notes the index that the first target feeds now.
func TestFirstTargetFollowsTheFiles(t *testing.T) {
	b := newBench(t)
	if _, err := b.Targets.FixFirst(t.Context(), b.def); err != nil {
		t.Fatal(err)
	}
	b.def.Index = "renamed"
	if _, _, err := b.Targets.NewTarget(t.Context(), b.def); err != nil {
		t.Fatal(err)
	}
	if got := b.text("SELECT GROUP_CONCAT(index_name ORDER BY id) FROM sync_target"); !strings.HasPrefix(got, "renamed,renamed_r") {
		t.Errorf("indices %s", got)
	}
}

// TestPromoteDemandsFreshness lets targets change places, and back, and never makes
// one live that is behind.
func TestPromoteDemandsFreshness(t *testing.T) {
	b := newBench(t)
	made, _, err := b.Targets.NewTarget(t.Context(), b.def)
	if err != nil {
		t.Fatal(err)
	}
	of, err := b.jobTypes(made)
	if err != nil {
		t.Fatal(err)
	}
	b.mark(b.def.JobType, to)
	if err := b.Targets.Promote(t.Context(), made, b.jobTypes); fault.CodeOf(err) != "not-fresh" {
		t.Errorf("never synced: %v", err)
	}
	b.mark(of, to.Add(-time.Second))
	if err := b.Targets.Promote(t.Context(), made, b.jobTypes); fault.CodeOf(err) != "not-fresh" {
		t.Errorf("behind: %v", err)
	}
	b.mark(of, to)
	for range 2 {
		if err := b.Targets.Promote(t.Context(), made, b.jobTypes); err != nil {
			t.Error(err)
		}
	}
	if got := b.targets(); got[b.def.Name] != target.Standby || got[made.Name()] != target.Live {
		t.Errorf("%v", got)
	}
	wantKind(t, b.Targets.Drop(t.Context(), made, of), fault.Superseded)
	list, err := b.Targets.Targets(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Targets.Promote(t.Context(), list[0], b.jobTypes); err != nil { // undo
		t.Error(err)
	}
	if got := b.targets(); got[b.def.Name] != target.Live || got[made.Name()] != target.Standby {
		t.Errorf("%v", got)
	}
}

// TestPromoteHasOneLive has both targets promoted at once, again and again: one is
// live at any time.
func TestPromoteHasOneLive(t *testing.T) {
	b := newBench(t)
	if _, _, err := b.Targets.NewTarget(t.Context(), b.def); err != nil {
		t.Fatal(err)
	}
	list, err := b.Targets.Targets(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range list {
		of, err := b.jobTypes(one)
		if err != nil {
			t.Fatal(err)
		}
		b.mark(of, to)
	}
	var all sync.WaitGroup
	for i := range 12 {
		all.Go(func() {
			if err := b.Targets.Promote(t.Context(), list[i%2], b.jobTypes); err != nil {
				t.Error(err)
			}
			if n := b.number("SELECT COUNT(*) FROM sync_target WHERE role = 'live' AND live_entity = entity"); n != 1 {
				t.Errorf("%d are live", n)
			}
		})
	}
	all.Wait()
}

// TestDropForgetsATarget ends a target's claims and jobs, waits for its pages, and
// leaves nothing of it but its runs.
func TestDropForgetsATarget(t *testing.T) {
	b := newBench(t)
	made, _, err := b.Targets.NewTarget(t.Context(), b.def)
	if err != nil {
		t.Fatal(err)
	}
	of, err := b.jobTypes(made)
	if err != nil {
		t.Fatal(err)
	}
	j, err := b.Jobs.CreateJob(t.Context(), syncjob.Job{Entity: made.Name(), Kind: run.Backfill, State: syncjob.Running, Window: window.Window{From: from, To: to}})
	if err != nil {
		t.Fatal(err)
	}
	for _, lane := range []string{of, j.Lane(of)} {
		b.exec("INSERT INTO order_return_algolia_sync (job_type, status, token, lease_until) VALUES (?, 2, ?, NOW(6) + INTERVAL 1 HOUR)", lane, lane)
		b.exec("INSERT INTO sync_run (entity, state, claim_id, claim_token, window_from, window_to, pages_total) VALUES (?, 'processing', 1, ?, NOW(6), NOW(6), 1)", made.Name(), lane)
		b.exec("INSERT INTO sync_page (run_id, page, roots, state, lease_until) SELECT MAX(id), 1, 1, 1, NOW(6) + INTERVAL 1 HOUR FROM sync_run")
	}
	b.exec("INSERT INTO sync_ledger (entity, root_id, run_id, records) VALUES (?, 1, 1, ''), (?, 1, 1, '')", made.Name(), b.def.Name)
	for range 2 {
		if err := b.Targets.Drop(t.Context(), made, of); err != nil {
			t.Fatal(err)
		}
	}
	if n := b.number("SELECT COUNT(*) FROM sync_run WHERE state = 'interrupted'") + b.number("SELECT COUNT(*) FROM order_return_algolia_sync WHERE status = 0"); n != 4 {
		t.Errorf("%d of 4 runs and claims are ended", n)
	}
	if read, err := b.Jobs.Job(t.Context(), j.ID); err != nil || read.State != syncjob.Cancelled {
		t.Errorf("%+v, %v", read, err)
	}
	if quiet, err := b.Targets.Quiet(t.Context(), made); err != nil || quiet {
		t.Errorf("quiet while a page may be pushing: %v, %v", quiet, err)
	}
	b.exec("UPDATE sync_page SET lease_until = NOW(6) - INTERVAL 1 SECOND")
	if quiet, err := b.Targets.Quiet(t.Context(), made); err != nil || !quiet {
		t.Errorf("not quiet: %v", err)
	}
	for done := false; !done; {
		if done, err = b.Targets.Forget(t.Context(), made); err != nil {
			t.Fatal(err)
		}
	}
	if n := b.number("SELECT COUNT(*) FROM sync_ledger WHERE entity = ?", made.Name()); n != 0 || b.number("SELECT COUNT(*) FROM sync_ledger") != 1 {
		t.Errorf("%d rows of the ledger are left", n)
	}
	if got := b.targets(); got[made.Name()] != target.Dropped {
		t.Errorf("%v", got)
	}
	next, again, err := b.Targets.NewTarget(t.Context(), b.def)
	if err != nil || again || next.ID == made.ID {
		t.Errorf("the next rebuild: %+v, %v, %v", next, again, err)
	}
}
