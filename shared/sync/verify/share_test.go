package verify_test

import (
	"testing"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/ledger"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/source"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/verify"
)

// share compares the next share, without a time limit.
func (w *world) share(parts int) verify.Report {
	w.t.Helper()
	r, err := w.verifier().Share(w.t.Context(), w.def, w.Comparisons, parts, func() bool { return true })
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// state returns the stored progress.
func (w *world) state() store.Verify {
	w.t.Helper()
	s, err := w.Comparisons.VerifyState(w.t.Context(), w.def.Name)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// TestARoundFindsDriftAndForgetsRepairedDrift covers a small table, which is one share.
func TestARoundFindsDriftAndForgetsRepairedDrift(t *testing.T) {
	w := newWorld(t, 60)
	if s := w.state(); s.UpdatedAt != nil || s.Drift != 0 {
		t.Fatalf("before the first share: %+v", s)
	}
	root := w.numbers("SELECT MIN(root_id) FROM sync_ledger")[0]
	right := w.known(root)
	wrong := w.known(root)
	wrong[0].Hash[0] ^= 1
	w.setLedger(root, ledger.PackVersion(0, wrong))
	w.push(map[string]map[string]any{right[0].ID: nil, "rootless": {"n": 1}})
	r := w.share(24)
	if !r.Ended || !r.Deep || r.Total() != 3 {
		t.Errorf("%+v", r)
	}
	s := w.state()
	if s.Drift != 3 || len(s.Examples) != 3 || s.RoundFinishedAt == nil || s.LastRoots != 60 || s.RoundRoots != 0 || s.After != 0 || s.Checked != r.Records {
		t.Errorf("%+v", s)
	}
	if again := w.share(24); again.Total() != 3 || w.state().Drift != 3 {
		t.Errorf("drift that is found again is no more drift: %+v", w.state())
	}
	w.setLedger(root, ledger.PackVersion(0, right))
	w.share(24)
	if s = w.state(); s.Drift != 2 || s.Examples[1].Place != "index" {
		t.Errorf("the ledger is mended, the index is not: %+v", s)
	}
}

// TestSharesAreNotedOnce runs another call for the same roots concurrently.
func TestSharesAreNotedOnce(t *testing.T) {
	w := newWorld(t, 30)
	if _, err := w.Comparisons.BeginShare(t.Context(), w.def.Name); err != nil {
		t.Fatal(err)
	}
	first := store.Share{Places: []string{"ledger"}, Roots: 10, Records: 20}
	first.Range.Upto = 15
	ok, err := w.Comparisons.EndShare(t.Context(), w.def.Name, first)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	if ok, err = w.Comparisons.EndShare(t.Context(), w.def.Name, first); err != nil || ok {
		t.Errorf("the same share was noted twice: %v", err)
	}
	if s := w.state(); s.After != 15 || s.RoundRoots != 10 || s.Checked != 20 {
		t.Errorf("%+v", s)
	}
}

// TestARoundInParts continues where the last part stopped.
func TestARoundInParts(t *testing.T) {
	w := newWorld(t, 2_300)
	root := w.numbers("SELECT MAX(root_id) FROM sync_ledger")[0]
	w.exec("DELETE FROM sync_ledger WHERE root_id = ?", root)
	w.push(map[string]map[string]any{"stranger": {"account": "x", "returnId": root}})
	var total verify.Report
	after, parts := uint64(0), 0
	for !total.Ended {
		o := verify.Options{Deep: true, Most: 1, List: 100}
		o.Roots.After, o.Roots.Upto = after, source.MaxRoot
		r := w.verify(o)
		total.Roots += r.Roots
		total.Indexed += r.Indexed
		total.Ledger.Missing += r.Ledger.Missing
		total.Index.Orphaned += r.Index.Orphaned
		total.Ended, after = r.Ended, r.Range.Upto
		parts++
		if parts > 10 {
			t.Fatal("the round does not end")
		}
	}
	if parts != 3 || total.Roots != 2_300 || total.Ledger.Missing == 0 || total.Index.Orphaned != 1 {
		t.Errorf("%d parts: %v", parts, total)
	}
	if all := int64(w.server.Stats().Records["APP"][w.def.Index]); total.Indexed != all {
		t.Errorf("the parts read %d records of the index, which has %d", total.Indexed, all)
	}
}

// TestMuchDriftIsCounted keeps the rows few and the count right.
func TestMuchDriftIsCounted(t *testing.T) {
	w := newWorld(t, 900)
	w.exec("DELETE FROM sync_ledger")
	r := w.share(24)
	if s := w.state(); r.Total() < 1500 || s.Drift != r.Total() || len(s.Examples) != 5 {
		t.Errorf("%d differences: %+v", r.Total(), s)
	}
	if rows := w.numbers("SELECT COUNT(*) FROM sync_drift")[0]; rows > 1001 {
		t.Errorf("%d rows", rows)
	}
	w.exec("UPDATE order_return_algolia_sync SET date_range_end = NULL")
	w.sync()
	w.share(24)
	if s := w.state(); s.Drift != 0 || len(s.Examples) != 0 {
		t.Errorf("%+v", s)
	}
	if err := w.Comparisons.FailShare(t.Context(), w.def.Name, "no"); err != nil || w.state().LastError != "no" {
		t.Errorf("%v, %+v", err, w.state())
	}
}

// TestCanSplit reads the settings.
func TestCanSplit(t *testing.T) {
	w := emptyWorld(t, "returns")
	d := w.def
	for settings, want := range map[string]bool{
		string(d.Settings): true, "": true, "{}": true,
		`{"numericAttributesForFiltering": ["other", "returnId"]}`:      true,
		`{"numericAttributesForFiltering": []}`:                         true,
		`{"numericAttributesForFiltering": ["equalOnly(returnId)"]}`:    false,
		`{"numericAttributesForFiltering": "returnId"}`:                 false,
		`{"numericAttributesForFiltering": null, "hitsPerPage": "ten"}`: true,
	} {
		d.Settings = []byte(settings)
		if got := verify.CanSplit(d); got != want {
			t.Errorf("%s: %v", settings, got)
		}
	}
	if d.RootField = ""; verify.CanSplit(d) {
		t.Error("without a rootField")
	}
}
