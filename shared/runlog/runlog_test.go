package runlog_test

import (
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/localdb/localdbtest"
	"gitlab.com/eshopbox-team/return-sync/shared/runlog"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store/storetest"
)

// TestMain starts the tests' database server.
func TestMain(m *testing.M) { localdbtest.Main(m) }

// TestTheRunLogIsFilteredAndPruned reads and removes entries.
func TestTheRunLogIsFilteredAndPruned(t *testing.T) {
	db := storetest.New(t)
	b := runlog.New(db.DB)
	ctx := t.Context()
	for i, e := range []runlog.Entry{
		{Subject: "returns", Message: "1"}, {Severity: runlog.Warning, Subject: "stock", Message: "2"},
		{Severity: runlog.Error, Subject: "returns", RunID: 7, Message: "3"}, {Message: "4"},
	} {
		if err := b.Log(ctx, e); err != nil {
			t.Fatal(err)
		}
		db.Must("UPDATE sync_log SET at = NOW(6) - INTERVAL ? DAY WHERE message = ?", 40-10*i, e.Message)
	}
	var now time.Time
	if err := db.QueryRow("SELECT NOW(6)").Scan(&now); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		filter runlog.Filter
		want   string
	}{
		"all":          {runlog.Filter{Limit: 9}, "1234"},
		"the newest":   {runlog.Filter{Limit: 2}, "34"},
		"what follows": {runlog.Filter{After: 1, Limit: 2}, "23"},
		"a subject":    {runlog.Filter{Subject: "returns", Limit: 9}, "13"},
		"a run":        {runlog.Filter{RunID: 7, Limit: 9}, "3"},
		"warnings":     {runlog.Filter{Least: runlog.Warning, Limit: 9}, "23"},
		"errors":       {runlog.Filter{Least: runlog.Error, Limit: 9}, "3"},
		"info":         {runlog.Filter{Least: runlog.Info, Limit: 9}, "1234"},
		"since":        {runlog.Filter{Since: now.Add(-25 * 24 * time.Hour), Limit: 9}, "34"},
		"settled":      {runlog.Filter{Settled: 25 * 24 * time.Hour, Limit: 9}, "12"},
		"settled next": {runlog.Filter{Settled: 25 * 24 * time.Hour, After: 1, Limit: 9}, "2"},
	} {
		list, err := b.ReadLog(ctx, c.filter)
		got := ""
		for _, e := range list {
			got += e.Message
		}
		if got != c.want || err != nil {
			t.Errorf("%s: %q, %v; want %q", name, got, err, c.want)
		}
	}
	for _, want := range []int64{1, 1, 0} {
		if n, err := b.PruneLog(ctx, 25, 1); n != want || err != nil {
			t.Errorf("removed %d, %v; want %d", n, err, want)
		}
	}
	if n := db.Number("SELECT COUNT(*) FROM sync_log"); n != 2 {
		t.Errorf("%d entries are left, want 2", n)
	}
}
