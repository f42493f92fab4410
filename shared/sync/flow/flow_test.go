package flow_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/localdb/localdbtest"
	"gitlab.com/eshopbox-team/return-sync/shared/queue"
	"gitlab.com/eshopbox-team/return-sync/shared/states"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/claim"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/destination"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/flow"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/join"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/page"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rework"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/source/mysql"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
)

func TestMain(m *testing.M) { localdbtest.Main(m) }

// index is a destination.Index in memory, with places to interfere.
type index struct {
	mu      sync.Mutex
	records map[string]string
	sent    int // ops of all pushes
	task    int64
	refuse  map[string]string // id -> reason
	// before runs ahead of a push and may fail it; after runs behind it.
	before func(ops []destination.Op) error
	after  func(ops []destination.Op, r *destination.Result) error
	waited int64
}

// Push implements destination.Index.
func (x *index) Push(_ context.Context, _ string, ops []destination.Op) (r destination.Result, err error) {
	if before := x.hooks(); before != nil {
		if err := before(ops); err != nil {
			return r, err
		}
	}
	x.apply(ops, &r)
	x.mu.Lock()
	after := x.after
	x.mu.Unlock()
	if after != nil {
		err = after(ops, &r)
	}
	return r, err
}

// hooks returns the hook before a push.
func (x *index) hooks() func([]destination.Op) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.before
}

// interfere sets the hooks.
func (x *index) interfere(before func([]destination.Op) error, after func([]destination.Op, *destination.Result) error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.before, x.after = before, after
}

// apply changes the records as a push does.
func (x *index) apply(ops []destination.Op, r *destination.Result) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, op := range ops {
		reason, no := x.refuse[op.ID]
		switch {
		case no && op.Body != nil:
			r.Refused = append(r.Refused, destination.Refusal{ID: op.ID, Reason: reason})
			continue
		case op.Body == nil:
			delete(x.records, op.ID)
		default:
			x.records[op.ID] = string(op.Append(nil))
		}
		r.Operations++
	}
	x.sent += len(ops)
	x.task++
	r.TaskID = x.task
}

// Wait implements destination.Index.
func (x *index) Wait(_ context.Context, _ string, task int64) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.waited = max(x.waited, task)
	return nil
}

// content returns a copy of the records.
func (x *index) content() map[string]string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return maps.Clone(x.records)
}

// pushed returns how many ops were sent so far.
func (x *index) pushed() int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.sent
}

// tasks is a queue.Sender that knows names, as Cloud Tasks does.
type tasks struct {
	mu    sync.Mutex
	known map[string]bool
	list  []queue.Task
	down  error
}

// Send implements queue.Sender.
func (q *tasks) Send(_ context.Context, t queue.Task) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.down != nil {
		return q.down
	}
	if !q.known[t.Name] {
		q.known[t.Name] = true
		t.Body = slices.Clone(t.Body)
		q.list = append(q.list, t)
	}
	return nil
}

// next takes the oldest task.
func (q *tasks) next() (queue.Task, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.list) == 0 {
		return queue.Task{}, false
	}
	t := q.list[0]
	q.list = q.list[1:]
	return t, true
}

// all takes every task.
func (q *tasks) all() []queue.Task {
	q.mu.Lock()
	defer q.mu.Unlock()
	list := q.list
	q.list = nil
	return list
}

// world is a database, an index and a queue with the flow between them.
type world struct {
	*store.DB
	t     *testing.T
	dsn   string
	src   *mysql.Source
	index *index
	queue *tasks
	def   entity.Definition
	more  entity.List // further entities
	cfg   flow.Config
	steps states.Steps
	ticks int
	apart bool // the source is taken to be on another server
}

// definition returns one of the repository's definitions.
func definition(t *testing.T, name string) entity.Definition {
	t.Helper()
	defs, err := entity.Load("../../../testdata/entities")
	if err != nil {
		t.Fatal(err)
	}
	d, err := entity.List(defs).Named(name)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// newWorld returns a world for a definition, without source tables.
func newWorld(t *testing.T, d entity.Definition) *world {
	t.Helper()
	dsn := localdbtest.New(t)
	db, err := store.Open(dsn, 10, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	src, err := mysql.Open(dsn, 10)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = db.Close(), src.Close() })
	if _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	w := &world{
		DB: db, t: t, dsn: dsn, src: src, def: d,
		index: &index{records: map[string]string{}}, queue: &tasks{known: map[string]bool{}},
		cfg: flow.Config{RunLease: time.Hour, PageLease: 10 * time.Minute, PageAttempts: 3, EnqueueSenders: 4, KeepDays: 7, JobSilence: time.Hour},
	}
	return w
}

// exec runs a statement that must not fail.
func (w *world) exec(query string, args ...any) {
	w.t.Helper()
	if _, err := w.SQL().Exec(query, args...); err != nil {
		w.t.Fatalf("%s: %v", query, err)
	}
}

// text returns the only text of a query.
func (w *world) text(query string, args ...any) string {
	w.t.Helper()
	var s string
	if err := w.SQL().QueryRow(query, args...).Scan(&s); err != nil {
		w.t.Fatalf("%s: %v", query, err)
	}
	return s
}

// died is the panic that stands for the end of a process.
type died string

// errDied is what a delivery to a process that died comes back with.
var errDied = errors.New("the process died")

// mortal calls fn and turns a death into an error.
func mortal(fn func() error) (err error) {
	defer func() {
		switch v := recover().(type) {
		case nil:
		case died:
			err = fmt.Errorf("%w at %s", errDied, string(v))
		default:
			panic(v)
		}
	}()
	return fn()
}

// silent is a log that nobody reads.
var silent = slog.New(slog.DiscardHandler)

// entities returns all that the world syncs.
func (w *world) entities() entity.List { return append(entity.List{w.def}, w.more...) }

// window returns the window step.
func (w *world) window() *flow.Window {
	return join.Window(&flow.Window{Source: w.src, Queue: w.queue, Config: w.cfg, Log: silent, Steps: w.steps, Apart: w.apart}, w.entities(), w.DB)
}

// jobs returns what plays the turns of jobs.
func (w *world) jobs() *rework.Jobs {
	return join.Jobs(&rework.Jobs{Source: w.src, Queue: w.queue, Entities: w.entities(), Config: w.cfg, Log: silent, Steps: w.steps}, w.DB)
}

// waker returns what starts the chains of tasks of jobs.
func (w *world) waker() *rework.Waker {
	return &rework.Waker{Jobs: w.Jobs, Queue: w.queue, Silence: w.cfg.JobSilence, Log: silent, Steps: w.steps}
}

// cron returns the cron step.
func (w *world) cron() *flow.Cron {
	return join.Cron(&flow.Cron{Jobs: w.waker(), Queue: w.queue, Entities: w.entities(), Config: w.cfg, Log: silent, Steps: w.steps}, w.DB)
}

// tick plays a tick of its own occurrence, or the last one again.
func (w *world) tick(again bool) error {
	if !again {
		w.ticks++
	}
	return mortal(func() error {
		_, err := w.cron().Run(w.t.Context(), flow.Tick{Occurrence: fmt.Sprint("tick-", w.ticks)})
		return err
	})
}

// deliver plays one delivery of a task.
func (w *world) deliver(t queue.Task) error { return w.deliverTo(w.index, t) }

// deliverTo plays one delivery of a task before another index.
func (w *world) deliverTo(x destination.Index, t queue.Task) error {
	return mortal(func() error {
		if t.Route == run.RouteTurn || t.Route == run.RouteFirstTurn {
			task, err := rework.ParseTask(t.Body)
			if err == nil {
				_, err = w.jobs().Advance(w.t.Context(), task, time.Now())
			}
			return err
		}
		if t.Route == run.RouteWindow {
			tasks, err := claim.ParseTasks(t.Body)
			if err != nil {
				return err
			}
			_, err = w.window().Play(w.t.Context(), tasks)
			return err
		}
		var task page.Task
		if err := json.Unmarshal(t.Body, &task); err != nil {
			return err
		}
		step := join.Process(&flow.Process{Source: w.src, Index: x, Config: w.cfg, Log: silent, Steps: w.steps}, w.entities(), w.DB)
		_, err := step.Run(w.t.Context(), task, time.Now())
		return err
	})
}

// drain delivers until the queue is empty. What is retryable is delivered again,
// as a queue does; it returns the last error of a task that never succeeded.
func (w *world) drain() error {
	tries := map[string]int{}
	for deliveries := 0; ; deliveries++ {
		t, ok := w.queue.next()
		if !ok {
			return nil
		}
		if deliveries == 2000 {
			return fmt.Errorf("the queue does not run empty: %s comes after 2000 deliveries", t.Name)
		}
		err := w.deliver(t)
		if errors.Is(err, errDied) {
			w.queue.list = append([]queue.Task{t}, w.queue.list...)
			return err
		}
		if err == nil || !fault.Retryable(err) {
			continue
		}
		if tries[t.Name]++; tries[t.Name] > 12 {
			return err
		}
		w.queue.list = append(w.queue.list, t)
	}
}

// sync plays a tick and everything that follows, and returns the run.
func (w *world) sync() run.Run {
	w.t.Helper()
	if err := errors.Join(w.tick(false), w.drain()); err != nil {
		w.t.Fatalf("sync: %v", err)
	}
	return w.last()
}

// synced is sync for a run that must end well with the index true.
func (w *world) synced() run.Run {
	w.t.Helper()
	r := w.sync()
	if r.State != run.Synced || !r.Counts.Balanced() {
		w.t.Fatalf("run %d is %s with %v: %s", r.ID, r.State, r.Counts, r.LastError)
	}
	w.true()
	return r
}

// last returns the newest sync.
func (w *world) last() run.Run {
	w.t.Helper()
	runs, err := w.Runs.Newest(w.t.Context(), w.def.Name, 100)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, r := range runs {
		if r.Kind == run.Window {
			return r
		}
	}
	w.t.Fatal("there was no sync")
	return run.Run{}
}

// table is the table of an entity's roots.
var table = map[string]string{"stock": "stock_position", "returns": "order_return"}

// truth returns what the database says that the index should hold.
func (w *world) truth() map[string]string {
	w.t.Helper()
	rows, err := w.SQL().Query("SELECT id FROM " + table[w.def.Name])
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var ids []uint64
	for rows.Next() {
		var id uint64
		if err := rows.Scan(&id); err != nil {
			w.t.Fatal(err)
		}
		ids = append(ids, id)
	}
	current, err := w.src.Rows(w.t.Context(), w.def, ids)
	if err != nil {
		w.t.Fatal(err)
	}
	want := map[string]string{}
	for _, r := range current.Records {
		want[r.ID] = string(r.Body)
	}
	return want
}

// true fails the test unless the index is true to the database, but for the
// records named.
func (w *world) true(except ...string) {
	w.t.Helper()
	want, got := w.truth(), w.index.content()
	for _, id := range except {
		delete(want, id)
		delete(got, id)
	}
	for id, body := range got {
		got[id] = unstamped(body, w.def.Stamp)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		w.t.Fatalf("the index is not true to the database (-database +index):\n%s", diff)
	}
}

// unstamped removes the stamp, which a record ends with.
func unstamped(body, stamp string) string {
	if stamp == "" {
		return body
	}
	at := strings.LastIndex(body, `,"`+stamp+`":`)
	if at > 0 && strings.Trim(body[at+len(stamp)+4:], "0123456789") == "}" {
		return body[:at] + "}"
	}
	return "unstamped: " + body
}

// wantKind fails unless err has the kind.
func wantKind(t *testing.T, err error, want fault.Kind) {
	t.Helper()
	if err == nil || fault.KindOf(err) != want {
		t.Fatalf("error %v has kind %d, want %d", err, fault.KindOf(err), want)
	}
}
