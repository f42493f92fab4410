package matrix_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/doctor"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
)

// TestABadRowStopsNothing has one row without a usable root, or without an id, among
// good ones: the good ones are synced, now and later, and the bad one is reported.
func TestABadRowStopsNothing(t *testing.T) {
	for name, rows := range map[string]string{
		"NULL root":         "(100, NULL, 'x', NOW(6))",
		"negative root":     "(100, -5, 'x', NOW(6))",
		"both":              "(100, -1, 'x', NOW(6)), (98, NULL, 'y', NOW(6)), (99, NULL, 'z', NOW(6))",
		"NULL id":           "(100, 4, NULL, NOW(6))",
		"empty id":          "(100, 4, '', NOW(6))",
		"three without ids": "(100, 4, '', NOW(6)), (97, 4, NULL, NOW(6)), (96, 5, NULL, NOW(6))",
	} {
		for _, apart := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, apart %v", name, apart), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, setup{apart: apart}, files{
					"entity.yaml": yamlOf(),
					"changed.sql": "SELECT ref AS _root FROM thing WHERE updated_at >= :from AND updated_at < :to",
					"rows.sql":    "SELECT ref AS _root, updated_at AS _version, code AS objectID, CAST(id AS CHAR) AS row_id FROM thing WHERE ref IN (:ids)",
				}, "CREATE TABLE thing (id INT NOT NULL PRIMARY KEY, ref BIGINT NULL, code VARCHAR(20) NULL, updated_at DATETIME(6) NOT NULL)")
				w.exec("INSERT INTO thing VALUES (1, 1, 'a', NOW(6)), (2, 2, 'b', NOW(6))")
				w.exec("INSERT INTO thing VALUES " + rows)
				words := fmt.Sprint(doctor.DryRun(t.Context(), w.src, w.def, time.Now().UTC()))
				if !strings.Contains(words, "NULL or negative") && !strings.Contains(words, "would be parked") {
					t.Errorf("a dry run says %s", words)
				}
				for n := range 2 {
					if r := w.sync(); n == 0 && r.Counts.Saved != 2 {
						t.Errorf("%v", r.Counts)
					}
					if ids := w.ids(); len(ids) != 2 || ids["a"] == "" || ids["b"] == "" {
						t.Errorf("the index holds %v", ids)
					}
				}
				var said int
				w.must(w.SQL().QueryRow("SELECT (SELECT COUNT(*) FROM sync_log WHERE message LIKE '%NULL or negative%') + (SELECT COUNT(*) FROM sync_parked WHERE detail LIKE '%objectID%')").Scan(&said))
				if said == 0 {
					t.Error("nothing reports the bad row")
				}
				if v := w.verify(true); !v.Clean() {
					t.Errorf("verify finds %v: %v", v, v.Differences)
				}
				w.exec("UPDATE thing SET ref = 7, code = 'c', updated_at = NOW(6) WHERE id = 100")
				w.exec("DELETE FROM thing WHERE id BETWEEN 96 AND 99")
				w.sync()
				if ids := w.ids(); ids["c"] == "" || len(ids) != 3 {
					t.Errorf("corrected, and the index holds %v", ids)
				}
			})
		}
	}
}

// TestOnlyBadRowsNameTheDefinition has no usable root at all.
func TestOnlyBadRowsNameTheDefinition(t *testing.T) {
	for _, apart := range []bool{false, true} {
		w := newWorld(t, setup{apart: apart}, files{
			"entity.yaml": yamlOf(),
			"changed.sql": "SELECT -CAST(id AS SIGNED) AS _root FROM thing WHERE updated_at >= :from AND updated_at < :to",
			"rows.sql":    "SELECT id AS _root, updated_at AS _version, name AS objectID FROM thing WHERE id IN (:ids)",
		}, thing)
		w.insert(1, "a")
		w.insert(2, "b")
		if r := w.trySync(); r.State != run.Failed || !strings.Contains(r.LastError, "changed.sql") {
			t.Errorf("%s: %s", r.State, r.LastError)
		}
	}
}
