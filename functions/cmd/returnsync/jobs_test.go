package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/operate"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/rehearsal"
	"gitlab.com/eshopbox-team/return-sync/shared/sample"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rework"
)

// past is when the history of these tests took place.
var past = time.Date(2025, 6, 1, 0, 0, 0, 0, time.UTC)

// buried is a stack with so many returns that no window has seen.
func buried(t *testing.T, returns int, env ...string) (*rehearsal.Stack, deps) {
	t.Helper()
	s, d := stack(t, 10, rehearsal.Options{Env: append([]string{"JOB_PAUSE=100ms", "PAGE_SIZE=10"}, env...)})
	if _, err := sample.Generate(t.Context(), s.DB, sample.GenerateOptions{Rows: returns, Seed: 8, Now: past}); err != nil {
		t.Fatal(err)
	}
	return s, d
}

// delivered waits until every delivery that has begun has ended.
func delivered(t *testing.T, s *rehearsal.Stack) {
	t.Helper()
	if err := s.Delivered(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// shownJob reads a job as jobs show --json prints it.
func shownJob(t *testing.T, d deps, id string) (j struct {
	State    rework.State
	Rate     int
	Roots    int64
	Progress struct {
		Roots int64
		Runs  int
	}
}) {
	t.Helper()
	r := call(t, d, "jobs", "show", id, "--json")
	if err := json.Unmarshal([]byte(r.out), &j); err != nil || r.code != exitOK {
		t.Fatalf("%v: %s%s", err, r.out, r.log)
	}
	return j
}

func TestBackfillIsEstimatedAndFollowed(t *testing.T) {
	s, d := buried(t, 120)
	until := []string{"--to", "2025-06-02"}
	call(t, d, append([]string{"backfill", "--dry-run", "--rate", "10"}, until...)...).expect(t, exitOK,
		[]string{"returns from 1970-01-01 00:00:00 to 2025-06-02 00:00:00 (UTC): 120 roots, about ", "(estimated from 120 roots)", "at 10 roots a second this takes at least 12s"}, nil)
	var e operate.Estimated
	r := call(t, d, append([]string{"backfill", "--dry-run", "--json"}, until...)...)
	if err := json.Unmarshal([]byte(r.out), &e); err != nil || e.Roots != 120 || e.Operations == 0 || e.Operations != e.Records {
		t.Errorf("%v: %s", err, r.out)
	}
	call(t, d, "jobs", "list", "--all").expect(t, exitOK, []string{"there was never a job"}, nil)

	call(t, d, append([]string{"backfill", "--wait"}, until...)...).expect(t, exitOK,
		[]string{"backfill 1 of returns: done, all done", "from 1970-01-01", "asked for by: returnsync backfill", "1 ended well, 0 failed"}, []string{"backfill 1 of returns is open"})
	if got := shownJob(t, d, "1"); got.State != rework.Done || got.Progress.Roots != 120 {
		t.Errorf("%+v", got)
	}
	sound(t, s)
	call(t, d, append([]string{"backfill", "--dry-run"}, until...)...).expect(t, exitOK, []string{"120 roots", "about 0 operations"}, nil)
	call(t, d, "jobs", "list").expect(t, exitOK, []string{"no job is open"}, nil)
	call(t, d, "jobs", "list", "--all").expect(t, exitOK, []string{"backfill", "done", "all"}, nil)
}

func TestBackfillRefusesWhatItCannotRead(t *testing.T) {
	dsn, _ := database(t, 0)
	d := surroundings(t, env{"SOURCE_DSN": dsn})
	call(t, d, "backfill").expect(t, exitError, nil, []string{"run: returnsync migrate"})
	call(t, d, "migrate").expect(t, exitOK, nil, nil)
	for args, want := range map[string]string{
		"--rate -1":                           "--rate is -1; want 1 or more",
		"--from yesterday":                    `--from is "yesterday"; want a date such as 2026-01-31`,
		"--to 31.1.2026":                      `--to is "31.1.2026"`,
		"--from 2026-02-01 --to 2026-01-01":   "is not after --from",
		"--entity orders":                     `no entity "orders"`,
		"--from 2026-01-31T14:00:00+05:30 -x": `"-x" is no flag of returnsync backfill`,
	} {
		call(t, d, append([]string{"backfill"}, strings.Fields(args)...)...).expect(t, exitError, nil, []string{want})
	}
	// Without queues the job waits for the next tick.
	call(t, d, "backfill", "--from", "2026-01-01").expect(t, exitOK, []string{"0 roots"}, []string{"backfill 1 of returns is open", "the next tick begins it"})
	call(t, d, "backfill", "--from", "2026-01-01", "--to", "2026-01-02").expect(t, exitOK, nil, []string{"backfill 2 of returns is open"})
	call(t, d, "backfill", "--from", "2026-01-01", "--to", "2026-01-02").expect(t, exitOK, nil, []string{"a backfill of this range is open already: job 2"})
	call(t, d, "status").expect(t, exitAttention, []string{"1 backfill of returns running; 0 roots done", "2 backfill of returns running"}, nil)
}

// TestJobsPauseResumeCancel steers a slow backfill.
func TestJobsPauseResumeCancel(t *testing.T) {
	s, d := buried(t, 200)
	for _, args := range []string{"show 7", "pause 7", "resume 7", "cancel 7"} {
		call(t, d, append([]string{"jobs"}, strings.Fields(args)...)...).expect(t, exitError, nil, []string{"there is no job 7"})
	}
	call(t, d, "jobs", "show", "x").expect(t, exitError, nil, []string{`"x" is not a job's number`})
	call(t, d, "jobs", "list", "--limit", "0").expect(t, exitError, nil, []string{"want 1 or more"})

	call(t, d, "backfill", "--to", "2025-06-02", "--rate", "40").expect(t, exitOK, nil, nil) // 5 s
	call(t, d, "jobs", "pause", "1").expect(t, exitOK, []string{"backfill 1 of returns is paused; to continue it: returnsync jobs resume 1"}, nil)
	call(t, d, "jobs", "pause", "1").expect(t, exitError, nil, []string{"cannot pause: backfill 1 of returns is already paused"})
	delivered(t, s) // what was delivered before the pause has ended
	before := shownJob(t, d, "1")
	if before.State != rework.Paused || before.Rate != 40 || before.Roots != 200 {
		t.Errorf("%+v", before)
	}
	call(t, d, "sync", "--wait").expect(t, exitOK, nil, nil) // a tick does not wake the job
	delivered(t, s)
	if after := shownJob(t, d, "1"); after.Progress.Roots != before.Progress.Roots {
		t.Errorf("a paused job went on from %d to %d roots", before.Progress.Roots, after.Progress.Roots)
	}
	call(t, d, "status").expect(t, exitOK, []string{"All is well.", "1 backfill of returns paused; "}, nil)
	call(t, d, "jobs", "resume", "1").expect(t, exitOK, []string{"backfill 1 of returns is running again"}, nil)
	call(t, d, "jobs", "show", "1", "--wait").expect(t, exitOK, []string{"done, all done"}, nil)
	if got := shownJob(t, d, "1"); got.Progress.Roots != 200 {
		t.Errorf("%+v", got)
	}
	call(t, d, "jobs", "cancel", "1").expect(t, exitError, nil, []string{"cannot cancel: backfill 1 of returns is done"})
	sound(t, s)

	call(t, d, "backfill", "--to", "2025-06-03", "--rate", "10").expect(t, exitOK, nil, nil)
	call(t, d, "jobs", "cancel", "2").expect(t, exitOK, []string{"backfill 2 of returns is cancelled"}, nil)
	call(t, d, "jobs", "show", "2", "--wait").expect(t, exitOK, []string{"cancelled"}, nil)
	call(t, d, "jobs", "show", "2", "--wait", "--timeout", "0s").expect(t, exitOK, []string{"cancelled"}, nil)
	synced(t, s)
	sound(t, s)
}

// TestStatusTellsOfJobsBudgetAndDrift shows what is beside the syncs, and what needs
// attention.
func TestStatusTellsOfJobsBudgetAndDrift(t *testing.T) {
	dsn, db := database(t, 30)
	e := local(dsn)
	d := inProcess(t, e)
	call(t, d, "migrate").expect(t, exitOK, nil, nil)
	call(t, d, "sync", "--wait").expect(t, exitOK, nil, nil)
	checked(t, db)
	r := call(t, d, "status")
	r.expect(t, exitOK, []string{"All is well."}, nil)
	for _, not := range []string{"budget", "drift", "target", "job"} {
		if strings.Contains(r.out, not) {
			t.Errorf("there is no %s:\n%s", not, r.out)
		}
	}
	exec(t, db, `INSERT INTO sync_job (entity, kind, state, window_from, window_to, roots, note, closed_at) VALUES
		('returns', 'backfill', 'running', NOW(6), NOW(6), 100, 'it waits for the operations budget: 9 of 10 operations were used in 24 hours', NULL),
		('returns', 'repair', 'failed', NOW(6), NOW(6), 5, '3 runs failed in a row', NOW(6) - INTERVAL 1 HOUR),
		('returns', 'repair', 'failed', NOW(6), NOW(6), 5, 'long ago', NOW(6) - INTERVAL 2 DAY)`)
	exec(t, db, "INSERT INTO sync_verify (entity, round_finished_at, last_error, updated_at) VALUES ('returns', NOW(6) - INTERVAL 2 HOUR, 'the index does not answer', NOW(6))")
	exec(t, db, "INSERT INTO sync_drift (entity, root_id, place, object_id, kind, account, records) VALUES ('returns', 4, 'index', 'R4-1', 'missing', 'acme', 3)")
	e["OPERATIONS_DAY"], e["OPERATIONS_MONTH"] = "60", "1000000"
	r = call(t, d, "status")
	r.expect(t, exitAttention, []string{
		"job 1 (backfill): it waits for the operations budget", "raise OPERATIONS_DAY",
		"job 2 (repair) failed: 3 runs failed in a row", "returnsync jobs show 2",
		"records that differ from the source: 3 (R4-1 is missing in the index)", "returnsync repair --deep --wait --entity returns",
		"the comparison that runs by itself failed: the index does not answer",
		"of 60 operations of the index are used in 24 hours", "syncs go on, backfills wait",
		"1 backfill of returns waiting: ", "2 repair of returns failed: ", "3 records differ; the last full comparison was 2h00m ago", "budget", " of 1000000 operations in 30 days",
	}, nil)
	if strings.Contains(r.out, "long ago") {
		t.Errorf("a job that failed long ago is reported:\n%s", r.out)
	}
	exec(t, db, "INSERT INTO sync_target (entity, role, index_name, packed, open_entity) VALUES ('returns', 'building', 'es_next', '{}', 'returns')")
	call(t, d, "status", "--entity", "returns").expect(t, exitAttention, []string{"returns live, index es_prod, as of 2", " building, index es_next, never synced"}, nil)
	var got struct {
		Budget   struct{ Day, DayCap int64 }
		Entities []struct {
			Name    string
			Jobs    []struct{ ID int64 }
			Targets []struct{ Name, Role, Index string }
			Drift   struct{ Records int64 }
		}
	}
	r = call(t, d, "status", "--json")
	if err := json.Unmarshal([]byte(r.out), &got); err != nil || len(got.Entities) != 1 {
		t.Fatalf("%v: %s", err, r.out)
	}
	if one := got.Entities[0]; one.Name != "returns" || len(one.Jobs) != 2 || len(one.Targets) != 2 || one.Drift.Records != 3 || got.Budget.DayCap != 60 || got.Budget.Day == 0 {
		t.Errorf("%+v", got)
	}
}
