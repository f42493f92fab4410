package main

import (
	"fmt"
	"strings"
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

// TestEveryActOfTheCommandLineIsAudited runs every command that changes something and
// finds one row of each; commands that only read, and those that are refused before
// they do anything, leave none.
func TestEveryActOfTheCommandLineIsAudited(t *testing.T) {
	dsn, db := database(t, 60)
	d := inProcess(t, env{"SOURCE_DSN": dsn, "TASKS_LOCATION": "projects/p/locations/l", "WINDOW_URL": "http://127.0.0.1:1"})
	d.user = "ops"
	call(t, d, "migrate").expect(t, exitOK, nil, nil)
	alone := surroundings(t, env{"SOURCE_DSN": dsn}) // jobs wait for a tick
	alone.user = "ops"
	park := func() {
		exec(t, db, "INSERT INTO sync_parked (entity, object_id, root_id, run_id, reason, detail, bytes) VALUES ('returns', 'R1-1', 1, 1, 'REJECTED', 'no', 5)")
	}
	for _, c := range []struct {
		deps   deps
		before func()
		line   string
		code   int
		want   string
	}{
		{d, nil, "sync --entity returns --wait", exitOK, "ops start-entity returns: done"},
		{d, nil, "sync --wait --by ann", exitOK, "ann start-entity all entities: done"},
		{d, nil, "sync --entity lost", exitError, ""},
		{d, nil, "scopes start s --member a=returns --wait", exitOK, "ops start-scope s: done"},
		{d, nil, "start-sync-scope s --wait", exitOK, "ops start-scope s: done"},
		{d, nil, "scopes restart none", exitError, "ops start-scope none: failed"},
		{d, nil, "sync-entities --entity returns --instance a --wait", exitOK, "ops sync-entities returns for a: done"},
		{alone, nil, "scopes list", exitOK, ""},
		{alone, nil, "statuses delete 1", exitOK, "ops delete-status 1: done"},
		{alone, nil, "statuses delete 99", exitError, "ops delete-status 99: failed"},
		{alone, nil, "scopes delete s", exitOK, "ops delete-scope s: done"},
		{alone, nil, "backfill --from 2026-01-01 --to 2026-01-02 --dry-run", exitOK, ""},
		{alone, nil, "backfill --from 2026-01-01 --to 2026-01-02", exitOK, "ops backfill returns: done"},
		{alone, nil, "jobs pause 1", exitOK, "ops pause-job backfill 1 of returns: done"},
		{alone, nil, "jobs pause 1", exitError, "ops pause-job backfill 1 of returns: failed"},
		{alone, nil, "jobs resume 1", exitOK, "ops resume-job backfill 1 of returns: done"},
		{alone, nil, "jobs cancel 1", exitOK, "ops cancel-job backfill 1 of returns: done"},
		{alone, park, "parked retry R1-1", exitOK, "ops retry-parked returns: done"},
		{alone, nil, "parked drop R1-1", exitError, ""},
		{alone, nil, "parked drop R1-1 --yes", exitOK, "ops drop-parked returns: done"},
		{alone, func() { exec(t, db, "DELETE FROM sync_ledger WHERE root_id > 10 AND "+old+" ORDER BY root_id LIMIT 1") }, "repair --dry-run", exitAttention, ""},
		{alone, nil, "repair", exitOK, "ops repair returns: done"},
		{alone, nil, "schedules set --name n --entity returns --time 23:30", exitOK, "ops add-schedule schedule 1 (n): done"},
		{alone, nil, "schedules resume 1", exitOK, "ops edit-schedule schedule 1 (n): done"},
		{alone, nil, "schedules delete 1", exitOK, "ops delete-schedule schedule 1 (n): done"},
		{alone, nil, "schedules delete 1", exitError, "ops delete-schedule schedule 1: failed"},
		{alone, nil, "verify", exitAttention, ""},
		{alone, nil, "status", -1, ""},
	} {
		if c.before != nil {
			c.before()
		}
		exec(t, db, "DELETE FROM sync_audit")
		got := call(t, c.deps, strings.Fields(c.line)...)
		if c.code >= 0 {
			got.expect(t, c.code, nil, nil)
		}
		var rows []string
		list, err := db.Query("SELECT CONCAT_WS(' ', who, action, object), SUBSTRING_INDEX(outcome, ':', 1) FROM sync_audit WHERE via = 'cli' ORDER BY id")
		if err != nil {
			t.Fatal(err)
		}
		for list.Next() {
			var what, outcome string
			if err := list.Scan(&what, &outcome); err != nil {
				t.Fatal(err)
			}
			rows = append(rows, what+": "+outcome)
		}
		_ = list.Close()
		var want []string
		if c.want != "" {
			want = []string{c.want}
		}
		if diff := cmp.Diff(want, rows); diff != "" {
			t.Errorf("%s leaves:\n%s", c.line, diff)
		}
	}
}

// TestSettingsAreAuditedWhereThereAreTables pushes settings with and without our own
// tables.
func TestSettingsAreAuditedWhereThereAreTables(t *testing.T) {
	dsn, db := database(t, 0)
	call(t, surroundings(t, env{"SOURCE_DSN": dsn}), "migrate").expect(t, exitOK, nil, nil)
	b := newIndexBench(t, env{"SOURCE_DSN": dsn})
	b.run(exitOK, "settings push --entity returns")
	b.run(exitOK, "settings push --entity returns --dry-run")
	var what string
	if err := db.QueryRow("SELECT CONCAT_WS(' ', COUNT(*), MAX(action), MAX(object), MAX(new_value), MAX(outcome)) FROM sync_audit").Scan(&what); err != nil || what != "1 push-settings returns es_prod es_prod_updatedAt_desc es_prod_createdAt_asc done" {
		t.Errorf("%q, %v", what, err)
	}
	got := newIndexBench(t, nil).run(exitOK, "settings push --entity returns")
	got.expect(t, exitOK, nil, []string{"the audit log gets no row"})
}
