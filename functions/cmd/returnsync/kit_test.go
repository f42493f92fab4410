package main

import (
	"bytes"
	"context"
	"database/sql"
	"flag"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/sethvargo/go-envconfig"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/cli"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/rehearsal"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wings"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/localdb/localdbtest"
	"gitlab.com/eshopbox-team/return-sync/shared/queue"
	"gitlab.com/eshopbox-team/return-sync/shared/sample"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/claim"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/destination"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/flow"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/join"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/page"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
)

var update = flag.Bool("update", false, "write the golden files")

func TestMain(m *testing.M) {
	rehearsal.Child() // this program is also the functions of a stack
	localdbtest.Main(m)
}

// golden compares a text with a file under testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (run with -update if this is right):\n%s", path, diff)
	}
}

// result is what a command line did.
type result struct {
	code     int
	out, log string
}

// env is a fake environment.
type env map[string]string

// The exit codes.
const (
	exitOK        = cli.ExitOK
	exitError     = cli.ExitError
	exitAttention = cli.ExitAttention
)

// deps is cli.Deps as the tests fill it; call adds the outputs.
type deps struct {
	env       envconfig.Lookuper
	home, dir string
	out, log  io.Writer
	client    *http.Client
	cron      func(*wire.Env, context.Context) (*wire.Cron, error)
	now       func() time.Time
	poll      time.Duration
	user      string
}

// real returns the deps for the program.
func (d deps) real() cli.Deps {
	return cli.Deps{
		Environment: d.env, Home: d.home, Dir: d.dir, Out: d.out, Err: d.log,
		Client: d.client, OpenCron: d.cron, Now: d.now, Poll: d.poll, User: d.user, Wings: wings.All(),
	}
}

// surroundings returns deps that know nothing of this machine.
func surroundings(t *testing.T, e env) deps {
	t.Helper()
	return deps{
		env: envconfig.MapLookuper(e), dir: t.TempDir(),
		client: http.DefaultClient, cron: (*wire.Env).Cron,
		now: time.Now, poll: 10 * time.Millisecond,
	}
}

// call runs a command line.
func call(t *testing.T, d deps, args ...string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 9*time.Minute)
	defer cancel()
	var out, log bytes.Buffer
	d.out, d.log = &out, &log
	code := execute(ctx, args, d.real())
	return result{code: code, out: out.String(), log: log.String()}
}

// expect checks a code and what the outputs hold.
func (r result) expect(t *testing.T, code int, out, log []string) {
	t.Helper()
	if r.code != code {
		t.Errorf("exit code %d, want %d", r.code, code)
	}
	for _, want := range out {
		if !strings.Contains(r.out, want) {
			t.Errorf("standard output does not say %q", want)
		}
	}
	for _, want := range log {
		if !strings.Contains(r.log, want) {
			t.Errorf("standard error does not say %q", want)
		}
	}
	if strings.Contains(r.out+r.log, "s3cret") {
		t.Error("a secret was printed")
	}
	if t.Failed() {
		t.Logf("standard output:\n%s\nstandard error:\n%s", r.out, r.log)
	}
}

// database is a fresh database with so many returns, not migrated.
func database(t *testing.T, returns int) (string, *sql.DB) {
	t.Helper()
	dsn := localdbtest.New(t)
	db, err := sql.Open("mysql", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if err := sample.Migrate(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	now := time.Now().Add(-time.Minute)
	if _, err := sample.Generate(t.Context(), db, sample.GenerateOptions{Rows: returns, Seed: 1, Now: now}); err != nil {
		t.Fatal(err)
	}
	return dsn, db
}

// checked keeps an answer of an entity's index that is as it should be, as the watch
// function does each minute.
func checked(t *testing.T, db *sql.DB) {
	t.Helper()
	exec(t, db, `INSERT INTO sync_index (entity, checked_at, answer, basis)
		VALUES ('returns', NOW(6), CONCAT('{"at":"', DATE_FORMAT(NOW(6), '%Y-%m-%dT%H:%i:%s.%fZ'), '","exists":true}'), '{}')`)
}

// exec runs a statement.
func exec(t *testing.T, db *sql.DB, query string, args ...any) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), query, args...); err != nil {
		t.Fatal(err)
	}
}

// inProcess returns deps whose tick plays the whole pipeline in this process:
// sent tasks are worked off by goroutines that have ended when the test has.
func inProcess(t *testing.T, e env) deps {
	t.Helper()
	d := surroundings(t, e)
	d.cron = func(w *wire.Env, _ context.Context) (*wire.Cron, error) { return (&pipeline{t: t}).open(w) }
	return d
}

// pipeline is a queue.Sender that delivers at once.
type pipeline struct {
	t       *testing.T
	work    sync.WaitGroup
	window  *flow.Window
	process *flow.Process
}

// open returns a cron over the pipeline, on connections and a log of its own: the tasks
// outlive the command.
func (p *pipeline) open(w *wire.Env) (*wire.Cron, error) {
	own := &wire.Env{Lookup: w.Lookup, Log: discard()}
	p.t.Cleanup(func() { _ = own.Close() })
	p.t.Cleanup(p.work.Wait)
	dsn, _ := w.Lookup.Lookup("SOURCE_DSN")
	d := wire.Databases{SourceDSN: dsn, MaxConnections: 4}
	db, err := own.Store(d)
	if err != nil {
		return nil, err
	}
	source, err := own.Source(d)
	if err != nil {
		return nil, err
	}
	entities, err := wire.Definitions{PageSize: 20}.Load()
	if err != nil {
		return nil, err
	}
	c := flow.Config{RunLease: time.Minute, PageLease: time.Minute, PageAttempts: 3, EnqueueSenders: 2, KeepDays: 7}
	p.window = join.Window(&flow.Window{Source: source, Queue: p, Config: c, Log: own.Log}, entities, db)
	p.process = join.Process(&flow.Process{Source: source, Index: sink{}, Config: c, Log: own.Log}, entities, db)
	return wire.NewCron(&flow.Cron{Queue: p, Entities: entities, Config: c, Log: w.Log}, db), nil
}

// Send implements queue.Sender.
func (p *pipeline) Send(_ context.Context, t queue.Task) error {
	p.work.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := p.deliver(ctx, t); err != nil {
			p.t.Errorf("%s: %v", t.Name, err)
		}
	})
	return nil
}

// deliver plays a task.
func (p *pipeline) deliver(ctx context.Context, t queue.Task) error {
	if t.Route == run.RouteWindow {
		tasks, err := claim.ParseTasks(t.Body)
		if err == nil {
			_, err = p.window.Play(ctx, tasks)
		}
		return err
	}
	task, err := page.ParseTask(t.Body)
	if err == nil {
		_, err = p.process.Run(ctx, task, time.Now())
	}
	return err
}

// sink is an index that takes everything.
type sink struct{}

// Push implements destination.Index.
func (sink) Push(_ context.Context, _ string, ops []destination.Op) (destination.Result, error) {
	return destination.Result{TaskID: 1, Operations: int64(len(ops))}, nil
}

// Wait implements destination.Index.
func (sink) Wait(context.Context, string, int64) error { return nil }

// discard returns a log that goes nowhere.
func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }
