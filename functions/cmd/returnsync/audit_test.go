package main

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestEditsOfSchedulesAreAudited finds every edit in the audit, with who made it,
// and one that failed with its reason.
func TestEditsOfSchedulesAreAudited(t *testing.T) {
	dsn, db := database(t, 0)
	d := surroundings(t, env{"SOURCE_DSN": dsn})
	d.user = "ops"
	for _, args := range [][]string{
		{"migrate"}, {"schedules", "set", "--name", "nightly", "--entity", "returns", "--time", "23:30"},
		{"schedules", "set", "1", "--time", "22:15", "--by", "ann@example.com"}, {"schedules", "pause", "1"},
	} {
		call(t, d, args...).expect(t, exitOK, nil, nil)
	}
	call(t, d, "schedules", "delete", "1", "--if-version", "old").expect(t, exitError, nil, []string{"changed by somebody else"})
	call(t, d, "schedules", "delete", "1").expect(t, exitOK, nil, nil)
	rows, err := db.Query("SELECT who, via, action, object, old_value, new_value, outcome FROM sync_audit ORDER BY id")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var got []string
	for rows.Next() {
		var c [7]string
		if err := rows.Scan(&c[0], &c[1], &c[2], &c[3], &c[4], &c[5], &c[6]); err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%s %s %s %s: %s -> %s: %.20s", c[0], c[1], c[2], c[3], c[4], c[5], c[6]))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	want := []string{
		`ops cli add-schedule schedule 1 (nightly):  -> name "nightly", target_kind entity, target returns, run Daily, time 23:30: done`,
		`ann@example.com cli edit-schedule schedule 1 (nightly): time 23:30 -> time 22:15: done`,
		`ops cli edit-schedule schedule 1 (nightly): no disabled -> disabled yes: done`,
		`ops cli delete-schedule schedule 1:  -> : failed: schedule 1 w`,
		`ops cli delete-schedule schedule 1 (nightly): name "nightly", target_kind entity, target returns, run Daily, time 22:15, disabled yes -> : done`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
