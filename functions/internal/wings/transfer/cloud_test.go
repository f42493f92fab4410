package transfer_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	service "gitlab.com/eshopbox-team/return-sync/functions/internal/wings/transfer"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire/wiretest"
	"gitlab.com/eshopbox-team/return-sync/shared/clock/ntp/ntptest"
	"gitlab.com/eshopbox-team/return-sync/shared/doctor"
	"gitlab.com/eshopbox-team/return-sync/shared/lease"
	"gitlab.com/eshopbox-team/return-sync/shared/schedule"
	"gitlab.com/eshopbox-team/return-sync/shared/scope"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/sidetable"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/store"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/transfertest"
)

// product is the wing as functions, with its queue, which delivers to the worker.
type product struct {
	*testing.T
	wiretest.Product
	jobs           *store.Store
	studio, online *sidetable.Side
	api, work      http.Handler
	calls          atomic.Int64 // of the worker by the queue
	deaf           atomic.Bool  // the queue's calls fail
}

// open opens the wing with further settings.
func open(t *testing.T, settings map[string]string) *product {
	t.Helper()
	p := &product{T: t}
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p.deaf.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		p.calls.Add(1)
		p.work.ServeHTTP(w, r)
	}))
	t.Cleanup(web.Close)
	env := map[string]string{
		"WINGS": service.Name, "TRANSFER_URL": web.URL, "TRANSFER_TOKEN": token, "TRANSFER_SIDES": "rehearsal", "TRANSFER_DEBOUNCE": "0s",
		"TRANSFER_NTP_SERVERS": "none", "CLOUD_TASKS_EMULATOR_HOST": wiretest.Queues(t, "transfer"),
	}
	maps.Copy(env, settings)
	p.Product = wiretest.Open(t, env, service.Wing())
	pool, log := p.DB.Pool(), slog.New(slog.DiscardHandler)
	if err := sidetable.Migrate(t.Context(), pool.DB, sqldb.MySQL, log); err != nil {
		t.Fatal(err)
	}
	p.jobs = store.New(pool.DB, sqldb.MySQL, log)
	p.studio, p.online = sidetable.Open(pool.DB, sqldb.MySQL, transfer.Studio, time.Now), sidetable.Open(pool.DB, sqldb.MySQL, transfer.Online, time.Now)
	for i, into := range []*http.Handler{&p.api, &p.work} {
		h, err := service.Wing().Functions[i].Serve(t.Context(), p.Env)
		if err != nil {
			t.Fatal(err)
		}
		*into = h
	}
	return p
}

// call calls the API with its token and decodes the answer's JSON.
func (p *product) call(method, path, body string, into any) int {
	p.Helper()
	r := httptest.NewRequest(method, "http://transfers.example"+path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Accept", "application/json")
	w := httptest.NewRecorder()
	p.api.ServeHTTP(w, r)
	if into != nil {
		if err := json.Unmarshal(w.Body.Bytes(), into); err != nil {
			p.Fatalf("%s: %d %s, %v", path, w.Code, w.Body, err)
		}
	}
	return w.Code
}

// person puts a person into studio.
func (p *product) person() int64 {
	p.Helper()
	id, err := p.studio.Put(p.Context(), "dbo.Person", transfer.Record{Fields: map[string]any{"Name": "Müller"}})
	if err != nil {
		p.Fatal(err)
	}
	return id
}

// post posts a job of a person.
func (p *product) post(id int64) int64 {
	p.Helper()
	var made struct {
		ID int64 `json:"job_id"`
	}
	body := fmt.Sprintf(`{"job_date":%q,"job_source_system":"fs","job_source_model":"dbo.Person","job_source_record_id":%d}`, time.Now().UTC().Format("2006-01-02 15:04:05.000000"), id)
	if status := p.call(http.MethodPost, "/job/create", body, &made); status != http.StatusOK || made.ID == 0 {
		p.Fatalf("%d, %+v", status, made)
	}
	return made.ID
}

// tick calls the worker as the scheduler does, and returns its answer.
func (p *product) tick() string {
	p.Helper()
	w := httptest.NewRecorder()
	p.work.ServeHTTP(w, httptest.NewRequestWithContext(p.Context(), http.MethodPost, "/", nil))
	return fmt.Sprintf("%d %s", w.Code, w.Body)
}

// until waits for an event.
func (p *product) until(what string, ok func() bool) {
	p.Helper()
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			p.Fatal("it never came: " + what)
		}
	}
}

// state returns a job's state.
func (p *product) state(id int64) transfer.State {
	p.Helper()
	j, err := p.jobs.Job(p.Context(), id)
	if err != nil {
		p.Fatal(err)
	}
	return j.State
}

// ended waits until jobs are done.
func (p *product) ended(ids ...int64) {
	p.Helper()
	for _, id := range ids {
		p.until(fmt.Sprintf("job %d is done", id), func() bool { return p.state(id) == transfer.Done })
	}
}

// TestJobsWakeTheWorker posts many jobs to one function, and another one works them off,
// woken by the queue alone: a task a second at most, however many jobs come.
func TestJobsWakeTheWorker(t *testing.T) {
	p := open(t, nil)
	begun := time.Now()
	var ids []int64
	for range 40 {
		ids = append(ids, p.post(p.person()))
	}
	p.ended(ids...)
	if most := int64(time.Since(begun)/time.Second) + 2; p.calls.Load() > most {
		t.Errorf("the worker was called %d times in %v", p.calls.Load(), time.Since(begun))
	}
	var creates, jobs int
	if err := p.DB.SQL().QueryRow("SELECT COUNT(*), COUNT(DISTINCT record_id) FROM transfer_side_write WHERE verb = 'create' AND model = 'res.partner'").Scan(&creates, &jobs); err != nil || creates != 40 || jobs != 40 {
		t.Errorf("%d records of %d were created for 40 jobs, %v", jobs, creates, err)
	}
	p.until("the protocol's copy", func() bool {
		_, err := p.online.Find(t.Context(), "sosync.job", ids[0])
		return err == nil
	})
	var s struct {
		Worker struct {
			Text string `json:"status_text"`
		} `json:"job_worker"`
		Lease struct{ Held bool }
	}
	p.until("the worker says that it is idle", func() bool {
		return p.call(http.MethodGet, "/service/status", "", &s) == http.StatusOK && s.Worker.Text == "Idle" && !s.Lease.Held
	})
}

// TestBudgetLeavesTheRest gives a call time for a part of the jobs: each asks for the next
// call, until nothing is left.
func TestBudgetLeavesTheRest(t *testing.T) {
	p := open(t, map[string]string{"TRANSFER_BUDGET": "300ms", "TRANSFER_THROTTLE": "200ms", "TRANSFER_PACKAGE": "1", "TRANSFER_PROTOCOL": "false"})
	ids, err := p.jobs.Create(t.Context(), []transfer.Draft{p.draft(p.person()), p.draft(p.person()), p.draft(p.person()), p.draft(p.person()), p.draft(p.person())})
	if err != nil {
		t.Fatal(err)
	}
	if got := p.tick(); !strings.Contains(got, `"outcome":"worked"`) || !strings.Contains(got, `"again":`) {
		t.Errorf("%s", got)
	}
	p.ended(ids...)
	if p.calls.Load() < 2 {
		t.Errorf("%d calls after the first one", p.calls.Load())
	}
}

// draft is a job of a person that no API has taken, so nobody woke the worker.
func (p *product) draft(id int64) transfer.Draft {
	return transfertest.Draft(id, func(j *transfer.Job) { j.Date = transfer.Micro(time.Now()) })
}

// TestOneCallWorks has another process hold the lease, and die.
func TestOneCallWorks(t *testing.T) {
	p := open(t, nil)
	p.deaf.Store(true)
	if ok, err := p.jobs.Hold(t.Context(), "another", lease.NewToken(), 2*time.Second); err != nil || !ok {
		t.Fatal(ok, err)
	}
	id := p.post(p.person())
	if got := p.tick(); !strings.Contains(got, "another process works") || p.state(id) != transfer.New {
		t.Errorf("%s, job %s", got, p.state(id))
	}
	p.until("the dead process's lease ends", func() bool { return strings.Contains(p.tick(), `"worked"`) })
	p.ended(id)
}

// TestFailedJobWakesTheWorkerWhenItIsDue has a job that failed for a cause that passes: the
// call that sees it asks for one when it is due.
func TestFailedJobWakesTheWorkerWhenItIsDue(t *testing.T) {
	p := open(t, nil)
	ids, err := p.jobs.Create(t.Context(), []transfer.Draft{p.draft(p.person())})
	if err != nil {
		t.Fatal(err)
	}
	own := lease.NewToken()
	if ok, err := p.jobs.Hold(t.Context(), "before", own, time.Hour); err != nil || !ok {
		t.Fatal(ok, err)
	}
	j, err := p.jobs.Claim(t.Context(), own, ids[0])
	at := transfer.Micro(time.Now().Add(2 * time.Second))
	j.State, j.RetryAt = transfer.Retry, &at
	if err == nil {
		_, err = p.jobs.Finish(t.Context(), own, j)
	}
	if err == nil {
		err = p.jobs.Release(t.Context(), own)
	}
	if err != nil {
		t.Fatal(err)
	}
	if got := p.tick(); !strings.Contains(got, `"again":`) {
		t.Errorf("%s", got)
	}
	p.ended(ids...)
	if j, err := p.jobs.Job(t.Context(), ids[0]); err != nil || j.Runs != 2 || j.Start.Before(at.Truncate(time.Second)) || p.calls.Load() != 1 {
		t.Errorf("%+v after %d calls, %v", j, p.calls.Load(), err)
	}
}

// TestProcessesTellEachOther sets threads and asks for a reading of the clocks in the
// API's process, and the worker's heeds both.
func TestProcessesTellEachOther(t *testing.T) {
	clock := ntptest.New(t, time.Minute)
	p := open(t, map[string]string{"TRANSFER_NTP_SERVERS": clock.Address, "TRANSFER_MAX_DRIFT": "10s"})
	id := p.post(p.person())
	p.until("the worker is locked", func() bool { return strings.Contains(p.tick(), "locked") })
	var s struct {
		Drift struct{ Locked bool }
	}
	if p.call(http.MethodGet, "/service/status", "", &s); !s.Drift.Locked || p.state(id) != transfer.New {
		t.Errorf("%+v, job %s", s, p.state(id))
	}
	if found := p.findings(); !strings.Contains(found, "clocks-differ") {
		t.Errorf("%s", found)
	}
	clock.Set(0)
	p.call(http.MethodPost, "/service/forcedriftcheck", "", nil)
	p.ended(id)
	if p.call(http.MethodGet, "/service/status", "", &s); s.Drift.Locked {
		t.Error("the lock stays")
	}
	if status := p.call(http.MethodPost, "/service/threads", `{"threads":7,"packageSize":9,"activeSeconds":60}`, nil); status != http.StatusOK {
		t.Error(status)
	}
	var threads struct {
		Now int `json:"current_max_threads"`
	}
	if p.call(http.MethodGet, "/service/threads", "", &threads); threads.Now != 7 {
		t.Errorf("%+v", threads)
	}
}

// findings returns the wing's findings in words.
func (p *product) findings() string {
	p.Helper()
	look, err := service.Wing().Findings(p.Context(), p.Opening())
	if err != nil {
		p.Fatal(err)
	}
	list, err := look(p.Context())
	if err != nil {
		p.Fatal(err)
	}
	text := ""
	for _, f := range list {
		if f.Title == "" || f.Do == "" {
			p.Errorf("%+v has no title, or says not what to do", f)
		}
		text += fmt.Sprintf("%s: %s\n", f.Kind, f.Problem)
	}
	return text
}

// TestFindings has every finding appear, and end.
func TestFindings(t *testing.T) {
	p := open(t, nil)
	p.deaf.Store(true)
	if found := p.findings(); found != "" {
		t.Errorf("of an installation without jobs: %s", found)
	}
	job := p.post(p.person())
	if found := p.findings(); found != "worker-silent: 1 transfer jobs wait, and the worker has given no sign for 15m00s\n" {
		t.Errorf("%q", found)
	}
	if _, err := p.DB.SQL().Exec("UPDATE transfer_job SET job_last_change = job_last_change - INTERVAL 20 MINUTE"); err != nil {
		t.Fatal(err)
	}
	if found := p.findings(); !strings.Contains(found, "queue-old: the oldest of 1 open transfer jobs has waited for 20m") {
		t.Errorf("%q", found)
	}
	gone := p.post(999999)
	p.tick()
	p.ended(job)
	if found := p.findings(); found != "job-failed: a transfer job failed\n" || p.state(gone) != transfer.Failed {
		t.Errorf("%q", found)
	}
}

// TestSchedulesAndScopesStartTransfers starts by a schedule and as a member of a scope.
func TestSchedulesAndScopesStartTransfers(t *testing.T) {
	p := open(t, nil)
	ctx := t.Context()
	kinds, err := service.Wing().Kinds(ctx, p.Opening(), true)
	if err != nil || len(kinds) != 1 || kinds[0].Check(ctx, "jobs") != nil || kinds[0].Check(ctx, "protocol") != nil || kinds[0].Check(ctx, "all") == nil {
		t.Fatal(kinds, err)
	}
	m, err := service.Wing().Members(ctx, p.Opening())
	if err != nil || m.Kind() != service.Name || m.Check(ctx, "jobs") != nil || m.Check(ctx, "retry") == nil {
		t.Fatal(err)
	}
	p.deaf.Store(true)
	job, gone := p.post(p.person()), p.post(999999)
	ref, err := m.Start(ctx, "jobs", "key")
	again, twice := m.Start(ctx, "jobs", "key")
	if err != nil || twice != nil || ref != again || len(ref) > 32 {
		t.Fatalf("%q and %q, %v, %v", ref, again, err, twice)
	}
	demand := func(want scope.State) {
		t.Helper()
		if s, why, err := m.State(ctx, ref); err != nil || s != want || (why == "") != (s == scope.Syncing || s == scope.Synced) {
			t.Errorf("%s %q, %v; want %s", s, why, err, want)
		}
	}
	demand(scope.Syncing)
	if _, err := p.DB.SQL().Exec("UPDATE transfer_start SET started_at = started_at - INTERVAL 1 HOUR"); err != nil {
		t.Fatal(err)
	}
	demand(scope.Interrupted)
	p.deaf.Store(false)
	p.ended(job) // by the start's task, or that of the job
	p.until("the other job fails", func() bool { return p.state(gone) == transfer.Failed })
	demand(scope.Failed)
	if ref, err = m.Start(ctx, "jobs", "other"); err != nil {
		t.Fatal(err)
	}
	demand(scope.Synced) // what had failed before is not its own
	if _, _, err := m.State(ctx, "x"); err == nil {
		t.Error("a start that never was has a state")
	}
	for target, want := range map[string]string{"jobs": "woken", "retry": "1 failed jobs are tried again"} {
		if said, err := kinds[0].Start(ctx, schedule.Spec{Target: target}, "k"); err != nil || !strings.Contains(said, want) {
			t.Errorf("%s: %q, %v", target, said, err)
		}
	}
}

// TestDoctorLooksAtTransfers has the settings right, and all of them wrong.
func TestDoctorLooksAtTransfers(t *testing.T) {
	clock := ntptest.New(t, time.Minute)
	examine := func(settings map[string]string) string {
		t.Helper()
		p := open(t, nil)
		env := wiretest.Open(t, settings, service.Wing())
		o := p.Opening()
		o.Env = env.Env
		checks, err := service.Wing().Checks(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		text := ""
		doctor.Examine(t.Context(), checks, time.Minute, func(list []doctor.Finding) {
			for _, f := range list {
				text += fmt.Sprintf("%s %s: %s\n", f.Severity, f.Check, f.Message)
			}
		})
		return text
	}
	good := examine(map[string]string{"TRANSFER_SIDES": "rehearsal", "TRANSFER_NTP_SERVERS": clock.Address, "TRANSFER_MAX_DRIFT": "2m"})
	bad := examine(map[string]string{"TRANSFER_SIDES": "real", "TRANSFER_THREADS": "31", "TRANSFER_FLOWS": "/nowhere.yaml", "TRANSFER_NTP_SERVERS": clock.Address})
	for text, wants := range map[string][]string{
		good: {"ok transfer settings", "ok transfer flows", "ok transfer clock", "info transfer worker: the worker has not run yet"},
		bad:  {"fail transfer settings: TRANSFER_SIDES want systems or rehearsal", "threads is 31", "fail transfer flows", "fail transfer clock"},
	} {
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("%q is not in:\n%s", want, text)
			}
		}
	}
}

// TestFunctionsRefuseSettings opens both functions with settings that cannot work.
func TestFunctionsRefuseSettings(t *testing.T) {
	for name, want := range map[string]string{
		"TRANSFER_TOKEN=short": "TRANSFER_TOKEN must have at least 32 characters", "TRANSFER_TOKEN=": "TRANSFER_TOKEN", "TRANSFER_SIDES=": "TRANSFER_SIDES is missing",
		"TRANSFER_URL=": "TRANSFER_URL", "TRANSFER_PACKAGE=201": "packageSize is 201", "TRANSFER_RUN_LIMIT=0": "TRANSFER_RUN_LIMIT", "TRANSFER_LEASE=1ms": "TRANSFER_LEASE",
	} {
		key, value, _ := strings.Cut(name, "=")
		env := map[string]string{"WINGS": service.Name, "TRANSFER_URL": "http://127.0.0.1:1/t", "TRANSFER_TOKEN": token, "TRANSFER_SIDES": "rehearsal"}
		env[key] = value
		p := wiretest.Open(t, env, service.Wing())
		problems := ""
		for _, f := range service.Wing().Functions {
			if _, err := f.Serve(t.Context(), p.Env); err != nil {
				problems += err.Error()
			}
		}
		if !strings.Contains(problems, want) || value != "" && key == "TRANSFER_TOKEN" && strings.Contains(problems, value+"\"") {
			t.Errorf("%s: %q", name, problems)
		}
	}
}
