package rehearsal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"gitlab.com/eshopbox-team/return-sync/shared/localdb/localdbtest"
	"gitlab.com/eshopbox-team/return-sync/shared/sample"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
)

// patience is how long a story waits for anything: far more than it should take
// on a busy machine.
const patience = 45 * time.Second

// storyEnv is the environment of a story's functions unless it says otherwise: a
// page's lease is far longer than a page takes on a busy machine.
func storyEnv() []string {
	return []string{
		"RUN_LEASE=60s", "PAGE_LEASE=10s", "PAGE_ATTEMPTS=20",
		"ALGOLIA_WRITE_TIMEOUT=1s", "ALGOLIA_ATTEMPTS=2", "LOG_LEVEL=ERROR",
	}
}

// story is one story under way.
type story struct {
	t       *testing.T
	stack   *Stack // nil until the first command that needs it
	def     entity.Definition
	began   time.Time // what a TIME is relative to
	env     []string
	open    *sql.Tx
	pushes  *pushLog
	job     bool // the scheduler emulator has its job
	since   mark
	ticks   sync.WaitGroup // ticks that nobody waits for
	behind  atomic.Int64   // of them, those that were answered
	decided []string       // by the last ticks
	answer  response       // of the last post or search
}

// mark is what expectations count from.
type mark struct {
	watermark *time.Time
	passed    map[string]int
	pushes    map[string]int
	retried   int // attempts that the queues planned after a failure
}

// response is an answer to a request.
type response struct {
	status int
	body   string
}

// commands returns what each word does with the rest of its line.
func (s *story) commands() map[string]func(string) error {
	return map[string]func(string) error{
		"with": s.with, "returns": s.returns, "sql": s.sql, "alter": s.alter, "open": s.openTx, "commit": s.commit, "server": s.server, "cut": s.cut,
		"tick": s.tick, "schedule": s.schedule, "sync": s.sync, "heal": s.heal, "settle": s.settle, "await": s.await,
		"lapse": s.lapse, "deliver": s.deliver, "post": s.post, "search": s.search, "kill": s.kill, "hold": s.hold,
		"release": s.release, "tasks": s.tasks,
		"scheduler": s.scheduler, "index": s.index, "calm": s.calm, "mark": s.mark, "expect": s.expect,
	}
}

// do does one line.
func (s *story) do(line string) error {
	word, rest, _ := strings.Cut(line, " ")
	do := s.commands()[word]
	if do == nil {
		return fmt.Errorf("unknown command %q", word)
	}
	if s.stack == nil && word != "with" {
		if err := s.start(); err != nil {
			return err
		}
	}
	return do(strings.TrimSpace(rest))
}

// with adds to the functions' environment.
func (s *story) with(rest string) error {
	if s.stack != nil {
		return errors.New("with must come before every other command")
	}
	s.env = append(s.env, strings.Fields(rest)...)
	return nil
}

// start starts the story's stack in a fresh database of the shared server.
func (s *story) start() error {
	dsn := localdbtest.New(s.t)
	cfg, err := mysql.ParseDSN(dsn)
	if err != nil {
		return err
	}
	s.stack, err = Start(s.t.Context(), Options{
		DSN: dsn, Database: cfg.DBName, Workers: 4, Steps: true, Seed: 1,
		Env: append(storyEnv(), s.env...), WatchIndex: s.pushes.watch, ChildLog: testLog{s.t}, Log: testLog{s.t},
	})
	if err != nil {
		return err
	}
	s.t.Cleanup(func() {
		s.ticks.Wait()
		if err := s.stack.Close(); err != nil {
			s.t.Error(err)
		}
	})
	if err := sample.Migrate(s.t.Context(), s.stack.DB); err != nil {
		return err
	}
	if s.def, err = s.stack.Entity("returns"); err != nil {
		return err
	}
	return s.mark("")
}

// mark begins the counts of the expectations anew.
func (s *story) mark(string) error {
	at, err := s.stack.Store.Claims.AsOf(s.t.Context(), s.def.JobType)
	s.since = mark{watermark: at, passed: s.stack.Passed(), pushes: s.pushes.counts(), retried: s.stack.Tasks.Stats().Retried}
	return err
}

// newest returns the newest run.
func (s *story) newest() (run.Run, error) { return s.stack.newest(s.t.Context(), s.def.Name) }

// until polls until done says so; what is what a failure calls it.
func (s *story) until(what string, done func() (bool, error)) error {
	deadline := time.Now().Add(patience)
	for {
		ok, err := done()
		if ok {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s did not come within %v: %w", what, patience, errors.Join(err, context.DeadlineExceeded))
		}
		time.Sleep(poll)
	}
}

// up waits until every function has a process again.
func (s *story) up() error {
	return s.until("the start of the killed functions", func() (bool, error) {
		for _, f := range s.stack.functions() {
			if s.stack.front.child(f.Name) == nil {
				return false, nil
			}
		}
		return true, nil
	})
}

// at reads a TIME, relative to the story's begin.
func (s *story) at(text string) (time.Time, error) {
	d, err := time.ParseDuration(text)
	return s.began.Add(d), err
}

// situation lists what an engineer would look at first.
func (s *story) situation() string {
	if s.stack == nil {
		return ""
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	var b strings.Builder
	runs, err := s.stack.Store.Runs.Newest(ctx, s.def.Name, 10)
	for _, r := range runs {
		fmt.Fprintf(&b, "\trun %d %s %v: pages %d of %d, %d failed; %v; %s\n", r.ID, r.State, r.Window, r.PagesDone, r.PagesTotal, r.PagesFailed, r.Counts, r.LastError)
	}
	fmt.Fprintf(&b, "\tsteps %v\n\tpushes %v\n\tqueues %+v\n\tanswer %d %s\n", s.stack.Passed(), s.pushes.counts(), s.stack.Tasks.Stats(), s.answer.status, s.answer.body)
	if err != nil {
		fmt.Fprintln(&b, "\t", err)
	}
	return b.String()
}

// minus returns what was counted since an earlier count.
func minus(now, before map[string]int) map[string]int {
	out := maps.Clone(now)
	for name, n := range before {
		out[name] -= n
	}
	return out
}

// client is for requests to the functions; a killed one never answers.
func client() *http.Client { return &http.Client{Timeout: patience} }
