package gatestore_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/localdb/localdbtest"
	"gitlab.com/eshopbox-team/return-sync/shared/report/airtable"
	"gitlab.com/eshopbox-team/return-sync/shared/report/airtable/gatestore"
	"gitlab.com/eshopbox-team/return-sync/shared/report/store"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb/sqldbtest"
)

func TestMain(m *testing.M) { localdbtest.Main(m) }

// open returns the tables of an empty database.
func open(t *testing.T) *sqldb.DB {
	t.Helper()
	return sqldbtest.Open(t, store.Migrations())
}

func TestGate(t *testing.T) {
	gate := &gatestore.Store{DB: open(t), Most: 100 * time.Millisecond}
	var mu sync.Mutex
	held := map[int]airtable.Slot{}
	var group sync.WaitGroup
	for range airtable.Slots {
		group.Go(func() {
			slot, err := gate.Enter(context.Background(), "appOne")
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			held[slot.Number] = slot
		})
	}
	group.Wait()
	if len(held) != airtable.Slots {
		t.Fatalf("%d slots are held: one was given twice", len(held))
	}
	if _, err := gate.Enter(t.Context(), "appOne"); fault.KindOf(err) != fault.Throttled || fault.AfterOf(err) == 0 {
		t.Errorf("one more: %v", err)
	}
	if _, err := gate.Enter(t.Context(), "appTwo"); err != nil {
		t.Errorf("another base: %v", err)
	}
	if err := gate.Leave(t.Context(), "appOne", held[3], time.Second); err != nil {
		t.Fatal(err)
	}
	slot, err := gate.Enter(t.Context(), "appOne")
	if err != nil || slot.Number != 3 {
		t.Errorf("%+v, %v", slot, err)
	}
	// The one that left has no right to the slot any more.
	if err := gate.Leave(t.Context(), "appOne", held[3], time.Second); err != nil {
		t.Fatal(err)
	}
	if _, err := gate.Enter(t.Context(), "appOne"); fault.KindOf(err) != fault.Throttled {
		t.Errorf("a stale Leave freed the slot: %v", err)
	}
	if err := gate.Block(t.Context(), "appOne", time.Hour); err != nil {
		t.Fatal(err)
	}
	if err := gate.Leave(t.Context(), "appOne", slot, time.Second); err != nil {
		t.Fatal(err)
	}
	if _, err := gate.Enter(t.Context(), "appOne"); fault.KindOf(err) != fault.Throttled || fault.AfterOf(err) < 50*time.Minute {
		t.Errorf("blocked: %v after %v", err, fault.AfterOf(err))
	}
}
