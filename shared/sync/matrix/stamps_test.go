package matrix_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/doctor"
)

// stampForms are columns that changes are found by, with the conditions that a
// definition writes for them.
var stampForms = map[string]struct{ column, touch, condition, said string }{
	"epoch seconds":      {"INT UNSIGNED NOT NULL", "UNIX_TIMESTAMP()", "stamp >= UNIX_TIMESTAMP(:from) AND stamp < UNIX_TIMESTAMP(:to) + 1", "the second or the day"},
	"epoch milliseconds": {"BIGINT NOT NULL", "FLOOR(UNIX_TIMESTAMP(NOW(6)) * 1000)", "stamp >= FLOOR(UNIX_TIMESTAMP(:from) * 1000) AND stamp < UNIX_TIMESTAMP(:to) * 1000", "the second or the day"},
	"timestamp":          {"TIMESTAMP(6) NOT NULL", "NOW(6)", "stamp >= :from AND stamp < :to", ""},
	"timestamp to 2038":  {"TIMESTAMP NOT NULL", "NOW()", "stamp >= CAST(:from AS DATETIME) AND stamp <= CAST(:to AS DATETIME)", "to the second"},
	"datetime":           {"DATETIME NOT NULL", "NOW()", "stamp BETWEEN :from AND :to", "to the second"},
	"date":               {"DATE NOT NULL", "CURRENT_DATE", "stamp >= DATE(:from) AND stamp <= DATE(:to)", "to the day"},
	"day number":         {"INT NOT NULL", "TO_DAYS(NOW())", "stamp >= TO_DAYS(:from) AND stamp <= TO_DAYS(:to)", "the second or the day"},
	"text":               {"CHAR(14) CHARACTER SET ascii NOT NULL", "DATE_FORMAT(NOW(), '%Y%m%d%H%i%S')", "stamp >= DATE_FORMAT(:from, '%Y%m%d%H%i%S') AND stamp <= DATE_FORMAT(:to, '%Y%m%d%H%i%S')", ""},
	"zone":               {"DATETIME(6) NOT NULL", "CONVERT_TZ(NOW(6), '+00:00', '+05:30')", "stamp >= CONVERT_TZ(:from, '+00:00', '+05:30') AND stamp < CONVERT_TZ(:to, '+00:00', '+05:30')", ""},
	"an hour on top":     {"DATETIME(6) NOT NULL", "NOW(6)", "stamp >= :from AND stamp < DATE_ADD(:to, INTERVAL 1 HOUR)", ""},
	"year and day":       {"INT NOT NULL", "YEAR(NOW()) * 1000 + DAYOFYEAR(NOW())", "stamp >= YEAR(:from) * 1000 + DAYOFYEAR(:from) AND stamp <= YEAR(:to) * 1000 + DAYOFYEAR(:to)", "the second or the day"},
}

// TestStampsOfEveryForm finds changes by each form, tick after tick: the idle check, a
// comparison without a roots.sql and the re-read must see what the windows see.
func TestStampsOfEveryForm(t *testing.T) {
	for name, form := range stampForms {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := files{
				"entity.yaml": yamlOf("trustVersions: true"),
				"changed.sql": "SELECT id AS _root FROM thing WHERE " + form.condition,
				"rows.sql":    "SELECT id AS _root, version AS _version, CONCAT('T', id) AS objectID, name FROM thing WHERE id IN (:ids)",
			}
			w := newWorld(t, setup{}, f, "CREATE TABLE thing (id INT UNSIGNED NOT NULL PRIMARY KEY, name VARCHAR(40) NOT NULL, version INT NOT NULL DEFAULT 0, stamp "+form.column+", KEY (stamp))")
			w.exec("SET time_zone = '+00:00'")
			for id := range 4 {
				w.exec("INSERT INTO thing (id, name, stamp) VALUES (?, 'first', "+form.touch+")", id)
			}
			found := fmt.Sprint(doctor.Stamps(t.Context(), w.src.SQL(), w.def, time.Now().UTC()))
			if !strings.Contains(found, form.said) || strings.Contains(found, "trusts versions") != (form.said != "") || strings.Contains(found, "could not be determined") {
				t.Errorf("the examination of the stamp says %s", found)
			}
			w.sync()
			w.forget(time.Hour)
			w.exec("UPDATE thing SET name = 'second', version = 1, stamp = " + form.touch + " WHERE id = 2")
			if r := w.sync(); r.Counts.Saved == 0 {
				// A window ends before the present second, day or year of a coarse stamp at
				// the earliest: the next one finds the row.
				t.Logf("run %v saved nothing", r.Window)
			}
			w.agrees("after a change")
			if r := w.verify(false); r.Roots != 4 {
				t.Errorf("verify sees %d roots", r.Roots)
			}
		})
	}
}

// forget lets time pass for all that the state knows, so that the next tick's window
// is an idle check's.
func (w *world) forget(_ time.Duration) {
	w.t.Helper()
	for _, text := range []string{
		"UPDATE order_return_algolia_sync SET created_at = created_at - INTERVAL 20 MINUTE, date_range_end = date_range_end - INTERVAL 20 MINUTE",
	} {
		if _, err := w.SQL().Exec(text); err != nil {
			w.t.Fatal(err)
		}
	}
}
