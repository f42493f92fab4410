package airtable_test

import (
	"flag"
	"log/slog"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"net/http/httptest"

	emulator "gitlab.com/eshopbox-team/return-sync/shared/emulator/airtable"
	"gitlab.com/eshopbox-team/return-sync/shared/httpcall"
	"gitlab.com/eshopbox-team/return-sync/shared/localdb/localdbtest"
	"gitlab.com/eshopbox-team/return-sync/shared/report"
	"gitlab.com/eshopbox-team/return-sync/shared/report/airtable"
	"gitlab.com/eshopbox-team/return-sync/shared/report/airtable/gatestore"
	"gitlab.com/eshopbox-team/return-sync/shared/report/reporttest"
	"gitlab.com/eshopbox-team/return-sync/shared/report/store"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
)

func TestMain(m *testing.M) { localdbtest.Main(m) }

// The flags of a writing process of TestRate.
var (
	writerDSN = flag.String("writer-dsn", "", "database of the writer's gate")
	writerURL = flag.String("writer-url", "", "the emulator's address")
	writerDay = flag.String("writer-day", "", "date of the writer's report")
)

// The test of the rate.
const (
	rateWriters = 2
	rateRows    = 450 // of each writer
	rateLeast   = 45  // records a second, of both
)

// limited returns a client whose gate is in a database.
func limited(t *testing.T, dsn, url string) *airtable.Client {
	t.Helper()
	pool, err := sqldb.Open(sqldb.Settings{DSN: dsn, MaxConnections: 8})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pool.Close() })
	db := &sqldb.DB{DB: pool, Log: slog.New(slog.DiscardHandler)}
	if _, err := db.Migrate(t.Context(), store.Migrations()); err != nil {
		t.Fatal(err)
	}
	return &airtable.Client{
		URL: url, Base: emulator.DefaultBase.ID, Token: "patLocal", Policy: airtable.DefaultPolicy(httpcall.Clock{Now: time.Now}),
		Gate: &gatestore.Store{DB: db, Most: time.Minute},
	}
}

// TestWriter is a writing process of TestRate.
func TestWriter(t *testing.T) {
	if *writerDSN == "" {
		return // it is started by TestRate alone
	}
	sink := &airtable.Sink{Client: limited(t, *writerDSN, *writerURL), Table: "sales"}
	if out, err := sink.Write(t.Context(), reporttest.DatedOrder("sales", *writerDay, 0), report.Stream(lines(rateRows))); err != nil || out.Written != rateRows {
		t.Fatalf("%+v, %v", out, err)
	}
}

// TestRate writes from two processes, with a heartbeat beside, at the rate that Airtable
// takes: 45 records a second and no 429.
func TestRate(t *testing.T) {
	if testing.Short() {
		t.Log("NOT RUN in short mode: 45 records a second from two processes take 20 s")
		return
	}
	dsn, server := localdbtest.New(t), emulator.New(emulator.Options{})
	web := httptest.NewServer(server)
	defer web.Close()
	defer server.Close()
	client := limited(t, dsn, web.URL)
	for _, fields := range [][]airtable.Field{
		{airtable.Text("Row Key"), airtable.Text("Document"), airtable.DateTime("Report Time"), airtable.Text("name"), airtable.Number("amount", 0)},
		{airtable.Text("Name"), airtable.DateTime("Timestamp")},
	} {
		name := map[string]string{"Row Key": "sales", "Name": "Overview"}[fields[0].Name]
		if _, err := client.CreateTable(t.Context(), name, "", fields...); err != nil {
			t.Fatal(err)
		}
	}
	ended := make(chan string, rateWriters)
	begin := time.Now()
	for n := range rateWriters {
		writer := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestWriter$", "-test.v", "-writer-dsn="+dsn, "-writer-url="+web.URL, "-writer-day=2026-11-2"+strconv.Itoa(n))
		go func() {
			out, err := writer.CombinedOutput()
			if err == nil && strings.Contains(string(out), "--- PASS: TestWriter") {
				out = nil
			}
			ended <- string(out)
		}()
	}
	beats := time.NewTicker(7 * time.Second)
	defer beats.Stop()
	first := time.NewTicker(20 * time.Millisecond) // until the first record: processes take time to begin
	defer first.Stop()
	for left := rateWriters; left > 0; {
		select {
		case begin = <-first.C:
			if server.Stats().Records[emulator.DefaultBase.ID]["sales"] > 0 {
				first.Stop()
			}
		case out := <-ended:
			left--
			if out != "" {
				t.Errorf("a writer failed: %s", out)
			}
		case <-beats.C:
			beat := airtable.Record{Fields: map[string]any{"Name": "Sync", "Timestamp": time.Now().UTC().Format(time.RFC3339)}}
			if _, err := client.Upsert(t.Context(), "Overview", []string{"Name"}, false, beat); err != nil {
				t.Errorf("heartbeat: %v", err)
			}
		}
	}
	took, stats := time.Since(begin), server.Stats()
	records := stats.Records[emulator.DefaultBase.ID]["sales"]
	rate := float64(records) / took.Seconds()
	t.Logf("%d records in %v from %d processes: %.1f a second; most requests in any second: %d; answers of 429: %d; heartbeats: %d",
		records, took.Round(time.Millisecond), rateWriters, rate, stats.Peak[emulator.DefaultBase.ID], stats.Limited, stats.Records[emulator.DefaultBase.ID]["Overview"])
	if records != rateWriters*rateRows || stats.Limited != 0 || rate < rateLeast {
		t.Errorf("want %d records, no 429 and at least %d a second", rateWriters*rateRows, rateLeast)
	}
}
