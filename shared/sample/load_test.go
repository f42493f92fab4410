package sample_test

import (
	"compress/gzip"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/shared/sample"
)

// tinyReturns and tinyItems are a folder small enough to check by eye: a guest,
// a country without a code, a blank order, summer and winter time, duplicate
// lines and double spaces.
const (
	tinyReturns = `return_number,customer_id,country,returned_at,line_count,unit_count,refund_amount,currency,order_number,order_date,distinct_orders
C1,14527,United Kingdom,2010-12-01 09:41:00,1,1,27.50,GBP,,,0
C2,,European Community,2011-07-01 10:24:00,3,5,7.35,GBP,536488,2011-06-01 12:31:00,1
C3,14527,Germany,2011-08-31 23:30:00,1,80995,168469.60,GBP,,,0
`
	tinyItems = `return_number,line_no,sku,description,kind,quantity,unit_price,line_amount,order_number,order_date,ordered_quantity,days_to_return
C1,1,D,Discount,discount,1,27.500,27.50,,,,
C2,1,35004C,SET OF 3 COLOURED  FLYING DUCKS ,product,2,1.500,3.00,536488,2011-06-01 12:31:00,2,30
C2,2,22556,"PLASTERS, IN TIN",product,2,1.500,3.00,536488,2011-06-01 12:31:00,2,30
C2,3,22556,"PLASTERS, IN TIN",product,1,1.350,1.35,,,,
C3,1,23843,"PAPER CRAFT , LITTLE BIRDIE",product,80995,2.080,168469.60,,,,
`
)

// folder writes the two files, plain or compressed.
func folder(t testing.TB, returns, items string, compressed bool) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{"returns.csv": returns, "return_items.csv": items} {
		if compressed {
			var packed strings.Builder
			w := gzip.NewWriter(&packed)
			if _, err := w.Write([]byte(content)); err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			name, content = name+".gz", packed.String()
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestLoadRealData loads the real returns where they are on this machine, and
// the tiny folder elsewhere.
func TestLoadRealData(t *testing.T) {
	type totals struct {
		Counts        sample.Counts
		Refund, Lines string
		Units, Orders int
	}
	dir := filepath.Join("..", "..", "..", "shared", "data", "dev")
	want := totals{sample.Counts{Returns: 2554, Items: 5847}, "", "", 0, 0}
	if _, err := os.Stat(dir); err != nil {
		dir = folder(t, tinyReturns, tinyItems, true)
		want = totals{sample.Counts{Returns: 3, Items: 5}, "", "", 0, 0}
	}
	expected := sumUp(t, dir)
	want.Refund, want.Lines, want.Units, want.Orders = expected.refund, expected.lines, expected.units, expected.ordered
	db := migrated(t)
	counts, err := sample.LoadCSV(t.Context(), db, dir, sample.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	got := totals{
		Counts: counts,
		Refund: scalar[string](t, db, "SELECT SUM(refund_amount) FROM order_return"),
		Lines:  scalar[string](t, db, "SELECT SUM(line_total) FROM order_return_item"),
		Units:  scalar[int](t, db, "SELECT SUM(quantity) FROM order_return_item"),
		Orders: scalar[int](t, db, "SELECT COUNT(order_date) FROM order_return_item"),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("totals (-file +table):\n%s", diff)
	}
	stored := sample.Counts{
		Returns: scalar[int](t, db, "SELECT COUNT(*) FROM order_return"),
		Items:   scalar[int](t, db, "SELECT COUNT(*) FROM order_return_item"),
	}
	if diff := cmp.Diff(want.Counts, stored); diff != "" {
		t.Error(diff)
	}
}

func TestLoadTiny(t *testing.T) {
	db := migrated(t)
	if _, err := sample.LoadCSV(t.Context(), db, folder(t, tinyReturns, tinyItems, false), sample.LoadOptions{}); err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]string{
		"SELECT CAST(requested_at AS CHAR) FROM order_return WHERE customer_return_number = 'C1'":                 "2010-12-01 09:41:00.000000",
		"SELECT CAST(requested_at AS CHAR) FROM order_return WHERE customer_return_number = 'C2'":                 "2011-07-01 09:24:00.000000",
		"SELECT CAST(order_date AS CHAR) FROM order_return_item WHERE sku = '35004C'":                             "2011-06-01 11:31:00.000000",
		"SELECT CONCAT('[', product_name, ']') FROM order_return_item WHERE sku = '35004C'":                       "[SET OF 3 COLOURED  FLYING DUCKS ]",
		"SELECT COALESCE(pickup_country_code, 'none') FROM order_return WHERE customer_return_number = 'C2'":      "none",
		"SELECT pickup_country_code FROM order_return WHERE customer_return_number = 'C3'":                        "DE",
		"SELECT COUNT(DISTINCT customer_name) FROM order_return WHERE customer_return_number IN ('C1', 'C3')":     "1",
		"SELECT COUNT(*) FROM order_return WHERE status_event_at < requested_at AND delivered_at IS NULL":         "0",
		"SELECT COUNT(*) FROM order_return_item WHERE return_reason IS NULL OR item_status = ''":                  "0",
		"SELECT customer_order_number FROM order_return WHERE customer_return_number = 'C2'":                      "536488",
		"SELECT CAST(MAX(quantity) AS CHAR) FROM order_return_item":                                               "80995",
		"SELECT COUNT(*) FROM order_return WHERE deleted_at IS NOT NULL":                                          "0",
		"SELECT GROUP_CONCAT(unit_price ORDER BY id) FROM order_return_item":                                      "27.500,1.500,1.500,1.350,2.080",
		"SELECT GROUP_CONCAT(line_no ORDER BY id) FROM order_return_item WHERE sku = '22556' AND order_return_id": "2,3",
	} {
		if got := scalar[string](t, db, query); got != want {
			t.Errorf("%s = %q; want %q", query, got, want)
		}
	}
}

func TestLoadIsRepeatableAndWhole(t *testing.T) {
	dir := folder(t, tinyReturns, tinyItems, true)
	first, second := migrated(t), migrated(t)
	newest := noon.Add(-time.Hour)
	calls := 0
	o := sample.LoadOptions{ShiftTo: newest, Progress: func(done, total int) { calls++ }}
	if _, err := sample.LoadCSV(t.Context(), first, dir, o); err != nil {
		t.Fatal(err)
	}
	if _, err := sample.LoadCSV(t.Context(), second, dir, o); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(checksums(t, first), checksums(t, second)); diff != "" {
		t.Errorf("two loads differ:\n%s", diff)
	}
	if got := scalar[time.Time](t, first, "SELECT MAX(updated_at) FROM order_return"); !got.Equal(newest) {
		t.Errorf("newest change = %v; want %v", got, newest)
	}
	if calls != 2 {
		t.Errorf("progress was called %d times; want once a load", calls)
	}
	before := checksums(t, first)
	if _, err := sample.LoadCSV(t.Context(), first, dir, o); err == nil {
		t.Error("the same returns were loaded twice")
	}
	if diff := cmp.Diff(before, checksums(t, first)); diff != "" {
		t.Errorf("a failed load left something behind:\n%s", diff)
	}
}

func TestLoadErrors(t *testing.T) {
	cases := []struct {
		name, file, old, new string
		want                 sample.CSVError
	}{
		{"missing column", "returns", "returned_at,", "when,", sample.CSVError{Line: 1, Column: "returned_at", Reason: "the header does not name this column"}},
		{"bad time", "returns", "2011-07-01 10:24:00", "01/07/2011", sample.CSVError{Line: 3, Column: "returned_at", Reason: `"01/07/2011" is not a time like 2006-01-02 15:04:05`}},
		{"blank time", "returns", "2011-07-01 10:24:00", "", sample.CSVError{Line: 3, Column: "returned_at", Reason: "is blank"}},
		{"return twice", "returns", "C3,", "C1,", sample.CSVError{Line: 4, Column: "return_number", Reason: `"C1" stands on line 2 already`}},
		{"blank number", "returns", "C3,", ",", sample.CSVError{Line: 4, Column: "return_number", Reason: "is blank"}},
		{"wrong count", "returns", "00,3,5", "00,4,5", sample.CSVError{Line: 3, Column: "line_count", Reason: `says 4 items; the items file has 3 for "C2"`}},
		{"short line", "returns", "GBP,,,0\nC2", "GBP\nC2", sample.CSVError{Line: 2, Reason: "wrong number of fields"}},
		{"empty file", "returns", tinyReturns, "", sample.CSVError{Reason: "the file is empty; want a header line"}},
		{"bad amount", "items", "1.350,", "1.35O,", sample.CSVError{Line: 5, Column: "unit_price", Reason: `"1.35O" is not an amount with at most 11 digits before and 3 after the point`}},
		{"bad quantity", "items", "80995,", "-1,", sample.CSVError{Line: 6, Column: "quantity", Reason: `"-1" is not a whole number from 0 to 2147483647`}},
		{"unknown return", "items", "C3,", "C9,", sample.CSVError{Line: 6, Column: "return_number", Reason: `"C9" is not in the returns file`}},
		{"item twice", "items", "C2,3,", "C2,2,", sample.CSVError{Line: 5, Column: "line_no", Reason: `item 2 of "C2" stands on line 4 already`}},
		{"not UTF-8", "items", "Discount", "Disc\xff", sample.CSVError{Line: 2, Column: "description", Reason: "not valid UTF-8"}},
		{"too long", "items", "Discount", strings.Repeat("é", 256), sample.CSVError{Line: 2, Column: "description", Reason: "256 characters; the table keeps 255"}},
		{"quote", "items", "Discount", `Dis"count`, sample.CSVError{Line: 2, Reason: `bare " in non-quoted-field`}},
	}
	db := migrated(t)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			returns, items := tinyReturns, tinyItems
			if c.file == "returns" {
				returns = strings.Replace(returns, c.old, c.new, 1)
			} else {
				items = strings.Replace(items, c.old, c.new, 1)
			}
			dir := folder(t, returns, items, false)
			_, err := sample.LoadCSV(t.Context(), db, dir, sample.LoadOptions{})
			var got *sample.CSVError
			if !errors.As(err, &got) {
				t.Fatalf("error = %v; want a CSVError", err)
			}
			c.want.File = filepath.Join(dir, map[string]string{"returns": "returns.csv", "items": "return_items.csv"}[c.file])
			if diff := cmp.Diff(c.want, *got); diff != "" {
				t.Error(diff)
			}
			if !strings.Contains(err.Error(), c.want.Reason) {
				t.Errorf("Error() = %q", err)
			}
		})
	}
	if n := scalar[int](t, db, "SELECT COUNT(*) FROM order_return"); n != 0 {
		t.Errorf("%d rows were written by loads that failed", n)
	}
}

func TestLoadWithoutFiles(t *testing.T) {
	dir := t.TempDir()
	if _, err := sample.LoadCSV(t.Context(), migrated(t), dir, sample.LoadOptions{}); err == nil || !strings.Contains(err.Error(), "neither returns.csv.gz nor returns.csv") {
		t.Errorf("an empty folder: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "returns.csv.gz"), []byte("plain"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := sample.LoadCSV(t.Context(), migrated(t), dir, sample.LoadOptions{}); err == nil || !strings.Contains(err.Error(), "not a gzip file") {
		t.Errorf("a false .gz: %v", err)
	}
}
