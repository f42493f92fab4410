package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/server"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia"
	"gitlab.com/eshopbox-team/return-sync/shared/grants"
	"gitlab.com/eshopbox-team/return-sync/shared/sample"
	"gitlab.com/eshopbox-team/return-sync/shared/schedule"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/destination"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
)

// TestUnderDocumentedGrants plays the whole product as the users that
// terraform/README.md makes by its own statements, in both its forms.
func TestUnderDocumentedGrants(t *testing.T) {
	t.Parallel() // waits most of the time
	for name, u := range map[string]users{"passwords": {}, "iam": {iam: true}} {
		t.Run(name, func(t *testing.T) {
			p := underGrants(t, u)
			_, err := sample.Generate(t.Context(), p.DB, sample.GenerateOptions{Rows: 60, Seed: 3, Now: time.Now().Add(-3 * time.Hour)})
			p.must(err)
			if hits, synced := p.found(); hits != 0 || synced {
				t.Errorf("before the first sync: %d hits, synced %v", hits, synced)
			}
			for _, act := range []func(*place){(*place).syncs, (*place).parks, (*place).rework, (*place).failures, (*place).rebuilds, (*place).starts, (*place).watches, (*place).shows} {
				act(p)
			}
			problems, sent := p.refused()
			for _, one := range problems {
				t.Error(one)
			}
			t.Logf("forms of statements sent: %v", sent)
			playing := []string{grants.Operator}
			for _, f := range server.Of(nil) { // the wings beside sync do not play here
				playing = append(playing, roleOf(f.Name))
			}
			for _, role := range playing {
				if user, _ := u.named(role); sent[user] == 0 {
					t.Errorf("%s sent nothing as %s", role, user)
				}
			}
		})
	}
}

// syncs syncs returns a few times, one of them idle.
func (p *place) syncs() {
	p.post("ReturnsCron", "?jobs=1", "")
	synced(p.t, p.Stack)
	touch(p.t, p.Stack, 1)
	synced(p.t, p.Stack)
	p.run("sync", "--wait")
	p.run("settings", "diff")
	sound(p.t, p.Stack)
	p.searched("after a sync")
}

// parks has records parked, tries them again and drops one.
func (p *place) parks() {
	refuse := algolia.Faults{Rules: []algolia.Fault{{Kind: algolia.RefuseNamed, Pattern: `^R[1234]-`}}}
	p.must(p.AlgoliaFaults(p.t.Context(), refuse))
	for id := 1; id <= 4; id++ {
		touch(p.t, p.Stack, id)
	}
	synced(p.t, p.Stack)
	var parked []string
	rows, err := p.DB.QueryContext(p.t.Context(), "SELECT object_id FROM sync_parked WHERE resolved_at IS NULL ORDER BY object_id")
	p.must(err)
	for rows.Next() {
		var id string
		p.must(rows.Scan(&id))
		parked = append(parked, id)
	}
	p.must(rows.Close())
	if len(parked) < 3 {
		p.t.Fatalf("parked: %v", parked)
	}
	p.run("parked", "list")
	p.run("parked", "show", parked[0])
	p.run("parked", "drop", parked[0], "--yes")
	calm(p.t, p.Stack)
	p.post("SyncConsole", "/act/retry-parked", fmt.Sprintf(`{"entity":"returns","records":[%q]}`, parked[1]))
	p.run("parked", "retry", "--all", "--wait")
	touch(p.t, p.Stack, 1) // the one that was dropped is sent again when it changes
	synced(p.t, p.Stack)
	sound(p.t, p.Stack)
}

// rework backfills, compares and repairs, with jobs that people pause and resume.
func (p *place) rework() {
	_, err := sample.Generate(p.t.Context(), p.DB, sample.GenerateOptions{Rows: 60, Seed: 8, Now: past})
	p.must(err)
	p.run("backfill", "--to", "2025-06-02", "--dry-run")
	p.run("backfill", "--to", "2025-06-02", "--rate", "1")
	p.run("jobs", "pause", "3")
	p.run("jobs", "resume", "3")
	p.post("SyncConsole", "/act/pause-job", `{"job":3}`)
	p.post("SyncConsole", "/act/resume-job", `{"job":3}`)
	p.run("jobs", "cancel", "3")
	p.run("backfill", "--to", "2025-06-02")
	p.post("SyncConsole", "/act/cancel-job", `{"job":4}`)
	p.run("backfill", "--to", "2025-06-02", "--wait")
	p.run("jobs", "list", "--all")
	p.run("jobs", "show", "5")
	sound(p.t, p.Stack)

	c := newSpoiler(p.t, p.Stack)
	pushed, err := c.client.Push(p.t.Context(), c.index, []destination.Op{{ID: "stranger", Body: []byte(`{"objectID":"stranger","account":"zz","returnId":7}`)}})
	p.must(err)
	p.must(c.client.Wait(p.t.Context(), c.index, pushed.TaskID))
	for range 30 { // a round, and the beginning of another
		p.post("VerifyReturns", "", "")
	}
	p.ends(exitAttention, "verify", "--deep")
	p.run("repair", "--deep", "--wait")
	p.run("verify", "--deep")
	sound(p.t, p.Stack)
}

// rebuilds builds an index anew, undoes that, undoes the undoing, and removes the old index.
// Searches find all the time what they should.
func (p *place) rebuilds() {
	p.run("rebuild")
	p.searched("after a rebuild")
	p.run("rebuild", "--undo")
	p.searched("after going back")
	p.run("rebuild", "--undo")
	p.searched("after going forth")
	p.run("rebuild", "--clean")
	p.searched("after the old index was removed")
	p.run("rebuild", "--list")
	synced := call(p.t, p.cli, "sync", "--wait")
	synced.expect(p.t, exitOK, nil, nil)
}

// starts edits schedules and starts scopes by each of the ways.
func (p *place) starts() {
	p.run("schedules", "set", "--name", "often", "--entity", "returns", "--time", "00:30", "--run", "interval")
	p.run("schedules", "set", "--name", "both", "--scope", "all", "--time", "00:30", "--run", "interval")
	p.post("ReconcileSchedules", "", "")
	p.post("ReconcileSchedules", "?fire=1", "")
	p.run("schedules", "pause", "1")
	p.run("schedules", "resume", "1")
	p.run("schedules", "apply")
	p.run("schedules", "list")
	p.post("SyncConsole", "/act/add-schedule", `{"edit":{"name":"third","targetKind":"Entity","target":"returns","time":"00:45","run":"Interval"}}`)
	p.post("SyncConsole", "/act/edit-schedule", fmt.Sprintf(`{"schedule":3,"version":%q,"edit":{"name":"third","targetKind":"Entity","target":"returns","time":"00:50","run":"Interval"}}`, p.version(3)))
	p.post("SyncConsole", "/act/delete-schedule", fmt.Sprintf(`{"schedule":3,"version":%q}`, p.version(3)))

	p.run("scopes", "start", "all", "--member", "m=returns", "--wait")
	p.post("ReconcileSchedules", "?fire=2", "")
	p.post("SyncConsole", "/act/start-scope", `{"scope":"mine","title":"Mine","entities":["returns"]}`)
	p.post("SyncConsole", "/act/start-scope", `{"scope":"mine","restart":true}`)
	p.post("SyncConsole", "/act/start-entity", `{"entity":"returns"}`)
	p.post("SyncScopes", "/start-sync-scope", `{"instanceId":"theirs","options":{"members":{"a":[{"entity":"returns"}],"b":[]}}}`)
	p.post("SyncScopes", "/start-sync-scope", `{"instanceId":"theirs","options":{"restart":true}}`)
	p.post("SyncScopes", "/sync-entities", `{"instanceId":"b"}`)
	p.run("sync-entities", "--entity", "returns", "--instance", "b", "--wait")
	p.run("scopes", "restart", "all")
	p.admin("UPDATE sync_scope SET deadline_at = NOW(6) - INTERVAL 1 SECOND WHERE id = 'theirs'")
	for _, below := range []string{"/scopes", "/scopes/theirs", "/statuses"} {
		if status, text := p.call(http.MethodGet, "SyncScopes", below, ""); status != http.StatusOK {
			p.t.Errorf("%s: %d %s", below, status, text)
		}
	}
	p.run("statuses", "list")
	p.run("statuses", "delete", "1")
	p.post("SyncScopes", "/delete-sync-status", `{"options":{"id":"2"}}`)
	p.admin("UPDATE sync_status SET deleted_at = NOW(6) - INTERVAL 3 DAY WHERE id = 1")
	p.post("SyncScopes", "/delete-sync-scope", `{"options":{"id":"theirs"}}`)
	p.run("scopes", "delete", "mine")
	p.post("ReconcileSchedules", "", "")
	p.run("schedules", "delete", "1")
	p.post("ReconcileSchedules", "", "")
}

// version returns the version of a schedule, which a change builds on.
func (p *place) version(id int64) string {
	p.t.Helper()
	var listed []schedule.Answer
	p.must(json.Unmarshal([]byte(p.run("schedules", "list", "--json")), &listed))
	for _, one := range listed {
		if one.ID == id {
			return one.Version
		}
	}
	p.t.Errorf("there is no schedule %d", id)
	return ""
}

// watches has the watcher raise an alert, send it, take it back, and remove what
// is old.
func (p *place) watches() {
	p.post("WatchSyncs", "", "")
	p.run("alerts", "test")
	p.run("sync", "--wait")
	p.post("WatchSyncs", "", "")
	p.admin("UPDATE sync_alert SET closed_at = NOW(6) - INTERVAL 500 DAY WHERE closed_at IS NOT NULL")
	p.admin("UPDATE sync_log SET at = NOW(6) - INTERVAL 3 DAY")
	p.post("WatchSyncs", "", "")
	var left int
	p.must(p.DB.QueryRowContext(p.t.Context(), "SELECT (SELECT COUNT(*) FROM sync_alert WHERE closed_at IS NOT NULL) + (SELECT COUNT(*) FROM sync_log WHERE at < NOW(6) - INTERVAL 2 DAY)").Scan(&left))
	if left != 0 {
		p.t.Errorf("%d old rows were not removed", left)
	}
}

// failures has the index refuse a page until its run fails, a run die and be taken
// over, and old change lists go.
func (p *place) failures() {
	ctx := p.t.Context()
	p.must(p.AlgoliaFaults(ctx, algolia.Faults{Rules: []algolia.Fault{{Kind: algolia.ServerError, Status: 503}}}))
	touch(p.t, p.Stack, 5)
	if r, err := p.Sync(ctx, "returns", nil); err != nil || r.State != run.Failed {
		p.t.Fatalf("%v, %v", r.State, err)
	}
	p.post("WatchSyncs", "", "")
	p.post("WatchSyncs", "", "")
	if sent := p.slack.Bodies(); len(sent) == 0 {
		p.t.Error("no message says that a run failed")
	}
	p.ends(exitAttention, "alerts", "list")
	calm(p.t, p.Stack)
	synced(p.t, p.Stack)

	p.must(p.Kill("ReturnUpdateProcessingQueue"))
	touch(p.t, p.Stack, 6)
	_, err := p.Tick(ctx, "returns")
	p.must(err)
	p.cut("SELECT COUNT(*) FROM sync_run WHERE state = 'processing'")
	p.admin("UPDATE order_return_algolia_sync SET lease_until = NOW(6) - INTERVAL 1 SECOND WHERE status <> 0")
	p.must(p.Revive(ctx, "ReturnUpdateProcessingQueue"))
	p.run("sync", "--wait")
	sound(p.t, p.Stack)

	p.admin("UPDATE sync_run SET closed_at = closed_at - INTERVAL 3 DAY WHERE closed_at IS NOT NULL")
	p.admin("UPDATE sync_job SET closed_at = closed_at - INTERVAL 3 DAY WHERE closed_at IS NOT NULL")
	oldest := p.count("SELECT MIN(p.run_id) FROM sync_page p JOIN sync_run r ON r.id = p.run_id WHERE r.entity = 'returns'")
	touch(p.t, p.Stack, 7)
	synced(p.t, p.Stack)
	// The last page of a run prunes after the run has closed.
	p.cut(fmt.Sprintf("SELECT NOT EXISTS (SELECT 1 FROM sync_page WHERE run_id = %d)", oldest))
}

// count reads a number.
func (p *place) count(query string) (n int) {
	p.t.Helper()
	p.must(p.DB.QueryRowContext(p.t.Context(), query).Scan(&n))
	return n
}

// cut waits until a number is above 0, or a condition holds.
func (p *place) cut(query string) {
	p.t.Helper()
	for deadline := time.Now().Add(time.Minute); p.count(query) == 0; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			p.t.Fatalf("still none: %s", query)
		}
	}
}

// shows runs every command that only reads.
func (p *place) shows() {
	p.run("status")
	p.run("runs", "list")
	p.run("runs", "show", "1")
	p.run("logs")
	p.run("entities", "check")
	for _, below := range []string{"/state", "/runs/1"} {
		if status, text := p.call(http.MethodGet, "SyncConsole", below, ""); status != http.StatusOK {
			p.t.Errorf("%s: %d %s", below, status, text)
		}
	}
	r := call(p.t, p.cli, "doctor")
	if !strings.Contains(r.out, "ok    state privileges") || !strings.Contains(r.out, "ok    returns queries") || !strings.Contains(r.out, "ok    state tables") {
		p.t.Errorf("doctor: %d\n%s%s", r.code, r.out, r.log)
	}
}
