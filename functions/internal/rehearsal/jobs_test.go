package rehearsal

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/process"
	"gitlab.com/eshopbox-team/return-sync/functions/window"
	"gitlab.com/eshopbox-team/return-sync/shared/sample"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/oracle"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rework"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rootlist"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
	between "gitlab.com/eshopbox-team/return-sync/shared/window"
)

// requested is the answer to a request for a historic sync.
type requested struct {
	JobID          int64
	Roots          int64
	Message, Error string
}

// historic posts the owners' request to an address of the window function.
func (s *Stack) historic(t *testing.T, address, body string, header http.Header) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range header {
		req.Header[name] = values
	}
	res, err := s.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

// historicBody is the request as the owners type it.
func historicBody(from, to time.Time) string {
	const layout = "2006-01-02 15:04:05"
	inner := fmt.Sprintf(`{"id":254909,"startDate":%q,"endDate":%q,"isHistoricSync":"1","orderSyncIdentifier":"010101"}`,
		from.UTC().Format(layout), to.UTC().Format(layout))
	body, err := json.Marshal(map[string]string{"data": inner})
	if err != nil {
		panic(err)
	}
	return string(body)
}

// ended waits until a job is in a final state.
func (s *Stack) ended(t *testing.T, id int64) (rework.Job, store.JobProgress) {
	t.Helper()
	for deadline := time.Now().Add(4 * time.Minute); ; hold(t.Context(), poll) {
		j, err := s.Store.Jobs.Job(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		p, err := s.Store.Jobs.Progress(t.Context(), j)
		if err != nil {
			t.Fatal(err)
		}
		if j.State.Final() {
			return j, p
		}
		if time.Now().After(deadline) {
			t.Fatalf("%v did not end: %s, %+v", j, j.Note, p)
		}
	}
}

// TestHistoricSyncByHand posts the owners' request, well and badly written.
func TestHistoricSyncByHand(t *testing.T) {
	t.Parallel() // waits most of the time
	s := start(t, Options{Env: []string{"JOB_PAUSE=100ms"}})
	newer, older := s.URL(window.Function.Name), "http://"+s.front.address+window.Function.OldPath
	body := historicBody(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), time.Now().Add(time.Hour))
	var first requested
	code, text := s.historic(t, older, body, nil)
	if err := json.Unmarshal([]byte(text), &first); err != nil || code != http.StatusOK || first.Roots != 150 || !strings.Contains(first.Message, "returnsync jobs show") {
		t.Fatalf("%d %s, %v", code, text, err)
	}
	j, p := s.ended(t, first.JobID)
	if j.State != rework.Done || j.Kind != run.Backfill || p.Roots != 150 || p.Counts.Unchanged != p.Counts.Found || p.Counts.Operations != 0 {
		t.Errorf("%+v, %+v", j, p)
	}
	fromQueue := http.Header{"X-Cloudtasks-Queuename": {"returnSync"}}
	for bad, part := range map[string]string{
		`{"data":"nothing"}`: "data holds no JSON object",
		`{"isHistoricSync":"1","startDate":"2026-01-01","endDate":"2026-02-01 00:00:00"}`:                                 "startDate is \\\"2026-01-01\\\"",
		`{"isHistoricSync":"1","startDate":"2026-02-01 00:00:00","endDate":"2026-01-01 00:00:00"}`:                        "is not after",
		`{"isHistoricSync":"1","startDate":"2026-01-01 00:00:00","endDate":"2026-02-01 00:00:00","jobType":"NOBODY_JOB"}`: "NOBODY_JOB",
	} {
		if code, text := s.historic(t, newer, bad, nil); code != http.StatusBadRequest || !strings.Contains(text, part) {
			t.Errorf("%s: %d %s; want 400 that says %s", bad, code, text, part)
		}
		if code, text := s.historic(t, newer, bad, fromQueue); code != http.StatusOK {
			t.Errorf("%s from a queue: %d %s; want 200, or it comes for ever", bad, code, text)
		}
	}
	if list, err := s.Store.Jobs.Newest(t.Context(), "", false, 10); err != nil || len(list) != 1 {
		t.Errorf("jobs: %+v, %v", list, err)
	}
}

// backfilled is how many returns TestBackfillBesideTicks has in its history, unless
// RETURN_SYNC_BACKFILL_RETURNS says another number.
const backfilled = 4000

// TestBackfillBesideTicks loads all history while a tick comes every 2 s and rows
// change; then kills processes at random and on purpose, pauses and resumes.
// Every root is covered once, the sums are exact, and the syncs are not held up.
func TestBackfillBesideTicks(t *testing.T) {
	t.Parallel() // waits most of the time
	ctx, returns := t.Context(), backfilled
	if n, err := strconv.Atoi(os.Getenv("RETURN_SYNC_BACKFILL_RETURNS")); err == nil {
		returns = n
	}
	s := start(t, Options{Steps: true, Seed: 9, Env: []string{
		"RUN_LEASE=10s", "PAGE_LEASE=4s", "PAGE_SIZE=20", "OVERLAP=20s", "JOB_PAUSE=200ms", "JOB_SILENCE=2s",
	}})
	d, err := s.Entity("returns")
	if err != nil {
		t.Fatal(err)
	}
	s.tickOn(t)
	// The rate keeps the backfill open until both phases beside it have been seen,
	// however slow the machine is; then all its pages are delivered at once.
	const rate = 20
	warehouse := sample.NewWarehouse(s.DB, 9)
	during := func(fn func()) tickTimes {
		began := s.clock(t)
		var doing sync.WaitGroup
		doing.Go(fn)
		for {
			if err := s.churn(ctx, warehouse, 3*time.Second, 20, func() {}); err != nil {
				t.Error(err)
			}
			if times := s.tickTimes(t, began); times.n >= syncsAPhase {
				doing.Wait()
				return s.tickTimes(t, began)
			}
			if s.clock(t).Sub(began) > 4*time.Minute {
				t.Fatalf("fewer than %d syncs ended within 4 minutes", syncsAPhase)
			}
		}
	}
	alone := during(func() {})

	// History that no window sees: its rows are older than every watermark.
	past := time.Date(2025, 6, 1, 0, 0, 0, 0, time.UTC)
	if _, err := sample.Generate(ctx, s.DB, sample.GenerateOptions{Rows: returns, Seed: 8, Now: past}); err != nil {
		t.Fatal(err)
	}
	all := between.Window{From: time.Unix(0, 0).UTC(), To: past.Add(time.Minute)}
	j, _, err := rework.NewBackfill(ctx, s.Store.Jobs, d, rework.Asked{Window: all, Rate: rate, Roots: int64(returns), By: "a test"})
	if err != nil {
		t.Fatal(err)
	}
	beside := during(func() {})
	dying := during(func() { s.disturb(t, j.ID) })
	s.StrikeAtRandom(0, 0, 0)
	if open, err := s.Store.Jobs.Job(ctx, j.ID); err != nil || open.State.Final() {
		t.Errorf("the backfill is %s, %v; the syncs were to be seen beside it", open.State, err)
	}
	if err := s.DeliverNow(ctx); err != nil {
		t.Fatal(err)
	}
	j, p := s.ended(t, j.ID)
	if j.State != rework.Done || !p.Counts.Balanced() || p.Counts.Saved == 0 {
		t.Errorf("%v is %s (%s): %v", j, j.State, j.Note, p.Counts)
	}
	s.coveredOnce(t, j, p)
	t.Logf("syncs alone: %v; beside the backfill: %v; with its deaths: %v", alone, beside, dying)
	t.Logf("%d roots in %d runs, %d more ended early; a page took %v at the median; killed %v", p.Roots, p.Runs, p.Failed, s.pageTime(t, j), s.Kills())
	if err := s.drain(ctx); err != nil {
		t.Fatal(err)
	}
	if r, err := s.Compare(ctx, d); err != nil || r.Differences() != 0 {
		t.Errorf("%v, %v", r, err)
	}
	if sums, err := oracle.Sums(ctx, s.DB); err != nil || len(sums) != 0 {
		t.Errorf("%v, %v", sums, err)
	}
}

// syncsAPhase is how many syncs must begin and end in each phase of
// TestBackfillBesideTicks.
const syncsAPhase = 3

// tickOn ticks every 2 s until the test ends. The scheduler would have begun before
// there were rows.
func (s *Stack) tickOn(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	var ticking sync.WaitGroup
	t.Cleanup(func() { stop(); ticking.Wait() })
	ticking.Go(func() {
		for ctx.Err() == nil {
			// One that is not answered, because its process was killed, is followed by the next.
			_, _ = s.Tick(ctx, "returns")
			hold(ctx, 2*time.Second)
		}
	})
}

// disturb kills, pauses and resumes while a job runs.
func (s *Stack) disturb(t *testing.T, id int64) {
	t.Helper()
	s.StrikeAtRandom(0.01, 0, 0)
	s.strikeDown(process.Function.Name)
	s.strikeDown(window.Function.Name)
	move := func(to rework.State) bool {
		ok, err := s.Store.Jobs.MoveJob(t.Context(), id, to, "")
		if err != nil {
			t.Fatal(err)
		}
		return ok
	}
	if !move(rework.Paused) {
		t.Error("the backfill had ended before it could be paused")
		return
	}
	// A delivery that began before the pause may still end a page.
	if err := s.Delivered(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := s.done(t, id)
	hold(t.Context(), 3*time.Second) // time enough for pages and turns that should not come
	if after := s.done(t, id); after != before {
		t.Errorf("%d roots were done while the job was paused", after-before)
	}
	if !move(rework.Running) { // the next tick wakes it
		t.Error("the backfill was not paused")
	}
}

// done returns how many roots of a job are done.
func (s *Stack) done(t *testing.T, id int64) (n int64) {
	t.Helper()
	err := s.DB.QueryRowContext(t.Context(), "SELECT COALESCE(SUM(p.roots), 0) FROM sync_page p JOIN sync_run r ON r.id = p.run_id WHERE r.job_id = ? AND p.state = 2", id).Scan(&n)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// coveredOnce demands that a job's runs that ended well cover every root of its
// range, each once.
func (s *Stack) coveredOnce(t *testing.T, j rework.Job, p store.JobProgress) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	var listed, found, left int64
	covered := map[uint64]bool{}
	must(sqldb.Each(t.Context(), s.DB, func(row sqldb.Row) error {
		var packed []byte
		if err := row.Scan(&packed); err != nil {
			return err
		}
		roots, err := rootlist.Unpack(packed)
		for _, root := range roots {
			listed++
			covered[root] = true
		}
		return err
	}, "SELECT p.listed FROM sync_page p JOIN sync_run r ON r.id = p.run_id WHERE r.job_id = ? AND r.state = 'synced'", j.ID))
	must(s.DB.QueryRowContext(t.Context(), "SELECT COALESCE(SUM(found), 0) FROM sync_run WHERE job_id = ? AND state = 'synced'", j.ID).Scan(&found))
	// A root that the warehouse has touched is in the range no more, and the syncs have it.
	must(sqldb.Each(t.Context(), s.DB, func(row sqldb.Row) error {
		root, err := sqldb.Column[uint64](row)
		if err == nil && !covered[root] {
			left++
		}
		return err
	}, "SELECT id FROM order_return WHERE updated_at < ?", j.Window.To))
	if distinct := int64(len(covered)); listed != distinct || listed != p.Roots || found != p.Counts.Found || left != 0 {
		t.Errorf("%d roots were covered, %d different ones, %d left out; the job says %d roots and %d records, its runs %d", listed, distinct, left, p.Roots, p.Counts.Found, found)
	}
}

// tickTimes is how long the syncs of a time took.
type tickTimes struct {
	n                    int
	median, longest, gap time.Duration // from begin to end; between two begins
}

// String lists them in a line.
func (x tickTimes) String() string {
	return fmt.Sprintf("%d syncs, %v at the median, %v at most, at most %v apart", x.n, x.median, x.longest, x.gap)
}

// clock returns the database's time.
func (s *Stack) clock(t *testing.T) time.Time {
	t.Helper()
	now, err := s.Store.Now(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return now
}

// tickTimes measures the syncs that began since a time and have ended well.
func (s *Stack) tickTimes(t *testing.T, since time.Time) (x tickTimes) {
	t.Helper()
	rows, err := s.DB.QueryContext(t.Context(), "SELECT created_at, closed_at FROM sync_run WHERE kind = 'window' AND state = 'synced' AND created_at >= ? ORDER BY id", since)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var took []time.Duration
	last := since
	for rows.Next() {
		var began, ended time.Time
		if err := rows.Scan(&began, &ended); err != nil {
			t.Fatal(err)
		}
		took = append(took, ended.Sub(began))
		x.gap = max(x.gap, began.Sub(last))
		last = began
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	if len(took) == 0 {
		return x
	}
	slices.Sort(took)
	x.n, x.median, x.longest = len(took), took[len(took)/2].Round(time.Millisecond), took[len(took)-1].Round(time.Millisecond)
	x.gap = x.gap.Round(time.Millisecond)
	return x
}

// pageTime returns the median time between the ends of a job's pages, which are
// worked one at a time.
func (s *Stack) pageTime(t *testing.T, j rework.Job) time.Duration {
	t.Helper()
	rows, err := s.DB.QueryContext(t.Context(), "SELECT p.finished_at FROM sync_page p JOIN sync_run r ON r.id = p.run_id WHERE r.job_id = ? AND p.state = 2 ORDER BY p.finished_at", j.ID)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var apart []time.Duration
	var last time.Time
	for rows.Next() {
		var at time.Time
		if err := rows.Scan(&at); err != nil {
			t.Fatal(err)
		}
		if !last.IsZero() {
			apart = append(apart, at.Sub(last))
		}
		last = at
	}
	if err := rows.Err(); err != nil || len(apart) == 0 {
		t.Fatalf("no two pages, %v", err)
	}
	slices.Sort(apart)
	return apart[len(apart)/2].Round(time.Millisecond)
}
