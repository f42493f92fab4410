package mysql_test

import (
	"database/sql"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/localdb/localdbtest"
	"gitlab.com/eshopbox-team/return-sync/shared/localdb/plantest"
	"gitlab.com/eshopbox-team/return-sync/shared/sample"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/source"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/source/mysql"
	"gitlab.com/eshopbox-team/return-sync/shared/window"
)

// TestNoQueryOfReturnsScans checks the plan of every query of the embedded definition:
// each reads its roots by an index, and sorts nothing.
func TestNoQueryOfReturnsScans(t *testing.T) {
	dsn := localdbtest.New(t)
	db, err := sql.Open("mysql", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	ctx := t.Context()
	now := time.Date(2026, 3, 20, 0, 0, 0, 0, time.UTC)
	if err := sample.Migrate(ctx, db); err != nil {
		t.Fatal(err)
	}
	if _, err := sample.Generate(ctx, db, sample.GenerateOptions{Rows: 3000, Seed: 1, Now: now}); err != nil {
		t.Fatal(err)
	}
	var rec plantest.Recorder
	src, err := mysql.Open(dsn, 2, rec.Dial)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = src.Close() }()
	defs, err := entity.Load("")
	if err != nil {
		t.Fatal(err)
	}
	d := defs[0]
	var ids []uint64
	for id := uint64(500); id < 600; id++ {
		ids = append(ids, id)
	}
	lately := window.Window{From: now.Add(-time.Hour), To: now}
	for _, ask := range []func() error{
		func() error { _, err := src.Rows(ctx, d, ids); return err },
		func() error { _, err := src.Versions(ctx, d, ids); return err },
		func() error {
			_, err := src.EachChanged(ctx, d, map[string][]any{"from": {lately.From}, "to": {lately.To}}, func([]uint64) error { return nil })
			return err
		},
		func() error { _, err := src.CountChanged(ctx, d, lately, 1); return err },
		func() error { _, err := src.Roots(ctx, d, source.Range{After: 100, Upto: 300}, 100); return err },
		func() error { _, err := src.ChangedSince(ctx, d, lately.From, ids); return err },
		// Of all changes in nearly all of history, only those of these roots.
		func() error { _, err := src.ChangedSince(ctx, d, now.AddDate(-10, 0, 0), ids); return err },
	} {
		if err := ask(); err != nil {
			t.Fatal(err)
		}
	}
	if n := plantest.Check(t, db, rec.Statements()); n < 7 {
		t.Errorf("only %d statements were looked at", n)
	}
}
