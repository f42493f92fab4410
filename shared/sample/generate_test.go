package sample_test

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/shared/localdb/localdbtest"
	"gitlab.com/eshopbox-team/return-sync/shared/sample"
)

// noon is the present of the tests.
var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// migrated is a fresh database with the source tables.
func migrated(t testing.TB) *sql.DB {
	t.Helper()
	db := localdbtest.Open(t)
	if err := sample.Migrate(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	return db
}

// generated is a fresh database with generated rows.
func generated(t testing.TB, o sample.GenerateOptions) (*sql.DB, sample.Counts) {
	t.Helper()
	db := migrated(t)
	counts, err := sample.Generate(t.Context(), db, o)
	if err != nil {
		t.Fatal(err)
	}
	return db, counts
}

// scalar runs a query for one value.
func scalar[T any](t testing.TB, db *sql.DB, query string, args ...any) T {
	t.Helper()
	var answer T
	if err := db.QueryRow(query, args...).Scan(&answer); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return answer
}

// checksums are the server's own checksums over all rows of both tables.
func checksums(t *testing.T, db *sql.DB) [2]int64 {
	t.Helper()
	var sums [2]int64
	for i, table := range []string{"order_return", "order_return_item"} {
		var name string
		if err := db.QueryRow("CHECKSUM TABLE "+table).Scan(&name, &sums[i]); err != nil {
			t.Fatal(err)
		}
	}
	return sums
}

func TestMigrateTwice(t *testing.T) {
	db := migrated(t)
	if err := sample.Migrate(t.Context(), db); err != nil {
		t.Error(err)
	}
}

func TestSameSeedSameBytes(t *testing.T) {
	o := sample.GenerateOptions{Rows: 2300, Seed: 7, Now: noon}
	first, _ := generated(t, o)
	second, _ := generated(t, o)
	want := checksums(t, first)
	if diff := cmp.Diff(want, checksums(t, second)); diff != "" {
		t.Errorf("the same seed gave other rows (-first +second):\n%s", diff)
	}
	o.Seed = 8
	third, _ := generated(t, o)
	if cmp.Equal(want, checksums(t, third)) {
		t.Error("another seed gave the same rows")
	}
}

func TestGenerateTwiceContinues(t *testing.T) {
	o := sample.GenerateOptions{Rows: 40, Seed: 7, Now: noon}
	db, first := generated(t, o)
	second, err := sample.Generate(t.Context(), db, o)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := scalar[int](t, db, "SELECT COUNT(*) FROM order_return_item"), first.Items+second.Items; got != want {
		t.Errorf("items = %d; want %d", got, want)
	}
	if got := scalar[int](t, db, "SELECT MAX(id) FROM order_return"); got != 80 {
		t.Errorf("highest id = %d; want 80", got)
	}
}

func TestProgressAndCounts(t *testing.T) {
	var calls []int
	db, counts := generated(t, sample.GenerateOptions{Rows: 2100, Seed: 1, Now: noon, Progress: func(done, total int) {
		if total != 2100 {
			t.Errorf("total = %d", total)
		}
		calls = append(calls, done)
	}})
	if len(calls) != 3 || calls[2] != 2100 {
		t.Errorf("progress = %v; want three calls up to 2100", calls)
	}
	got := sample.Counts{
		Returns: scalar[int](t, db, "SELECT COUNT(*) FROM order_return"),
		Items:   scalar[int](t, db, "SELECT COUNT(*) FROM order_return_item"),
	}
	if diff := cmp.Diff(counts, got); diff != "" {
		t.Error(diff)
	}
}

func TestGenerateRefuses(t *testing.T) {
	db := migrated(t)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := sample.Generate(cancelled, db, sample.GenerateOptions{Rows: 5000, Now: noon}); !errors.Is(err, context.Canceled) {
		t.Errorf("with a cancelled context: %v", err)
	}
	if _, err := sample.Generate(t.Context(), db, sample.GenerateOptions{Rows: -1, Now: noon}); err == nil {
		t.Error("a negative number of rows was accepted")
	}
	if _, err := sample.Generate(t.Context(), db, sample.GenerateOptions{Rows: 1}); err == nil {
		t.Error("a missing Now was accepted")
	}
	if _, err := sample.Generate(t.Context(), localdbtest.Open(t), sample.GenerateOptions{Rows: 1, Now: noon}); err == nil {
		t.Error("missing tables were accepted")
	}
}
