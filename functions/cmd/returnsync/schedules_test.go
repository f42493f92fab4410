package main

import (
	"encoding/json"
	"net"
	"strings"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/scheduler"
	"gitlab.com/eshopbox-team/return-sync/shared/schedule"
)

// TestSchedules takes schedules through a day of an operator.
func TestSchedules(t *testing.T) {
	dsn, db := database(t, 0)
	emulator := scheduler.New(scheduler.Options{})
	t.Cleanup(func() { _ = emulator.Close() })
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = emulator.Serve(listener) }()
	d := surroundings(t, env{
		"SOURCE_DSN": dsn, "TASKS_LOCATION": "projects/p/locations/l", "SCHEDULES_URL": "http://127.0.0.1:1/s",
		"CLOUD_SCHEDULER_EMULATOR_HOST": listener.Addr().String(),
	})
	d.now = func() time.Time { return time.Date(2026, 12, 1, 6, 0, 0, 0, time.UTC) }
	do := func(code int, out, log string, args ...string) {
		t.Helper()
		call(t, d, append([]string{"schedules"}, args...)...).expect(t, code, []string{out}, []string{log})
	}
	call(t, d, "migrate").expect(t, exitOK, nil, nil)
	do(exitOK, "there are no schedules", "", "list")
	do(exitOK, `schedule 1 was added: "nightly" starts entity returns daily at 23:30 UTC-07:00`, "", "set", "--name", "nightly", "--entity", "returns", "--time", "23:30")
	do(exitOK, `schedule 2 was added: "odd" starts scope all every 01:30 hours`, "", "set", "--name", "odd", "--scope", "all", "--time", "01:30", "--run", "interval")
	do(exitOK, "pending", "", "list")
	do(exitOK, "2 schedules, 0 rejected; 2 jobs changed, 0 deleted", "", "apply")
	do(exitOK, "0 jobs changed", "", "apply")
	do(exitOK, "2026-12-01 06:30:00", "", "list")
	do(exitOK, "2026-12-01 07:30:00", "", "list")
	do(exitOK, "weekly on Sunday at 22:00 UTC+05:45", "", "set", "1", "--run", "Weekly", "--weekday", "sun", "--time", "22:00", "--timezone", "+05:45")
	do(exitOK, "disabled; in force", "", "pause", "1")
	do(exitOK, "disabled", "", "list")
	do(exitOK, "was saved", "", "resume", "1")
	exec(t, db, "UPDATE sync_schedule SET time = '25:00' WHERE id = 2")
	do(exitAttention, "1 rejected", "", "apply")
	do(exitOK, `2 is rejected: time is "25:00"`, "", "list")
	do(exitOK, "is still rejected", "", "pause", "2")
	do(exitOK, `"name": "odd"`, "", "delete", "2", "--json")
	do(exitOK, "1 deleted", "", "apply")

	var listed []schedule.Answer
	if err := json.Unmarshal([]byte(call(t, d, "schedules", "list", "--json").out), &listed); err != nil || len(listed) != 1 || listed[0].Version == "" || listed[0].State != "on" {
		t.Fatalf("%v: %+v", err, listed)
	}
	do(exitError, "", "changed by somebody else", "set", "1", "--time", "01:00", "--if-version", "old")
	do(exitOK, "was saved", "", "set", "1", "--time", "01:00", "--if-version", listed[0].Version)
	do(exitOK, "was deleted", "", "delete", "1")
}

// TestSchedulesThatMakeNoSense refuses what the function would reject, and says
// what to write.
func TestSchedulesThatMakeNoSense(t *testing.T) {
	dsn, db := database(t, 0)
	d := surroundings(t, env{"SOURCE_DSN": dsn})
	call(t, d, "migrate").expect(t, exitOK, nil, nil)
	good := []string{"--name", "n", "--entity", "returns", "--time", "12:00"}
	for want, args := range map[string][]string{
		"--name is missing":         {"set", "--entity", "returns", "--time", "12:00"},
		"target is empty":           {"set", "--name", "n", "--time", "12:00"},
		"a schedule has one target": append([]string{"set", "--scope", "all"}, good...),
		`time is "7pm"`:             append([]string{"set"}, append(good[:4:4], "--time", "7pm")...),
		`run is "Hourly"`:           append([]string{"set", "--run", "Hourly"}, good...),
		`zone is "PDT"`:             append([]string{"set", "--timezone", "PDT"}, good...),
		"weekday is":                append([]string{"set", "--run", "weekly", "--weekday", "x"}, good...),
		`weekday is "Blursday"`:     append([]string{"set", "--weekday", "Blursday"}, good...),
		"write --run weekly too":    append([]string{"set", "--weekday", "Fri"}, good...),
		`no entity "lost"`:          {"set", "--name", "n", "--entity", "lost", "--time", "12:00"},
		"is no id":                  {"set", "--name", "n", "--scope", "all of it", "--time", "12:00"},
		"at most 128":               {"set", "--name", strings.Repeat("n", 129), "--entity", "returns", "--time", "12:00"},
		"--if-version needs":        append([]string{"set", "--if-version", "x"}, good...),
		"no schedule 7":             {"set", "7", "--time", "12:00"},
		`"x" is not a schedule's`:   {"pause", "x"},
		"there is no schedule 8":    {"delete", "8"},
		"SCHEDULES_URL":             {"apply"},
	} {
		call(t, d, append([]string{"schedules"}, args...)...).expect(t, exitError, nil, []string{want})
	}
	var rows int
	if err := db.QueryRow("SELECT COUNT(*) FROM sync_schedule").Scan(&rows); err != nil || rows != 0 {
		t.Errorf("%d rows, %v", rows, err)
	}
}
