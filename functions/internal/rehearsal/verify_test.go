package rehearsal

import (
	"encoding/json"
	"net/http"
	"os"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/verify"
	"gitlab.com/eshopbox-team/return-sync/shared/sample"
	compare "gitlab.com/eshopbox-team/return-sync/shared/sync/verify"
)

// verifier returns what compares a stack from outside its functions.
func (s *Stack) verifier(t *testing.T) *compare.Verifier {
	t.Helper()
	v, _, done, err := s.openVerifier(t.Context(), "returns")
	t.Cleanup(func() { _ = done() })
	if err != nil {
		t.Fatal(err)
	}
	return &v
}

// TestVerifyFunction calls the function as the scheduler does: what it finds is
// stored, and taken off when a later call finds it repaired.
func TestVerifyFunction(t *testing.T) {
	s := start(t, Options{})
	ask := func() compare.Report {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL(verify.Function.Name)+"?entity=returns", nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := s.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		var answer struct{ Compared []compare.Report }
		if err := json.NewDecoder(res.Body).Decode(&answer); err != nil || res.StatusCode != http.StatusOK || len(answer.Compared) != 1 {
			t.Fatalf("%s, %v, %+v", res.Status, err, answer)
		}
		return answer.Compared[0]
	}
	if r := ask(); !r.Clean() || !r.Deep || !r.Ended || r.Roots != 150 || r.Indexed == 0 {
		t.Errorf("%+v", r)
	}
	if _, err := s.DB.ExecContext(t.Context(), "DELETE FROM sync_ledger ORDER BY root_id LIMIT 2"); err != nil {
		t.Fatal(err)
	}
	r := ask()
	state, err := s.Store.Comparisons.VerifyState(t.Context(), "returns")
	if err != nil || r.Ledger.Missing < 2 || r.Index.Total() != 0 || state.Drift != r.Total() || len(state.Examples) == 0 {
		t.Errorf("%+v, %+v, %v", r, state, err)
	}
	if _, err := s.DB.ExecContext(t.Context(), "UPDATE order_return SET row_version = row_version + 1"); err != nil {
		t.Fatal(err)
	}
	s.mustSync(t)
	r = ask()
	if state, err = s.Store.Comparisons.VerifyState(t.Context(), "returns"); err != nil || !r.Clean() || state.Drift != 0 {
		t.Errorf("%+v, %+v, %v", r, state, err)
	}
}

// soakFor is how long TestVerifyBesideASoak lets everything go wrong.
func soakFor(t *testing.T) time.Duration {
	d, err := time.ParseDuration(os.Getenv("RETURN_SYNC_VERIFY_SOAK"))
	if err != nil {
		d = 10 * time.Second
	}
	t.Logf("for %v; RETURN_SYNC_VERIFY_SOAK=5m makes it longer", d)
	return d
}

// TestVerifyBesideASoak compares deeply, again and again, while every fault
// strikes and rows change: there is never drift, so any that is named is a false
// alarm, which Soak reports.
func TestVerifyBesideASoak(t *testing.T) {
	t.Parallel() // waits most of the time
	ctx := t.Context()
	s, err := Start(ctx, Options{Every: 700 * time.Millisecond, HoldTicks: true, Seed: 5, Steps: true, Env: SoakEnv(), ChildLog: testLog{t}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := sample.Migrate(ctx, s.DB); err != nil {
		t.Fatal(err)
	}
	if _, err := sample.Generate(ctx, s.DB, sample.GenerateOptions{Rows: 500, Seed: 5, Now: time.Now().Add(-time.Hour)}); err != nil {
		t.Fatal(err)
	}
	if err := s.BeginTicks(ctx); err != nil {
		t.Fatal(err)
	}
	d, err := s.Entity("returns")
	if err != nil {
		t.Fatal(err)
	}
	d.Overlap = 20 * time.Second // as in SoakEnv
	report, err := s.Soak(ctx, soakFor(t), 60, nil)
	if err != nil || !report.OK || report.Verified == 0 || report.VerifyPending == 0 {
		t.Errorf("%v: %v, %v; %d comparisons, %d pending", report, report.Problems, err, report.Verified, report.VerifyPending)
	}
	r, err := s.verifier(t).Run(ctx, d, compare.Options{Deep: true, List: 10})
	if err != nil || !r.Clean() {
		t.Errorf("after the soak: %+v, %v", r, err)
	}
}
