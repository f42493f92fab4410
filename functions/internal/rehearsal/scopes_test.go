package rehearsal

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/process"
	"gitlab.com/eshopbox-team/return-sync/functions/scopes"
	"gitlab.com/eshopbox-team/return-sync/shared/scope"
	"gitlab.com/eshopbox-team/return-sync/shared/scope/scopestore"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/member"
)

// entitiesDir is the folder of the second entity, stock.
const entitiesDir = "../../../testdata/entities"

// nightly starts a scope of both entities.
const nightly = `{"instanceId":"nightly","options":{"members":{"returns":["returns"],"stock":["stock"]}}}`

// startBoth starts a stack with returns and stock.
func startBoth(t *testing.T, o Options) *Stack {
	t.Helper()
	o.Env = append(o.Env, "ENTITIES_DIR="+entitiesDir)
	s := start(t, o)
	for _, statement := range []string{
		`CREATE TABLE stock_position (id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, account_slug VARCHAR(64) NOT NULL, sku VARCHAR(64) NOT NULL,
			location_code VARCHAR(40) NOT NULL, shelf VARCHAR(40) NULL, is_blocked TINYINT(1) NOT NULL DEFAULT 0, labels JSON NULL,
			updated_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6), deleted_at DATETIME(6) NULL, KEY ix_changed (updated_at, id)) ENGINE=InnoDB`,
		`CREATE TABLE stock_lot (id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, position_id BIGINT UNSIGNED NOT NULL, lot_number VARCHAR(40) NOT NULL,
			quantity INT NOT NULL, unit_cost DECIMAL(12,3) NOT NULL DEFAULT 0, expires_on DATE NULL, note TEXT NULL,
			updated_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6), KEY ix_position (position_id), KEY ix_lot_changed (updated_at, position_id)) ENGINE=InnoDB`,
		"INSERT INTO stock_position (id, account_slug, sku, location_code) VALUES (1, 'acme', 'A', 'DEL1'), (2, 'acme', 'B', 'DEL1')",
		"INSERT INTO stock_lot (position_id, lot_number, quantity) VALUES (1, 'L1', 1), (1, 'L2', 2), (2, 'L3', 3)",
		"UPDATE order_return SET row_version = row_version + 1",
	} {
		if _, err := s.DB.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// operate calls the scopes function as an operator; a body makes it a POST.
func (s *Stack) operate(t *testing.T, path, body string, into any) error {
	t.Helper()
	token, err := s.Operator()
	if err != nil {
		t.Fatal(err)
	}
	method := http.MethodGet
	if body != "" {
		method = http.MethodPost
	}
	req, err := http.NewRequestWithContext(t.Context(), method, s.URL(scopes.Function.Name)+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		return fmt.Errorf("%d %s, %w", res.StatusCode, text, err)
	}
	return json.Unmarshal(text, into)
}

// until looks at a scope until it is no longer syncing, and returns every look.
func (s *Stack) until(t *testing.T, id string, want scope.State) []scope.Answer {
	t.Helper()
	var looks []scope.Answer
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(poll) {
		var now scope.Answer
		if err := s.operate(t, "/scopes/"+id, "", &now); err != nil {
			continue // the function is being started again
		}
		if looks = append(looks, now); now.State != scope.Syncing {
			break
		}
	}
	if len(looks) == 0 || looks[len(looks)-1].State != want {
		t.Fatalf("the scope did not become %s: %+v", want, looks[max(0, len(looks)-1):])
	}
	return looks
}

// TestAScopeOfTwoEntitiesIsStartedAndWatched is the story of an operator: start
// both entities as one, watch, and find both indices true.
func TestAScopeOfTwoEntitiesIsStartedAndWatched(t *testing.T) {
	t.Parallel() // waits most of the time
	s := startBoth(t, Options{Workers: 2, Env: []string{"PAGE_SIZE=20"}})
	var done member.ScopeDone
	if err := s.operate(t, "/start-sync-scope", nightly, &done); err != nil || !done.Started {
		t.Fatalf("%+v, %v", done, err)
	}
	looks := s.until(t, "nightly", scope.Synced)
	last := looks[len(looks)-1]
	if last.Synced != 2 || last.LastSyncedAt == nil || last.Details["stock"].PagesDone != 1 || last.Details["returns"].PagesDone < 7 {
		t.Errorf("%+v", last)
	}
	before := 0
	for _, look := range looks {
		if n := look.Details["returns"].PagesDone; n < before {
			t.Errorf("progress went back from %d to %d pages", before, n)
		} else {
			before = n
		}
		if look.NotStarted+look.Syncing+look.Failed+look.Synced != 2 {
			t.Errorf("%+v", look)
		}
	}
	for _, name := range []string{"returns", "stock"} {
		d, err := s.Entity(name)
		if err != nil {
			t.Fatal(err)
		}
		if report, err := s.Compare(t.Context(), d); err != nil || report.Differences() != 0 {
			t.Errorf("%s: %v, %v", name, report, err)
		}
	}
	t.Logf("%d looks", len(looks))
}

// TestAScopeIsRecoveredAfterKill9InEachState kills the scopes function's process
// between any two steps of a start, then the pipeline under a running scope. Each
// time the scope ends by itself, and starting it again makes it synced.
func TestAScopeIsRecoveredAfterKill9InEachState(t *testing.T) {
	t.Parallel() // waits most of the time
	s := startBoth(t, Options{Steps: true, Workers: 2, Env: []string{"SCOPES_START_LEASE=1s", "SCOPES_SWEEP=200ms", "RUN_LEASE=4s", "PAGE_LEASE=2s"}})
	for _, c := range []struct {
		step string
		want scope.State
	}{
		{"scope-started", scope.Interrupted}, // both members lost
		{"member-ticked", scope.Interrupted}, // one ticked and not bound
		{"member-bound", scope.Interrupted},  // one bound, the other lost
	} {
		s.Strike(Blow{Step: c.step})
		if err := s.operate(t, "/start-sync-scope", nightly, &member.ScopeDone{}); err == nil {
			t.Fatalf("%s: the process was not killed", c.step)
		}
		s.untilStored(t, "nightly", c.want)
		s.again(t)
	}
	s.Strike(Blow{Step: "member-bound", Nth: 2}) // everything handed over: nothing is lost
	if err := s.operate(t, "/start-sync-scope", nightly, &member.ScopeDone{}); err == nil {
		t.Fatal("the process was not killed")
	}
	s.until(t, "nightly", scope.Synced)

	if err := s.Kill(process.Function.Name); err != nil {
		t.Fatal(err)
	}
	if _, err := s.DB.ExecContext(t.Context(), "UPDATE order_return SET row_version = row_version + 1"); err != nil {
		t.Fatal(err)
	}
	if err := s.operate(t, "/start-sync-scope", nightly, &member.ScopeDone{}); err != nil {
		t.Fatal(err)
	}
	s.untilStored(t, "nightly", scope.Interrupted)
	if err := s.Revive(t.Context(), process.Function.Name); err != nil {
		t.Fatal(err)
	}
	s.again(t)
	if left := s.Unstruck(); len(left) != 0 {
		t.Errorf("not struck: %v", left)
	}
}

// untilStored waits for a scope's state in the table, without asking the
// function: only its sweep can bring it there.
func (s *Stack) untilStored(t *testing.T, id string, want scope.State) {
	t.Helper()
	var now scope.Scope
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(poll) {
		var err error
		if now, err = scopestore.New(s.Store.Pool()).Scope(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		if now.State != scope.Syncing {
			break
		}
	}
	if now.State != want {
		t.Fatalf("the sweep made the scope %s, want %s: %+v", now.State, want, now)
	}
}

// again starts the scope by the documented guard and waits for its good end.
func (s *Stack) again(t *testing.T) {
	t.Helper()
	guarded := `{"instanceId":"nightly","when":{"scope":"nightly","isNot":"syncing"}}`
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(poll) {
		var done member.ScopeDone
		if err := s.operate(t, "/start-sync-scope", guarded, &done); err == nil && done.Started {
			break
		} else if time.Now().After(deadline) {
			t.Fatalf("the scope was not started again: %+v, %v", done, err)
		}
	}
	s.until(t, "nightly", scope.Synced)
}
