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
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/store"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/store/storetest"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/transfertest"
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
		Kind   string `json:"job_source_type"`
		Target *int64 `json:"job_source_target_record_id"`
		Into   *int64 `json:"job_source_merge_into_record_id"`
	}
	if err := json.Unmarshal(text, &in); err != nil {
		tb.Fatal(err)
	}
	date, _ := transfer.Time(in.Date)
	exact, ok := transfer.Time(in.Exact)
	if !ok {
		tb.Fatalf("%s", text)
	}
	return transfer.Draft{Job: transfer.Job{State: transfer.New, Date: date, WriteDate: &exact, Priority: transfer.DefaultPriority, System: transfer.Side(in.System), Model: in.Model, RecordID: in.ID,
		Kind: transfer.Kind(in.Kind), TargetID: in.Target, MergeIntoID: in.Into}}
}

// rig is both emulators on sockets, an office that edits them, and a table of jobs.
type rig struct {
	testing.TB
	db      storetest.DB
	wires   wires
	studio  *mssql.Server
	online  *odoo.Server
	office  *office
	written *ledger
	worker  *worker.Worker
	mu      sync.Mutex
	waiting []mssql.Job
}

// wires are the addresses of both emulators.
type wires struct{ Studio, Online string }

// parts returns a worker's parts between both emulators.
func (w wires) parts(jobs *store.Store, s worker.Settings) (worker.Parts, error) {
	flows, err := transfer.Shipped()
	if err != nil {
		return worker.Parts{}, err
	}
	fs, err := side.Open(side.Settings{Host: w.Studio, Database: "studio", User: "sosync", Password: "Local-1433", Connections: s.Threads.Threads})
	if err != nil {
		return worker.Parts{}, err
	}
	fso, err := onlineside.Open(onlineside.Config{URL: w.Online, Database: "odoo", User: "sosync", Password: "sosync", Fields: flows.FieldsOn(transfer.Online), Now: time.Now})
	return worker.Parts{Jobs: jobs, Studio: fs, Online: fso, Flows: flows, Settings: s, Owner: "rig", Now: time.Now, Log: slog.New(slog.DiscardHandler)}, err
}

// newRig opens all parts.
func newRig(t testing.TB, db storetest.DB, seed int64, s worker.Settings) *rig {
	t.Helper()
	k := &rig{TB: t, db: db, written: newLedger()}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	var err error
	k.studio, err = mssql.New(mssql.Options{Seed: seed, Wrote: k.written.studio, Post: func(j mssql.Job) { k.mu.Lock(); defer k.mu.Unlock(); k.waiting = append(k.waiting, j) }})
	must(err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	go func() { _ = k.studio.Serve(l) }() // it ends with Close
	k.online = odoo.New(odoo.Options{FirstID: 500000, Seed: seed, Wrote: k.written.online})
	server := httptest.NewServer(k.online)
	t.Cleanup(func() { _, _ = k.studio.Close(), k.online.Close(); server.Close() })
	k.wires = wires{Studio: l.Addr().String(), Online: server.URL}
	parts, err := k.wires.parts(db.Store, s)
	must(err)
	t.Cleanup(func() { _ = parts.Studio.(*side.Side).Close() })
	k.worker = worker.New(parts)
	k.office = newOffice(seed, k.studio, k.online)
	must(k.office.begin(t.Context()))
	return k
}

// quick are settings without a debounce, whose retries come at once.
func quick(threads int) worker.Settings {
	s := worker.Defaults()
	s.Debounce, s.Protocol, s.RetryAfter, s.RunLimit, s.Threads = 0, false, time.Millisecond, 1000, worker.Threads{Threads: threads, Package: 200}
	return s
}

// edit lets the office edit, and stores the jobs that both sides post.
func (k *rig) edit(n int) {
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
func (k *rig) work() time.Duration {
	k.Helper()
	begun := time.Now()
	err := transfertest.UntilDone(func() error {
		_, err := k.worker.Run(k.Context(), nil)
		return err
	}, k.db.Store)
	if err != nil {
		k.Fatal(err)
	}
	return time.Since(begun)
}
