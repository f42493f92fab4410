package matrix_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/destination"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/join"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rework"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/window"
)

// collations compare texts in different ways: with and without case, accents, trailing
// spaces. Those with an empty server are everywhere.
var collations = []struct {
	charset, collation, server string
}{
	{"utf8mb4", "utf8mb4_general_ci", ""}, {"utf8mb4", "utf8mb4_unicode_ci", ""}, {"utf8mb4", "utf8mb4_bin", ""}, {"utf8mb4", "utf8mb4_german2_ci", ""},
	{"latin1", "latin1_swedish_ci", ""}, {"latin1", "latin1_general_cs", ""}, {"latin1", "latin1_bin", ""}, {"latin2", "latin2_general_ci", ""}, {"ucs2", "ucs2_general_ci", ""},
	{"utf8mb4", "utf8mb4_nopad_bin", "MariaDB"}, {"utf8mb4", "utf8mb4_unicode_520_nopad_ci", "MariaDB"}, {"latin1", "latin1_swedish_nopad_ci", "MariaDB"},
	{"utf8mb4", "utf8mb4_uca1400_as_cs", "MariaDB"},
	{"utf8mb4", "utf8mb4_0900_ai_ci", "MySQL"}, {"utf8mb4", "utf8mb4_0900_as_cs", "MySQL"}, {"utf8mb4", "utf8mb4_0900_bin", "MySQL"}, {"utf8mb4", "utf8mb4_de_pb_0900_as_cs", "MySQL"},
}

// spellings are texts that one collation or another holds equal.
var spellings = []string{
	"a", "A", "a ", "A  ", " a", "á", "Á", "ä", "ae", "AE", "æ", "ß", "ss", "SS", "ẞ", "", " ", "  ", "1", "01", "1.0", "1e0", "a\t", "a\n", "a\u00a0", "é", "e\u0301", "ı", "i", "I", "İ",
	"🚚", "🚛", "?", "ø", "o", "x'y", `x"y`, `x\y`, `x\\y`, "%", "_", "a%", "Ω", "ω", "\u200ba", "a\u0000", "ŁÓDŹ", "łódź", "lodz",
}

// TestKeysFollowTheSourcesComparison has a parent's key in one spelling and its child's
// in each other one: a child's change is found exactly where the source holds the two
// equal, and no parent has two numbers.
func TestKeysFollowTheSourcesComparison(t *testing.T) {
	for _, c := range collations {
		t.Run(c.collation, func(t *testing.T) {
			t.Parallel()
			probe := open(t, freshDSN(t))
			server := "MySQL"
			if strings.Contains(scalar(t, probe, "SELECT VERSION()"), "MariaDB") {
				server = "MariaDB"
			}
			if c.server != "" && c.server != server {
				return // the other server's collation; the matrix runs on both
			}
			w := newWorld(t, setup{}, keyed("text",
				"SELECT code AS _root FROM child WHERE updated_at >= :from AND updated_at < :to UNION ALL SELECT CONVERT(code USING utf8mb4) COLLATE utf8mb4_bin FROM parent WHERE updated_at >= :from AND updated_at < :to",
				"SELECT code AS _root, updated_at AS _version, CONCAT('P', HEX(CONVERT(code USING utf8mb4))) AS objectID, HEX(code) AS code FROM parent WHERE code IN (:ids)"),
				fmt.Sprintf("CREATE TABLE parent (code VARCHAR(20) NOT NULL PRIMARY KEY, updated_at DATETIME(6) NOT NULL) CHARSET=%s COLLATE=%s", c.charset, c.collation),
				"CREATE TABLE child (code VARCHAR(20) NOT NULL, updated_at DATETIME(6) NOT NULL) CHARSET=utf8mb4 COLLATE=utf8mb4_bin")
			for _, s := range spellings {
				_, _ = w.tables.Exec("INSERT INTO parent VALUES (?, UTC_TIMESTAMP(6))", s) // some are equal, and some have letters that the charset lacks
				w.exec("INSERT INTO child VALUES (?, UTC_TIMESTAMP(6))", s)
			}
			w.sync()
			w.agrees("at first")
			first := map[string]string{}
			classes := map[string]string{} // number -> the parent's key
			for _, s := range spellings {
				n, err := w.src.RootNamed(t.Context(), w.def, s)
				var parent string
				there := w.tables.QueryRow("SELECT HEX(code) FROM parent WHERE code = ?", s).Scan(&parent)
				if fault.KindOf(err) == fault.NotFound {
					if there == nil {
						t.Errorf("%q has no number, and the source finds %s", s, parent)
					}
					continue
				}
				if err != nil {
					t.Errorf("%q: %v", s, err)
					continue
				}
				if there != nil {
					parent = "none: " + s
				}
				if was, ok := classes[fmt.Sprint(n)]; ok && was != parent && !strings.HasPrefix(parent, "none") {
					t.Errorf("%q: number %d is that of %q and of %q", s, n, was, parent)
				}
				classes[fmt.Sprint(n)], first[fmt.Sprint(n)] = parent, s
			}
			seen := map[string]string{}
			for n, parent := range classes {
				if strings.HasPrefix(parent, "none") {
					continue
				}
				if other, ok := seen[parent]; ok {
					t.Errorf("%s has the numbers %s of %q and %s of %q", parent, n, first[n], other, first[other])
				}
				seen[parent] = n
			}
			if len(seen) < 20 {
				t.Errorf("only %d parents", len(seen))
			}
		})
	}
}

// coupons is a world of a table with texts as keys, in a collation without case.
func coupons(t *testing.T, s setup) *world {
	t.Helper()
	return newWorld(t, s, keyed("text", changedBy("coupon", "code", "at"),
		"SELECT code AS _root, at AS _version, CONCAT('C', HEX(code)) AS objectID, off FROM coupon WHERE code IN (:ids)"),
		"CREATE TABLE coupon (code VARCHAR(40) NOT NULL PRIMARY KEY, off INT NOT NULL, at DATETIME(6) NOT NULL, KEY (at)) CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci")
}

// old is a time before every overlap.
const old = "UTC_TIMESTAMP(6) - INTERVAL 1 HOUR"

// TestVerifyOfKeys spoils an index of keys in every way: verify finds each, and a repair
// deletes nothing that is correct.
func TestVerifyOfKeys(t *testing.T) {
	for _, apart := range []bool{false, true} {
		w := coupons(t, setup{apart: apart})
		for i := range 20 {
			w.exec("INSERT INTO coupon VALUES (?, ?, "+old+")", fmt.Sprint("code ", i), i)
		}
		w.sync()
		w.agrees("at first")
		w.exec("UPDATE coupon SET code = 'renamed ' WHERE off = 3") // without a stamp: no window finds either key
		w.exec("UPDATE coupon SET code = 'CODE 4' WHERE off = 4")   // the same key for the source, another id
		w.exec("DELETE FROM coupon WHERE off = 5")
		w.exec("INSERT INTO coupon VALUES ('late', 50, " + old + ")")
		if r := w.verify(true); r.Ledger.Missing != 3 || r.Ledger.Orphaned != 3 {
			t.Errorf("%v: %v", r, r.Differences)
		}
		w.agrees("after a repair")
		_, err := w.client.Push(t.Context(), w.def.Index, []destination.Op{
			{ID: "C" + fmt.Sprintf("%X", "code 7")}, {ID: "stranger", Body: []byte(`{"objectID":"stranger"}`)},
			{ID: "C" + fmt.Sprintf("%X", "code 8"), Body: []byte(`{"objectID":"C` + fmt.Sprintf("%X", "code 8") + `","off":99}`)},
		})
		w.must(err)
		if r := w.verify(true); r.Index.Missing != 1 || r.Index.Orphaned != 1 || r.Index.Different != 1 {
			t.Errorf("%v: %v", r, r.Differences)
		}
		w.agrees("after the index's repair")
		if n := len(w.ids()); n != 20 {
			t.Errorf("%d records", n)
		}
	}
}

// TestNumbersOfKeysStay gives numbers from many processes at once, deletes rows, and
// brings keys back: a key keeps its number, and no number has two keys.
func TestNumbersOfKeysStay(t *testing.T) {
	w := coupons(t, setup{})
	for i := range 300 {
		w.exec("INSERT INTO coupon VALUES (?, ?, "+old+")", fmt.Sprint("Key ", i%150, strings.Repeat("x", i/150)), i)
	}
	args := map[string][]any{"from": {"1971-01-01"}, "to": {"2100-01-01"}}
	var all sync.WaitGroup
	lists := make([][]uint64, 8)
	for i := range lists {
		all.Add(1)
		go func() {
			defer all.Done()
			_, err := w.src.EachChanged(t.Context(), w.def, args, func(ids []uint64) error { lists[i] = append(lists[i], ids...); return nil })
			if err != nil {
				t.Error(err)
			}
		}()
	}
	all.Wait()
	for _, l := range lists {
		slices.Sort(l)
		if len(slices.Compact(l)) != 300 || !slices.Equal(l, lists[0]) {
			t.Fatalf("%d numbers, others than %d", len(l), len(lists[0]))
		}
	}
	w.sync()
	before, err := w.src.RootNamed(t.Context(), w.def, "key 7")
	w.must(err)
	w.exec("DELETE FROM coupon WHERE code = 'key 7'")
	w.verify(true)
	w.agrees("after a deletion")
	w.exec("INSERT INTO coupon VALUES ('KEY 7 ', 1, UTC_TIMESTAMP(6)), ('new', 2, UTC_TIMESTAMP(6))")
	w.sync()
	w.agrees("after it came back")
	after, err := w.src.RootNamed(t.Context(), w.def, "KEY 7")
	w.must(err)
	fresh, err := w.src.RootNamed(t.Context(), w.def, "new")
	w.must(err)
	if before != after || fresh <= lists[0][299] {
		t.Errorf("the number was %d and is %d; a new key has %d", before, after, fresh)
	}
	if _, err := w.src.RootNamed(t.Context(), w.def, "nobody"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("an unknown key: %v", err)
	}
}

// TestIdsPassBetweenKeys passes lines between orders whose keys are texts, at random.
func TestIdsPassBetweenKeys(t *testing.T) {
	dice := rand.New(rand.NewPCG(3, 5))
	for _, id := range []string{"CONCAT('line-', l.id)", "CAST(l.id AS CHAR)", "CONCAT('l', CHAR(96 + l.id USING utf8mb4))"} {
		w := newWorld(t, setup{}, keyed("text", "SELECT code AS _root FROM orders WHERE updated_at >= :from AND updated_at < :to",
			"SELECT o.code AS _root, o.updated_at AS _version, l.updated_at AS _version_line, "+id+" AS objectID, o.code AS name FROM orders o JOIN line l ON l.code = o.code WHERE o.code IN (:ids)"),
			"CREATE TABLE orders (code VARCHAR(20) NOT NULL PRIMARY KEY, updated_at DATETIME(6) NOT NULL) CHARSET=utf8mb4",
			"CREATE TABLE line (id INT UNSIGNED NOT NULL PRIMARY KEY, code VARCHAR(20) NOT NULL, updated_at DATETIME(6) NOT NULL, KEY (code)) CHARSET=utf8mb4")
		const orders = 6
		for i := 1; i <= orders; i++ {
			w.exec("INSERT INTO orders VALUES (?, UTC_TIMESTAMP(6))", fmt.Sprint("o", i))
			w.exec("INSERT INTO line VALUES (?, ?, UTC_TIMESTAMP(6))", i, fmt.Sprint("o", i))
		}
		w.sync()
		for round := range 6 {
			for range 1 + dice.IntN(4) {
				line, to := 1+dice.IntN(orders), fmt.Sprint("o", 1+dice.IntN(orders))
				tx, err := w.tables.Begin()
				w.must(err)
				_, err = tx.Exec("UPDATE orders SET updated_at = UTC_TIMESTAMP(6) WHERE code = ? OR code = (SELECT code FROM line WHERE id = ?)", to, line)
				w.must(err)
				_, err = tx.Exec("UPDATE line SET code = ?, updated_at = UTC_TIMESTAMP(6) WHERE id = ?", to, line)
				w.must(err)
				w.must(tx.Commit())
			}
			w.sync()
			w.sync()
			w.agrees(fmt.Sprint("round ", round))
		}
	}
}

// TestBadKeysStopNothing has rows without a key, and jobs over keys: a backfill, and one
// record by its key.
func TestBadKeysStopNothing(t *testing.T) {
	w := newWorld(t, setup{}, keyed("[text, number]", "SELECT tenant AS _root1, no AS _root2 FROM thing WHERE updated_at >= :from AND updated_at < :to",
		"SELECT tenant AS _root1, no AS _root2, updated_at AS _version, CONCAT(tenant, '/', no) AS objectID, name FROM thing WHERE (tenant, no) IN (:ids)"),
		"CREATE TABLE thing (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, tenant VARCHAR(20) NULL, no INT NULL, name VARCHAR(20), updated_at DATETIME(6) NOT NULL, KEY (tenant, no)) CHARSET=utf8mb4")
	w.exec("INSERT INTO thing (tenant, no, name, updated_at) VALUES ('a', 1, 'x', " + old + "), (NULL, 2, 'y', " + old + "), ('b', NULL, 'z', " + old + "), ('b', -2, 'w', " + old + ")")
	w.sync()
	w.agrees("at first")
	if len(w.ids()) != 2 || scalar(t, w.SQL(), "SELECT COUNT(*) FROM sync_log WHERE message LIKE '%NULL or negative%: 2;%'") != "1" {
		t.Errorf("%v, and %s", w.ids(), scalar(t, w.SQL(), "SELECT GROUP_CONCAT(message) FROM sync_log"))
	}
	root, err := w.src.RootNamed(t.Context(), w.def, "b,-2")
	w.must(err)
	names, err := w.src.RootNames(t.Context(), w.def, []uint64{root})
	if err != nil || names[root] != "b,-2" {
		t.Errorf("%v %v", names, err)
	}
	w.exec("UPDATE thing SET name = 'sly' WHERE no IN (1, -2)")
	repairs, err := rework.NewRepairs(t.Context(), join.Repairs(w.DB), w.def, run.Record, "test")
	w.must(err)
	w.must(repairs.Add(t.Context(), root))
	j, err := repairs.Start(t.Context())
	w.must(err)
	w.finish(j)
	if ids := w.ids(); !strings.Contains(ids["b/-2"], "sly") || strings.Contains(ids["a/1"], "sly") {
		t.Errorf("after one record's job: %v", ids)
	}
	now, err := w.src.Now(t.Context())
	w.must(err)
	j, _, err = rework.NewBackfill(t.Context(), w.Jobs, w.def, rework.Asked{Window: window.Window{From: now.AddDate(0, 0, -1), To: now}, Roots: 2, By: "test"})
	w.must(err)
	w.finish(j)
	w.agrees("after a backfill")
}

// finish plays a job to its end.
func (w *world) finish(j rework.Job) {
	w.t.Helper()
	w.must((&rework.Waker{Jobs: w.Jobs, Queue: &w.queue, Silence: 0, Log: silent}).Wake(w.t.Context(), j.ID))
	w.drain()
	j, err := w.Jobs.Job(w.t.Context(), j.ID)
	if err != nil || j.State != rework.Done {
		w.t.Fatalf("the job is %s: %s %v", j.State, j.Note, err)
	}
}

// TestARebuildKeepsNumbers feeds a second index of texts as keys: both give each key the
// same number, before and after changes, and no number is given anew.
func TestARebuildKeepsNumbers(t *testing.T) {
	w := coupons(t, setup{})
	for _, code := range spellings {
		_, _ = w.tables.Exec("INSERT INTO coupon VALUES (?, 1, "+old+")", code) // some are equal
	}
	w.sync()
	numbers := func(d entity.Definition) map[string]uint64 {
		found := map[string]uint64{}
		for _, code := range spellings {
			n, err := w.src.RootNamed(t.Context(), d, code)
			w.must(err)
			found[code] = n
		}
		return found
	}
	before, count := numbers(w.def), scalar(t, w.SQL(), "SELECT COUNT(*) FROM sync_key")
	made, _, err := w.Targets.NewTarget(t.Context(), w.def)
	w.must(err)
	built, err := made.Definition(w.def)
	w.must(err)
	w.sync() // feeds both
	if after := numbers(built); !maps.Equal(before, after) || scalar(t, w.SQL(), "SELECT COUNT(*) FROM sync_key") != count {
		t.Errorf("the numbers were %v and are %v", before, after)
	}
	w.exec("UPDATE coupon SET off = 2, at = UTC_TIMESTAMP(6)")
	w.exec("INSERT INTO coupon VALUES ('fresh', 1, UTC_TIMESTAMP(6))")
	w.sync()
	w.agrees("the first index")
	w.def = built
	w.agrees("the second index")
	if after := numbers(built); !maps.Equal(before, after) {
		t.Errorf("the numbers were %v and are %v", before, after)
	}
}
