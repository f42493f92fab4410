package main

import (
	"context"
	"encoding/json"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/queue"
	syncscope "gitlab.com/eshopbox-team/return-sync/shared/scope"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/member"
)

// scopesReady returns deps over a migrated database with some returns.
func scopesReady(t *testing.T) (deps, func(query string, args ...any)) {
	t.Helper()
	dsn, db := database(t, 30)
	d := inProcess(t, env{"SOURCE_DSN": dsn, "TASKS_LOCATION": "projects/p/locations/l", "WINDOW_URL": "http://w"})
	call(t, d, "migrate").expect(t, exitOK, nil, nil)
	return d, func(query string, args ...any) { exec(t, db, query, args...) }
}

// TestScopesFromStartToDelete walks through the commands.
func TestScopesFromStartToDelete(t *testing.T) {
	d, do := scopesReady(t)
	call(t, d, "scopes", "list").expect(t, exitOK, []string{"there are no scopes"}, nil)
	call(t, d, "scopes", "show", "nightly").expect(t, exitError, nil, []string{"there is no sync scope nightly"})
	call(t, d, "scopes", "start", "nightly", "--member", "m=returns", "--title", "Every\nnight", "--wait").
		expect(t, exitOK, []string{"nightly: started", "m       synced  2 of 2"}, nil)
	call(t, d, "scopes", "show", "nightly").expect(t, exitOK, []string{"nightly (Every night): synced, start 1", "returns", "failed never"}, nil)
	call(t, d, "scopes", "start", "nightly", "--wait").expect(t, exitOK, []string{"nightly: started"}, nil)
	r := call(t, d, "scopes", "list", "--json")
	var list []syncscope.Answer
	if err := json.Unmarshal([]byte(r.out), &list); err != nil || len(list) != 1 || list[0].Run != 2 || list[0].Synced != 1 || r.code != exitOK {
		t.Errorf("%v %d %s", err, r.code, r.out)
	}
	call(t, d, "scopes", "start", "idle", "--member", "a=", "--member", "b=").expect(t, exitOK, []string{"idle: started"},
		[]string{"the member a has no entities: the scope is syncing until returnsync scopes sync --instance a", "the member b has no entities"})
	call(t, d, "scopes", "start", "idle").expect(t, exitOK, []string{"idle: already syncing"}, nil)
	call(t, d, "scopes", "restart", "idle").expect(t, exitOK, []string{"idle: started"}, nil)
	call(t, d, "scopes", "start", "idle", "--wait", "--timeout", "50ms").expect(t, exitError, []string{"already syncing"}, []string{"did not end within --timeout", "it continues: see returnsync scopes show idle"})
	call(t, d, "__complete", "scopes", "show", "").expect(t, exitOK, []string{"idle\tsyncing, 2, 0\n", "nightly\tsynced, 0, 0\n"}, []string{"ShellCompDirectiveNoFileComp"})
	call(t, d, "sync-entities", "--instance", "a", "--entity", "returns", "--wait").expect(t, exitOK, []string{"started", "returns  a       synced"}, nil)
	call(t, d, "scopes", "list").expect(t, exitOK, []string{"idle     syncing  1            0        0       1"}, nil)
	do("UPDATE sync_scope SET deadline_at = NOW(6) - INTERVAL 1 SECOND WHERE id = 'idle'")
	call(t, d, "scopes", "list").expect(t, exitAttention, []string{"idle     interrupted"}, nil)
	call(t, d, "scopes", "show", "idle").expect(t, exitAttention, []string{"because the timeout", "b       notStarted"}, nil)
	call(t, d, "scopes", "delete", "idle").expect(t, exitOK, []string{"idle: deleted"}, nil)
	call(t, d, "scopes", "delete", "idle").expect(t, exitError, nil, []string{"there is no sync scope idle"})
}

// TestAFailedScopeIsAnError has no sync begin, because the queue is down.
func TestAFailedScopeIsAnError(t *testing.T) {
	d, _ := scopesReady(t)
	open := d.cron
	d.cron = func(e *wire.Env, ctx context.Context) (*wire.Cron, error) {
		c, err := open(e, ctx)
		if err == nil {
			c.Queue = downQueue{}
		}
		return c, err
	}
	call(t, d, "scopes", "start", "s", "--member", "m=returns", "--wait").expect(t, exitError, []string{"s: started", "m: returns failed: it could not be started: the queue is down"}, []string{"the scope s ended failed"})
	call(t, d, "scopes", "show", "s").expect(t, exitAttention, []string{"s: failed", "m: returns failed"}, nil)
	call(t, d, "scopes", "list", "--json").expect(t, exitAttention, []string{`"state": "failed"`}, nil)
	call(t, d, "statuses", "list", "--state", "failed").expect(t, exitOK, []string{"the queue is down"}, nil)
	call(t, d, "sync-entities", "--wait").expect(t, exitError, nil, []string{"returns failed: it could not be started"})
}

// downQueue is a queue.Sender that sends nothing.
type downQueue struct{}

// Send implements queue.Sender.
func (downQueue) Send(context.Context, queue.Task) error {
	return fault.New(fault.Retry, "queue", "the queue is down")
}

// TestActionsByTheirDocumentedNames calls them as commands of their own.
func TestActionsByTheirDocumentedNames(t *testing.T) {
	d, _ := scopesReady(t)
	for _, words := range [][]string{
		{"start-sync-scope", "s1"}, {"action.start-sync-scope", "s2"}, {"action-start-sync-scope", "s3"}, {"scopes", "start-sync-scope", "s4"}, {"scopes", "action.start-sync-scope", "s5"},
	} {
		call(t, d, append(words, "--member", "m=")...).expect(t, exitOK, []string{words[len(words)-1] + ": started"}, nil)
	}
	r := call(t, d, "action.sync-entities", "--json", "--wait")
	var done member.EntitiesDone
	if err := json.Unmarshal([]byte(r.out), &done); err != nil || len(done.Statuses) != 1 || done.Statuses[0].State != syncscope.Synced {
		t.Fatalf("%v %s %s", err, r.out, r.log)
	}
	call(t, d, "action-sync-entities", "--unless-syncing", "s1").expect(t, exitOK, []string{"the condition is not met"}, nil)
	for _, words := range [][]string{{"delete-sync-scope", "s1"}, {"action.delete-sync-scope", "s2"}, {"scopes", "delete-sync-scope", "s3"}, {"delete-sync-status", "1"}} {
		call(t, d, words...).expect(t, exitOK, []string{words[len(words)-1] + ": deleted"}, nil)
	}
	call(t, d, "statuses", "delete", "1").expect(t, exitError, nil, []string{"there is no sync status 1"})
	call(t, d, "statuses", "list").expect(t, exitOK, []string{"there are no such statuses"}, nil)
	call(t, d, "sync-entities", "--unless-syncing", "s1", "--wait").expect(t, exitOK, []string{"returns"}, nil)
}

// TestScopesRefuse tries what cannot be.
func TestScopesRefuse(t *testing.T) {
	d, _ := scopesReady(t)
	for want, words := range map[string][]string{
		"no members yet":       {"scopes", "start", "s"},
		"SCOPE is no id":       {"scopes", "start", "a b", "--member", "m"},
		"--member is no id":    {"scopes", "start", "s", "--member", "=returns"},
		`no entity "x"`:        {"scopes", "start", "s", "--member", "m=x"},
		`no entity "m"`:        {"scopes", "start", "s", "--member", "m"},
		`no entity ""`:         {"scopes", "start", "s", "--member", "m=returns,"},
		"--timeout":            {"scopes", "start", "s", "--member", "m", "--timeout", "0s"},
		"--interrupt-after":    {"scopes", "start", "s", "--member", "m", "--interrupt-after", "1.5s"},
		"SCOPE is missing":     {"scopes", "start"},
		"--limit is 0":         {"statuses", "list", "--limit", "0"},
		"want syncing, synced": {"statuses", "list", "--state", "interrupted"},
		`"x" is not a status`:  {"statuses", "delete", "x"},
		"--timeout is 0s":      {"sync-entities", "--timeout", "0s"},
		"--unless-syncing is":  {"sync-entities", "--unless-syncing", "/"},
		`no entity "y"`:        {"sync-entities", "--entity", "y"},
	} {
		call(t, d, words...).expect(t, exitError, nil, []string{want})
	}
	call(t, surroundings(t, nil), "scopes", "start", "s").expect(t, exitError, nil, []string{"SOURCE_DSN is missing", "WINDOW_URL is missing"})
	call(t, surroundings(t, env{"SCOPES_START_LEASE": "1ms"}), "scopes", "start", "s").expect(t, exitError, nil, []string{"SCOPES_START_LEASE must be"})
}
