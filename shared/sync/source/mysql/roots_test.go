package mysql_test

import (
	"database/sql"
	"slices"
	"strings"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/sample"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/source"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/source/mysql"
)

// rootsBench returns a source over five returns with an item each.
func rootsBench(t *testing.T) (*mysql.Source, *sql.DB) {
	t.Helper()
	b := newBench(t, "n INT")
	if err := sample.Migrate(t.Context(), b.db); err != nil {
		t.Fatal(err)
	}
	for _, id := range []int{8, 3, 21, 13, 5} {
		b.exec(`INSERT INTO order_return (id, account_slug, customer_return_number, customer_order_number, created_at, updated_at)
			VALUES (?, 'a', ?, 'O', '2026-01-01', '2026-01-01')`, id, id)
		b.exec(`INSERT INTO order_return_item (id, order_return_id, line_no, sku, quantity, created_at, updated_at)
			VALUES (?, ?, 1, 'S', 1, '2026-01-01', '2026-01-01')`, id, id)
	}
	return b.Source, b.db
}

// TestRoots reads roots in pages, with and without a roots.sql.
func TestRoots(t *testing.T) {
	s, db := rootsBench(t)
	defs, err := entity.Load("")
	if err != nil {
		t.Fatal(err)
	}
	own := defs[0]
	derived := own
	derived.Roots = entity.Query{}
	for name, d := range map[string]entity.Definition{"roots.sql": own, "changed.sql": derived} {
		var all []uint64
		at := source.Every
		for {
			page, err := s.Roots(t.Context(), d, at, 2)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if len(page) == 0 {
				break
			}
			all = append(all, page...)
			at.After = page[len(page)-1]
		}
		if !slices.Equal(all, []uint64{3, 5, 8, 13, 21}) {
			t.Errorf("%s: %v", name, all)
		}
		part, err := s.Roots(t.Context(), d, source.Range{After: 5, Upto: 13}, 10)
		if err != nil || !slices.Equal(part, []uint64{8, 13}) {
			t.Errorf("%s: a part is %v, %v", name, part, err)
		}
	}
	// A change of an item is a change of its return.
	if _, err := db.Exec("UPDATE order_return_item SET updated_at = '2026-05-05' WHERE order_return_id = 8"); err != nil {
		t.Fatal(err)
	}
	since := time.Date(2026, 5, 5, 0, 0, 0, 0, time.UTC)
	changed, err := s.ChangedSince(t.Context(), own, since, []uint64{3, 8, 99})
	if err != nil || len(changed) != 1 || !changed[8] {
		t.Errorf("changed are %v, %v", changed, err)
	}
	if changed, err = s.ChangedSince(t.Context(), own, since, []uint64{3, 5}); err != nil || len(changed) != 0 {
		t.Errorf("of others changed %v, %v", changed, err)
	}
	if changed, err = s.ChangedSince(t.Context(), own, since, nil); err != nil || len(changed) != 0 {
		t.Errorf("of none changed %v, %v", changed, err)
	}
}

// TestCheckReadsRoots refuses a roots.sql and a rootField that do not fit.
func TestCheckReadsRoots(t *testing.T) {
	s, _ := rootsBench(t)
	defs, err := entity.Load("")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Check(t.Context(), defs[0]); err != nil {
		t.Errorf("the embedded definition: %v", err)
	}
	for text, want := range map[string]string{
		"SELECT id FROM order_return WHERE id > :after AND id <= :upto":           "the one column",
		"SELECT id AS _root FROM no_such_table WHERE id > :after AND id <= :upto": "roots.sql",
	} {
		d := defs[0]
		if d.Roots, err = entity.ParseQuery(text, "after", "upto"); err != nil {
			t.Fatal(err)
		}
		if err := s.Check(t.Context(), d); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
	d := defs[0]
	d.RootField = "nothing"
	if err := s.Check(t.Context(), d); err == nil || !strings.Contains(err.Error(), `rootField "nothing"`) {
		t.Errorf("%v", err)
	}
}
