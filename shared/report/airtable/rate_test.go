package airtable_test

import (
	"errors"
	"flag"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	emulator "gitlab.com/eshopbox-team/return-sync/shared/emulator/airtable"
	"gitlab.com/eshopbox-team/return-sync/shared/httpcall"
	"gitlab.com/eshopbox-team/return-sync/shared/localdb/localdbtest"
	"gitlab.com/eshopbox-team/return-sync/shared/report"
	"gitlab.com/eshopbox-team/return-sync/shared/report/airtable"
	"gitlab.com/eshopbox-team/return-sync/shared/report/airtable/gatestore"
	"gitlab.com/eshopbox-team/return-sync/shared/report/reporttest"
	"gitlab.com/eshopbox-team/return-sync/shared/report/store"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb/sqldbtest"
)

func TestMain(m *testing.M) { localdbtest.Main(m) }

// The flags of a writing process.
var (
	writerDSN  = flag.String("writer-dsn", "", "database of the writer's gate")
	writerURL  = flag.String("writer-url", "", "the emulator's address")
	writerDay  = flag.String("writer-day", "", "date of the writer's report")
	writerRows = flag.Int("writer-rows", 0, "rows of the writer's report")
)

// writers is how many processes write at once.
const writers = 2

// limited returns a client whose gate is in a database.
func limited(t testing.TB, dsn, url string) *airtable.Client {
	t.Helper()
	db := sqldbtest.On(t, dsn, store.Migrations())
	return &airtable.Client{
		URL: url, Base: emulator.DefaultBase.ID, Token: "patLocal", Policy: airtable.DefaultPolicy(httpcall.Clock{Now: time.Now}),
		Gate: &gatestore.Store{DB: db, Most: time.Minute},
	}
}

// TestWriter is a writing process of TestTwoProcesses and BenchmarkRate.
func TestWriter(t *testing.T) {
	if *writerDSN == "" {
		return // nothing to write: no other process started this one
	}
	sink := &airtable.Sink{Client: limited(t, *writerDSN, *writerURL), Table: "sales"}
	if out, err := sink.Write(t.Context(), reporttest.DatedOrder("sales", *writerDay, 0), report.Stream(lines(*writerRows))); err != nil || out.Written != int64(*writerRows) {
		t.Fatalf("%+v, %v", out, err)
	}
}

// writeBeside writes rows from each of two processes, with heartbeats beside. It returns
// the emulator's counts and the time from the first record to the last.
func writeBeside(t testing.TB, rows int) (emulator.Stats, time.Duration) {
	t.Helper()
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
	ended := make(chan error, writers)
	for n := range writers {
		writer := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestWriter$", "-test.v", "-writer-dsn="+dsn, "-writer-url="+web.URL,
			"-writer-day=2026-11-2"+strconv.Itoa(n), "-writer-rows="+strconv.Itoa(rows))
		go func() {
			out, err := writer.CombinedOutput()
			if err == nil && !strings.Contains(string(out), "--- PASS: TestWriter") {
				err = errors.New("no test ran")
			}
			if err != nil {
				err = fmt.Errorf("%w: %s", err, out)
			}
			ended <- err
		}()
	}
	beats := time.NewTicker(7 * time.Second)
	defer beats.Stop()
	first := time.NewTicker(20 * time.Millisecond) // until the first record: processes take time to begin
	defer first.Stop()
	begin := time.Now()
	for left := writers; left > 0; {
		select {
		case begin = <-first.C:
			if server.Stats().Records[emulator.DefaultBase.ID]["sales"] > 0 {
				first.Stop()
			}
		case err := <-ended:
			left--
			if err != nil {
				t.Errorf("a writer failed: %v", err)
			}
		case <-beats.C:
			beat := airtable.Record{Fields: map[string]any{"Name": "Sync", "Timestamp": time.Now().UTC().Format(time.RFC3339)}}
			if _, err := client.Upsert(t.Context(), "Overview", []string{"Name"}, false, beat); err != nil {
				t.Errorf("heartbeat: %v", err)
			}
		}
	}
	return server.Stats(), time.Since(begin)
}

// TestTwoProcesses loses no record of two processes at one gate. How fast they write
// depends on the machine: see BenchmarkRate.
func TestTwoProcesses(t *testing.T) {
	const rows = 60
	stats, _ := writeBeside(t, rows)
	if records := stats.Records[emulator.DefaultBase.ID]["sales"]; records != writers*rows {
		t.Errorf("%d records, want %d", records, writers*rows)
	}
}

// BenchmarkRate fails below the rate that Airtable takes, 45 records a second, and at the
// first 429. It needs an idle machine, so .ci/long runs it.
func BenchmarkRate(b *testing.B) {
	const (
		rows  = 450 // of each process
		least = 45  // records a second, of both
	)
	for b.Loop() {
		stats, took := writeBeside(b, rows)
		records := stats.Records[emulator.DefaultBase.ID]["sales"]
		rate := float64(records) / took.Seconds()
		b.ReportMetric(rate, "records/s")
		b.ReportMetric(float64(stats.Peak[emulator.DefaultBase.ID]), "requests/s-peak")
		if records != writers*rows || stats.Limited != 0 || rate < least {
			b.Errorf("%d records, %d answers of 429, %.1f records a second; want %d, none and at least %d", records, stats.Limited, rate, writers*rows, least)
		}
	}
}
