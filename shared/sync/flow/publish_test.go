package flow_test

import (
	"context"
	"database/sql"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/account"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rework"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/source"
)

// copies is a store.Publisher in memory, which refuses its first pages.
type copies struct {
	records map[string]string
	refuse  int
}

// Publish implements store.Publisher.
func (c *copies) Publish(_ context.Context, _ *sql.Tx, _ run.Run, records []account.Current) error {
	overwriteFreed()
	if c.refuse > 0 {
		c.refuse--
		return errors.New("the copies cannot be written")
	}
	for _, r := range records {
		if r.Body == nil {
			delete(c.records, r.ID)
		} else {
			c.records[r.ID] = string(r.Body)
		}
	}
	return nil
}

// overwriteFreed fills the memory of bodies that was freed.
func overwriteFreed() {
	var b source.Bodies
	defer b.Free()
	for range 64 {
		b.Keep(append(b.Room(), make([]byte, 63<<10)...))
	}
}

// TestABackfillFillsANewCopy begins to publish an entity that is synced, and whose next
// windows read nothing of the history: a backfill gives the copy every record although
// none is sent to the index. A page whose copy cannot be written is played again.
func TestABackfillFillsANewCopy(t *testing.T) {
	for _, trust := range []bool{false, true} {
		w := aged(t, 20)
		w.def.TrustVersions = trust
		w.exec("UPDATE stock_position SET updated_at = '2020-01-01' + INTERVAL id HOUR")
		c := &copies{records: map[string]string{}, refuse: 2}
		w.Pages.PublishTo(c)
		w.synced()
		if len(c.records) != 0 {
			t.Errorf("a sync without changes published %d records", len(c.records))
		}
		sent := w.index.pushed()
		w.settled(w.backfill(rework.Asked{Roots: 8}).ID)
		if n := w.index.pushed() - sent; n != 0 || c.refuse != 0 {
			t.Errorf("the backfill sent %d records to the index, %d refusals are left", n, c.refuse)
		}
		if diff := cmp.Diff(w.truth(), c.records); diff != "" {
			t.Errorf("the copy is not true to the database (-database +copy):\n%s", diff)
		}
		w.exec("UPDATE stock_lot SET quantity = quantity + 1, updated_at = NOW(6) WHERE position_id = 3")
		w.synced()
		if diff := cmp.Diff(w.truth(), c.records); diff != "" {
			t.Errorf("after a change the copy is not true to the database (-database +copy):\n%s", diff)
		}
	}
}
