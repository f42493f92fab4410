package main

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/returnsync/internal/syncs"
	"gitlab.com/eshopbox-team/return-sync/shared/alert/alertstore"
	"gitlab.com/eshopbox-team/return-sync/shared/alert/alerttest"
	"gitlab.com/eshopbox-team/return-sync/shared/runlog"
)

// screen is an output that can be read while it is written.
type screen struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// patience is how long a test waits for anything: far more than it should take on
// a busy machine.
const patience = time.Minute

// await waits until the screen shows a text.
func (s *screen) await(t *testing.T, text string) {
	t.Helper()
	for deadline := time.Now().Add(patience); !strings.Contains(s.String(), text); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("no %q in:\n%s", text, s)
		}
	}
}

// launched is a command line under way.
type launched struct {
	screen
	stop  context.CancelFunc
	ended chan int
}

// launch runs a command line that ends when it is stopped.
func launch(t *testing.T, d deps, args ...string) *launched {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	r := &launched{stop: stop, ended: make(chan int, 1)}
	d.out, d.log = &r.screen, &r.screen
	go func() { r.ended <- execute(ctx, args, d.real()) }()
	t.Cleanup(stop)
	return r
}

// end stops it and demands its exit code.
func (r *launched) end(t *testing.T, code int) {
	t.Helper()
	r.stop()
	if got := <-r.ended; got != code {
		t.Errorf("exit code %d, want %d:\n%s", got, code, r)
	}
}

// TestRunsAndLogs looks at a run that was synced and one that failed.
func TestRunsAndLogs(t *testing.T) {
	dsn, db := database(t, 30)
	d := inProcess(t, env{"SOURCE_DSN": dsn, "TASKS_LOCATION": "projects/p/locations/l", "WINDOW_URL": "http://w"})
	call(t, d, "migrate").expect(t, exitOK, nil, nil)
	call(t, d, "runs", "list").expect(t, exitOK, []string{"no run yet", "returnsync sync --wait"}, nil)
	call(t, d, "sync", "--wait").expect(t, exitOK, nil, nil)
	call(t, d, "runs", "show", "1").expect(t, exitOK, []string{"returns, window: synced", "2 of 2 done", "unchanged 0", "the run began over", "the run is synced: found"}, nil)
	exec(t, db, `INSERT INTO sync_run (entity, state, claim_id, claim_token, window_from, window_to, closed_at, last_error, pages_total, pages_failed)
		VALUES ('returns', 'failed', 1, 'x', NOW(6), NOW(6), NOW(6), 'the index is\naway', 1, 1)`)
	exec(t, db, "INSERT INTO sync_page (run_id, page, state, roots, attempts, last_error) VALUES (2, 1, 3, 5, 8, 'the index is away')")
	exec(t, db, "INSERT INTO sync_log (at, severity, entity, run_id, message) VALUES (NOW(6) - INTERVAL 2 HOUR, 'ERROR', 'returns', 2, 'the run failed: away')")
	call(t, d, "runs", "show", "2").expect(t, exitAttention, []string{"returns, window: failed", "the index is away", "ERROR", "the run failed: away"}, nil)
	call(t, d, "runs", "list").expect(t, exitOK, []string{"RUN", "2    returns  failed", "1    returns  synced"}, nil)
	var runs []struct {
		RunID int64
		State string
	}
	r := call(t, d, "runs", "list", "--json", "--entity", "returns", "--limit", "1")
	if err := json.Unmarshal([]byte(r.out), &runs); err != nil || len(runs) != 1 || runs[0].RunID != 2 || runs[0].State != "failed" {
		t.Errorf("%v %s", err, r.out)
	}
	var shown syncs.RunReport
	if r = call(t, d, "runs", "show", "2", "--json"); json.Unmarshal([]byte(r.out), &shown) != nil || len(shown.Pages) != 1 || len(shown.Log) != 1 || shown.State != "failed" {
		t.Errorf("%s", r.out)
	}
	call(t, d, "logs").expect(t, exitOK, []string{"INFO", "returns run 1", "the run is synced"}, nil)
	for name, args := range map[string][]string{"grave": {"--severity", "error"}, "since": {"--since", "1h"}, "time": {"--since", "2020-01-01T00:00:00Z"}, "limit": {"--limit", "1"}} {
		r := call(t, d, append([]string{"logs", "--json"}, args...)...)
		var list []runlog.Entry
		if err := json.Unmarshal([]byte(r.out), &list); err != nil || len(list) != map[string]int{"grave": 1, "since": 2, "time": 3, "limit": 1}[name] {
			t.Errorf("%s: %d entries, %v: %s", name, len(list), err, r.out)
		}
	}
	call(t, d, "runs", "show", "99").expect(t, exitError, nil, []string{"there is no run 99"})
}

// TestWrongWordsAboutWatching are refused before a database is asked.
func TestWrongWordsAboutWatching(t *testing.T) {
	d := surroundings(t, env{"SOURCE_DSN": "u@tcp(127.0.0.1:1)/d"})
	for want, args := range map[string][]string{
		"--severity is \"loud\"":                {"logs", "--severity", "loud"},
		"--since is \"yesterday\"":              {"logs", "--since", "yesterday"},
		"--limit is 0":                          {"logs", "--limit", "0"},
		"no entity \"orders\"":                  {"logs", "--entity", "orders"},
		"\"x\" is not a run":                    {"runs", "show", "x"},
		"--pages is 0":                          {"runs", "show", "1", "--pages", "0"},
		"--limit is -1":                         {"runs", "list", "--limit", "-1"},
		"--limit is -2":                         {"alerts", "list", "--limit", "-2"},
		"--json and --watch exclude each other": {"status", "--json", "--watch"},
		"no channel is configured":              {"alerts", "test"},
	} {
		call(t, d, args...).expect(t, exitError, nil, []string{want})
	}
}

// TestLogsAreFollowed sees what is written after the first look, also an entry
// whose number is lower than one that was seen: its transaction ended later.
func TestLogsAreFollowed(t *testing.T) {
	dsn, db := database(t, 0)
	d := surroundings(t, env{"SOURCE_DSN": dsn})
	call(t, d, "migrate").expect(t, exitOK, nil, nil)
	add := func(id int, message string) {
		exec(t, db, "INSERT INTO sync_log (id, at, severity, entity, message) VALUES (?, NOW(6), 'INFO', 'returns', ?)", id, message)
	}
	add(10, "older")
	add(11, "last of before")
	r := launch(t, d, "logs", "--follow", "--limit", "1")
	r.await(t, "last of before")
	add(20, "first of after")
	r.await(t, "first of after")
	add(19, "late by its transaction")
	r.await(t, "late by its transaction")
	add(21, "last of after")
	r.await(t, "last of after")
	r.end(t, exitOK)
	for text, want := range map[string]int{"older": 0, "last of before": 1, "first of after": 1, "late by its transaction": 1, "last of after": 1} {
		if got := strings.Count(r.String(), text); got != want {
			t.Errorf("%q was shown %d times, want %d:\n%s", text, got, want, r)
		}
	}
	empty := launch(t, d, "logs", "--follow", "--json", "--severity", "error")
	exec(t, db, "INSERT INTO sync_log (at, severity, message) VALUES (NOW(6), 'ERROR', 'the first that matters')")
	empty.await(t, `"message":"the first that matters"}`)
	empty.end(t, exitOK)
}

// TestStatusIsWatched shows the report again and again, and goes on after a look
// that failed.
func TestStatusIsWatched(t *testing.T) {
	dsn, db := database(t, 0)
	d := surroundings(t, env{"SOURCE_DSN": dsn})
	call(t, d, "migrate").expect(t, exitOK, nil, nil)
	r := launch(t, d, "status", "--watch")
	r.await(t, "never synced")
	checked(t, db)
	exec(t, db, "INSERT INTO order_return_algolia_sync (job_type, date_range_end) VALUES ('RETURN_JOB', NOW(6))")
	r.await(t, "All is well.")
	exec(t, db, "RENAME TABLE sync_run TO sync_run_away")
	r.await(t, "The status cannot be read")
	exec(t, db, "RENAME TABLE sync_run_away TO sync_run")
	before := strings.Count(r.String(), "All is well.")
	for deadline := time.Now().Add(patience); strings.Count(r.String(), "All is well.") <= before; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it did not go on")
		}
	}
	r.end(t, exitOK)
}

// TestAlertsAreListed shows what is open and what to do.
func TestAlertsAreListed(t *testing.T) {
	dsn, db := database(t, 0)
	d := surroundings(t, env{"SOURCE_DSN": dsn})
	call(t, d, "migrate").expect(t, exitOK, nil, nil)
	call(t, d, "alerts", "list").expect(t, exitOK, []string{"No alert is open."}, nil)
	exec(t, db, `INSERT INTO sync_alert (id, cause, entity, title, detail, advice, link, open_key, raised_at, closed_at, outcome) VALUES
		(1, 'offline', '', 'Sync application offline', 'No sign', 'Look', '', NULL, NOW(6) - INTERVAL 2 HOUR, NOW(6) - INTERVAL 1 HOUR, 'recovered'),
		(2, 'behind', 'returns', 'returns: the index is behind', 'It holds', 'See status', '', 'behind/returns', NOW(6), NULL, 'open')`)
	exec(t, db, "INSERT INTO sync_alert_notice (alert_id, event, channel, state, next_at) VALUES (2, 'raised', 'slack', 'waiting', NOW(6))")
	r := call(t, d, "alerts", "list")
	r.expect(t, exitAttention, []string{"returns: the index is behind", "It holds", "-> See status"}, nil)
	if strings.Contains(r.out, "offline") {
		t.Error("one that is over was listed")
	}
	call(t, d, "alerts", "list", "--all").expect(t, exitAttention, []string{"recovered", "1h00m"}, nil)
	var list []alertstore.AlertRow
	if r = call(t, d, "alerts", "list", "--json"); json.Unmarshal([]byte(r.out), &list) != nil || len(list) != 1 || list[0].Waiting != 1 {
		t.Error(r.out)
	}
}

// TestAlertsAreTested sends over every channel and shows no address.
func TestAlertsAreTested(t *testing.T) {
	good, bad := alerttest.NewReceiver(t), alerttest.NewReceiver(t, alerttest.Answer{Status: 404})
	call(t, surroundings(t, env{"SLACK_WEBHOOK_URL": good.URL}), "alerts", "test").expect(t, exitOK, []string{"slack: the message was taken"}, nil)
	if sent := good.Bodies(); len(sent) != 1 || !strings.Contains(sent[0], "Nothing is wrong") {
		t.Errorf("sent %q", sent)
	}
	r := call(t, surroundings(t, env{"SLACK_WEBHOOK_URL": good.URL, "ALERT_WEBHOOK_URL": bad.URL}), "alerts", "test")
	r.expect(t, exitError, []string{"slack: the message was taken"}, []string{"webhook: the channel answered 404", "revoked"})
	away := call(t, surroundings(t, env{"SLACK_WEBHOOK_URL": "http://127.0.0.1:1/services/" + alerttest.Secret}), "alerts", "test")
	away.expect(t, exitError, nil, []string{"slack: the channel does not answer"})
	wrong := call(t, surroundings(t, env{"SLACK_WEBHOOK_URL": "hooks.test/" + alerttest.Secret}), "alerts", "test")
	wrong.expect(t, exitError, nil, []string{"SLACK_WEBHOOK_URL is no address"})
	if all := r.out + r.log + away.out + away.log + wrong.out + wrong.log; strings.Contains(all, alerttest.Secret) {
		t.Errorf("an address was shown:\n%s", all)
	}
}
