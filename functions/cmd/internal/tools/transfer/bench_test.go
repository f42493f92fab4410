package transfer

import (
	"encoding/json"
	"log/slog"
	"net"
	"net/http/httptest"
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

// BenchmarkOffice carries what the office edits on both sides through both emulators, on
// sockets: five flows mixed, in eight threads, on a database that flushes every commit
// where RETURN_SYNC_TEST_DURABLE=1 asks for it. Emulators and worker share the processor.
//
//	go test ./functions/cmd/internal/tools/transfer -run none -bench Office -benchtime 1x
func BenchmarkOffice(b *testing.B) {
	db := storetest.PostgreSQL(b)
	var mu sync.Mutex
	var waiting []mssql.Job
	studio, err := mssql.New(mssql.Options{Post: func(j mssql.Job) { mu.Lock(); defer mu.Unlock(); waiting = append(waiting, j) }})
	if err != nil {
		b.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	go func() { _ = studio.Serve(l) }() // it ends with Close
	online := odoo.New(odoo.Options{FirstID: 500000})
	server := httptest.NewServer(online)
	b.Cleanup(func() { _, _ = studio.Close(), online.Close(); server.Close() })
	flows, err := transfer.Shipped()
	if err != nil {
		b.Fatal(err)
	}
	fs, err := side.Open(side.Settings{Host: l.Addr().String(), Database: "studio", User: "sosync", Password: "Local-1433"})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = fs.Close() })
	fso, err := onlineside.Open(onlineside.Config{URL: server.URL, Database: "odoo", User: "sosync", Password: "sosync", Fields: flows.FieldsOn(transfer.Online), Now: time.Now})
	if err != nil {
		b.Fatal(err)
	}
	s := worker.Defaults()
	s.Debounce, s.Protocol, s.RetryAfter, s.RunLimit, s.Threads = 0, false, time.Millisecond, 50, worker.Threads{Threads: 8, Package: 200}
	w := worker.New(worker.Parts{Jobs: db.Store, Studio: fs, Online: fso, Flows: flows, Settings: s, Owner: "bench", Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	o := newOffice(1, studio, online)
	if err := o.begin(b.Context()); err != nil {
		b.Fatal(err)
	}
	var spent time.Duration
	for range 10 {
		for range 300 {
			if err := o.act(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
		var drafts []transfer.Draft
		mu.Lock()
		for _, j := range waiting {
			drafts = append(drafts, draft(b, j.JSON()))
		}
		waiting = nil
		mu.Unlock()
		for _, j := range online.Jobs() {
			drafts = append(drafts, draft(b, j))
		}
		if _, err := db.Create(b.Context(), drafts); err != nil {
			b.Fatal(err)
		}
		begun := time.Now()
		for open := true; open; {
			if _, err := w.Run(b.Context(), nil); err != nil {
				b.Fatal(err)
			}
			counts, err := db.Count(b.Context(), "")
			if err != nil {
				b.Fatal(err)
			}
			open = counts[transfer.New]+counts[transfer.InProgress]+counts[transfer.Retry] > 0
		}
		spent += time.Since(begun)
	}
	counts, err := db.Count(b.Context(), "")
	if err != nil {
		b.Fatal(err)
	}
	jobs := counts[transfer.Done] + counts[transfer.Skipped] + counts[transfer.Failed]
	list, compared, err := compare(studio, online)
	if err != nil || len(list) > 0 || counts[transfer.Failed] > 0 {
		b.Errorf("%v, %d differences, %v", counts, len(list), err)
	}
	b.ReportMetric(float64(jobs)/spent.Seconds(), "jobs/s")
	b.ReportMetric(float64(jobs), "jobs")
	b.ReportMetric(float64(compared), "records")
}
