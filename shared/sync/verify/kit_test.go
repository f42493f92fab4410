package verify_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	emulator "gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia"
	"gitlab.com/eshopbox-team/return-sync/shared/localdb/localdbtest"
	"gitlab.com/eshopbox-team/return-sync/shared/queue"
	"gitlab.com/eshopbox-team/return-sync/shared/queue/queuetest"
	"gitlab.com/eshopbox-team/return-sync/shared/sample"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/claim"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/destination"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/destination/algolia"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/flow"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/join"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/ledger"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/page"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/source/mysql"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/verify"
)

func TestMain(m *testing.M) { localdbtest.Main(m) }

// world is a database and an emulated index with the pipeline between them.
type world struct {
	*store.DB
	t        testing.TB
	src      *mysql.Source
	client   *algolia.Client
	browser  *algolia.Browser
	server   *emulator.Server
	def      entity.Definition
	queue    queuetest.Memory
	requests atomic.Int64 // for records of the index
}

// newWorld returns a world with so many returns, all synced, that last changed
// long ago.
func newWorld(t testing.TB, returns int) *world {
	t.Helper()
	w := emptyWorld(t, "returns")
	if err := sample.Migrate(t.Context(), w.SQL()); err != nil {
		t.Fatal(err)
	}
	o := sample.GenerateOptions{Rows: returns, Seed: 11, Now: time.Now().Add(-24 * time.Hour)}
	if _, err := sample.Generate(t.Context(), w.SQL(), o); err != nil {
		t.Fatal(err)
	}
	w.sync()
	return w
}

// emptyWorld returns a world without source tables.
func emptyWorld(t testing.TB, name string) *world {
	t.Helper()
	dsn := localdbtest.New(t)
	w := &world{t: t}
	var err error
	if w.DB, err = store.Open(dsn, 10, silent); err != nil {
		t.Fatal(err)
	}
	if w.src, err = mysql.Open(dsn, 10); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = w.Close(), w.src.Close() })
	if _, err := w.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	defs, err := entity.Load("../../../testdata/entities")
	if err != nil {
		t.Fatal(err)
	}
	if w.def, err = entity.List(defs).Named(name); err != nil {
		t.Fatal(err)
	}
	w.server = emulator.New(emulator.Options{PublishDelay: -1})
	listener := httptest.NewServer(w.server)
	t.Cleanup(func() { _ = w.server.Close(); listener.Close() })
	w.client, err = algolia.New(algolia.Config{
		AppID: "APP", WriteKey: "admin", URL: listener.URL, BatchRecords: 1000, BatchBytes: 8_000_000, Senders: 4, Attempts: 4,
		WriteTimeout: 20 * time.Second, MaxRefused: 100,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.client.ApplySettings(t.Context(), w.def.Index, w.def.Settings); err != nil {
		t.Fatal(err)
	}
	w.browser, err = algolia.NewBrowser(algolia.BrowseConfig{AppID: "APP", Key: "admin", URL: listener.URL, Attempts: 4, Timeout: 20 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// silent is a log without a reader.
var silent = slog.New(slog.DiscardHandler)

// sync runs a tick and all its tasks.
func (w *world) sync() run.Run {
	w.t.Helper()
	ctx := w.t.Context()
	entities := entity.List{w.def}
	cfg := flow.Config{RunLease: time.Hour, PageLease: 10 * time.Minute, PageAttempts: 3, EnqueueSenders: 4, KeepDays: 7}
	cron := join.Cron(&flow.Cron{Queue: &w.queue, Entities: entities, Config: cfg, Log: silent}, w.DB)
	if _, err := cron.Run(ctx, flow.Tick{Occurrence: claim.NewToken()}); err != nil {
		w.t.Fatal(err)
	}
	for {
		t, ok := w.queue.Take()
		if !ok {
			break
		}
		if err := w.play(ctx, t, entities, cfg); err != nil {
			w.t.Fatal(err)
		}
	}
	runs, err := w.Runs.Newest(ctx, w.def.Name, 1)
	if err != nil || len(runs) != 1 || runs[0].State != run.Synced {
		w.t.Fatalf("the sync ended as %v, %v", runs, err)
	}
	return runs[0]
}

// play runs one task.
func (w *world) play(ctx context.Context, t queue.Task, entities entity.List, cfg flow.Config) error {
	if t.Route == run.RouteWindow {
		tasks, err := claim.ParseTasks(t.Body)
		if err != nil {
			return err
		}
		step := join.Window(&flow.Window{Source: w.src, Queue: &w.queue, Config: cfg, Log: silent}, entities, w.DB)
		_, err = step.Play(ctx, tasks)
		return err
	}
	var task page.Task
	if err := json.Unmarshal(t.Body, &task); err != nil {
		return err
	}
	step := join.Process(&flow.Process{Source: w.src, Index: w.client, Config: cfg, Log: silent}, entities, w.DB)
	_, err := step.Run(ctx, task, time.Now())
	return err
}

// counted counts the requests to an index.
type counted struct{ *world }

// Browse implements verify.Index.
func (c counted) Browse(ctx context.Context, index string, p destination.Part, each func([]byte) error) error {
	return c.browser.Browse(ctx, index, p, func(body []byte) error {
		c.requests.Add(1)
		return each(body)
	})
}

// Objects implements verify.Index.
func (c counted) Objects(ctx context.Context, index string, ids []string) (map[string][]byte, error) {
	c.requests.Add(int64(len(ids)))
	return c.browser.Objects(ctx, index, ids)
}

// verifier returns a verifier of this world.
func (w *world) verifier() *verify.Verifier {
	return join.Verifier(&verify.Verifier{Roots: w.src, Rows: w.src, Index: counted{w}}, w.DB)
}

// verify compares and fails on an error.
func (w *world) verify(o verify.Options) verify.Report {
	w.t.Helper()
	if o.List == 0 {
		o.List = 1_000_000
	}
	r, err := w.verifier().Run(w.t.Context(), w.def, o)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// exec runs a statement that must not fail.
func (w *world) exec(query string, args ...any) {
	w.t.Helper()
	if _, err := w.SQL().Exec(query, args...); err != nil {
		w.t.Fatalf("%s: %v", query, err)
	}
}

// numbers returns the numbers of a query's column.
func (w *world) numbers(query string, args ...any) []uint64 {
	w.t.Helper()
	rows, err := w.SQL().Query(query, args...)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var list []uint64
	for rows.Next() {
		var n uint64
		if err := rows.Scan(&n); err != nil {
			w.t.Fatal(err)
		}
		list = append(list, n)
	}
	return list
}

// known returns a root's entries of the ledger.
func (w *world) known(root uint64) []ledger.Entry {
	w.t.Helper()
	rows, err := w.Comparisons.LedgerRows(w.t.Context(), w.def.Name, []uint64{root})
	if err != nil || len(rows) != 1 {
		w.t.Fatalf("root %d: %v, %v", root, rows, err)
	}
	entries, err := ledger.Unpack(rows[0].Packed)
	if err != nil {
		w.t.Fatal(err)
	}
	return entries
}

// setLedger writes a root's row.
func (w *world) setLedger(root uint64, packed []byte) {
	w.t.Helper()
	w.exec("INSERT INTO sync_ledger (entity, root_id, run_id, records) VALUES (?, ?, 1, ?) ON DUPLICATE KEY UPDATE records = VALUES(records)", w.def.Name, root, packed)
}

// objects returns records of the index, decoded.
func (w *world) objects(ids ...string) []map[string]any {
	w.t.Helper()
	found, err := w.browser.Objects(w.t.Context(), w.def.Index, ids)
	if err != nil {
		w.t.Fatal(err)
	}
	list := make([]map[string]any, len(ids))
	for i, id := range ids {
		if err := json.Unmarshal(found[id], &list[i]); err != nil {
			w.t.Fatalf("%s: %v", id, err)
		}
	}
	return list
}

// push changes the index without the pipeline: a nil record is deleted.
func (w *world) push(records map[string]map[string]any) {
	w.t.Helper()
	var ops []destination.Op
	for id, content := range records {
		op := destination.Op{ID: id}
		if content != nil {
			content["objectID"] = id
			body, err := json.Marshal(content)
			if err != nil {
				w.t.Fatal(err)
			}
			op.Body = body
		}
		ops = append(ops, op)
	}
	r, err := w.client.Push(w.t.Context(), w.def.Index, ops)
	if err != nil || len(r.Refused) > 0 {
		w.t.Fatalf("%v, %v", r.Refused, err)
	}
	if err := w.client.Wait(w.t.Context(), w.def.Index, r.TaskID); err != nil {
		w.t.Fatal(err)
	}
}

// want fails unless a report has exactly these differences.
func want(t testing.TB, r verify.Report, wanted ...verify.Difference) {
	t.Helper()
	order := func(a, b verify.Difference) int {
		ka, _ := json.Marshal(a)
		kb, _ := json.Marshal(b)
		return slices.Compare(ka, kb)
	}
	got := slices.SortedFunc(slices.Values(r.Differences), order)
	sorted := slices.SortedFunc(slices.Values(wanted), order)
	if diff := cmp.Diff(append([]verify.Difference{}, sorted...), append([]verify.Difference{}, got...)); diff != "" {
		t.Errorf("differences (-want +got), %v:\n%s", r, diff)
	}
	if r.Total() != int64(len(wanted)) {
		t.Errorf("the report counts %d differences, want %d", r.Total(), len(wanted))
	}
}
