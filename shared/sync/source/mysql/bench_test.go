package mysql_test

import (
	"database/sql"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/localdb/localdbtest"
	"gitlab.com/eshopbox-team/return-sync/shared/sample"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/source/mysql"
)

// returnsSource returns a source with sample returns, its definition and a page of ids.
func returnsSource(tb testing.TB) (*mysql.Source, entity.Definition, []uint64) {
	tb.Helper()
	dsn := localdbtest.New(tb)
	db, err := sql.Open("mysql", dsn)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = db.Close() })
	if err := sample.Migrate(tb.Context(), db); err != nil {
		tb.Fatal(err)
	}
	now := time.Date(2026, 3, 20, 0, 0, 0, 0, time.UTC)
	if _, err := sample.Generate(tb.Context(), db, sample.GenerateOptions{Rows: 500, Seed: 1, Now: now}); err != nil {
		tb.Fatal(err)
	}
	src, err := mysql.Open(dsn, 2)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = src.Close() })
	defs, err := entity.Load("")
	if err != nil {
		tb.Fatal(err)
	}
	ids := make([]uint64, 500)
	for i := range ids {
		ids[i] = uint64(i + 1)
	}
	return src, defs[0], ids
}

// ownAllocs is the allowed number of allocations a record: its id, and its part of the
// page's arguments and lists. Values have none.
const ownAllocs = 4

// TestReadingAllocatesLittle bounds the allocations of reading.
func TestReadingAllocatesLittle(t *testing.T) {
	src, d, ids := returnsSource(t)
	records := 0
	n := testing.AllocsPerRun(5, func() {
		rows, err := src.Rows(t.Context(), d, ids)
		if err != nil {
			t.Fatal(err)
		}
		records = len(rows.Records)
	})
	if per := n / float64(records); records < 1000 || per > ownAllocs {
		t.Errorf("%d records: %.1f allocations a record; want at most %d", records, per, ownAllocs)
	}
}

func BenchmarkRows(b *testing.B) {
	src, d, ids := returnsSource(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := src.Rows(b.Context(), d, ids); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVersions(b *testing.B) {
	src, d, ids := returnsSource(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := src.Versions(b.Context(), d, ids); err != nil {
			b.Fatal(err)
		}
	}
}
