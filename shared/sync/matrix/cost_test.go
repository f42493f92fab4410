package matrix_test

import (
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/source"
)

// costRows is the environment variable with the number of rows of BenchmarkKeys.
const costRows = "RETURN_SYNC_COST_ROWS"

// keyForms are tables of the same rows with keys of different forms.
var keyForms = []struct{ name, column, value, key, rootType string }{
	{"number", "id BIGINT UNSIGNED NOT NULL PRIMARY KEY", "n", "id", ""},
	{"text", "id VARCHAR(40) NOT NULL PRIMARY KEY", "CONCAT('SKU-', LPAD(n, 9, '0'))", "id", "text"},
	{"uuid", "id CHAR(36) CHARACTER SET ascii NOT NULL PRIMARY KEY", "LOWER(CONCAT(LEFT(MD5(n), 8), '-', MID(MD5(n), 9, 4), '-4', MID(MD5(n), 14, 3), '-a', MID(MD5(n), 18, 3), '-', RIGHT(MD5(n), 12)))", "id", "text"},
	{"binary", "id BINARY(16) NOT NULL PRIMARY KEY", "UNHEX(MD5(n))", "id", "binary"},
	{"composite", "shop VARCHAR(20) NOT NULL, no INT UNSIGNED NOT NULL, PRIMARY KEY (shop, no)", "CONCAT('shop-', n % 50), n", "shop, no", "[text, number]"},
}

// costs returns a world of n rows with keys of a form.
func costs(b *testing.B, form int, n int) *world {
	b.Helper()
	f := keyForms[form]
	roots, rows, where, root := f.key+" AS _root", f.key+" AS _root", f.key, f.key
	if f.name == "composite" {
		roots = "shop AS _root1, no AS _root2"
		rows, where, root = roots, "(shop, no)", "CONCAT(shop, '/', no)"
	}
	if f.name == "binary" {
		root = "HEX(id)"
	}
	yaml := "name: thing\njobType: THING_JOB\nindex: thing\noverlap: 10m\npageSize: 500\n"
	if f.rootType != "" {
		yaml += "rootType: " + f.rootType + "\n"
	}
	w := newWorld(b, setup{}, files{
		"entity.yaml": yaml,
		"changed.sql": "SELECT " + roots + " FROM thing WHERE updated_at >= :from AND updated_at < :to",
		"rows.sql":    "SELECT " + rows + ", updated_at AS _version, " + root + " AS objectID, name FROM thing WHERE " + where + " IN (:ids)",
	}, "CREATE TABLE thing ("+f.column+", name VARCHAR(60) NOT NULL, updated_at DATETIME(6) NOT NULL, KEY (updated_at)) CHARSET=utf8mb4")
	w.exec("CREATE TABLE seq (n INT NOT NULL PRIMARY KEY)")
	w.exec("INSERT INTO seq VALUES (1)")
	for have := 1; have < n; have *= 2 {
		w.exec("INSERT INTO seq SELECT n + ? FROM seq WHERE n + ? <= ?", have, have, n)
	}
	w.exec("INSERT INTO thing SELECT " + f.value + ", CONCAT('thing ', n), UTC_TIMESTAMP(6) - INTERVAL 1 HOUR FROM seq")
	return w
}

// BenchmarkKeys measures a first sync, a sync of the same window again and the listing of
// all roots, for keys of each form in turn within one run, and reports the best times of
// each as ratios to those of numbers.
func BenchmarkKeys(b *testing.B) {
	n, err := strconv.Atoi(os.Getenv(costRows))
	if err != nil {
		n = 2000
	}
	acts := []string{"first", "again", "list"}
	took := map[string][]time.Duration{}
	clock := func(name string, act func()) {
		began := time.Now()
		act()
		took[name] = append(took[name], time.Since(began))
	}
	for range b.N {
		for form, f := range keyForms {
			w := costs(b, form, n)
			clock(f.name+" first", func() { w.sync() })
			_, err := w.SQL().Exec("UPDATE order_return_algolia_sync SET date_range_end = NULL")
			w.must(err)
			clock(f.name+" again", func() {
				if r := w.sync(); r.Counts.Unchanged != int64(n) {
					b.Fatalf("%s: %v", f.name, r.Counts)
				}
			})
			clock(f.name+" list", func() {
				found, after := 0, source.Every
				for {
					ids, err := w.src.Roots(b.Context(), w.def, after, 5000)
					w.must(err)
					if found += len(ids); len(ids) < 5000 {
						break
					}
					after.After = ids[len(ids)-1]
				}
				if found != n {
					b.Fatalf("%s: %d roots", f.name, found)
				}
			})
		}
	}
	for _, f := range keyForms {
		for _, act := range acts {
			best := slices.Min(took[f.name+" "+act])
			b.ReportMetric(float64(best)/float64(slices.Min(took["number "+act])), f.name+"-"+act)
			b.Logf("%s %s: %v of %v", f.name, act, best, took[f.name+" "+act])
		}
	}
}
