package sql_test

import (
	"encoding/json"
	"strings"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/localdb/localdbtest"
	"gitlab.com/eshopbox-team/return-sync/shared/report"
	"gitlab.com/eshopbox-team/return-sync/shared/report/reporttest"
	reportsql "gitlab.com/eshopbox-team/return-sync/shared/report/sql"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
)

func TestMain(m *testing.M) { localdbtest.Main(m) }

// open returns a source over a table of sales.
func open(t *testing.T, query string) *reportsql.Source {
	t.Helper()
	db, err := sqldb.Open(sqldb.Settings{DSN: localdbtest.New(t), Variable: "TEST", MaxConnections: 2, Foreign: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	for _, text := range []string{
		"CREATE TABLE sales (sku VARCHAR(32), quantity INT UNSIGNED, price DECIMAL(20,4) NULL, sold_at DATETIME)",
		"INSERT INTO sales VALUES ('a', 1, 10.5000, '2026-11-20 00:00:00'), ('b', 2, NULL, '2026-11-20 12:00:00'), ('ü', 3, 0.1, '2026-11-20 23:59:59'), ('z', 9, 1, '2026-11-21 00:00:00')",
	} {
		if _, err := db.Exec(text); err != nil {
			t.Fatal(err)
		}
	}
	s, err := reportsql.New(db, reportsql.Settings{Query: query}, "sales.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestAQueryPassesTheSuite runs the suite of sources over a real database.
func TestAQueryPassesTheSuite(t *testing.T) {
	reporttest.RunSource(t, func(t *testing.T) reporttest.Sourced {
		row := func(n int64, sku, quantity string, price any) report.Row {
			return report.Row{Number: n, Fields: map[string]any{"sku": sku, "quantity": json.Number(quantity), "price": price, "day": "2026-11-20"}}
		}
		hopeless := report.Order{Key: report.Key{Type: "sales", Slot: "2026-11-20T08:00:00Z"}, RealTime: true}
		return reporttest.Sourced{
			Source: open(t, "SELECT sku, quantity, price, :date AS day FROM sales WHERE sold_at >= :from AND sold_at < :to ORDER BY sku;"),
			Order:  reporttest.DatedOrder("sales", "2026-11-20", 0), Hopeless: &hopeless,
			Want: []report.Row{row(1, "a", "1", json.Number("10.5000")), row(2, "b", "2", nil), row(3, "ü", "3", json.Number("0.1000"))},
		}
	})
}

// TestAWrongQueryNamesItsFile is not repeated by a queue.
func TestAWrongQueryNamesItsFile(t *testing.T) {
	s := open(t, "SELECT * FROM nowhere")
	for _, err := range s.Rows(t.Context(), reporttest.DatedOrder("sales", "2026-11-20", 0), "query") {
		if err == nil || fault.Retryable(err) || !strings.Contains(err.Error(), "sales.yaml") {
			t.Errorf("%v", err)
		}
	}
}
