package mysql_test

import (
	"context"
	"database/sql"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/localdb/localdbtest"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/source/mysql"
)

func TestMain(m *testing.M) { localdbtest.Main(m) }

// bench is a source over a table "thing", and a definition that a test writes.
type bench struct {
	*mysql.Source
	db *sql.DB
	t  *testing.T
}

// newBench returns a bench with a table of the columns.
func newBench(t *testing.T, columns string) *bench {
	t.Helper()
	dsn := localdbtest.New(t)
	src, err := mysql.Open(dsn, 4)
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("mysql", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = src.Close(), db.Close() })
	b := &bench{Source: src, db: db, t: t}
	b.exec("CREATE TABLE thing (id BIGINT UNSIGNED NOT NULL PRIMARY KEY, updated_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6), " + columns + ")")
	return b
}

// exec runs a statement that must not fail.
func (b *bench) exec(query string, args ...any) {
	b.t.Helper()
	if _, err := b.db.Exec(query, args...); err != nil {
		b.t.Fatalf("%s: %v", query, err)
	}
}

// definition loads a definition whose rows.sql selects the columns.
func definition(t *testing.T, columns, types string) entity.Definition {
	t.Helper()
	dir := t.TempDir()
	folder := filepath.Join(dir, "things")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"entity.yaml": "name: things\njobType: THING_JOB\nindex: things\n" + types,
		"changed.sql": "SELECT id AS _root FROM thing WHERE updated_at >= :from AND updated_at < :to",
		"rows.sql":    "SELECT id AS _root, updated_at AS _version, CONCAT('T', id) AS objectID, " + columns + " FROM thing WHERE id IN (:ids)",
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	defs, err := entity.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range defs {
		if d.Name == "things" {
			return d
		}
	}
	t.Fatal("the definition was not loaded")
	return entity.Definition{}
}

func TestEveryTypeHasItsForm(t *testing.T) {
	b := newBench(t, `b TINYINT(1), i INT UNSIGNED ZEROFILL, d DECIMAL(12,3), f DOUBLE, s VARCHAR(40) CHARACTER SET utf8mb4, dt DATETIME(6), ts TIMESTAMP NULL,
		da DATE, e ENUM('x','y'), j LONGTEXT, n VARCHAR(9) NULL, y YEAR, tm TIME, st SET('a','b')`)
	b.exec(`INSERT INTO thing VALUES (18446744073709551615, NOW(6), 1, 42, -0.5, 0.25, 'a"\\é😀', '2026-03-29 02:30:00.123456', '2026-01-01 00:00:00',
		'1969-12-31', 'y', '{"a": [1, 2]}', NULL, 2026, '-01:02:03', 'a,b')`)
	b.exec("SET time_zone = '+00:00'")
	d := definition(t, "b, i, d, f, s, dt, da AS `o.da`, e, j, n AS `p.q.n`, y, tm, st", "types:\n  b: bool\n  j: json\n")
	got, err := b.Rows(t.Context(), d, []uint64{1<<64 - 1})
	if err != nil || len(got.Records) != 1 {
		t.Fatal(got, err)
	}
	want := `{"objectID":"T18446744073709551615","b":true,"i":42,"d":-0.500,"f":0.25,"s":"a\"\\é😀","dt":1774751400123,"o":{"da":-86400000},` +
		`"e":"y","j":{"a":[1,2]},"y":2026,"tm":"-01:02:03","st":"a,b"}`
	if diff := cmp.Diff(want, string(got.Records[0].Body)); diff != "" || got.Records[0].Root != 1<<64-1 {
		t.Errorf("root %d (-want +got):\n%s", got.Records[0].Root, diff)
	}
}

// TestVersionsAgreeWithRows reads rows and versions, changes one row, and expects only
// its version to change.
func TestVersionsAgreeWithRows(t *testing.T) {
	b := newBench(t, "n INT")
	b.exec("INSERT INTO thing (id, n) VALUES (1, 1), (2, 2), (3, 3)")
	d := definition(t, "n", "")
	ids := []uint64{1, 2, 3, 4}
	rows, err := b.Rows(t.Context(), d, ids)
	if err != nil {
		t.Fatal(err)
	}
	now, err := b.Versions(t.Context(), d, ids)
	if diff := cmp.Diff(rows.Versions, now); diff != "" || err != nil || len(now) != 3 {
		t.Fatalf("%v (-rows +versions):\n%s", err, diff)
	}
	b.exec("UPDATE thing SET n = 20 WHERE id = 2")
	b.exec("DELETE FROM thing WHERE id = 3")
	b.exec("INSERT INTO thing (id, n) VALUES (4, 4)")
	after, err := b.Versions(t.Context(), d, ids)
	if err != nil || after[1] != now[1] || after[2] == now[2] || after[3] != 0 || after[4] == 0 {
		t.Errorf("versions %v after %v, %v", after, now, err)
	}
}

func TestRowsOfNothing(t *testing.T) {
	b := newBench(t, "n INT")
	d := definition(t, "n", "")
	for _, ids := range [][]uint64{nil, {1, 2}} {
		rows, err := b.Rows(t.Context(), d, ids)
		if err != nil || len(rows.Records) != 0 || len(rows.Versions) != 0 {
			t.Errorf("%v: %+v, %v", ids, rows, err)
		}
		if v, err := b.Versions(t.Context(), d, ids); err != nil || len(v) != 0 {
			t.Errorf("%v: %v, %v", ids, v, err)
		}
	}
}

// TestRecordsDoNotShareBytes reads records of very unequal size and then spoils
// each in turn.
func TestRecordsDoNotShareBytes(t *testing.T) {
	b := newBench(t, "note LONGTEXT")
	for id := range 40 {
		b.exec("INSERT INTO thing (id, note) VALUES (?, REPEAT(?, ?))", id+1, string(rune('a'+id%26)), 1+(id%7)*(id%7)*20_000)
	}
	d := definition(t, "note", "")
	ids := make([]uint64, 40)
	for i := range ids {
		ids[i] = uint64(i + 1)
	}
	rows, err := b.Rows(t.Context(), d, ids)
	if err != nil {
		t.Fatal(err)
	}
	before := make([]string, len(rows.Records))
	for i, r := range rows.Records {
		before[i] = string(r.Body)
	}
	for i := range rows.Records {
		rows.Records[i].Body = append(rows.Records[i].Body, "spoilt"...)
	}
	for i, r := range rows.Records {
		if !strings.HasPrefix(string(r.Body), before[i]) {
			t.Fatalf("record %d was overwritten by a neighbour's", i)
		}
	}
}

// TestEachChangedStreamsInOrder lists ids that a server sorts as numbers, and ids that it
// sorts as texts.
func TestEachChangedStreamsInOrder(t *testing.T) {
	b := newBench(t, "n INT")
	b.exec(`INSERT INTO thing (id, updated_at) SELECT 3000 - 2 * n, '2026-03-01 12:00:00' FROM (
		WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 1000) SELECT n FROM numbers) seq`)
	b.exec(`INSERT INTO thing (id, updated_at) VALUES (1, '2026-03-01 12:00:00'), (3, '2026-03-02'), (5, '2026-02-28 23:59:59.999999'),
		(0, '2026-03-01'), (18446744073709551615, '2026-03-01')`)
	d := definition(t, "n", "")
	day := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	args := map[string][]any{"from": {day}, "to": {day.AddDate(0, 0, 1)}}
	want := []uint64{0, 1}
	for n := range uint64(1000) {
		want = append(want, 1000+2*n)
	}
	want = append(want, math.MaxUint64)
	const changed = " FROM thing WHERE updated_at >= :from AND updated_at < :to"
	for _, text := range []string{
		"SELECT id AS _root" + changed,
		"SELECT id AS _root" + changed + " UNION ALL SELECT id" + strings.NewReplacer(":from", "'2026-03-01'", ":to", "'2026-03-02'").Replace(changed),
		"SELECT CAST(id AS DECIMAL(20)) AS _root" + changed,
		"SELECT CAST(id AS CHAR) AS _root" + changed,
		"SELECT LPAD(id, 20, '0') AS _root" + changed,
	} {
		var err error
		if d.Changed, err = entity.ParseQuery(text, "from", "to"); err != nil {
			t.Fatal(err)
		}
		var got []uint64
		_, err = b.EachChanged(t.Context(), d, args, func(ids []uint64) error {
			got = append(got, ids...)
			return nil
		})
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s\n%v (-want +got):\n%s", text, err, diff)
		}
	}
	stop := errors.New("stop")
	if _, err := b.EachChanged(t.Context(), d, args, func([]uint64) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("the receiver's error is lost: %v", err)
	}
}

func TestErrorsNameTheFileAndWhatIsWrong(t *testing.T) {
	b := newBench(t, "n INT, bin BLOB")
	b.exec("INSERT INTO thing (id, n, bin) VALUES (1, 1, 'x')")
	for name, columns := range map[string]string{"no such column": "nothing", "a type without a form": "bin", "two of a name": "n, n AS `n.x`"} {
		_, err := b.Rows(t.Context(), definition(t, columns, ""), []uint64{1})
		if fault.KindOf(err) != fault.Misconfigured || !strings.Contains(err.Error(), "rows.sql") {
			t.Errorf("%s: %v", name, err)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.Rows(ended, definition(t, "n", ""), []uint64{1}); !errors.Is(err, context.Canceled) || !fault.Retryable(err) {
		t.Errorf("an ended context: %v", err)
	}
	if _, err := mysql.Open("no dsn", 1); err == nil {
		t.Error("a broken DSN was accepted")
	}
}
