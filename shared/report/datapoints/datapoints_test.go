package datapoints_test

import (
	"encoding/json"
	"strings"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/shared/localdb/localdbtest"
	"gitlab.com/eshopbox-team/return-sync/shared/report"
	"gitlab.com/eshopbox-team/return-sync/shared/report/datapoints"
	"gitlab.com/eshopbox-team/return-sync/shared/report/reporttest"
	"gitlab.com/eshopbox-team/return-sync/shared/report/store"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb/sqldbtest"
)

func TestMain(m *testing.M) { localdbtest.Main(m) }

// TestNumbersAreBoundedAsTheTableIs writes numbers with more digits than the columns
// have: behind the point they are rounded, and no change the second time.
func TestNumbersAreBoundedAsTheTableIs(t *testing.T) {
	s := &datapoints.Sink{DB: sqldbtest.Open(t, store.Migrations())}
	o := reporttest.DatedOrder("sales", "2026-11-20", 0)
	var rows []report.Row
	for i, n := range []json.Number{"0.12345678905", "-7.99999999996", "1e-30", "12345678901234567890.5", "1e20", "-1e20"} {
		rows = append(rows, report.Row{Number: int64(i + 1), Key: n.String(), Fields: map[string]any{"amount": n}})
	}
	for _, want := range []report.Counts{{Written: 4, Parked: 2}, {Unchanged: 4, Parked: 2}} {
		out, err := s.Write(t.Context(), o, report.Stream(rows))
		if err != nil || out.Counts() != want {
			t.Fatalf("%v, %v, want %v", out, err, want)
		}
	}
	rows[0].Fields["amount"] = json.Number("0.1234567892")
	if out, err := s.Write(t.Context(), o, report.Stream(rows[:1])); err != nil || out.Written != 1 {
		t.Errorf("a change in the tenth digit: %v, %v", out, err)
	}
}

// TestTheTablePassesTheSuite runs the suite of destinations over a real table.
func TestTheTablePassesTheSuite(t *testing.T) {
	reporttest.RunSink(t, func(t *testing.T) reporttest.Sinked {
		db := sqldbtest.Open(t, store.Migrations())
		return reporttest.Sinked{
			Sink: &datapoints.Sink{DB: db}, NumbersOnly: true,
			Bad: func(n int64) report.Row {
				return report.Row{Number: n, Key: "bad", Fields: map[string]any{"amount": json.Number("1e300")}}
			},
			Read: func(t *testing.T, document string) map[string]map[string]string {
				typ, date, _ := strings.Cut(document, "|")
				if date == "current" {
					date = ""
				}
				out := map[string]map[string]string{}
				err := sqldb.Each(t.Context(), db, func(row sqldb.Row) error {
					var key, field, number string
					err := row.Scan(&key, &field, &number)
					if out[key] == nil {
						out[key] = map[string]string{}
					}
					out[key][field] = strings.TrimSuffix(strings.TrimRight(number, "0"), ".")
					if number := out[key][field]; number == "" {
						out[key][field] = "0"
					}
					return err
				}, "SELECT row_key, field, number FROM report_datapoint WHERE type = ? AND date = ?", typ, date)
				if err != nil {
					t.Fatal(err)
				}
				return out
			},
		}
	})
}
