package flow_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
)

// The tables of testdata/entities/stock.
var stockTables = []string{
	`CREATE TABLE stock_position (
		id            BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
		account_slug  VARCHAR(64)  NOT NULL,
		sku           VARCHAR(64)  NOT NULL,
		location_code VARCHAR(40)  NOT NULL,
		shelf         VARCHAR(40)  NULL,
		is_blocked    TINYINT(1)   NOT NULL DEFAULT 0,
		labels        JSON         NULL,
		updated_at    DATETIME(6)  NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6),
		deleted_at    DATETIME(6)  NULL,
		PRIMARY KEY (id),
		KEY ix_changed (updated_at, id)
	) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4`,
	`CREATE TABLE stock_lot (
		id          BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
		position_id BIGINT UNSIGNED NOT NULL,
		lot_number  VARCHAR(40)     NOT NULL,
		quantity    INT             NOT NULL,
		unit_cost   DECIMAL(12,3)   NOT NULL DEFAULT 0,
		expires_on  DATE            NULL,
		note        TEXT            NULL,
		updated_at  DATETIME(6)     NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6),
		PRIMARY KEY (id),
		KEY ix_position (position_id),
		KEY ix_lot_changed (updated_at, position_id)
	) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4`,
}

// newStock returns a world with n positions; position p has the lots 10p and
// 10p+1.
func newStock(t *testing.T, n int) *world {
	t.Helper()
	w := newWorld(t, definition(t, "stock"))
	for _, statement := range stockTables {
		w.exec(statement)
	}
	for p := 1; p <= n; p++ {
		w.exec("INSERT INTO stock_position (id, account_slug, sku, location_code) VALUES (?, 'acme', ?, 'DEL1')", p, "SKU-"+string(rune('A'+p%26)))
		w.exec("INSERT INTO stock_lot (id, position_id, lot_number, quantity) VALUES (?, ?, 'L1', 1), (?, ?, 'L2', 2)", 10*p, p, 10*p+1, p)
	}
	return w
}

// TestSecondEntityWithoutGo syncs the example of another table and looks at what
// became of each type.
func TestSecondEntityWithoutGo(t *testing.T) {
	w := newStock(t, 1)
	w.exec("DELETE FROM stock_lot WHERE id = 11")
	w.exec(`UPDATE stock_position SET shelf = 'é"\\', is_blocked = 1, labels = '["cold", "fragile"]', sku = 'SKU-1'`)
	w.exec("UPDATE stock_lot SET unit_cost = 12.5, expires_on = '2027-03-01'")
	r := w.synced()
	want := map[string]string{"S1-10": `{"objectID":"S1-10","account":"acme","sku":"SKU-1","place":{"location":"DEL1","shelf":"é\"\\"},` +
		`"isBlocked":true,"labels":["cold","fragile"],"lot":{"number":"L1","quantity":1,"unitCost":12.500,"expiresAt":1803859200000},"accountKey":"a61636d65"}`}
	if diff := cmp.Diff(want, w.index.content()); diff != "" {
		t.Errorf("index (-want +got):\n%s", diff)
	}
	if want := (run.Counts{Found: 1, Saved: 1, Operations: 1}); r.Counts != want || r.Entity != "stock" {
		t.Errorf("%s: %v, want %v", r.Entity, r.Counts, want)
	}
	if got := w.text("SELECT job_type FROM order_return_algolia_sync"); !strings.EqualFold(got, "STOCK_JOB") {
		t.Errorf("job type %q", got)
	}
}
