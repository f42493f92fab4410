package worker_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/lease"
	"gitlab.com/eshopbox-team/return-sync/shared/localdb/localdbtest"
	"gitlab.com/eshopbox-team/return-sync/shared/localdb/pgtest"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/store/storetest"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/transfertest"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/worker"
)

// TestMain starts the tests' database servers; as a child that will be killed it works.
func TestMain(m *testing.M) {
	if is, err := victim(); is {
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(pgtest.Around(func() int { return localdbtest.Run(m) }))
}

// world is a worker between two sides in memory.
type world struct {
	*worker.Worker
	db             storetest.DB
	studio, online *transfertest.Memory
	t              *testing.T
}

// newWorld returns a world on MySQL, without a debounce.
func newWorld(t *testing.T, change func(*worker.Parts)) *world {
	t.Helper()
	return worldOn(t, storetest.MySQL(t), change)
}

// worldOn returns a world on a database.
func worldOn(t *testing.T, db storetest.DB, change func(*worker.Parts)) *world {
	t.Helper()
	flows, err := transfer.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{db: db, studio: transfertest.NewMemory(0, time.Now), online: transfertest.NewMemory(1000, time.Now), t: t}
	s := worker.Defaults()
	s.Debounce, s.Protocol, s.RetryAfter = 0, false, time.Hour
	p := worker.Parts{Jobs: db.Store, Studio: w.studio, Online: w.online, Flows: flows, Settings: s, Notes: db.Notes, Owner: "test", Now: time.Now, Log: slog.New(slog.DiscardHandler)}
	if change != nil {
		change(&p)
	}
	w.Worker = worker.New(p)
	return w
}

// job stores a job of a record as it is now and returns its id.
func (w *world) job(system transfer.Side, model string, id int64, change func(*transfer.Job)) int64 {
	w.t.Helper()
	d := transfertest.Draft(id, func(j *transfer.Job) { j.System, j.Model, j.Date = system, model, transfer.Micro(time.Now()) })
	if change != nil {
		change(&d.Job)
	}
	ids, err := w.db.Create(w.t.Context(), []transfer.Draft{d})
	if err != nil {
		w.t.Fatal(err)
	}
	return ids[0]
}

// work runs the worker until nothing is left.
func (w *world) work() worker.Result {
	w.t.Helper()
	r, err := w.Run(w.t.Context(), nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// read returns a job.
func (w *world) read(id int64) transfer.Job {
	w.t.Helper()
	j, err := w.db.Job(w.t.Context(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	return j
}

// want demands a job's state and returns the job.
func (w *world) want(id int64, state transfer.State, code transfer.Code) transfer.Job {
	w.t.Helper()
	j := w.read(id)
	if j.State != state || j.ErrorCode != code {
		w.t.Fatalf("job %d is %s (%s): %s\n%s; want %s (%s)", id, j.State, j.ErrorCode, j.ErrorText, j.Log, state, code)
	}
	return j
}

// person puts a person into studio.
func (w *world) person(name string) int64 {
	return w.studio.Put("dbo.Person", transfer.Record{Fields: map[string]any{"Name": name, "Plz": "1010"}})
}

func TestNewRecordIsCreatedOnceAndLinked(t *testing.T) {
	w := newWorld(t, nil)
	id := w.person("Müller")
	job := w.job(transfer.Studio, "dbo.person", id, nil) // any case of letters
	if r := w.work(); !r.Held || r.Jobs != 1 {
		t.Errorf("%+v", r)
	}
	j := w.want(job, transfer.Done, "")
	studio, err := w.studio.Read(t.Context(), "dbo.Person", id)
	if err != nil {
		t.Fatal(err)
	}
	online, err := w.online.Read(t.Context(), "res.partner", studio.ForeignID)
	if err != nil || online.ForeignID != id || online.Fields["lastname"] != "Müller" || !online.Effective().Equal(studio.Effective()) || !online.SyncedVersion.Equal(*studio.SyncedVersion) {
		t.Errorf("%+v, %+v, %v", studio, online, err)
	}
	if w.online.Writes[transfer.Create] != 1 || len(w.online.Writes) != 1 || w.studio.Writes[transfer.Mark] != 1 || len(w.studio.Writes) != 1 {
		t.Errorf("writes: %v, %v", w.studio.Writes, w.online.Writes)
	}
	if j.SourceSystem != "fs" || *j.SourceID != id || j.TargetSystem != "fso" || *j.SyncTargetID != online.ID || !strings.Contains(string(j.SourceData), "Müller") ||
		!strings.Contains(string(j.Request), "lastname") || j.Answer == "" || j.SyncEnd == nil || j.Runs != 1 || j.Duration == nil || j.End == nil || j.TargetAfter == "" {
		t.Errorf("the job does not say all: %+v", j)
	}
}

func TestUpdateIsOneWriteEachWay(t *testing.T) {
	w := newWorld(t, nil)
	id := w.person("Müller")
	w.job(transfer.Studio, "dbo.Person", id, nil)
	w.work()
	partner := w.partnerOf(id)
	// A person edits online.
	partner.Fields["lastname"], partner.ChangedAt = "Maier", time.Now()
	now := transfer.Micro(time.Now())
	partner.WriteDate = &now
	w.online.Put("res.partner", partner)
	job := w.job(transfer.Online, "res.partner", partner.ID, nil)
	w.work()
	w.want(job, transfer.Done, "")
	studio, _ := w.studio.Read(t.Context(), "dbo.Person", id)
	if studio.Fields["Name"] != "Maier" || w.studio.Writes[transfer.Update] != 1 || w.online.Writes[transfer.Mark] != 1 || w.online.Writes[transfer.Update] != 0 {
		t.Errorf("%+v; %v, %v", studio, w.studio.Writes, w.online.Writes)
	}
	again := w.job(transfer.Studio, "dbo.Person", id, nil) // what the other side's trigger may post
	w.work()
	if j := w.want(again, transfer.Done, ""); j.SourceSystem != "" || !strings.Contains(string(j.Log), "up to date") || w.online.Writes[transfer.Update] != 0 {
		t.Errorf("%+v", j)
	}
}

// partnerOf returns the online record of a person.
func (w *world) partnerOf(person int64) transfer.Record {
	w.t.Helper()
	r, err := w.online.Find(w.t.Context(), "res.partner", person)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

func TestRecordsThatItRefersToComeFirst(t *testing.T) {
	w := newWorld(t, nil)
	person := w.person("Müller")
	email := w.studio.Put("dbo.PersonEmail", transfer.Record{Fields: map[string]any{"PersonID": person, "AnredeLang": "Lieber", "State": "x"}})
	job := w.job(transfer.Studio, "dbo.PersonEmail", email, nil)
	w.work()
	j := w.want(job, transfer.Done, "")
	online, err := w.online.Find(t.Context(), "frst.personemail", email)
	if err != nil || online.Fields["partner_id"] != w.partnerOf(person).ID || online.Fields["anrede_lang"] != "Lieber" || online.Fields["state"] != nil {
		t.Errorf("%+v, %v", online, err)
	}
	children := 0
	if err := w.db.Each(t.Context(), func(c transfer.Job) error {
		if c.ParentID != nil && *c.ParentID == job && c.Model == "dbo.Person" && c.State == transfer.Done && c.ParentPath == fmt.Sprintf("%d/%d/", job, c.ID) {
			children++
		}
		return nil
	}); err != nil || children != 1 || j.ChildStart == nil || j.ChildEnd == nil {
		t.Errorf("%d children, %v, %+v", children, err, j)
	}
}

func TestCirclesAreRefused(t *testing.T) {
	flows, err := transfer.ParseFlows([]byte("- {studio: a, online: b, parents: [{studio: up, online: up, model: a}]}"))
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, func(p *worker.Parts) { p.Flows = flows })
	one := w.studio.Put("a", transfer.Record{})
	two := w.studio.Put("a", transfer.Record{Fields: map[string]any{"up": one}})
	w.studio.Put("a", transfer.Record{ID: one, Fields: map[string]any{"up": two}})
	job := w.job(transfer.Studio, "a", one, nil)
	w.work()
	w.want(job, transfer.Failed, transfer.CodeChild)
	if w.online.Len("b") != 0 {
		t.Error("something was written")
	}
}

func TestRetryableAndFinalFailures(t *testing.T) {
	for name, c := range map[string]struct {
		err   error
		state transfer.State
		code  transfer.Code
	}{
		"time-out":      {context.DeadlineExceeded, transfer.Retry, transfer.CodeTimeout},
		"dead-lock":     {fault.New(fault.Retry, "dead-lock", "1205"), transfer.Retry, transfer.CodeUnknown},
		"lost":          {errors.New("connection reset"), transfer.Retry, transfer.CodeUnknown},
		"wrong data":    {fault.New(fault.Invalid, "bad-value", "too long"), transfer.Failed, transfer.CodeTransform},
		"not permitted": {fault.New(fault.Misconfigured, "access", "access denied"), transfer.Failed, transfer.CodeTransform},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			w.online.Fail = func(call, _ string) error {
				if call == "create" {
					return c.err
				}
				return nil
			}
			job := w.job(transfer.Studio, "dbo.Person", w.person("x"), nil)
			w.work()
			j := w.want(job, c.state, c.code)
			if (j.RetryAt != nil) != (c.state == transfer.Retry) || j.ErrorText == "" {
				t.Errorf("%+v", j)
			}
			w.online.Fail = nil
			if err := w.db.RetryJob(t.Context(), job); err != nil {
				t.Fatal(err)
			}
			w.work()
			if j := w.want(job, transfer.Done, ""); j.ErrorText != "" || !strings.Contains(string(j.Log), "run 1 failed") {
				t.Errorf("%+v", j)
			}
		})
	}
	t.Run("not found, no flow, no side", func(t *testing.T) {
		w := newWorld(t, nil)
		gone := w.job(transfer.Studio, "dbo.Person", 999, nil)
		none := w.job(transfer.Studio, "dbo.Nothing", 1, nil)
		temp := w.job(transfer.Studio, "dbo.Person", w.person("x"), func(j *transfer.Job) { j.Kind = transfer.Temporary })
		w.work()
		w.want(gone, transfer.Failed, transfer.CodeSource)
		w.want(none, transfer.Failed, transfer.CodeUnknown)
		w.want(temp, transfer.Failed, transfer.CodeUnknown)
	})
}

func TestTimerRetriesWithBackoffAndABound(t *testing.T) {
	w := newWorld(t, func(p *worker.Parts) { p.Settings.RetryAfter, p.Settings.RunLimit = time.Millisecond, 3 })
	w.online.Fail = func(call, _ string) error { return errors.New("down") }
	job := w.job(transfer.Studio, "dbo.Person", w.person("x"), nil)
	for range 200 { // the worker alone, as the timer starts it
		w.work()
		if w.read(job).State == transfer.Failed {
			break
		}
		time.Sleep(2 * time.Millisecond)
	}
	j := w.want(job, transfer.Failed, transfer.CodeUnknown) // the code of the cause stays
	if j.Runs != 3 || !strings.Contains(string(j.Log), "run 3 was the last one") || strings.Count(string(j.ErrorText), "down") != 3 {
		t.Errorf("%+v", j)
	}
}

func TestBackoffDoubles(t *testing.T) {
	w := newWorld(t, func(p *worker.Parts) { p.Settings.RetryAfter, p.Settings.RunLimit = 10*time.Minute, 9 })
	w.online.Fail = func(string, string) error { return errors.New("down") }
	job := w.job(transfer.Studio, "dbo.Person", w.person("x"), nil)
	for i, want := range []time.Duration{10, 20, 40, 60, 60} {
		w.work()
		j := w.want(job, transfer.Retry, transfer.CodeUnknown)
		if d := j.RetryAt.Sub(*j.Start).Round(time.Minute); d != want*time.Minute {
			t.Errorf("after run %d: %v, want %d minutes", i+1, d, want)
		}
		if _, err := w.db.RetryFailed(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFailedChildFailsItsParent(t *testing.T) {
	for _, c := range []struct {
		err   error
		state transfer.State
	}{{errors.New("down"), transfer.Retry}, {fault.New(fault.Invalid, "bad", "bad"), transfer.Failed}} {
		w := newWorld(t, nil)
		w.online.Fail = func(call, model string) error {
			if call == "create" && model == "res.partner" {
				return c.err
			}
			return nil
		}
		email := w.studio.Put("dbo.PersonEmail", transfer.Record{Fields: map[string]any{"PersonID": w.person("x")}})
		job := w.job(transfer.Studio, "dbo.PersonEmail", email, nil)
		w.work()
		w.want(job, c.state, transfer.CodeChild)
		w.online.Fail = nil
		if err := w.db.RetryJob(t.Context(), job); err != nil { // the child as well
			t.Fatal(err)
		}
		w.work()
		w.want(job, transfer.Done, "")
		n := 0
		if err := w.db.Each(t.Context(), func(transfer.Job) error { n++; return nil }); err != nil || n != 2 {
			t.Errorf("%d jobs, %v; want the parent and one child", n, err)
		}
	}
}

func TestDeleteAndMerge(t *testing.T) {
	w := newWorld(t, nil)
	a, b, c := w.person("a"), w.person("b"), w.person("c")
	for _, id := range []int64{a, b} {
		w.job(transfer.Studio, "dbo.Person", id, nil)
	}
	w.work()
	kept := w.partnerOf(b).ID
	merge := w.job(transfer.Studio, "dbo.Person", a, func(j *transfer.Job) { j.Kind, j.MergeIntoID = transfer.Merge, &b })
	intoNew := w.job(transfer.Studio, "dbo.Person", 777, func(j *transfer.Job) { j.Kind, j.MergeIntoID, j.TargetID = transfer.Merge, &c, nil })
	w.work()
	if j := w.want(merge, transfer.Done, ""); *j.SyncMergeIntoID != kept || *j.SourceMergeIntoID != b || w.online.Len("res.partner") != 1 {
		t.Errorf("%+v", j)
	}
	w.want(intoNew, transfer.Failed, transfer.CodeSource)
	remove := w.job(transfer.Studio, "dbo.Person", b, func(j *transfer.Job) { j.Kind = transfer.Delete })
	w.work()
	if j := w.want(remove, transfer.Done, ""); j.TargetBefore == "" || w.online.Len("res.partner") != 0 {
		t.Errorf("%+v", j)
	}
	again := w.job(transfer.Studio, "dbo.Person", b, func(j *transfer.Job) { j.Kind = transfer.Delete })
	other := w.job(transfer.Online, "res.partner", 4242, func(j *transfer.Job) { j.Kind = transfer.Delete })
	w.work()
	w.want(again, transfer.Skipped, "")
	w.want(other, transfer.Failed, transfer.CodeSource)
}

func TestOlderJobsAreClosed(t *testing.T) {
	w := newWorld(t, nil)
	id := w.person("x")
	now := transfer.Micro(time.Now())
	dated := func(ago time.Duration) int64 {
		return w.job(transfer.Studio, "dbo.Person", id, func(j *transfer.Job) {
			at := now.Add(-ago)
			j.Date, j.WriteDate = now.Add(-ago), &at
		})
	}
	oldest, newest := dated(time.Hour), dated(0)
	if err := w.Pace().Override(t.Context(), worker.Threads{Threads: 1, Package: 1}, time.Minute); err != nil { // the newest comes alone
		t.Fatal(err)
	}
	w.work()
	w.want(newest, transfer.Done, "")
	if j := w.want(oldest, transfer.Skipped, ""); *j.ClosedBy != newest || j.Runs != 0 {
		t.Errorf("%+v", j)
	}
}

// TestTwoSidesOfOneRecordExcludeEachOther has the online side post a job for the record
// that is being created, as a trigger without the switch would: one record comes of it.
func TestTwoSidesOfOneRecordExcludeEachOther(t *testing.T) {
	w := newWorld(t, func(p *worker.Parts) { p.Settings.Threads = worker.Threads{Threads: 8, Package: 200} })
	var together sync.WaitGroup
	w.online.After = func(write transfer.Write) error {
		if write.Verb == transfer.Create && write.Model == "res.partner" {
			r, err := w.online.Find(t.Context(), "res.partner", write.ForeignID)
			if err != nil {
				return err
			}
			together.Go(func() { w.job(transfer.Online, "res.partner", r.ID, nil) })
		}
		return nil
	}
	for range 60 {
		id := w.person("x")
		w.job(transfer.Studio, "dbo.Person", id, nil)
		w.job(transfer.Studio, "dbo.Person", id, nil)
	}
	w.work()
	together.Wait()
	w.work()
	counts, err := w.db.Count(t.Context(), "")
	if err != nil || w.online.Len("res.partner") != 60 || w.studio.Len("dbo.Person") != 60 || counts[transfer.Done] != 180 {
		t.Errorf("%d, %d, %v, %v", w.online.Len("res.partner"), w.studio.Len("dbo.Person"), counts, err)
	}
}

// TestNeverTwoOfOnePair runs many jobs of few records in many threads and finds no two of
// them at one record at once.
func TestNeverTwoOfOnePair(t *testing.T) {
	var mu sync.Mutex
	writing := map[int64]bool{}
	w := newWorld(t, func(p *worker.Parts) { p.Settings.Threads = worker.Threads{Threads: 30, Package: 200} })
	ids := []int64{w.person("a"), w.person("b"), w.person("c")}
	for _, id := range ids {
		w.job(transfer.Studio, "dbo.Person", id, nil)
	}
	w.work()
	w.online.After = func(write transfer.Write) error {
		mu.Lock()
		if writing[write.ID] {
			t.Errorf("two write record %d", write.ID)
		}
		writing[write.ID] = true
		mu.Unlock()
		time.Sleep(time.Millisecond)
		mu.Lock()
		delete(writing, write.ID)
		mu.Unlock()
		return nil
	}
	for i := range 60 {
		r, _ := w.studio.Read(t.Context(), "dbo.Person", ids[i%3])
		at := transfer.Micro(time.Now())
		r.WriteDate = &at
		w.studio.Put("dbo.Person", r)
		w.job(transfer.Studio, "dbo.Person", ids[i%3], nil)
		w.job(transfer.Online, "res.partner", w.partnerOf(ids[i%3]).ID, nil)
	}
	w.work()
}

func TestOneProcessWorks(t *testing.T) {
	w := newWorld(t, nil)
	token := lease.NewToken()
	if ok, err := w.db.Hold(t.Context(), "another", token, time.Hour); err != nil || !ok {
		t.Fatal(ok, err)
	}
	job := w.job(transfer.Studio, "dbo.Person", w.person("x"), nil)
	if r := w.work(); r.Held || r.Jobs != 0 {
		t.Errorf("%+v", r)
	}
	w.want(job, transfer.New, "")
	if err := w.db.Release(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	w.work()
	w.want(job, transfer.Done, "")
	if h, err := w.db.Holder(t.Context()); err != nil || h.Token != "" {
		t.Errorf("the lease was not given back: %+v, %v", h, err)
	}
}

// TestWorkerThatIsTakenOverWritesNothing takes the lease away while a job runs.
func TestWorkerThatIsTakenOverWritesNothing(t *testing.T) {
	taken := &takenSide{}
	w := newWorld(t, func(p *worker.Parts) {
		taken.System, p.Studio, p.Settings.Lease = p.Studio, taken, 4*time.Second
	})
	job := w.job(transfer.Studio, "dbo.Person", w.person("x"), nil)
	taken.take = func() error {
		_, err := w.db.Pool.Exec("UPDATE transfer_lease SET token = 'thief', lease_until = NOW(6) + INTERVAL 1 HOUR")
		return err
	}
	if _, err := w.Run(t.Context(), nil); err == nil {
		t.Error("a worker without a lease reports success")
	}
	w.want(job, transfer.InProgress, "")
	if w.online.Len("res.partner") != 0 {
		t.Error("it wrote")
	}
}

// takenSide loses the worker's lease while it reads, and answers when the worker knows.
type takenSide struct {
	transfer.System
	take func() error
}

// Read implements transfer.System.
func (s *takenSide) Read(ctx context.Context, model string, id int64) (transfer.Record, error) {
	if err := s.take(); err != nil {
		return transfer.Record{}, err
	}
	<-ctx.Done()
	return s.System.Read(context.WithoutCancel(ctx), model, id)
}

func TestThrottleOccupiesAThread(t *testing.T) {
	w := newWorld(t, func(p *worker.Parts) { p.Settings.Throttle = 60 * time.Millisecond })
	for range 3 {
		w.job(transfer.Studio, "dbo.Person", w.person("x"), nil)
	}
	begun := time.Now()
	w.work()
	if d := time.Since(begun); d < 180*time.Millisecond {
		t.Errorf("three jobs took %v", d)
	}
}

func TestDebounceIsWaitedFor(t *testing.T) {
	w := newWorld(t, func(p *worker.Parts) { p.Settings.Debounce = 300 * time.Millisecond })
	job := w.job(transfer.Studio, "dbo.Person", w.person("x"), nil)
	w.Requested()
	begun := time.Now()
	w.work()
	w.want(job, transfer.Done, "")
	if d := time.Since(begun); d < 250*time.Millisecond {
		t.Errorf("worked after %v", d)
	}
}

// TestOverrideHoldsForEveryProcess sets other numbers in one process and finds them in
// another one, until their time is over.
func TestOverrideHoldsForEveryProcess(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db storetest.DB) {
		a, b := worldOn(t, db, nil).Pace(), worldOn(t, db, nil).Pace()
		want := worker.Threads{Threads: 5, Package: 50}
		if err := a.Override(t.Context(), want, time.Hour); err != nil {
			t.Fatal(err)
		}
		if now, until, err := b.Now(t.Context()); err != nil || now != want || until == nil {
			t.Errorf("%+v, %v, %v", now, until, err)
		}
		if err := a.Override(t.Context(), want, time.Second); err != nil {
			t.Fatal(err)
		}
		waitFor(t, func() bool {
			now, until, err := b.Now(t.Context())
			return err == nil && until == nil && now == b.Configured
		})
		for _, c := range []struct {
			t worker.Threads
			d time.Duration
		}{{worker.Threads{Threads: 0, Package: 1}, time.Second}, {worker.Threads{Threads: 31, Package: 1}, time.Second}, {worker.Threads{Threads: 1, Package: 201}, time.Second}, {worker.Threads{Threads: 1, Package: 1}, 0}, {worker.Threads{Threads: 1, Package: 1}, 4 * time.Hour}} {
			if err := a.Override(t.Context(), c.t, c.d); fault.KindOf(err) != fault.Invalid {
				t.Errorf("%+v: %v", c, err)
			}
		}
	})
}

func TestGracefulStopEndsWhatHasBegun(t *testing.T) {
	stop := make(chan struct{})
	w := newWorld(t, nil)
	var once sync.Once
	w.online.After = func(transfer.Write) error {
		once.Do(func() { close(stop) })
		return nil
	}
	for range 5 {
		w.job(transfer.Studio, "dbo.Person", w.person("x"), nil)
	}
	if _, err := w.Run(t.Context(), stop); err != nil {
		t.Fatal(err)
	}
	counts, err := w.db.Count(t.Context(), "")
	if err != nil || counts[transfer.Done] != 1 || counts[transfer.New] != 4 || counts[transfer.InProgress] != 0 {
		t.Errorf("%v, %v", counts, err)
	}
}

func TestBackgroundCoalescesStarts(t *testing.T) {
	runs, begun, release := 0, make(chan struct{}, 10), make(chan struct{})
	b := worker.NewBackground("test", slog.New(slog.DiscardHandler), func(context.Context, <-chan struct{}) error {
		runs++
		begun <- struct{}{}
		<-release
		return nil
	})
	b.Start()
	<-begun
	if s, _ := b.Status(); s != worker.Running {
		t.Error(s)
	}
	for range 5 {
		b.Start()
	}
	if s, _ := b.Status(); s != worker.Again {
		t.Error(s)
	}
	release <- struct{}{}
	<-begun
	close(release)
	b.Stop(t.Context())
	if s, _ := b.Status(); runs != 2 || s != worker.Stopping {
		t.Errorf("%d runs, %v", runs, s)
	}
	b.Start()
	if len(begun) != 0 {
		t.Error("it starts after the stop")
	}
}

func TestBackgroundThatFailsStartsAgain(t *testing.T) {
	results := make(chan error, 2)
	results <- errors.New("down")
	results <- nil
	b := worker.NewBackground("test", slog.New(slog.DiscardHandler), func(context.Context, <-chan struct{}) error { return <-results })
	b.Start()
	waitFor(t, func() bool { s, text := b.Status(); return s == worker.Broken && text == "down" })
	b.Start()
	waitFor(t, func() bool { s, text := b.Status(); return s == worker.Idle && text == "" })
	b.Stop(t.Context())
}

// waitFor waits until a condition holds.
func waitFor(t *testing.T, ok func() bool) {
	t.Helper()
	for until := time.Now().Add(30 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatal("it never came")
		}
	}
}

func TestProtocolCopiesEveryJobOnce(t *testing.T) {
	w := newWorld(t, func(p *worker.Parts) { p.Settings.Protocol = true })
	email := w.studio.Put("dbo.PersonEmail", transfer.Record{Fields: map[string]any{"PersonID": w.person("x")}})
	job := w.job(transfer.Studio, "dbo.PersonEmail", email, nil)
	w.work()
	for i, want := range []int64{2, 0} {
		if n, err := w.RunProtocol(t.Context(), nil); err != nil || n != want {
			t.Errorf("turn %d: %d, %v", i, n, err)
		}
	}
	c, err := w.online.Find(t.Context(), "sosync.job", job)
	if j := w.read(job); err != nil || c.Fields["job_state"] != "done" || *j.OnlineJobID != c.ID || j.ProtocolDate == nil || w.online.Len("sosync.job") != 2 {
		t.Errorf("%+v, %v", c, err)
	}
	w.work() // archives what was copied
	if list, err := w.db.Package(t.Context(), 10, 0); err != nil || len(list) != 0 {
		t.Error(list, err)
	}
}

func TestProtocolWhoseAnswerWasLostFindsItsCopy(t *testing.T) {
	w := newWorld(t, func(p *worker.Parts) { p.Settings.Protocol = true })
	job := w.job(transfer.Studio, "dbo.Person", w.person("x"), nil)
	w.work()
	w.online.After = func(transfer.Write) error { return errors.New("connection reset") }
	if _, err := w.RunProtocol(t.Context(), nil); err == nil {
		t.Error("a lost answer is a success")
	}
	w.online.After = nil
	if n, err := w.RunProtocol(t.Context(), nil); err != nil || n != 1 || w.online.Len("sosync.job") != 1 {
		t.Errorf("%d, %v, %d copies", n, err, w.online.Len("sosync.job"))
	}
	w.read(job)
}

// TestUnknownOutcomeOfACreate loses the answer after the record was made.
func TestUnknownOutcomeOfACreate(t *testing.T) {
	w := newWorld(t, nil)
	w.online.After = func(transfer.Write) error { return context.DeadlineExceeded }
	id := w.person("x")
	job := w.job(transfer.Studio, "dbo.Person", id, nil)
	w.work()
	w.want(job, transfer.Retry, transfer.CodeTimeout)
	w.online.After = nil
	if _, err := w.db.RetryFailed(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	w.work()
	if j := w.want(job, transfer.Done, ""); w.online.Len("res.partner") != 1 || w.online.Writes[transfer.Create] != 1 || !strings.Contains(string(j.Log), "earlier run") {
		t.Errorf("%+v", j)
	}
	if studio, _ := w.studio.Read(t.Context(), "dbo.Person", id); studio.ForeignID != w.partnerOf(id).ID || studio.SyncedVersion == nil {
		t.Errorf("%+v", studio)
	}
}
