package rehearsal

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/search"
	"gitlab.com/eshopbox-team/return-sync/shared/localdb/localdbtest"
	"gitlab.com/eshopbox-team/return-sync/shared/sample"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
)

func TestMain(m *testing.M) {
	Child() // this program is also the functions'
	localdbtest.Main(m)
}

// start starts a stack with sample returns and syncs it once.
func start(t *testing.T, o Options) *Stack {
	t.Helper()
	ctx := t.Context()
	o.ChildLog, o.HoldTicks = testLog{t}, true
	s, err := Start(ctx, o)
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
	if _, err := sample.Generate(ctx, s.DB, sample.GenerateOptions{Rows: 150, Seed: 7, Now: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)}); err != nil {
		t.Fatal(err)
	}
	s.mustSync(t)
	if err := s.BeginTicks(ctx); err != nil {
		t.Fatal(err)
	}
	return s
}

// testLog passes what children say on to the test.
type testLog struct{ t *testing.T }

func (l testLog) Write(p []byte) (int, error) {
	l.t.Log(strings.TrimSpace(string(p)))
	return len(p), nil
}

// mustSync syncs returns once and asks the oracle.
func (s *Stack) mustSync(t *testing.T) run.Run {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	r, err := s.Sync(ctx, "returns", nil)
	if err != nil || r.State != run.Synced {
		t.Fatalf("%v, %v: %s", r.State, err, r.LastError)
	}
	d, err := s.Entity("returns")
	if err != nil {
		t.Fatal(err)
	}
	report, err := s.Compare(ctx, d)
	if err != nil || report.Differences() != 0 {
		t.Fatalf("%v, %v", report, err)
	}
	return r
}

// ask searches as an account and returns the found records by objectID.
func (s *Stack) ask(t *testing.T, account, query string) map[string]map[string]any {
	t.Helper()
	token, err := s.Identity.Sign(account, time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL(search.Function.Name)+"?hitsPerPage=100&query="+url.QueryEscape(query), nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%d %s, %v", res.StatusCode, body, err)
	}
	var answer struct {
		AsOf *time.Time
		Hits []map[string]any
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		t.Fatal(err)
	}
	if answer.AsOf == nil {
		t.Error("an answer must say as of when it is true")
	}
	found := map[string]map[string]any{}
	for _, hit := range answer.Hits {
		found[hit["objectID"].(string)] = hit
	}
	return found
}

// TestAChangeIsSearchableAfterTheNextTick makes every kind of change that the
// sync can see and looks for it through the search function.
func TestAChangeIsSearchableAfterTheNextTick(t *testing.T) {
	t.Parallel() // waits most of the time
	s := start(t, Options{Workers: 2})
	ctx := t.Context()
	var id int64
	var account, number string
	err := s.DB.QueryRowContext(ctx, `SELECT r.id, r.account_slug, r.customer_return_number FROM order_return r
		WHERE r.deleted_at IS NULL AND (SELECT COUNT(*) FROM order_return_item i WHERE i.order_return_id = r.id AND i.deleted_at IS NULL) = 3 LIMIT 1`).
		Scan(&id, &account, &number)
	if err != nil {
		t.Fatal(err)
	}
	before := s.ask(t, account, number)
	if len(before) != 3 {
		t.Fatalf("found %d records of return %s", len(before), number)
	}
	var objects []string
	for object := range before {
		objects = append(objects, object)
	}
	slices.Sort(objects)
	steps := []struct {
		name, statement string
		records         int
		look            func(found map[string]map[string]any) bool
	}{
		{"one item's row, its return untouched", "UPDATE order_return_item SET return_reason = 'Changed mind' WHERE order_return_id = ? ORDER BY id LIMIT 1", 3,
			func(f map[string]map[string]any) bool {
				return f[objects[0]]["item"].(map[string]any)["reason"] == "Changed mind"
			}},
		{"the return's status", "UPDATE order_return SET status = 'LOST', status_event_at = UTC_TIMESTAMP(6) WHERE id = ?", 3,
			func(f map[string]map[string]any) bool { return f[objects[0]]["status"] == "LOST" }},
		{"an added item", `INSERT INTO order_return_item (order_return_id, line_no, sku, product_name, quantity)
			VALUES (?, 99, 'ADDED-SKU', 'Added', 1)`, 4, func(map[string]map[string]any) bool { return true }},
		{"a removed item", "UPDATE order_return_item SET deleted_at = UTC_TIMESTAMP(6) WHERE order_return_id = ? AND line_no = 99", 3,
			func(f map[string]map[string]any) bool { return f[objects[0]] != nil }},
		{"a soft delete", "UPDATE order_return SET deleted_at = UTC_TIMESTAMP(6) WHERE id = ?", 0, func(map[string]map[string]any) bool { return true }},
		{"the return is restored", "UPDATE order_return SET deleted_at = NULL WHERE id = ?", 3, func(map[string]map[string]any) bool { return true }},
	}
	for _, step := range steps {
		if _, err := s.DB.ExecContext(ctx, step.statement, id); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		s.mustSync(t)
		found := s.ask(t, account, number)
		if len(found) != step.records || !step.look(found) {
			t.Errorf("%s: found %d records, want %d: %v", step.name, len(found), step.records, found)
		}
	}
	if others := s.ask(t, "somebody-else", number); len(others) != 0 {
		t.Errorf("another account sees %v", others)
	}
}

// TestAKilledFunctionIsStartedAgain checks the rehearsal itself: a process that
// is killed is gone at once, and the front answers for its successor.
func TestAKilledFunctionIsStartedAgain(t *testing.T) {
	t.Parallel() // waits most of the time
	s := start(t, Options{})
	if s.PeakMemory("ReturnUpdateProcessingQueue") <= 0 {
		t.Error("the process function's memory is not known")
	}
	if err := s.Kill("ReturnUpdateProcessingQueue"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.DB.ExecContext(t.Context(), "UPDATE order_return SET row_version = row_version + 1"); err != nil {
		t.Fatal(err)
	}
	if err := s.Revive(t.Context(), "ReturnUpdateProcessingQueue"); err != nil {
		t.Fatal(err)
	}
	if r := s.mustSync(t); r.Counts.Saved == 0 {
		t.Errorf("nothing was saved: %v", r.Counts)
	}
}
