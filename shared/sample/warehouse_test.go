package sample_test

import (
	"context"
	"database/sql"
	"sync"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/sample"
)

// stamp is what a step leaves on a return and its items.
type stamp struct {
	returns, items int
	version        sql.NullInt64
	returnAt       sql.NullTime
	itemAt         sql.NullTime
	liveReturn     sql.NullBool
	liveItems      int
}

func stampOf(t *testing.T, db *sql.DB, returnID int64) stamp {
	t.Helper()
	var s stamp
	err := db.QueryRow(`SELECT (SELECT COUNT(*) FROM order_return), (SELECT COUNT(*) FROM order_return_item),
		MAX(r.row_version), MAX(r.updated_at), MAX(i.updated_at), MAX(r.deleted_at IS NULL), COALESCE(SUM(i.deleted_at IS NULL), 0)
		FROM order_return r LEFT JOIN order_return_item i ON i.order_return_id = r.id WHERE r.id = ?`, returnID).
		Scan(&s.returns, &s.items, &s.version, &s.returnAt, &s.itemAt, &s.liveReturn, &s.liveItems)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// touches says what each kind of step does to the stamps.
var touches = map[sample.Kind]func(before, after stamp) bool{
	sample.StatusAdvanced: rowChanged,
	sample.Refunded:       rowChanged,
	sample.LateEvent:      rowChanged,
	sample.ItemEdited: func(b, a stamp) bool {
		return a.returnAt == b.returnAt && a.version == b.version && a.itemAt.Time.After(b.itemAt.Time)
	},
	sample.ItemAdded: func(b, a stamp) bool {
		return a.returnAt == b.returnAt && a.items == b.items+1 && a.liveItems == b.liveItems+1
	},
	sample.ItemRemoved: func(b, a stamp) bool {
		return a.returnAt == b.returnAt && a.items == b.items && a.liveItems == b.liveItems-1
	},
	sample.ItemErased: func(b, a stamp) bool {
		return rowChanged(b, a) && a.items == b.items-1 && a.liveItems == b.liveItems-1
	},
	sample.ReturnDeleted:  func(b, a stamp) bool { return rowChanged(b, a) && b.liveReturn.Bool && !a.liveReturn.Bool },
	sample.ReturnRestored: func(b, a stamp) bool { return rowChanged(b, a) && !b.liveReturn.Bool && a.liveReturn.Bool },
	sample.ReturnCreated: func(b, a stamp) bool {
		return a.returns == b.returns+1 && a.liveItems > 0 && a.version.Int64 == 1
	},
}

func rowChanged(before, after stamp) bool {
	return after.version.Int64 == before.version.Int64+1 && after.returnAt.Time.After(before.returnAt.Time)
}

// TestSteps holds every step to what its kind promises. The state before a step
// is taken from all returns, as the step chooses by itself.
func TestSteps(t *testing.T) {
	const rows = 60
	db, _ := generated(t, sample.GenerateOptions{Rows: rows, Seed: 2, Now: noon})
	w := sample.NewWarehouse(db, 11)
	before := map[int64]stamp{}
	for id := int64(1); id <= rows; id++ {
		before[id] = stampOf(t, db, id)
	}
	all := stampOf(t, db, 0)
	for range 400 {
		c, err := w.Step(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		was := before[c.ReturnID]
		was.returns, was.items = all.returns, all.items
		now := stampOf(t, db, c.ReturnID)
		if !touches[c.Kind](was, now) {
			t.Errorf("%+v: before %+v, after %+v", c, was, now)
		}
		before[c.ReturnID], all = now, now
	}
	for kind := range touches {
		if w.Counts()[kind] == 0 {
			t.Errorf("%s never happened in 400 steps", kind)
		}
	}
}

// TestEmptyTables shows that a warehouse fills empty tables by itself.
func TestEmptyTables(t *testing.T) {
	w := sample.NewWarehouse(migrated(t), 1)
	c, err := w.Step(t.Context())
	if err != nil || c.Kind != sample.ReturnCreated || c.ReturnID != 1 {
		t.Errorf("first step = %+v, %v; want return 1 created", c, err)
	}
}

// TestRun lets two warehouses work on the same rows until enough was done.
func TestRun(t *testing.T) {
	db, _ := generated(t, sample.GenerateOptions{Rows: 20, Seed: 2, Now: noon})
	ctx, cancel := context.WithTimeout(t.Context(), 25*time.Second)
	defer cancel()
	houses := []*sample.Warehouse{sample.NewWarehouse(db, 1), sample.NewWarehouse(db, 2)}
	var wait sync.WaitGroup
	for _, w := range houses {
		wait.Go(func() {
			if err := w.Run(ctx, 500); err != nil {
				t.Error(err)
			}
		})
	}
	for total(houses) < 150 && ctx.Err() == nil {
		time.Sleep(10 * time.Millisecond)
	}
	cancel()
	wait.Wait()
	if n := total(houses); n < 150 {
		t.Errorf("%d steps; want 150", n)
	}
}

func total(houses []*sample.Warehouse) int {
	n := 0
	for _, w := range houses {
		for _, count := range w.Counts() {
			n += count
		}
	}
	return n
}
