package matrix_test

import (
	"strings"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/destination"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/join"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/verify"
)

// why returns the report of a record, which must be found or not, for a reason with the
// words.
func (w *world) why(id string, found bool, words string) verify.RecordReport {
	w.t.Helper()
	v := join.Verifier(&verify.Verifier{Roots: w.src, Rows: w.src, Index: w.browser}, w.DB)
	r, err := v.Record(w.t.Context(), join.Histories(w.DB), w.def, id, nil)
	w.must(err)
	if r.Found != found || !strings.Contains(r.Why, words) {
		w.t.Errorf("%s: found %v, %q; want %v, %q", id, r.Found, r.Why, found, words)
	}
	return r
}

// TestWhyARecordIsFoundOrNot brings a record into each state and asks why.
func TestWhyARecordIsFoundOrNot(t *testing.T) {
	f := numbered(true, true)
	f["entity.yaml"] = yamlOf("rootField: rootId", "recordLimit: 200", "firstFrom: \"2020-01-01\"")
	w := newWorld(t, setup{}, f, thing)
	for id := uint64(1); id <= 6; id++ {
		w.insert(id, "old")
	}
	w.why("T1", false, "never synced")
	w.exec("UPDATE thing SET name = REPEAT('x', 40) WHERE id = 6")
	w.sync()
	if r := w.why("T1", true, "holds its present content"); r.Root != 1 || len(r.Runs) != 1 || !strings.Contains(r.Ledger, "present content") || r.Source == nil {
		t.Errorf("%+v", r)
	}
	w.why("T99", false, "no row for it")
	w.exec("UPDATE thing SET name = 'new', updated_at = UTC_TIMESTAMP(6) WHERE id = 2")
	if r := w.why("T2", false, "the next run brings the change"); len(r.Differences) != 1 || !strings.Contains(r.Differences[0], `name: the source says "new", the index "old"`) {
		t.Errorf("%q", r.Differences)
	}
	w.sync()
	w.why("T2", true, "")
	w.exec("UPDATE thing SET name = 'sly', updated_at = updated_at - INTERVAL 1 DAY WHERE id = 3")
	w.why("T3", false, "no run is due")
	w.exec("DELETE FROM thing WHERE id = 4")
	w.why("T4", false, "an orphan")
	result, err := w.client.Push(t.Context(), w.def.Index, []destination.Op{{ID: "T5"}})
	w.must(err)
	w.must(w.client.Wait(t.Context(), w.def.Index, result.TaskID))
	w.why("T5", false, "lost behind the pipeline's back")
	w.insert(7, "hidden")
	w.exec("UPDATE thing SET updated_at = '2019-01-01' WHERE id = 7")
	w.why("T7", false, "no run has pushed it")
	w.def.RecordLimit = 60
	w.exec("UPDATE thing SET name = 'longer than before', updated_at = UTC_TIMESTAMP(6) WHERE id = 1")
	w.sync()
	if r := w.why("T1", false, "parked (TOO_LARGE)"); r.Parked == nil || r.Index == nil {
		t.Errorf("%+v", r)
	}
	w.def.RecordLimit = 200
	w.verify(true)
	w.forget(0)
	w.why("T5", true, "")
	w.why("T3", true, "")
}
