package sample_test

import (
	"compress/gzip"
	"encoding/csv"
	"math/big"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// sums are a folder's totals, read without the package under test.
type sums struct {
	refund, lines  string
	units, ordered int
}

// sumUp adds up a folder with compressed files.
func sumUp(t *testing.T, dir string) sums {
	t.Helper()
	var s sums
	refund, lines := new(big.Rat), new(big.Rat)
	for _, row := range records(t, filepath.Join(dir, "returns.csv.gz")) {
		add(t, refund, row["refund_amount"])
	}
	for _, row := range records(t, filepath.Join(dir, "return_items.csv.gz")) {
		add(t, lines, row["line_amount"])
		n, err := strconv.Atoi(row["quantity"])
		if err != nil {
			t.Fatal(err)
		}
		s.units += n
		if row["order_date"] != "" {
			s.ordered++
		}
	}
	s.refund, s.lines = refund.FloatString(2), lines.FloatString(2)
	return s
}

func add(t *testing.T, to *big.Rat, amount string) {
	t.Helper()
	n, ok := new(big.Rat).SetString(amount)
	if !ok {
		t.Fatalf("%q is not a number", amount)
	}
	to.Add(to, n)
}

// records are the lines of a compressed file by column name.
func records(t *testing.T, path string) []map[string]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	plain, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(plain).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []map[string]string
	for _, row := range rows[1:] {
		record := map[string]string{}
		for i, name := range rows[0] {
			record[name] = row[i]
		}
		out = append(out, record)
	}
	return out
}
