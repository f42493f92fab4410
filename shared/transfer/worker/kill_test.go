package worker_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/lease"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/sidetable"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/store"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/store/storetest"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/transfertest"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/worker"
)

// task is what a victim works on and when it dies.
type task struct {
	DSN     string
	Address store.Address
	Kill    int // the number of the call at which it dies; 0 for never
	Threads int
	Lease   time.Duration // as long as a dead process keeps others waiting
}

// pool opens the task's database.
func (k task) pool() (sqldb.Dialect, worker.Parts, error) {
	log := slog.New(slog.DiscardHandler)
	d := sqldb.MySQL
	db, err := sqldb.Open(sqldb.Settings{DSN: k.DSN, Variable: "DSN", MaxConnections: 10})
	if k.DSN == "" {
		d = sqldb.PostgreSQL
		db, err = store.OpenPostgreSQL(k.Address)
	}
	if err != nil {
		return d, worker.Parts{}, err
	}
	flows, err := transfer.Shipped()
	s := worker.Defaults()
	s.Debounce, s.Lease, s.Protocol, s.RetryAfter, s.Threads = 0, k.Lease, false, time.Millisecond, worker.Threads{Threads: max(1, k.Threads), Package: 5}
	return d, worker.Parts{
		Jobs: store.New(db, d, log), Studio: sidetable.Open(db, d, transfer.Studio, time.Now), Online: sidetable.Open(db, d, transfer.Online, time.Now),
		Flows: flows, Settings: s, Owner: "victim", Now: time.Now, Log: log,
	}, err
}

// victim works until every job is final, or dies. False: this process is none.
func victim() (bool, error) {
	var k task
	is, err := transfertest.Victim(&k)
	if !is || err != nil {
		return is, err
	}
	_, p, err := k.pool()
	if err != nil {
		return true, err
	}
	d := &transfertest.Death{At: k.Kill}
	jobs := p.Jobs.(*store.Store)
	p.Jobs, p.Studio, p.Online = d.Jobs(jobs), d.Side(p.Studio), d.Side(p.Online)
	return true, transfertest.UntilDone(running(worker.New(p)), jobs)
}

// running is one run of a worker.
func running(w *worker.Worker) func() error {
	return func() error {
		_, err := w.Run(context.Background(), nil)
		return err
	}
}

// story is both sides with jobs that exercise every path: an e-mail whose person is new,
// a record that is new online, an update, a delete and a merge.
type story struct {
	storetest.DB
	t              *testing.T
	task           task
	studio, online *sidetable.Side
	jobs           []int64
}

// newStory returns a story whose records are there and whose jobs are open.
func newStory(t *testing.T, db storetest.DB) *story {
	t.Helper()
	if err := sidetable.Migrate(t.Context(), db.Pool, db.Dialect, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	s := &story{DB: db, t: t, task: task{DSN: db.DSN, Address: db.Address, Lease: 400 * time.Millisecond}}
	s.studio = sidetable.Open(db.Pool, db.Dialect, transfer.Studio, time.Now)
	s.online = sidetable.Open(db.Pool, db.Dialect, transfer.Online, time.Now)
	return s
}

// put stores a record.
func (s *story) put(side *sidetable.Side, model string, r transfer.Record) int64 {
	s.t.Helper()
	if r.Fields == nil {
		r.Fields = map[string]any{}
	}
	id, err := side.Put(s.t.Context(), model, r)
	if err != nil {
		s.t.Fatal(err)
	}
	return id
}

// pair stores a person on both sides, studio newer.
func (s *story) pair(name string) (studio, online int64) {
	old, now := transfer.Micro(time.Now().Add(-time.Hour)), transfer.Micro(time.Now())
	studio = s.put(s.studio, "dbo.Person", transfer.Record{})
	online = s.put(s.online, "res.partner", transfer.Record{ForeignID: studio, WriteDate: &old, SyncedVersion: &old})
	s.put(s.studio, "dbo.Person", transfer.Record{ID: studio, ForeignID: online, WriteDate: &now, SyncedVersion: &old, Fields: map[string]any{"Name": name}})
	return studio, online
}

// add stores a job.
func (s *story) add(system transfer.Side, model string, id int64, change func(*transfer.Job)) {
	s.t.Helper()
	d := transfertest.Draft(id, func(j *transfer.Job) { j.System, j.Model, j.Date = system, model, transfer.Micro(time.Now()) })
	if change != nil {
		change(&d.Job)
	}
	ids, err := s.Create(s.t.Context(), []transfer.Draft{d})
	if err != nil {
		s.t.Fatal(err)
	}
	s.jobs = append(s.jobs, ids...)
}

// fill stores one job of each path.
func (s *story) fill() {
	person := s.put(s.studio, "dbo.Person", transfer.Record{Fields: map[string]any{"Name": "new"}})
	email := s.put(s.studio, "dbo.PersonEmail", transfer.Record{Fields: map[string]any{"PersonID": person, "AnredeLang": "Liebe"}})
	s.add(transfer.Studio, "dbo.PersonEmail", email, nil)
	partner := s.put(s.online, "res.partner", transfer.Record{Fields: map[string]any{"lastname": "online"}})
	s.add(transfer.Online, "res.partner", partner, nil)
	changed, _ := s.pair("changed")
	s.add(transfer.Studio, "dbo.Person", changed, nil)
	gone, _ := s.pair("gone")
	s.add(transfer.Studio, "dbo.Person", gone, func(j *transfer.Job) { j.Kind = transfer.Delete })
	lost, _ := s.pair("lost")
	kept, _ := s.pair("kept")
	s.add(transfer.Studio, "dbo.Person", lost, func(j *transfer.Job) { j.Kind, j.MergeIntoID = transfer.Merge, &kept })
}

// judge demands that every job is done and that each of its writes was made once.
func (s *story) judge(where string) {
	s.t.Helper()
	for _, id := range s.jobs {
		if j, err := s.Job(s.t.Context(), id); err != nil || j.State != transfer.Done {
			s.t.Errorf("%s: job %d is %s (%s), %v", where, id, j.State, j.ErrorText, err)
		}
	}
	for what, query := range map[string]string{
		"writes made twice": `SELECT COUNT(*) FROM (SELECT side, verb, model, record_id FROM transfer_side_write WHERE verb <> 'mark'
			GROUP BY side, verb, model, record_id, sosync_write_date HAVING COUNT(*) > 1) AS twice`,
		"writes too many": `SELECT COUNT(*) - 6 FROM transfer_side_write WHERE verb <> 'mark'`,
		"records without a pair or with another date": `SELECT COUNT(*) FROM transfer_side_record a LEFT JOIN transfer_side_record b ON b.id = a.foreign_id AND b.foreign_id = a.id AND b.side <> a.side
			WHERE a.fields NOT LIKE '%gone%' AND a.fields NOT LIKE '%lost%' AND a.fields NOT LIKE '%kept%' AND a.foreign_id IS NULL
			OR b.sosync_write_date <> a.sosync_write_date AND a.fields NOT LIKE '%kept%' AND b.fields NOT LIKE '%kept%'`,
	} {
		var n int
		if err := s.Pool.QueryRow(query).Scan(&n); err != nil || n != 0 {
			s.t.Errorf("%s: %d %s, %v", where, n, what, err)
		}
	}
}

// reset empties all tables.
func (s *story) reset() {
	s.t.Helper()
	s.jobs = nil
	for _, table := range []string{"transfer_job", "transfer_job_archive", "transfer_side_record", "transfer_side_write"} {
		if _, err := s.Pool.Exec("DELETE FROM " + table); err != nil {
			s.t.Fatal(err)
		}
	}
	if _, err := s.Pool.Exec("UPDATE transfer_lease SET token = NULL"); err != nil {
		s.t.Fatal(err)
	}
}

// everyStep asks for the story of every step; without it the story plays some.
const everyStep = "RETURN_SYNC_STORY_STEPS"

// TestKillAtEveryStep kills a worker before a call, which is after the one before it, and
// lets a second process end the work: no job is lost, and no write is made twice.
func TestKillAtEveryStep(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db storetest.DB) {
		s := newStory(t, db)
		killed := 0
		step := 17
		if os.Getenv(everyStep) == "all" {
			step = 1
		}
		for call := 1; ; call += step {
			s.reset()
			s.fill()
			first := s.task
			first.Kill = call
			where := fmt.Sprintf("killed at call %d", call)
			if !transfertest.Killed(t, transfertest.StartVictim(t, first)) { // it needed fewer calls
				s.judge(where)
				break
			}
			if killed++; killed%10 != 2 { // else the lease of the dead process is waited for
				if _, err := s.Pool.Exec("UPDATE transfer_lease SET token = NULL"); err != nil {
					t.Fatal(err)
				}
			}
			s.finish(where)
		}
		if killed < 40/step {
			t.Errorf("%d kills", killed)
		}
		t.Logf("%d kills", killed)
	})
}

// finish lets a process of its own end the work, in this one.
func (s *story) finish(where string) {
	s.t.Helper()
	_, p, err := s.task.pool()
	if err == nil {
		err = transfertest.UntilDone(running(worker.New(p)), p.Jobs.(*store.Store))
	}
	if err != nil {
		s.t.Fatalf("%s: %v", where, err)
	}
	s.judge(where)
}

// TestTwoServicesOnOneDatabase has two processes work, and a third that dies in between.
func TestTwoServicesOnOneDatabase(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db storetest.DB) {
		s := newStory(t, db)
		// A statement that a loaded machine delays still ends within the part of the lease
		// that is kept for writes that have begun.
		s.task.Lease = 5 * time.Second
		for i := range 60 {
			id, _ := s.pair("p" + strconv.Itoa(i))
			s.add(transfer.Studio, "dbo.Person", id, nil)
		}
		many, dying := s.task, s.task
		many.Threads, dying.Kill = 4, 40
		c := []*exec.Cmd{transfertest.StartVictim(t, dying), transfertest.StartVictim(t, many), transfertest.StartVictim(t, many)}
		for i, one := range c {
			if err := one.Wait(); err != nil && i > 0 {
				t.Errorf("service %d: %v", i, err)
			}
		}
		for _, id := range s.jobs {
			if j, err := s.Job(t.Context(), id); err != nil || j.State != transfer.Done {
				t.Errorf("job %d: %s, %v", id, j.State, err)
			}
		}
		var updates int
		if err := s.Pool.QueryRow("SELECT COUNT(*) FROM transfer_side_write WHERE verb = 'update'").Scan(&updates); err != nil || updates != 60 {
			t.Errorf("%d updates for 60 jobs, %v", updates, err)
		}
	})
}

// TestLeaseOfADeadProcessEnds takes the lease as a process that dies would.
func TestLeaseOfADeadProcessEnds(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db storetest.DB) {
		w := worldOn(t, db, nil)
		if ok, err := db.Hold(t.Context(), "dead", lease.NewToken(), 100*time.Millisecond); err != nil || !ok {
			t.Fatal(ok, err)
		}
		job := w.job(transfer.Studio, "dbo.Person", w.person("x"), nil)
		waitFor(t, func() bool { return w.work().Held })
		w.want(job, transfer.Done, "")
	})
}
