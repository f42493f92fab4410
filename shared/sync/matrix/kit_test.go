package matrix_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	driver "github.com/go-sql-driver/mysql"

	emulator "gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/localdb/localdbtest"
	"gitlab.com/eshopbox-team/return-sync/shared/queue"
	"gitlab.com/eshopbox-team/return-sync/shared/queue/queuetest"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/claim"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/destination"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/destination/algolia"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/flow"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/join"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/oracle"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/page"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rework"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/source"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/source/mysql"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/verify"
)

func TestMain(m *testing.M) { localdbtest.Main(m) }

// world is a source, a state and an emulated index with the pipeline between them.
type world struct {
	*store.DB
	t       testing.TB
	tables  *sql.DB // of the source, with the server's own settings
	src     *mysql.Source
	client  *algolia.Client
	browser *algolia.Browser
	def     entity.Definition
	queue   queuetest.Memory
	apart   bool
	before  func(queue.Task) // runs ahead of each delivery
}

// setup is how a server is set up and reached.
type setup struct {
	params   map[string]string // of the DSN
	globals  map[string]string // of the server
	apart    bool              // the state is in another database
	readOnly bool              // the source takes no writes
	wrap     func(t testing.TB, dsn string) (through string, cut func())
}

// files are a definition's files by name.
type files map[string]string

// load writes and loads a definition.
func load(t testing.TB, f files) (entity.Definition, error) {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "one"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range f {
		if err := os.WriteFile(filepath.Join(dir, "one", name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	defs, err := entity.Load(dir)
	for _, d := range defs {
		if d.Name == "thing" {
			return d, err
		}
	}
	return entity.Definition{}, err
}

// withParams adds parameters to a DSN.
func withParams(t testing.TB, dsn string, params map[string]string) string {
	t.Helper()
	for k, v := range params {
		sep := "?"
		if strings.Contains(dsn, "?") {
			sep = "&"
		}
		dsn += sep + k + "=" + v
	}
	return dsn
}

// must ends the test on an error.
func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// newWorld returns a world for a definition, whose tables the statements make.
func newWorld(t testing.TB, s setup, f files, create ...string) *world {
	t.Helper()
	w := &world{t: t, apart: s.apart}
	var err error
	w.def, err = load(t, f)
	w.must(err)
	plain := localdbtest.New(t)
	w.tables = open(t, plain)
	for _, text := range create {
		w.exec(text)
	}
	reached := plain
	if s.wrap != nil {
		through, cut := s.wrap(t, plain)
		reached = through
		n := 0
		w.before = func(queue.Task) {
			if n++; n%3 == 2 {
				cut()
			}
		}
	}
	reached = withParams(t, reached, s.params)
	state := reached
	if s.apart {
		state = withParams(t, localdbtest.New(t), s.params)
	}
	w.DB, err = store.Open(state, 10, silent)
	w.must(err)
	if s.readOnly {
		variable := "tx_read_only"
		if !strings.Contains(scalar(t, w.tables, "SELECT VERSION()"), "MariaDB") {
			variable = "transaction_read_only"
		}
		reached = withParams(t, reached, map[string]string{variable: "1"})
	}
	w.src, err = mysql.Open(reached, 10)
	w.must(err)
	w.src = w.src.Numbered(w.Keys)
	t.Cleanup(func() { _, _ = w.Close(), w.src.Close() })
	_, err = w.Migrate(t.Context())
	w.must(err)
	server := emulator.New(emulator.Options{PublishDelay: -1})
	listener := httptest.NewServer(server)
	t.Cleanup(func() { _ = server.Close(); listener.Close() })
	w.client, err = algolia.New(algolia.Config{
		AppID: "APP", WriteKey: "admin", URL: listener.URL, BatchRecords: 1000, BatchBytes: 8_000_000, Senders: 4, Attempts: 4,
		WriteTimeout: 20 * time.Second, MaxRefused: 100,
	})
	w.must(err)
	if w.def.Settings != nil {
		w.must(w.client.ApplySettings(t.Context(), w.def.Index, w.def.Settings))
	}
	w.browser, err = algolia.NewBrowser(algolia.BrowseConfig{AppID: "APP", Key: "admin", URL: listener.URL, Attempts: 4, Timeout: 20 * time.Second})
	w.must(err)
	return w
}

// open returns a pool as the oracle wants it: times are read, in UTC.
func open(t testing.TB, dsn string) *sql.DB {
	t.Helper()
	cfg, err := driver.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	cfg.ParseTime, cfg.Loc = true, time.UTC
	cfg.Params = map[string]string{"time_zone": "'+00:00'", "sql_mode": "''", "autocommit": "1", "group_concat_max_len": "8388608"}
	if err := cfg.Apply(driver.Charset("utf8mb4", "utf8mb4_general_ci")); err != nil {
		t.Fatal(err)
	}
	connector, err := driver.NewConnector(cfg)
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// freshDSN returns the DSN of an empty database.
func freshDSN(t testing.TB) string { return localdbtest.New(t) }

// scalar returns the only value of a query as a text.
func scalar(t testing.TB, db *sql.DB, query string) string {
	t.Helper()
	var s string
	if err := db.QueryRow(query).Scan(&s); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return s
}

// silent is a log without a reader.
var silent = slog.New(slog.DiscardHandler)

// exec runs a statement on the source's tables that must not fail.
func (w *world) exec(query string, args ...any) {
	w.t.Helper()
	if _, err := w.tables.Exec(query, args...); err != nil {
		w.t.Fatalf("%s: %v", query, err)
	}
}

// config is the flow's.
var config = flow.Config{RunLease: time.Hour, PageLease: 10 * time.Minute, PageAttempts: 5, EnqueueSenders: 4, KeepDays: 7, JobSilence: time.Hour}

// sync runs a tick and all its tasks.
func (w *world) sync() run.Run {
	w.t.Helper()
	r := w.trySync()
	if r.State != run.Synced {
		w.t.Fatalf("the sync ended as %s: %s", r.State, r.LastError)
	}
	return r
}

// trySync runs a tick and all its tasks and returns the newest run.
func (w *world) trySync() run.Run {
	w.t.Helper()
	cron := join.Cron(&flow.Cron{Queue: &w.queue, Entities: entity.List{w.def}, Config: config, Log: silent}, w.DB)
	_, err := cron.Run(w.t.Context(), flow.Tick{Occurrence: claim.NewToken()})
	w.must(err)
	w.drain()
	runs, err := w.Runs.Newest(w.t.Context(), w.def.Name, 1)
	if err != nil || len(runs) == 0 {
		w.t.Fatalf("no run: %v", err)
	}
	return runs[0]
}

// drain plays all tasks; what is retryable is delivered again, as a queue does.
func (w *world) drain() {
	w.t.Helper()
	for {
		t, ok := w.queue.Take()
		if !ok {
			return
		}
		if w.before != nil {
			w.before(t)
		}
		err := w.play(t)
		for tries := 0; err != nil && fault.Retryable(err) && tries < 12; tries++ {
			err = w.play(t)
		}
		if err != nil && fault.KindOf(err) != fault.Superseded {
			w.t.Fatalf("%s: %v", t.Route, err)
		}
	}
}

// play plays one delivery of a task.
func (w *world) play(t queue.Task) error {
	ctx, entities := w.t.Context(), entity.List{w.def}
	switch t.Route {
	case run.RouteTurn, run.RouteFirstTurn:
		task, err := rework.ParseTask(t.Body)
		if err == nil {
			jobs := join.Jobs(&rework.Jobs{Source: w.src, Queue: &w.queue, Entities: entities, Config: config, Log: silent}, w.DB)
			_, err = jobs.Advance(ctx, task, time.Now())
		}
		return err
	case run.RouteWindow:
		tasks, err := claim.ParseTasks(t.Body)
		if err == nil {
			step := join.Window(&flow.Window{Source: w.src, Queue: &w.queue, Config: config, Log: silent, Apart: w.apart}, entities, w.DB)
			_, err = step.Play(ctx, tasks)
		}
		return err
	}
	var task page.Task
	if err := json.Unmarshal(t.Body, &task); err != nil {
		return err
	}
	return w.page(w.client, task)
}

// page plays a page task.
func (w *world) page(x destination.Index, task page.Task) error {
	step := join.Process(&flow.Process{Source: w.src, Index: x, Config: config, Log: silent}, entity.List{w.def}, w.DB)
	_, err := step.Run(w.t.Context(), task, time.Now())
	return err
}

// verify compares in depth and repairs, if asked, what differs.
func (w *world) verify(repair bool) verify.Report {
	w.t.Helper()
	repairs, err := rework.NewRepairs(w.t.Context(), join.Repairs(w.DB), w.def, run.Repair, "test")
	w.must(err)
	v := join.Verifier(&verify.Verifier{Roots: w.src, Rows: w.src, Index: w.browser}, w.DB)
	each := func(d verify.Difference) error {
		if d.Where == verify.InIndex && d.ID != "" {
			return repairs.Add(w.t.Context(), d.Root, d.ID)
		}
		return repairs.Add(w.t.Context(), d.Root)
	}
	report, err := v.Run(w.t.Context(), w.def, verify.Options{Deep: true, List: 100, Each: each, Pending: each})
	w.must(err)
	if !repair {
		return report
	}
	j, err := repairs.Start(w.t.Context())
	w.must(err)
	w.must((&rework.Waker{Jobs: w.Jobs, Queue: &w.queue, Silence: time.Hour, Log: silent}).Wake(w.t.Context(), j.ID))
	w.drain()
	j, err = w.Jobs.Job(w.t.Context(), j.ID)
	if err != nil || j.State != rework.Done {
		w.t.Fatalf("the repair is %s: %s %v", j.State, j.Note, err)
	}
	return report
}

// ids returns the ids that the index holds, each with its record.
func (w *world) ids() map[string]string {
	w.t.Helper()
	found := map[string]string{}
	w.must(w.browser.Browse(w.t.Context(), w.def.Index, destination.Part{Roots: source.Every}, func(body []byte) error {
		var doc struct {
			ID string `json:"objectID"`
		}
		err := json.Unmarshal(body, &doc)
		found[doc.ID] = string(body)
		return err
	}))
	return found
}

// agrees asks the oracle, which must find no difference, and verify, too.
func (w *world) agrees(when string) {
	w.t.Helper()
	browse := func(ctx context.Context, each func(map[string]any) error) error {
		return w.browser.Browse(ctx, w.def.Index, destination.Part{Roots: source.Every}, func(body []byte) error {
			var doc map[string]any
			if err := json.Unmarshal(body, &doc); err != nil {
				return err
			}
			return each(doc)
		})
	}
	r, err := oracle.Compare(w.t.Context(), w.tables, w.def, browse, nil)
	if err != nil || r.Differences() > 0 || r.Records == 0 {
		w.t.Fatalf("%s: the oracle finds %v, %v", when, r, err)
	}
	if v := w.verify(false); !v.Clean() {
		w.t.Fatalf("%s: verify finds %v: %v", when, v, v.Differences)
	}
}

// settings returns a definition's entity.yaml with more lines.
func yamlOf(lines ...string) string {
	return "name: thing\njobType: THING_JOB\nindex: thing\npageSize: 3\noverlap: 10m\n" + strings.Join(lines, "\n") + "\n"
}
