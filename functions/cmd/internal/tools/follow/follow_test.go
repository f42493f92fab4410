package follow

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/rehearsal"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/rehearsal/rehearsaltest"
	"gitlab.com/eshopbox-team/return-sync/shared/localdb/localdbtest"
	"gitlab.com/eshopbox-team/return-sync/shared/sample"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
)

func TestMain(m *testing.M) {
	rehearsal.Child() // this program is also the functions'
	os.Exit(localdbtest.Run(m))
}

// world is a product that follows.
type world struct {
	*rehearsal.Stack
	def entity.Definition
	t   testing.TB
}

// start starts the product with some returns, synced once.
func start(t testing.TB, rows int, o rehearsal.Options) *world {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	o.Wings, o.HoldTicks, o.Log, o.ChildLog = []rehearsal.Wing{Tool().Play}, true, os.Stderr, os.Stderr
	s := rehearsaltest.Filled(ctx, t, o, sample.GenerateOptions{Rows: rows, Seed: 1, Now: time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)})
	if _, err := s.Sync(ctx, "returns", nil); err != nil {
		t.Fatal(err)
	}
	d, err := s.Entity("returns")
	if err != nil {
		t.Fatal(err)
	}
	return &world{s, d, t}
}

// version returns the rowVersion of a record in the index, 0 without a record.
func (w *world) version(id string) int64 {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, w.AlgoliaURL()+"/1/indexes/"+w.def.Index+"/"+id, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("X-Algolia-Application-Id", rehearsal.AppID)
	req.Header.Set("X-Algolia-API-Key", rehearsal.AdminKey)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode == http.StatusNotFound {
		return 0
	}
	var record struct {
		RowVersion int64 `json:"rowVersion"`
	}
	if err := json.NewDecoder(res.Body).Decode(&record); err != nil {
		w.t.Fatal(err)
	}
	return record.RowVersion
}

// until waits until something holds.
func (w *world) until(what string, holds func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatalf("not in 2 minutes: %s", what)
		}
	}
}

// exec changes rows and returns how many.
func (w *world) exec(query string, args ...any) int64 {
	w.t.Helper()
	done, err := w.DB.ExecContext(w.t.Context(), query, args...)
	if err != nil {
		w.t.Fatalf("%s: %v", query, err)
	}
	n, err := done.RowsAffected()
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

// asOf returns the moment up to which a search's answer says it is true.
func (w *world) asOf() time.Time {
	w.t.Helper()
	token, err := w.Identity.Sign("anyone", time.Now().Add(time.Hour))
	if err != nil {
		w.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, w.URL("SearchOrderReturnIndexData"), nil)
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var answer struct{ AsOf time.Time }
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil || answer.AsOf.IsZero() {
		w.t.Fatalf("%s: %+v, %v", res.Status, answer, err)
	}
	return answer.AsOf
}

// confirmed waits until all that was read is synced.
func (w *world) confirmed() {
	w.t.Helper()
	w.until("no root is unconfirmed", func() bool {
		time.Sleep(100 * time.Millisecond) // each look costs the database
		state, err := w.Store.Follow.State(w.t.Context())
		var n int
		if err == nil {
			err = w.DB.QueryRow("SELECT COUNT(*) FROM sync_recheck").Scan(&n)
		}
		return err == nil && n == 0 && len(state.Gaps) == 0
	})
}

// equal waits until the index holds exactly the records of the database.
func (w *world) equal() {
	w.t.Helper()
	w.confirmed()
	w.until("the index equals the database", func() bool {
		time.Sleep(300 * time.Millisecond)
		report, err := w.Compare(w.t.Context(), w.def)
		if err != nil {
			w.t.Fatal(err)
		}
		return report.Differences() == 0
	})
}

// item returns a live item and its return.
func (w *world) item(nth int) (root, item uint64) {
	w.t.Helper()
	if err := w.DB.QueryRowContext(w.t.Context(), `SELECT r.id, i.id FROM order_return r JOIN order_return_item i ON i.order_return_id = r.id
		WHERE r.deleted_at IS NULL AND i.deleted_at IS NULL ORDER BY r.id, i.id LIMIT 1 OFFSET ?`, nth).Scan(&root, &item); err != nil {
		w.t.Fatal(err)
	}
	return root, item
}

// TestChangesAreSyncedWithoutATick changes, deletes and moves rows; no tick ever comes.
// Searches find the changes, and stay as of the last window: following proves nothing of
// other roots.
func TestChangesAreSyncedWithoutATick(t *testing.T) {
	w := start(t, 300, rehearsal.Options{})
	asOf := w.asOf()
	root, item := w.item(10)
	w.exec("UPDATE order_return SET row_version = 4711 WHERE id = ?", root)
	id := fmt.Sprintf("R%d-%d", root, item)
	w.until("the change shows", func() bool { return w.version(id) == 4711 })
	w.exec("DELETE FROM order_return_item WHERE id = ?", item) // no version is bumped
	w.until("the item is gone", func() bool { return w.version(id) == 0 })
	root, item = w.item(50)
	other, _ := w.item(200)
	w.exec("UPDATE order_return_item SET order_return_id = ?, line_no = 99 WHERE id = ?", other, item)
	w.until("the item moved", func() bool {
		return w.version(fmt.Sprintf("R%d-%d", root, item)) == 0 && w.version(fmt.Sprintf("R%d-%d", other, item)) > 0
	})
	root, item = w.item(100)
	w.exec("DELETE FROM order_return_item WHERE order_return_id = ?", root)
	w.exec("DELETE FROM order_return WHERE id = ?", root)
	w.until("the return is gone", func() bool { return w.version(fmt.Sprintf("R%d-%d", root, item)) == 0 })
	w.equal()
	var runs int
	if err := w.DB.QueryRow("SELECT COUNT(*) FROM sync_run WHERE kind = 'window'").Scan(&runs); err != nil || runs != 1 {
		t.Errorf("%d windows, %v; want the first alone", runs, err)
	}
	if now := w.asOf(); !now.Equal(asOf) {
		t.Errorf("without a window answers went from as of %v to as of %v", asOf, now)
	}
	if _, err := w.Sync(t.Context(), "returns", nil); err != nil {
		t.Fatal(err)
	}
	w.until("a window moves what answers are as of", func() bool {
		time.Sleep(300 * time.Millisecond) // an account may search only so often
		return w.asOf().After(asOf)
	})
}

// TestAnAlteredTableIsFollowed moves the columns of a table, in rows without their names.
func TestAnAlteredTableIsFollowed(t *testing.T) {
	w := start(t, 100, rehearsal.Options{})
	w.exec("ALTER TABLE order_return_item ADD COLUMN place INT NOT NULL DEFAULT 7 FIRST")
	w.equal()
	root, item := w.item(10)
	w.exec("DELETE FROM order_return_item WHERE id = ?", item)
	w.until("the item is gone", func() bool { return w.version(fmt.Sprintf("R%d-%d", root, item)) == 0 })
	w.equal()
}
