package main

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sethvargo/go-envconfig"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/health"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/rehearsal"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/rehearsal/rehearsaltest"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia"
	"gitlab.com/eshopbox-team/return-sync/shared/heartbeat"
	"gitlab.com/eshopbox-team/return-sync/shared/judge"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rework"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/window"
)

// advised is a state that needs a person: how it arises, and what the remedy's own
// commands make of it.
type advised struct {
	kind  judge.Kind
	cause func(a *advice)
	// env is environment of the command line in this state.
	env env
	// cure is what the remedy asks a person to do without a command, such as "remove
	// this cause"; it comes before the commands.
	cure func(a *advice)
	// after ends a state that the commands only explain.
	after func(a *advice)
	// says is a part of the problem's text.
	says string
}

// advice plays the states on one stack.
type advice struct {
	*rehearsal.Stack
	t *testing.T
	d deps
}

// TestEveryAdviceIsRun brings about every kind of problem that status knows, takes
// the commands out of the remedy's text, and runs each: none may be refused, and in
// the end the problem is gone.
func TestEveryAdviceIsRun(t *testing.T) {
	s, d := stack(t, 40, rehearsal.Options{Every: time.Hour, Env: []string{"PAGE_ATTEMPTS=2", "ALGOLIA_ATTEMPTS=1", "JOB_PAUSE=100ms", "OVERLAP=1m"}})
	a := &advice{Stack: s, t: t, d: d}
	a.d.env = envconfig.MultiLookuper(envconfig.MapLookuper(env{"ALGOLIA_ADMIN_KEY": rehearsal.AdminKey, "PAGE_ATTEMPTS": "2"}), d.env)
	played := map[judge.Kind]bool{}
	for _, state := range slices.Concat(syncStates(), indexStates(), jobStates()) {
		played[state.kind] = true
		t.Run(string(state.kind), func(t *testing.T) {
			here := *a
			here.t = t
			if state.env != nil {
				here.d.env = envconfig.MultiLookuper(envconfig.MapLookuper(state.env), here.d.env)
			}
			here.play(state)
		})
	}
	for _, kind := range judge.Kinds() {
		if !played[kind] {
			t.Errorf("no state raises %s", kind)
		}
	}
}

// play plays one state.
func (a *advice) play(state advised) {
	state.cause(a)
	found := a.until(state.kind, true)
	if !strings.Contains(found.Problem, state.says) {
		a.t.Errorf("the problem %q does not say %q", found.Problem, state.says)
	}
	commands := commandsIn(found.Do)
	if len(commands) == 0 {
		a.t.Fatalf("%q names no command", found.Do)
	}
	if state.cure != nil {
		state.cure(a)
	}
	for _, args := range commands {
		r := call(a.t, a.d, args...)
		if r.code == exitError || r.out == "" {
			a.t.Errorf("returnsync %s: exit code %d\n%s\n%s", strings.Join(args, " "), r.code, r.out, r.log)
		}
	}
	if state.after != nil {
		state.after(a)
	}
	if state.env == nil {
		a.until(state.kind, false)
	}
}

// until asks for the status until it has a kind of problem, or has it no more.
func (a *advice) until(kind judge.Kind, want bool) judge.Finding {
	a.t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); ; {
		r := call(a.t, a.d, "status", "--json")
		var report health.Report
		if err := json.Unmarshal([]byte(r.out), &report); err != nil {
			a.t.Fatalf("%v\n%s\n%s", err, r.out, r.log)
		}
		at := slices.IndexFunc(report.Attention, func(f judge.Finding) bool { return f.Kind == kind })
		switch {
		case at >= 0 && want:
			return report.Attention[at]
		case at < 0 && !want:
			return judge.Finding{}
		case time.Now().After(deadline):
			a.t.Fatalf("%s: want %v, status says %+v", kind, want, report.Attention)
		}
	}
}

// exec runs a statement.
func (a *advice) exec(query string, args ...any) { a.t.Helper(); exec(a.t, a.DB, query, args...) }

// sync ticks once and waits.
func (a *advice) sync() { a.t.Helper(); synced(a.t, a.Stack) }

// refuse has the index put off every write by an hour, so that a page stays between two
// attempts until calm.
func (a *advice) refuse() {
	a.t.Helper()
	if err := a.AlgoliaFaults(a.t.Context(), algolia.Faults{Rules: []algolia.Fault{{Kind: algolia.RateLimit, RetryAfter: 3600}}}); err != nil {
		a.t.Fatal(err)
	}
}

// calm ends the index's faults and waits until no run is under way.
func (a *advice) calm() {
	a.t.Helper()
	calm(a.t, a.Stack)
	rehearsaltest.Settle(a.t, a.Stack)
}

// endings changes how the newest run ended.
func endings(state run.State) func(*advice) {
	return func(a *advice) {
		a.exec("UPDATE sync_run SET state = ?, last_error = 'the cable was cut' WHERE kind = 'window' ORDER BY id DESC LIMIT 1", state)
	}
}

// behind moves the watermark and the first tick into the past.
func behind(a *advice) {
	a.exec("UPDATE order_return_algolia_sync SET created_at = NOW(6) - INTERVAL 3 DAY, date_range_end = NOW(6) - INTERVAL 2 DAY WHERE job_type = 'RETURN_JOB'")
}

// stuck begins a sync whose pages the index refuses.
func stuck(a *advice) {
	a.refuse()
	touch(a.t, a.Stack, 3)
	if _, err := a.Tick(a.t.Context(), "returns"); err != nil {
		a.t.Fatal(err)
	}
}

// syncStates are the states of syncs.
func syncStates() []advised {
	return []advised{
		{kind: judge.Offline, says: "no heartbeat of the sync application for 2h00m", cause: func(a *advice) {
			a.exec("INSERT INTO sync_heartbeat (name, alive, timestamp, alive_since) VALUES ('sync', 1, NOW(6) - INTERVAL 2 HOUR, NOW(6) - INTERVAL 3 HOUR) ON DUPLICATE KEY UPDATE timestamp = VALUES(timestamp)")
		}, after: func(a *advice) {
			// A tick by hand is no sign of life: the scheduler's next tick gives it.
			if err := heartbeat.New(a.Store.Pool()).Beat(a.t.Context(), judge.App); err != nil {
				a.t.Fatal(err)
			}
		}},
		{kind: judge.NeverSynced, cause: func(a *advice) {
			a.exec("DELETE FROM sync_run")
			a.exec("DELETE FROM order_return_algolia_sync")
		}},
		{kind: judge.Behind, cause: behind, says: "2d00h behind"},
		{kind: judge.Absent, cause: behind, says: "nothing synced in 24h00m"},
		{kind: judge.LeaseExpired, cause: func(a *advice) {
			a.exec("UPDATE order_return_algolia_sync SET status = 1, token = 'dead', lease_until = NOW(6) - INTERVAL 1 HOUR")
		}},
		{kind: judge.RunFailed, cause: endings(run.Failed), says: "the cable was cut", cure: (*advice).sync},
		{kind: judge.TakenOver, cause: endings(run.Interrupted), says: "the cable was cut", cure: (*advice).sync},
		{kind: judge.PageRefused, cause: stuck, says: "try 1 of 2: ", after: (*advice).calm},
		{kind: judge.PageFailed, cause: func(a *advice) {
			stuck(a)
			a.until(judge.PageRefused, true)
			a.exec("UPDATE sync_run SET pages_failed = 1 WHERE closed_at IS NULL")
		}, after: func(a *advice) {
			a.exec("UPDATE sync_run SET pages_failed = 0 WHERE closed_at IS NULL")
			a.calm()
		}},
		{kind: judge.Parked, cause: func(a *advice) {
			rules := algolia.Faults{Rules: []algolia.Fault{{Kind: algolia.RefuseNamed, Pattern: `^R2-`}}}
			if err := a.AlgoliaFaults(a.t.Context(), rules); err != nil {
				a.t.Fatal(err)
			}
			touch(a.t, a.Stack, 2)
			a.sync()
		}, after: func(a *advice) {
			a.calm()
			touch(a.t, a.Stack, 2)
			a.sync()
		}},
	}
}

// indexStates are the states of the index.
func indexStates() []advised {
	return []advised{
		{kind: judge.IndexRecords, says: "the index has 0 records", cause: func(a *advice) {
			// Returns that changed within the overlap are pending: the repair pushes them too.
			touch(a.t, a.Stack, 5)
			a.sync()
			askIndex(a.t, a.Stack, "POST", "/1/indexes/es_prod/clear", "")
		}},
		{kind: judge.IndexSettings, says: "attributesForFaceting", cause: func(a *advice) {
			askIndex(a.t, a.Stack, "PUT", "/1/indexes/es_prod/settings", `{"attributesForFaceting":[]}`)
		}},
		{kind: judge.IndexUnchecked, says: "not checked since", cause: func(*advice) {}, env: env{"ALGOLIA_CHECK_KEY": "wrong"}},
		{kind: judge.Drift, says: "records that differ from the source: ", cause: func(a *advice) {
			a.exec("DELETE FROM sync_ledger WHERE root_id = 7")
			call(a.t, a.d, "verify").expect(a.t, exitAttention, nil, nil)
		}},
		{kind: judge.VerifyFailed, says: "the cable was cut", cause: func(a *advice) {
			a.exec("UPDATE sync_verify SET last_error = 'the cable was cut'")
		}},
		{kind: judge.Operations, cause: func(*advice) {}, env: env{"OPERATIONS_DAY": "1"}},
	}
}

// jobStates are the states of jobs and of the index that a rebuild leaves.
func jobStates() []advised {
	return []advised{
		{kind: judge.JobFailed, says: "the cable was cut", cause: func(a *advice) { a.job(rework.Failed, "the cable was cut") }, after: (*advice).withoutJobs},
		{kind: judge.JobWaits, says: judge.BudgetNote, cause: func(a *advice) { a.job(rework.Running, judge.BudgetNote+"90 %") }, after: (*advice).withoutJobs},
		{kind: judge.StandbyBehind, says: "index es_prod, which stands by since the rebuild, is 2d00h behind: run ", cause: func(a *advice) {
			call(a.t, a.d, "rebuild").expect(a.t, exitOK, nil, nil)
			a.exec("UPDATE sync_ledger SET records = 'x' WHERE entity = 'returns' AND root_id = 9")
			touch(a.t, a.Stack, 9)
			a.standbySync(run.Failed)
			behind(a)
		}, cure: func(a *advice) {
			// The first command alone makes the index right: its next sync ends well.
			found := a.until(judge.StandbyBehind, true)
			call(a.t, a.d, commandsIn(found.Do)[0]...).expect(a.t, exitOK, []string{"unreadable"}, nil)
			a.standbySync(run.Synced)
			a.until(judge.StandbyBehind, false)
		}},
	}
}

// standbySync ticks all targets and waits until the run of the standing-by one has
// ended so.
func (a *advice) standbySync(want run.State) {
	a.t.Helper()
	newest := func() run.Run {
		list, err := a.Store.Runs.Windows(a.t.Context(), "returns", 1)
		if err != nil || len(list) != 1 {
			a.t.Fatal(list, err)
		}
		return list[0]
	}
	before := newest()
	call(a.t, a.d, "sync", "--entity", "returns").expect(a.t, exitOK, nil, nil)
	for deadline := time.Now().Add(2 * time.Minute); ; {
		r := newest()
		switch {
		case r.ID > before.ID && r.State == want:
			return
		case r.ID > before.ID && r.State.Final() || time.Now().After(deadline):
			a.t.Fatalf("%v: %s; want %s", r.State, r.LastError, want)
		}
	}
}

// job adds a job in a state.
func (a *advice) job(state rework.State, note string) {
	now := time.Now().UTC()
	j, err := a.Store.Jobs.CreateJob(a.t.Context(), rework.Job{Entity: "returns", Kind: run.Backfill, State: rework.Paused, Window: window.Window{From: now.Add(-time.Hour), To: now}, Chunk: time.Hour})
	if err != nil {
		a.t.Fatal(err)
	}
	a.exec("UPDATE sync_job SET state = ?, note = ?, closed_at = IF(? = 'failed', NOW(6), NULL), due_at = NOW(6) + INTERVAL 1 DAY WHERE id = ?", state, note, state, j.ID)
}

// withoutJobs deletes all jobs.
func (a *advice) withoutJobs() { a.exec("DELETE FROM sync_job") }

// command is a command line in a text: up to what cannot be part of one.
var command = regexp.MustCompile(`returnsync ((?:[a-zA-Z0-9=_~.:/%-]+ ?)+)`)

// commandsIn returns the arguments of the command lines that a text names. Words
// behind a command line's end are cut off where they are no part of it.
func commandsIn(text string) [][]string {
	var list [][]string
	for _, m := range command.FindAllStringSubmatch(text, -1) {
		list = append(list, strings.Fields(m[1]))
	}
	return list
}

// TestCommandsInTexts reads command lines out of sentences.
func TestCommandsInTexts(t *testing.T) {
	for text, want := range map[string]string{
		"start a sync: returnsync sync --entity returns --wait; then see: returnsync doctor": "sync --entity returns --wait|doctor",
		"find what costs so much with returnsync runs list, or raise OPERATIONS_DAY":         "runs list",
		"nothing to run":                         "",
		"repair: returnsync repair --entity r~1": "repair --entity r~1",
	} {
		var got []string
		for _, args := range commandsIn(text) {
			got = append(got, strings.Join(args, " "))
		}
		if strings.Join(got, "|") != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// TestAdviceAfterARebuild runs what reports advise about an index that took the place of
// another: its name, with which they speak of it, is taken by all commands, and doctor
// examines it and not the removed one.
func TestAdviceAfterARebuild(t *testing.T) {
	s, d := stack(t, 20, rehearsal.Options{Every: time.Hour, Env: []string{"OVERLAP=1s"}})
	d.env = envconfig.MultiLookuper(envconfig.MapLookuper(env{"ALGOLIA_ADMIN_KEY": rehearsal.AdminKey}), d.env)
	synced(t, s)
	call(t, d, "rebuild").expect(t, exitOK, nil, nil)
	call(t, d, "rebuild", "clean").expect(t, exitOK, nil, nil)
	late := call(t, d, "status", "--stale-after", "1ns")
	live := regexp.MustCompile(`returns~\d+`).FindString(late.out)
	commands := commandsIn(late.out)
	if live == "" || len(commands) == 0 {
		t.Fatalf("status speaks of no target, or advises nothing:\n%s", late.out)
	}
	for _, text := range []string{"status", "runs list", "logs", "parked list", "settings diff", "settings push", "verify --deep", "repair --deep --wait", "sync --wait", "doctor"} {
		commands = append(commands, append(strings.Fields(text), "--entity", live))
	}
	for _, args := range commands {
		if r := call(t, d, args...); r.code == exitError {
			t.Errorf("returnsync %s: exit code %d\n%s\n%s", strings.Join(args, " "), r.code, r.out, r.log)
		}
	}
	r := call(t, d, "doctor")
	if line := regexp.MustCompile(`(?m)^.*returns index .*$`).FindString(r.out); !strings.Contains(line, "ok") || !strings.Contains(line, "_r") {
		t.Errorf("doctor says of the index %q", line)
	}
}
