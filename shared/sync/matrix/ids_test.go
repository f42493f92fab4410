package matrix_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/destination"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/join"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/verify"
)

// keyRanges are roots around every border at which numbers change their form.
var keyRanges = map[string][]uint64{
	"zero":       {0, 1, 2, 3},
	"zero alone": {0},
	"2^31":       {1<<31 - 1, 1 << 31, 1<<32 - 1, 1 << 32},
	"2^53":       {1<<53 - 2, 1<<53 - 1, 1 << 53, 1<<53 + 1, 1<<53 + 2},
	"2^63":       {1<<63 - 2, 1<<63 - 1, 1 << 63, 1<<63 + 1},
	"2^64":       {math.MaxUint64 - 2, math.MaxUint64 - 1, math.MaxUint64},
	"all":        {0, 1, 1 << 53, 1<<53 + 1, 1<<63 - 1, 1 << 63, math.MaxUint64},
}

// numbered is a definition over a table with a number as its key.
func numbered(rooted, roots bool) files {
	f := files{
		"entity.yaml": yamlOf(),
		"changed.sql": "SELECT id AS _root FROM thing WHERE updated_at >= :from AND updated_at < :to",
		"rows.sql":    "SELECT id AS _root, updated_at AS _version, CONCAT('T', id) AS objectID, CAST(id AS CHAR) AS number, name FROM thing WHERE id IN (:ids)",
	}
	if rooted {
		f["entity.yaml"] = yamlOf("rootField: rootId")
		f["rows.sql"] = "SELECT id AS _root, updated_at AS _version, CONCAT('T', id) AS objectID, CAST(id AS CHAR) AS number, id AS rootId, name FROM thing WHERE id IN (:ids)"
	}
	if roots {
		f["roots.sql"] = "SELECT id AS _root FROM thing WHERE id > :after AND id <= :upto"
	}
	return f
}

// thing is the table of numbered.
const thing = `CREATE TABLE thing (id BIGINT UNSIGNED NOT NULL PRIMARY KEY, name VARCHAR(40) NOT NULL,
	updated_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6), KEY (updated_at)) CHARSET=utf8mb4`

// insert adds a thing that last changed an hour ago.
func (w *world) insert(id uint64, name string) {
	w.t.Helper()
	w.exec("INSERT INTO thing (id, name, updated_at) VALUES ("+strconv.FormatUint(id, 10)+", ?, UTC_TIMESTAMP(6) - INTERVAL 1 HOUR)", name)
}

// TestOneDomainForIds syncs, compares, spoils and repairs roots of each range: nothing
// correct may be deleted, and what differs must be found and repaired.
func TestOneDomainForIds(t *testing.T) {
	for name, ids := range keyRanges {
		for _, rooted := range []bool{false, true} {
			for _, roots := range []bool{false, true} {
				if rooted != roots && name != "all" {
					continue // the mixtures are tried where all borders are
				}
				t.Run(fmt.Sprintf("%s, rootField %v, roots.sql %v", name, rooted, roots), func(t *testing.T) {
					t.Parallel()
					w := newWorld(t, setup{}, numbered(rooted, roots), thing)
					for i, id := range ids {
						w.insert(id, fmt.Sprint("n", i))
					}
					w.sync()
					w.agrees("after the first sync")
					if r := w.verify(true); !r.Clean() || r.Roots != int64(len(ids)) {
						t.Errorf("%v: %v", r, r.Differences)
					}
					w.agrees("after a repair of nothing")
					w.spoil(ids)
					if r := w.verify(true); r.Index.Total() == 0 {
						t.Errorf("a spoilt index is clean: %v", r)
					}
					w.agrees("after a repair")
					for _, id := range ids {
						w.exec("DELETE FROM thing WHERE id = " + strconv.FormatUint(id, 10))
						break
					}
					if len(ids) == 1 {
						w.insert(7, "seven")
						w.sync()
					}
					if r := w.verify(true); r.Ledger.Orphaned != 1 {
						t.Errorf("a deleted root is no orphan: %v", r)
					}
					w.agrees("after a repair of an orphan")
				})
			}
		}
	}
}

// spoil deletes a record of the index, changes one, and adds a stranger.
func (w *world) spoil(ids []uint64) {
	w.t.Helper()
	last := ids[len(ids)-1]
	_, err := w.client.Push(w.t.Context(), w.def.Index, []destination.Op{
		{ID: fmt.Sprint("T", ids[0])},
		{ID: "stranger", Body: []byte(`{"objectID":"stranger","name":"x"}`)},
	})
	w.must(err)
	if last != ids[0] {
		_, err = w.client.Push(w.t.Context(), w.def.Index, []destination.Op{
			{ID: fmt.Sprint("T", last), Body: []byte(fmt.Sprintf(`{"objectID":"T%d","name":"spoilt"}`, last))},
		})
		w.must(err)
	}
}

// TestSharesCoverTheDomain compares by parts, as the hourly comparison does.
func TestSharesCoverTheDomain(t *testing.T) {
	f := numbered(true, true)
	f["settings.json"] = `{"numericAttributesForFiltering":["rootId"]}`
	w := newWorld(t, setup{}, f, thing)
	dice := rand.New(rand.NewPCG(1, 2))
	for _, ids := range keyRanges {
		for _, id := range ids {
			w.exec("INSERT IGNORE INTO thing (id, name, updated_at) VALUES (" + strconv.FormatUint(id, 10) + ", 'x', UTC_TIMESTAMP(6) - INTERVAL 1 HOUR)")
		}
	}
	for range 50 {
		w.exec("INSERT IGNORE INTO thing (id, name, updated_at) VALUES (" + strconv.FormatUint(dice.Uint64(), 10) + ", 'x', UTC_TIMESTAMP(6) - INTERVAL 1 HOUR)")
	}
	w.sync()
	v := join.Verifier(&verify.Verifier{Roots: w.src, Rows: w.src, Index: w.browser}, w.DB)
	r, err := v.Share(t.Context(), w.def, w.Comparisons, 7, func() bool { return true })
	if err != nil || !r.Ended || !r.Clean() || r.Indexed != r.Records || r.Records == 0 {
		t.Errorf("%v %v %v", r, r.Ended, err)
	}
}
