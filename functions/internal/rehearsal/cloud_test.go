package rehearsal

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/cron"
	"gitlab.com/eshopbox-team/return-sync/functions/process"
	"gitlab.com/eshopbox-team/return-sync/functions/window"
	"gitlab.com/eshopbox-team/return-sync/shared/sample"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
)

// gate stands before the index and holds writes while it is shut.
type gate struct {
	mu      sync.Mutex
	open    chan struct{} // closed while the gate is open
	arrived chan struct{} // one for each write that is held
}

// newGate returns an open gate.
func newGate() *gate {
	g := &gate{open: make(chan struct{}), arrived: make(chan struct{}, 1000)}
	close(g.open)
	return g
}

// shut holds the writes to come; the returned function lets them go.
func (g *gate) shut() (open func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	held := make(chan struct{})
	g.open = held
	return sync.OnceFunc(func() { close(held) })
}

// watch implements Options.WatchIndex.
func (g *gate) watch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.mu.Lock()
		open := g.open
		g.mu.Unlock()
		select {
		case <-open:
		default:
			if strings.HasSuffix(r.URL.Path, "/batch") {
				g.arrived <- struct{}{}
				select {
				case <-open:
				case <-r.Context().Done():
					return
				}
			}
		}
		next.ServeHTTP(w, r)
	})
}

// heldPage is a page on its way, held at the gate.
type heldPage struct {
	s      *Stack
	run    run.Run
	sent   time.Time
	open   func()
	answer chan int
}

// holdPage changes rows, lists them, and delivers the page's task up to its push.
func holdPage(t *testing.T, s *Stack, g *gate) heldPage {
	t.Helper()
	if _, err := s.DB.ExecContext(t.Context(), "UPDATE order_return SET row_version = row_version + 1 WHERE id <= 5"); err != nil {
		t.Fatal(err)
	}
	h := heldPage{s: s, run: s.list(t), open: g.shut(), answer: make(chan int, 1)}
	h.sent = time.Now()
	t.Cleanup(h.open)
	go func() { h.answer <- h.deliver(context.WithoutCancel(t.Context())) }()
	select {
	case <-g.arrived:
	case code := <-h.answer:
		t.Fatalf("the page was answered %d before it pushed", code)
	}
	return h
}

// deliver posts the page's task and returns the status, 0 for none.
func (h heldPage) deliver(ctx context.Context) int {
	body := strings.NewReader(fmt.Sprintf(`{"runId":%d,"page":1}`, h.run.ID))
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.s.URL(process.Function.Name), body)
	if err != nil {
		return 0
	}
	res, err := h.s.Do(req)
	if err != nil {
		return 0
	}
	_ = res.Body.Close()
	return res.StatusCode
}

// expect checks the answer, and how the page was left.
func (h heldPage) expect(t *testing.T, status, state int) {
	t.Helper()
	if got := <-h.answer; got != status {
		t.Errorf("the task was answered %d, want %d", got, status)
	}
	var gotState, attempts int
	var token, reason *string
	err := h.s.DB.QueryRowContext(t.Context(), "SELECT state, attempts, token, last_error FROM sync_page WHERE run_id = ? AND page = 1", h.run.ID).
		Scan(&gotState, &attempts, &token, &reason)
	if err != nil || gotState != state || attempts != 1 {
		t.Errorf("the page is in state %d after %d attempts, %v; want %d", gotState, attempts, err, state)
	}
	if state == 0 && (token != nil || reason == nil || *reason == "") {
		t.Errorf("a page that was put back has token %v and reason %v", token, reason)
	}
}

// again delivers the task once more and wants the run synced.
func (h heldPage) again(t *testing.T) {
	t.Helper()
	h.open()
	if got := h.deliver(t.Context()); got != http.StatusOK {
		t.Errorf("the next delivery was answered %d", got)
	}
	if r, err := h.s.Store.Runs.Run(t.Context(), h.run.ID); err != nil || r.State != run.Synced {
		t.Errorf("the run ended %v, %v", r.State, err)
	}
}

// askToEnd sends SIGTERM to the process function and waits until it takes no
// connections any more. The returned channel closes when the process is gone.
func askToEnd(t *testing.T, s *Stack) <-chan struct{} {
	t.Helper()
	c := s.front.child(process.Function.Name)
	if err := terminate(c.cmd.Process); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		conn, err := net.Dial("tcp", c.address)
		if err != nil {
			return c.ended
		}
		_ = conn.Close()
		if time.Now().After(deadline) {
			t.Fatal("it still takes connections")
		}
	}
}

// TestAPageEndsOrPutsItselfBack ends what a page lives by while the index holds
// its push: first the process, with time to finish and without, then the time
// that the platform gives a request. No page is left to wait for its lease.
func TestAPageEndsOrPutsItselfBack(t *testing.T) {
	g := newGate()
	s := start(t, Options{WatchIndex: g.watch, Env: []string{"DRAIN_SECONDS=3", "CLOUD_RUN_TIMEOUT_SECONDS=5", "PAGE_LEASE=5m", "RUN_LEASE=15m"}})
	t.Run("SIGTERM, and the push ends in time", func(t *testing.T) {
		h := holdPage(t, s, g)
		gone := askToEnd(t, s)
		h.open()
		h.expect(t, http.StatusOK, 2)
		<-gone
		if r, err := s.Store.Runs.Run(t.Context(), h.run.ID); err != nil || r.State != run.Synced {
			t.Errorf("the run ended %v, %v", r.State, err)
		}
	})
	t.Run("SIGTERM, and the push does not end", func(t *testing.T) {
		if err := s.Revive(t.Context(), process.Function.Name); err != nil {
			t.Fatal(err)
		}
		h := holdPage(t, s, g)
		began := time.Now()
		gone := askToEnd(t, s)
		h.expect(t, http.StatusServiceUnavailable, 0)
		<-gone
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("it ended after %v, and had 3 s", took)
		}
		if err := s.Revive(t.Context(), process.Function.Name); err != nil {
			t.Fatal(err)
		}
		h.again(t)
	})
	t.Run("the request's time runs out", func(t *testing.T) {
		h := holdPage(t, s, g)
		h.expect(t, http.StatusServiceUnavailable, 0)
		if took := time.Since(h.sent); took < 3*time.Second || took > 5*time.Second {
			t.Errorf("it was answered after %v, and had 5 s", took)
		}
		h.again(t)
	})
}

// TestOneTraceShowsTickWindowAndPages reads the functions' logs.
func TestOneTraceShowsTickWindowAndPages(t *testing.T) {
	file, err := os.OpenFile(filepath.Join(t.TempDir(), "log"), os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	ctx := t.Context()
	s, err := Start(ctx, Options{ChildLog: file, Env: []string{"LOG_LEVEL=DEBUG", "PAGE_SIZE=50", "GOOGLE_CLOUD_PROJECT=proj"}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	if err := sample.Migrate(ctx, s.DB); err != nil {
		t.Fatal(err)
	}
	if _, err := sample.Generate(ctx, s.DB, sample.GenerateOptions{Rows: 150, Seed: 7, Now: time.Now().Add(-time.Minute)}); err != nil {
		t.Fatal(err)
	}
	const id = "0af7651916cd43dd8448eb211c80319c"
	req, _ := http.NewRequestWithContext(ctx, http.MethodPost, s.URL(cron.Function.Name)+"?entity=returns", nil)
	req.Header.Set("traceparent", "00-"+id+"-b7ad6b7169203331-01")
	res, err := s.Do(req)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatal(res, err)
	}
	_ = res.Body.Close()
	r := s.await(t)
	// The run has ended when its row says so; the line about it comes a moment later.
	var requests map[string]int
	synced := 0
	for deadline := time.Now().Add(10 * time.Second); synced == 0 && time.Now().Before(deadline); time.Sleep(poll) {
		requests, synced = inTrace(t, file.Name(), "projects/proj/traces/"+id, r)
	}
	if requests[cron.Function.Name] != 1 || requests[window.Function.Name] < 1 || requests[process.Function.Name] < r.PagesTotal || r.PagesTotal < 3 || synced != 1 {
		t.Errorf("the trace has the requests %v of %d pages and %d ends of the run", requests, r.PagesTotal, synced)
	}
}

// inTrace counts, of a log's lines that belong to a trace, the requests of each
// function and the ends of a run. The last line may be under way yet.
func inTrace(t *testing.T, file, trace string, r run.Run) (requests map[string]int, synced int) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	requests = map[string]int{}
	for line := range strings.Lines(string(text)) {
		if !strings.HasSuffix(line, "\n") {
			continue
		}
		var l struct {
			Message, Function string
			Trace             string            `json:"logging.googleapis.com/trace"`
			Labels            map[string]string `json:"logging.googleapis.com/labels"`
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Errorf("a line of the log is no JSON: %s", line)
		}
		if l.Trace != trace {
			continue
		}
		if l.Message == "a request came" {
			requests[l.Function]++
		}
		if l.Message == "the run is synced" && l.Labels["entity"] == r.Entity && l.Labels["run"] == fmt.Sprint(r.ID) && l.Labels["function"] == process.Function.Name {
			synced++
		}
	}
	return requests, synced
}

// await waits until the newest run of returns has ended, and wants it synced.
func (s *Stack) await(t *testing.T) run.Run {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(poll) {
		r, err := s.newest(t.Context(), "returns")
		if err != nil {
			t.Fatal(err)
		}
		if r.ID > 0 && r.State.Final() {
			if r.State != run.Synced {
				t.Fatalf("%v: %s", r.State, r.LastError)
			}
			return r
		}
	}
	t.Fatal("the run does not end")
	return run.Run{}
}
