package matrix_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/doctor"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
)

// doubtful are conditions and expressions at which a server only warns, over a column of
// texts, numbers and dates in which one row has a value that does not fit.
var doubtful = map[string]struct{ condition, field string }{
	"GROUP_CONCAT that is cut": {"updated_at >= :from AND updated_at < :to AND word + 0 < 9", "LENGTH((SELECT GROUP_CONCAT(REPEAT('x', 5000000)) FROM (SELECT 1 UNION SELECT 2) AS two))"},
	"text as a date":           {"CAST(stamp AS DATETIME) >= :from AND CAST(stamp AS DATETIME) < :to", "CAST(stamp AS DATE)"},
	"text as a number":         {"UNIX_TIMESTAMP(stamp) >= UNIX_TIMESTAMP(:from) AND :to > '2000-01-01' OR id + word > 1e9", "word + 1"},
	"text with a date":         {"updated_at >= :from AND updated_at < :to AND word + 1 > 0", "DATE_ADD(stamp, INTERVAL 1 DAY)"},
	"a field that is cut":      {"updated_at >= :from AND updated_at < :to AND id <> 'three'", "CONVERT(word, SIGNED)"},
	"a number too large":       {"updated_at >= :from AND updated_at < :to AND CAST(word AS UNSIGNED) < 1e20", "CAST(word AS UNSIGNED)"},
}

// TestWhatTheServerWarnsOf has one row whose values do not fit among good ones. The good
// ones are synced in either place of the state.
func TestWhatTheServerWarnsOf(t *testing.T) {
	for name, c := range doubtful {
		for _, apart := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, apart %v", name, apart), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, setup{apart: apart}, files{
					"entity.yaml": yamlOf(),
					"changed.sql": "SELECT id AS _root FROM thing WHERE " + c.condition,
					"rows.sql":    "SELECT id AS _root, updated_at AS _version, CONCAT('T', id) AS objectID, " + c.field + " AS made FROM thing WHERE id IN (:ids)",
				}, "CREATE TABLE thing (id INT NOT NULL PRIMARY KEY, stamp VARCHAR(30) NOT NULL, word VARCHAR(30) NOT NULL, number INT NOT NULL, updated_at DATETIME(6) NOT NULL)")
				w.exec("INSERT INTO thing VALUES (1, UTC_TIMESTAMP(), '1', 1, UTC_TIMESTAMP(6)), (2, UTC_TIMESTAMP(), '2', 2, UTC_TIMESTAMP(6)), (3, 'yesterday', 'three', 0, UTC_TIMESTAMP(6))")
				rows, err := w.src.Rows(t.Context(), w.def, []uint64{1, 2, 3})
				if err != nil || len(rows.Warnings) == 0 {
					t.Errorf("rows.sql brings no warning: %v, %v", rows.Warnings, err)
				}
				words := fmt.Sprint(doctor.DryRun(t.Context(), w.src, w.def, time.Now().UTC()))
				if !strings.Contains(words, "changed.sql makes the server warn") {
					t.Errorf("a dry run says %s", words)
				}
				r := w.trySync()
				if r.State != run.Synced {
					t.Fatalf("%s: %s", r.State, r.LastError)
				}
				if ids := w.ids(); ids["T1"] == "" || ids["T2"] == "" {
					t.Errorf("%v", ids)
				}
				if said := scalar(t, w.SQL(), "SELECT COALESCE(GROUP_CONCAT(message), '') FROM sync_log"); !strings.Contains(said, "warn") {
					t.Errorf("the run log says nothing: %s", said)
				}
			})
		}
	}
}
