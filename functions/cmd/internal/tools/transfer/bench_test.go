package transfer

import (
	"encoding/json"
	"log/slog"
	"net"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/mssql"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/odoo"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
	side "gitlab.com/eshopbox-team/return-sync/shared/transfer/mssql"
	onlineside "gitlab.com/eshopbox-team/return-sync/shared/transfer/odoo"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/store/storetest"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/worker"
)

// draft reads a job that a side has posted.
func draft(tb testing.TB, posted map[string]any) transfer.Draft {
	tb.Helper()
	text, err := json.Marshal(posted)
	if err != nil {
		tb.Fatal(err)
	}
	var in struct {
		Date   string `json:"job_date"`
		System string `json:"job_source_system"`
		Model  string `json:"job_source_model"`
		ID     int64  `json:"job_source_record_id"`
		Exact  string `json:"job_source_sosync_write_date"`
	}
	if err := json.Unmarshal(text, &in); err != nil {
		tb.Fatal(err)
	}
	date, _ := transfer.Time(in.Date)
	exact, ok := transfer.Time(in.Exact)
	if !ok {
		tb.Fatalf("%s", text)
	}
	return transfer.Draft{Job: transfer.Job{State: transfer.New, Date: date, WriteDate: &exact, Priority: transfer.DefaultPriority, System: transfer.Side(in.System), Model: in.Model, RecordID: in.ID}}
}

// bench is both emulators on sockets, an office, and a worker between them.
type bench struct {
	*testing.B
	db      storetest.DB
	studio  *mssql.Server
	online  *odoo.Server
	office  *office
	worker  *worker.Worker
	mu      sync.Mutex
	waiting []mssql.Job
}

// newBench opens all parts.
func newBench(b *testing.B, db storetest.DB) *bench {
	k := &bench{B: b, db: db}
	must := func(err error) {
		b.Helper()
		if err != nil {
			b.Fatal(err)
		}
	}
	var err error
	k.studio, err = mssql.New(mssql.Options{Post: func(j mssql.Job) { k.mu.Lock(); defer k.mu.Unlock(); k.waiting = append(k.waiting, j) }})
	must(err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	go func() { _ = k.studio.Serve(l) }() // it ends with Close
	k.online = odoo.New(odoo.Options{FirstID: 500000})
	server := httptest.NewServer(k.online)
	b.Cleanup(func() { _, _ = k.studio.Close(), k.online.Close(); server.Close() })
	flows, err := transfer.Shipped()
	must(err)
	fs, err := side.Open(side.Settings{Host: l.Addr().String(), Database: "studio", User: "sosync", Password: "Local-1433", Connections: benchThreads})
	must(err)
	b.Cleanup(func() { _ = fs.Close() })
	fso, err := onlineside.Open(onlineside.Config{URL: server.URL, Database: "odoo", User: "sosync", Password: "sosync", Fields: flows.FieldsOn(transfer.Online), Now: time.Now})
	must(err)
	s := worker.Defaults()
	s.Debounce, s.Protocol, s.RetryAfter, s.RunLimit, s.Threads = 0, false, time.Millisecond, 50, worker.Threads{Threads: benchThreads, Package: 200}
	k.worker = worker.New(worker.Parts{Jobs: db.Store, Studio: fs, Online: fso, Flows: flows, Settings: s, Owner: "bench", Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	k.office = newOffice(1, k.studio, k.online)
	must(k.office.begin(b.Context()))
	return k
}

// edit lets the office edit, and stores the jobs that both sides post.
func (k *bench) edit(n int) {
	k.Helper()
	for range n {
		if err := k.office.act(k.Context()); err != nil {
			k.Fatal(err)
		}
	}
	k.mu.Lock()
	var drafts []transfer.Draft
	for _, j := range k.waiting {
		drafts = append(drafts, draft(k, j.JSON()))
	}
	k.waiting = nil
	k.mu.Unlock()
	for _, j := range k.online.Jobs() {
		drafts = append(drafts, draft(k, j))
	}
	if _, err := k.db.Create(k.Context(), drafts); err != nil {
		k.Fatal(err)
	}
}

// work works until no job is open, and returns how long that took.
func (k *bench) work() time.Duration {
	k.Helper()
	begun := time.Now()
	for {
		_, err := k.worker.Run(k.Context(), nil)
		if err != nil {
			k.Fatal(err)
		}
		counts, err := k.db.Count(k.Context(), "")
		if err != nil {
			k.Fatal(err)
		}
		if counts[transfer.New]+counts[transfer.InProgress]+counts[transfer.Retry] == 0 {
			return time.Since(begun)
		}
	}
}

// creates counts the jobs that created a record.
func (k *bench) creates() (n int) {
	k.Helper()
	if err := k.db.Each(k.Context(), func(j transfer.Job) error {
		if strings.Contains("\n"+string(j.Log), "\ncreate ") {
			n++
		}
		return nil
	}); err != nil {
		k.Fatal(err)
	}
	return n
}

// benchThreads are those of the worker.
const benchThreads = 16

// BenchmarkOffice carries what the office edits on both sides through both emulators, on
// sockets: five flows mixed, a third of the jobs creates a record, 16 threads, databases
// that flush every commit. Emulators, databases and worker share the processor.
//
//	go test ./functions/cmd/internal/tools/transfer -run none -bench Office -benchtime 1x
func BenchmarkOffice(b *testing.B) {
	b.Setenv("RETURN_SYNC_TEST_DURABLE", "1")
	for name, d := range map[string]struct {
		open    func(testing.TB) storetest.DB
		durable string
	}{
		"MySQL":      {storetest.MySQL, "SELECT @@innodb_flush_log_at_trx_commit = 1 AND @@sync_binlog = 1"},
		"PostgreSQL": {storetest.PostgreSQL, "SELECT current_setting('fsync') = 'on' AND current_setting('synchronous_commit') = 'on'"},
	} {
		b.Run(name, func(b *testing.B) {
			k := newBench(b, d.open(b))
			var durable bool
			if err := k.db.Pool.QueryRowContext(b.Context(), d.durable).Scan(&durable); err != nil || !durable {
				b.Fatalf("the database does not flush every commit: %v", err)
			}
			var spent time.Duration
			for range 10 {
				k.edit(300)
				spent += k.work()
			}
			counts, err := k.db.Count(b.Context(), "")
			if err != nil {
				b.Fatal(err)
			}
			jobs := counts[transfer.Done] + counts[transfer.Skipped] + counts[transfer.Failed]
			list, compared, err := compare(k.studio, k.online)
			if err != nil || len(list) > 0 || counts[transfer.Failed] > 0 {
				b.Errorf("%v, %d differences, %v", counts, len(list), err)
			}
			share := 100 * float64(k.creates()) / float64(jobs)
			if share < 30 {
				b.Errorf("%.0f %% of the jobs created a record, want 30", share)
			}
			b.ReportMetric(float64(jobs)/spent.Seconds(), "jobs/s")
			b.ReportMetric(float64(jobs), "jobs")
			b.ReportMetric(share, "creates_%")
			b.ReportMetric(float64(compared), "records")
		})
	}
}
