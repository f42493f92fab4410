package schedules

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	cloudscheduler "cloud.google.com/go/scheduler/apiv1"
	"cloud.google.com/go/scheduler/apiv1/schedulerpb"
	"github.com/sethvargo/go-envconfig"
	"google.golang.org/protobuf/types/known/durationpb"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/scheduler"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/tasks"
	"gitlab.com/eshopbox-team/return-sync/shared/localdb/localdbtest"
	"gitlab.com/eshopbox-team/return-sync/shared/queue/cloudtasks"
)

func TestMain(m *testing.M) { localdbtest.Main(m) }

// location is where the emulators keep everything.
const location = "projects/p/locations/l"

// patience bounds every wait.
const patience = 20 * time.Second

// house is the function over a real database, with emulators of the scheduler
// and the queues, on a clock that the test moves.
type house struct {
	t         *testing.T
	db        *sql.DB
	url       string
	scheduler *scheduler.Server
	client    *cloudscheduler.CloudSchedulerClient
	mu        sync.Mutex
	now       time.Time
	looked    time.Time // when the table was last looked at, by the clock
}

// begin is when the tests begin.
var begin = time.Date(2026, 12, 1, 11, 50, 0, 0, time.UTC)

// newHouse opens everything and registers the job that looks at the table.
func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{t: t, now: begin}
	h.scheduler = scheduler.New(scheduler.Options{Now: h.clock})
	window := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }))
	t.Cleanup(window.Close)
	queues := tasks.New(tasks.Options{})
	front := http.NewServeMux()
	server := httptest.NewServer(front)
	t.Cleanup(server.Close)
	h.url = server.URL + "/ReconcileSchedules"
	dsn := localdbtest.New(t)
	e := &wire.Env{Log: slog.New(slog.DiscardHandler), Lookup: envconfig.MapLookuper(map[string]string{
		"SOURCE_DSN": dsn, "TASKS_LOCATION": location, "CLOUD_TASKS_EMULATOR_HOST": serve(t, queues), "WINDOW_URL": window.URL,
		"SCHEDULER_LOCATION": location, "CLOUD_SCHEDULER_EMULATOR_HOST": serve(t, h.scheduler), "SCHEDULES_URL": h.url,
		"SCHEDULER_SERVICE_ACCOUNT": "knocker@p.iam.gserviceaccount.com",
	})}
	t.Cleanup(func() { _ = e.Close() })
	db, err := e.Store(wire.Databases{SourceDSN: dsn, MaxConnections: 4})
	if err == nil {
		_, err = db.Migrate(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	h.db = db.SQL()
	s, err := e.Schedules(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	handler := Handler(s, h.clock)
	front.HandleFunc("/ReconcileSchedules", func(w http.ResponseWriter, r *http.Request) {
		handler.ServeHTTP(w, r)
		if r.URL.RawQuery == "" {
			h.mu.Lock()
			h.looked = h.now
			h.mu.Unlock()
		}
	})
	h.prepare(e)
	return h
}

// serve serves an emulator on loopback until the test ends and returns its
// address.
func serve(t *testing.T, s interface {
	Serve(net.Listener) error
	Close() error
}) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = s.Serve(listener) }()
	t.Cleanup(func() { _ = s.Close() })
	return listener.Addr().String()
}

// prepare makes the queue and the function's own job.
func (h *house) prepare(e *wire.Env) {
	h.t.Helper()
	ctx := h.t.Context()
	tasksAt, _ := e.Lookup.Lookup("CLOUD_TASKS_EMULATOR_HOST")
	sender, err := cloudtasks.Open(ctx, cloudtasks.Config{Parent: location, Emulator: tasksAt}, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = sender.Close() })
	err = sender.EnsureQueue(ctx, wire.QueueSync, &cloudtaskspb.RateLimits{MaxDispatchesPerSecond: 100, MaxConcurrentDispatches: 1}, &cloudtaskspb.RetryConfig{MinBackoff: durationpb.New(time.Second)})
	if err != nil {
		h.t.Fatal(err)
	}
	schedulerAt, _ := e.Lookup.Lookup("CLOUD_SCHEDULER_EMULATOR_HOST")
	h.client, err = cloudscheduler.NewCloudSchedulerClient(ctx, cloudtasks.EmulatorOptions(schedulerAt)...)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = h.client.Close() })
	_, err = h.client.CreateJob(ctx, &schedulerpb.CreateJobRequest{Parent: location, Job: &schedulerpb.Job{
		Name: location + "/jobs/returnsSchedules", Schedule: "* * * * *",
		Target: &schedulerpb.Job_HttpTarget{HttpTarget: &schedulerpb.HttpTarget{Uri: h.url}},
	}})
	if err != nil {
		h.t.Fatal(err)
	}
}

// clock returns the house's time.
func (h *house) clock() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

// until polls until a condition holds.
func (h *house) until(what string, condition func() bool) {
	h.t.Helper()
	for deadline := time.Now().Add(patience); !condition(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			h.t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

// move moves the clock; where a minute begins it waits until the table has been
// looked at, and until nothing is under way.
func (h *house) move(to time.Time) {
	h.t.Helper()
	for now := h.clock(); now.Before(to); {
		now = now.Truncate(time.Minute).Add(time.Minute)
		if now.After(to) {
			now = to
		}
		h.mu.Lock()
		h.now = now
		h.mu.Unlock()
		h.scheduler.Poke()
		if !now.Equal(now.Truncate(time.Minute)) {
			continue
		}
		h.until("a look at the table at "+now.String(), func() bool {
			h.mu.Lock()
			defer h.mu.Unlock()
			return h.looked.Equal(now)
		})
		h.until("rest", func() bool { return h.scheduler.Stats().Running == 0 })
	}
}

// exec runs a statement.
func (h *house) exec(query string, args ...any) {
	h.t.Helper()
	if _, err := h.db.Exec(query, args...); err != nil {
		h.t.Fatal(err)
	}
}

// text returns the only text of a query, empty for none.
func (h *house) text(query string, args ...any) string {
	h.t.Helper()
	var s sql.NullString
	if err := h.db.QueryRow(query, args...).Scan(&s); err != nil && err != sql.ErrNoRows {
		h.t.Fatal(err)
	}
	return s.String
}

// job reads a job, nil if there is none.
func (h *house) job(name string) *schedulerpb.Job {
	j, err := h.client.GetJob(h.t.Context(), &schedulerpb.GetJobRequest{Name: location + "/jobs/" + name})
	if err != nil {
		return nil
	}
	return j
}

// call calls the function.
func (h *house) call(method, query string, header ...string) (int, string) {
	h.t.Helper()
	req, err := http.NewRequestWithContext(h.t.Context(), method, h.url+query, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		h.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

const occurrenceOf = "SELECT occurrence_key FROM order_return_algolia_sync ORDER BY id DESC LIMIT 1"

// TestFromAnEditToItsEffect edits by plain SQL at different seconds of a minute
// and measures, by the scheduler's clock, until the job has followed. The job
// then starts the entity at its minute, once, and the run log has an entry for each step.
func TestFromAnEditToItsEffect(t *testing.T) {
	h := newHouse(t)
	h.move(begin.Add(time.Minute)) // the first look
	h.exec("INSERT INTO sync_schedule (name, target, time, timezone) VALUES ('noon', 'returns', '12:00', 0)")
	worst := time.Duration(0)
	measure := func(what string, effect func() bool) {
		t.Helper()
		edited := h.clock()
		for !effect() {
			h.move(h.clock().Add(time.Second))
		}
		took := h.clock().Sub(edited)
		worst = max(worst, took)
		if took > 2*time.Minute {
			t.Errorf("%s took %v", what, took)
		}
	}
	job := "sync-schedule-1"
	measure("adding", func() bool { return h.job(job) != nil })
	for second, clock := range map[int]string{1: "13:01", 30: "13:30", 59: "13:59"} {
		h.move(h.clock().Truncate(time.Minute).Add(time.Duration(second) * time.Second))
		h.exec("UPDATE sync_schedule SET time = ?", clock)
		measure("changing", func() bool { return h.job(job).GetSchedule() == strings.TrimPrefix(clock[3:], "0")+" 13 * * *" })
	}
	h.exec("UPDATE sync_schedule SET disabled = 1")
	measure("disabling", func() bool { return h.job(job).GetState() == schedulerpb.Job_PAUSED })
	h.exec("UPDATE sync_schedule SET disabled = 0, time = '12:00'")
	measure("enabling", func() bool { return h.job(job).GetState() == schedulerpb.Job_ENABLED })
	if h.clock().After(begin.Add(10 * time.Minute)) {
		t.Fatalf("it is %v: noon has passed", h.clock())
	}
	h.move(begin.Add(12 * time.Minute))
	if key := h.text(occurrenceOf); key != "schedule-2026-12-01T12:00:00Z" {
		t.Errorf("the claim's occurrence is %q", key)
	}
	h.exec("DELETE FROM sync_schedule")
	measure("deleting", func() bool { return h.job(job) == nil })
	t.Logf("the longest way from an edit to its effect was %v", worst)
	if entries := h.text("SELECT GROUP_CONCAT(SUBSTRING_INDEX(message, ':', 1) ORDER BY id) FROM sync_log WHERE message LIKE 'schedule %'"); entries !=
		"schedule 1 was added"+strings.Repeat(",schedule 1 was changed", 5)+",schedule 1 was deleted" {
		t.Errorf("the run log says %s", entries)
	}
}

// TestAnOccurrenceThatComesTwiceStartsOnce lets the scheduler deliver ticks
// twice, and at once.
func TestAnOccurrenceThatComesTwiceStartsOnce(t *testing.T) {
	h := newHouse(t)
	h.exec("INSERT INTO sync_schedule (name, target, time, run) VALUES ('often', 'returns', '00:01', 'Interval')")
	h.move(begin.Add(time.Minute))
	if err := h.scheduler.SetFaults(scheduler.Faults{Twice: 1}); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if err := h.scheduler.Tick(context.Background(), location+"/jobs/sync-schedule-1", begin.Add(2*time.Minute)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	h.move(begin.Add(2 * time.Minute))
	if n := h.text("SELECT COUNT(*) FROM order_return_algolia_sync WHERE status <> 0"); n != "1" {
		t.Errorf("%s claims", n)
	}
	if at := h.text("SELECT last_fired_at FROM sync_schedule"); !strings.HasPrefix(at, "2026-12-01T11:52:00") {
		t.Errorf("last fired at %s", at)
	}
}

// TestAForcedJobStartsNow is a person's button in the scheduler's console.
func TestAForcedJobStartsNow(t *testing.T) {
	h := newHouse(t)
	h.exec("INSERT INTO sync_schedule (name, target, time, timezone) VALUES ('d', 'returns', '18:00', 0)")
	h.move(begin.Add(time.Minute))
	if _, err := h.client.RunJob(t.Context(), &schedulerpb.RunJobRequest{Name: location + "/jobs/sync-schedule-1"}); err != nil {
		t.Fatal(err)
	}
	h.until("a start", func() bool { return strings.HasPrefix(h.text(occurrenceOf), "manual-schedule-1-") })
	if at := h.text("SELECT last_fired_at FROM sync_schedule"); at != "" {
		t.Errorf("it counts as the start of %s", at)
	}
}

// TestAScheduledScopeStarts has schedules whose targets are scopes: one with
// members, and one that nobody has given any.
func TestAScheduledScopeStarts(t *testing.T) {
	h := newHouse(t)
	h.exec("INSERT INTO sync_scope (id, state, details, changed_at) VALUES ('everything', 'synced', '{}', NOW(6))")
	h.exec("INSERT INTO sync_scope_member (scope_id, instance_id, position, targets) VALUES ('everything', 'member', 0, 'null')")
	h.exec("INSERT INTO sync_schedule (name, target_kind, target, time, timezone) VALUES ('n', 'scope', 'nothing', '11:54', 0)")
	h.exec("INSERT INTO sync_schedule (name, target_kind, target, time, timezone) VALUES ('s', 'scope', 'everything', '11:55', 0)")
	h.move(begin.Add(6 * time.Minute))
	if got := h.text("SELECT message FROM sync_schedule"); got != "" {
		t.Errorf("the row is rejected: %s", got)
	}
	if got := h.text("SELECT message FROM sync_log WHERE severity = 'ERROR'"); !strings.Contains(got, "schedule 1 could not start scope nothing: the sync scope nothing has no members yet") {
		t.Errorf("the run log says %q", got)
	}
	if key := h.text("SELECT occurrence_key FROM sync_scope WHERE id = 'everything'"); key != "schedule-2026-12-01T11:55:00Z" {
		t.Errorf("the scope's occurrence is %q", key)
	}
}

// TestABadRowIsRejectedWithAMessage has it beside a good one.
func TestABadRowIsRejectedWithAMessage(t *testing.T) {
	h := newHouse(t)
	h.exec("INSERT INTO sync_schedule (name, target, time) VALUES ('a', 'nothing', '12:00'), ('b', 'returns', 'noon'), ('c', 'returns', '12:00')")
	status, body := h.call("POST", "")
	var got struct{ Schedules, Rejected, JobsChanged int }
	if err := json.Unmarshal([]byte(body), &got); err != nil || status != 200 || got.Schedules != 3 || got.Rejected != 2 || got.JobsChanged != 1 {
		t.Errorf("%d %s, %v", status, body, err)
	}
	for id, want := range map[int]string{1: `there is no entity "nothing"`, 2: `time is "noon"`, 3: ""} {
		if m := h.text("SELECT message FROM sync_schedule WHERE id = ?", id); !strings.HasPrefix(m, want) || want == "" && m != "" {
			t.Errorf("row %d says %q", id, m)
		}
	}
	if j := h.job("sync-schedule-3"); j.GetHttpTarget().GetOidcToken().GetAudience() != strings.TrimSuffix(h.url, "/ReconcileSchedules") {
		t.Errorf("%v", j)
	}
}

// TestManyAtOnce has twenty processes look at once.
func TestManyAtOnce(t *testing.T) {
	h := newHouse(t)
	h.call("POST", "")
	for i := range 10 {
		h.exec("INSERT INTO sync_schedule (name, target, time) VALUES (?, 'returns', '12:00')", fmt.Sprint("s", i))
	}
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if status, body := h.call("POST", ""); status != 200 {
				t.Errorf("%d %s", status, body)
			}
		})
	}
	all.Wait()
	if n := h.text("SELECT COUNT(*) FROM sync_log WHERE message LIKE 'schedule % was added%'"); n != "10" {
		t.Errorf("%s records of ten new rows", n)
	}
}

func TestCallsThatMakeNoSense(t *testing.T) {
	h := newHouse(t)
	for query, want := range map[string]int{"?fire=x": 400, "?fire=": 400, "?fire=99999999999999999999": 400, "?fire=7": 200} {
		if status, body := h.call("POST", query); status != want {
			t.Errorf("%s: %d %s, want %d", query, status, body, want)
		}
	}
	if status, _ := h.call("GET", ""); status != 405 {
		t.Errorf("GET: %d", status)
	}
	h.exec("DROP TABLE sync_schedule")
	if status, body := h.call("POST", ""); status != 503 {
		t.Errorf("without a table: %d %s", status, body)
	}
}

func TestTick(t *testing.T) {
	for header, want := range map[string]time.Time{
		begin.Format(time.RFC3339Nano):                   begin,
		begin.Add(10 * time.Second).Format(time.RFC3339): begin.Add(10 * time.Second),
		begin.Add(11 * time.Second).Format(time.RFC3339): {}, // forced
		"2026-12-01T17:20:00+05:30":                      begin,
		"soon":                                           {},
		"":                                               {},
	} {
		h := http.Header{}
		h.Set("X-CloudScheduler-ScheduleTime", header)
		if got := tick(h, begin); !got.Equal(want) {
			t.Errorf("%q: %v, want %v", header, got, want)
		}
	}
}
