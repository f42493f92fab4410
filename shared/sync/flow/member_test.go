package flow_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/scope"
	"gitlab.com/eshopbox-team/return-sync/shared/scope/scopestore"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/flow"
)

// TestAnEarlyFailureKeepsAScopeSyncingUntilTheLastMemberCompletes follows three
// members to their ends.
func TestAnEarlyFailureKeepsAScopeSyncingUntilTheLastMemberCompletes(t *testing.T) {
	g := newGroup(t)
	g.started(three)
	g.expect("s", scope.Syncing, "0/3/0/0")
	g.end("b", "failed")
	g.expect("s", scope.Syncing, "0/2/1/0")
	g.end("a", "synced")
	g.expect("s", scope.Syncing, "0/1/1/1")
	g.end("c", "synced")
	s := g.expect("s", scope.Failed, "0/0/1/2")
	want := []scope.Failure{{Provider: scope.DefaultProvider, Entity: "b", FunctionID: "JOB_b", Error: "page 3 is out of attempts"}}
	if diff := cmp.Diff(want, s.Details["m2"].Failures); diff != "" || s.LastFailedAt == nil || s.LastSyncedAt != nil {
		t.Errorf("failures, %v, %v:\n%s", s.LastFailedAt, s.LastSyncedAt, diff)
	}
	if m := s.Details["m1"]; m.State != scope.Synced || m.StartedAt == nil || m.CompletedAt == nil || *m.StartedAt > *m.CompletedAt || len(m.Failures) != 0 {
		t.Errorf("m1: %+v", m)
	}
}

// TestAllRunningAndNoneStartedBothReadSyncing compares the two.
func TestAllRunningAndNoneStartedBothReadSyncing(t *testing.T) {
	g := newGroup(t)
	g.started(`{"instanceId":"idle","options":{"instanceIds":["m1","m2"]}}`)
	g.started(`{"instanceId":"busy","options":{"members":{"n1":["a"],"n2":["b","c"]}}}`)
	g.expect("idle", scope.Syncing, "2/0/0/0")
	g.expect("busy", scope.Syncing, "0/2/0/0")
}

// TestAStartDeclaresAndMembersReportWhenTheirOwnActionRuns is the documented way:
// a scope of instance ids, and sync-entities in their names.
func TestAStartDeclaresAndMembersReportWhenTheirOwnActionRuns(t *testing.T) {
	g := newGroup(t)
	g.started(`{"instanceId":"s","options":{"instanceIds":["m1","m2"]}}`)
	if len(g.queue.all()) != 0 {
		t.Error("a member without entities started a sync")
	}
	g.syncEntities(`{"instanceId":"m1","options":{"entities":["a","b"]}}`)
	g.expect("s", scope.Syncing, "1/1/0/0")
	g.end("a", "synced")
	g.end("b", "synced")
	g.expect("s", scope.Syncing, "1/0/0/1")
	g.syncEntities(`{"instanceId":"m2","options":{"entities":["c"]}}`)
	g.end("c", "synced")
	if s := g.expect("s", scope.Synced, "0/0/0/2"); s.LastSyncedAt == nil || !slices.Equal(s.Details["m1"].Entities, []string{"a", "b"}) {
		t.Errorf("%+v", s)
	}
}

// TestOneCallOfThreeEntitiesGivesThreeStatuses looks at what single syncs leave.
func TestOneCallOfThreeEntitiesGivesThreeStatuses(t *testing.T) {
	g := newGroup(t)
	done := g.syncEntities(`{"options":{"provider":"DATA_PROVIDER_REST","entities":["c",{"entity":"a","function":"f"},"c","b"]}}`)
	var got []string
	for _, s := range done.Statuses {
		got = append(got, s.Provider+" "+s.Entity+" "+s.FunctionID+" "+string(s.State))
	}
	want := []string{"DATA_PROVIDER_REST c JOB_c syncing", "DATA_PROVIDER_REST a f syncing", "DATA_PROVIDER_REST b JOB_b syncing"}
	if diff := cmp.Diff(want, got); diff != "" || !done.Started {
		t.Errorf("%v (-want +got):\n%s", done.Started, diff)
	}
	if n := len(g.queue.all()); n != 3 {
		t.Errorf("%d window tasks", n)
	}
	g.end("a", "failed")
	g.end("b", "synced")
	g.look0()
	if diff := cmp.Diff([]string{"c syncing", "a failed", "b synced"}, g.statuses()); diff != "" {
		t.Error(diff)
	}
	if all := g.syncEntities(``); len(all.Statuses) != 3 {
		t.Errorf("without a list, %d entities", len(all.Statuses))
	}
	if none := g.syncEntities(`{"options":{"entities":[]}}`); none.Started || len(none.Statuses) != 0 {
		t.Errorf("an empty list: %+v", none)
	}
}

// look0 refreshes.
func (g *group) look0() {
	g.t.Helper()
	if err := g.scopes.Refresh(g.t.Context()); err != nil {
		g.t.Fatal(err)
	}
}

// TestCountsAreOfMembersNotOfEntities gives one member all entities.
func TestCountsAreOfMembersNotOfEntities(t *testing.T) {
	g := newGroup(t)
	g.started(`{"instanceId":"s","options":{"members":{"all":["a","b","c"],"again":["a"]}}}`)
	g.expect("s", scope.Syncing, "0/2/0/0")
	g.end("a", "synced")
	g.expect("s", scope.Syncing, "0/1/0/1")
	g.end("b", "failed")
	g.end("c", "synced")
	g.expect("s", scope.Failed, "0/0/1/1")
}

// TestPagesFeedTheProgressOfAMember looks at a member in the midst of its runs.
func TestPagesFeedTheProgressOfAMember(t *testing.T) {
	g := newGroup(t)
	g.started(`{"instanceId":"s","options":{"members":{"m":["a","b"]}}}`)
	for _, step := range []struct {
		do    func()
		pages string
	}{
		{func() {}, "0/0"}, {func() { g.begin("a") }, "2/5"}, {func() { g.begin("b") }, "4/10"},
		{func() { g.exec("UPDATE sync_run SET pages_done = 4") }, "8/10"}, {func() { g.end("a", "synced") }, "9/10"},
		{func() { g.end("b", "synced") }, "10/10"},
	} {
		step.do()
		m := g.look("s").Details["m"]
		if got := fmt.Sprintf("%d/%d", m.PagesDone, m.PagesTotal); got != step.pages {
			t.Errorf("%s pages, want %s", got, step.pages)
		}
	}
}

// TestAStartThatFindsASyncUnderWayJoinsIt has the entity ticked before.
func TestAStartThatFindsASyncUnderWayJoinsIt(t *testing.T) {
	g := newGroup(t)
	if _, err := g.scopes.Ticker.Run(t.Context(), flow.Tick{Entity: "a", Occurrence: "tick"}); err != nil {
		t.Fatal(err)
	}
	g.begin("a")
	g.started(`{"instanceId":"s","options":{"members":{"m":["a"]}}}`)
	if m := g.look("s").Details["m"]; m.PagesDone != 2 {
		t.Errorf("the member does not follow the run that was there: %+v", m)
	}
	g.end("a", "synced")
	g.expect("s", scope.Synced, "0/0/0/1")
}

// TestLastFailedAndLastSyncedSurviveARestart starts a scope three times.
func TestLastFailedAndLastSyncedSurviveARestart(t *testing.T) {
	g := newGroup(t)
	body := `{"instanceId":"s","options":{"title":"Every night","members":{"m":["a"]}}}`
	g.started(body)
	g.end("a", "failed")
	failed := g.expect("s", scope.Failed, "0/0/1/0")
	again := g.started(`{"instanceId":"s"}`)
	if again.LastFailedAt == nil || *again.LastFailedAt != *failed.LastFailedAt || *again.LastStartedAt < *failed.LastStartedAt || again.Title != "Every night" {
		t.Errorf("%+v", again)
	}
	g.expect("s", scope.Syncing, "0/1/0/0")
	g.end("a", "synced")
	synced := g.expect("s", scope.Synced, "0/0/0/1")
	third := g.started(`{"instanceId":"s"}`)
	if third.LastFailedAt == nil || third.LastSyncedAt == nil || *third.LastSyncedAt != *synced.LastSyncedAt || third.Run != 3 {
		t.Errorf("%+v", third)
	}
}

// TestALateCompletionOfAnEarlierStartDoesNotCount restarts while a member runs.
func TestALateCompletionOfAnEarlierStartDoesNotCount(t *testing.T) {
	g := newGroup(t)
	g.started(`{"instanceId":"s","options":{"instanceIds":["m"]}}`)
	g.syncEntities(`{"instanceId":"m","options":{"entities":["a"]}}`)
	g.expect("s", scope.Syncing, "0/1/0/0")
	if done := g.start(`{"instanceId":"s"}`); done.Started || done.Message != "already syncing" {
		t.Fatalf("%+v", done)
	}
	if s := g.started(`{"instanceId":"s","options":{"instanceIds":["m"],"restart":true}}`); s.Run != 2 {
		t.Fatalf("%+v", s)
	}
	g.end("a", "failed")
	g.expect("s", scope.Syncing, "1/0/0/0")
	if diff := cmp.Diff([]string{"a failed"}, g.statuses()); diff != "" {
		t.Error(diff)
	}
	g.syncEntities(`{"instanceId":"m","options":{"entities":["a"]}}`)
	g.end("a", "synced")
	if s := g.expect("s", scope.Synced, "0/0/0/1"); s.LastFailedAt != nil {
		t.Error("the failure of the earlier start was counted")
	}
}

// TestNoMembersAreRefused tries the ways to start a scope of nothing.
func TestNoMembersAreRefused(t *testing.T) {
	g := newGroup(t)
	for _, body := range []string{
		`{"instanceId":"s"}`, `{"instanceId":"s","options":{"instanceIds":[]}}`, `{"instanceId":"s","options":{"members":{}}}`,
	} {
		_, err := g.scopes.Start(t.Context(), g.request(scope.StartScope, body), "")
		if fault.KindOf(err) != fault.Invalid || fault.CodeOf(err) != "no-members" {
			t.Errorf("%s: %v", body, err)
		}
	}
	g.gone("s")
}

// TestBadStartsAreRefused tries others, none of which may leave a trace.
func TestBadStartsAreRefused(t *testing.T) {
	g := newGroup(t)
	for body, code := range map[string]string{
		`{"options":{"instanceIds":["m"]}}`:                                            "bad-id",
		`{"instanceId":"a b","options":{"instanceIds":["m"]}}`:                         "bad-id",
		`{"instanceId":"s","options":{"instanceIds":["m\u0000"]}}`:                     "bad-id",
		`{"instanceId":"s","options":{"members":{"m":["nothing"]}}}`:                   "unknown-entity",
		`{"instanceId":"s","options":{"instanceIds":["m"],"members":{"n":["a"]}}}`:     "bad-member",
		`{"instanceId":"s","options":{"instanceIds":["m"],"timeoutSeconds":-1}}`:       "bad-timeout",
		`{"instanceId":"s","options":{"instanceIds":["m"],"timeoutSeconds":99999999}}`: "bad-timeout",
	} {
		_, err := g.scopes.Start(t.Context(), g.request(scope.StartScope, body), "")
		if fault.KindOf(err) != fault.Invalid || fault.CodeOf(err) != code {
			t.Errorf("%s: %v, want %s", body, err, code)
		}
	}
	if _, err := g.scopes.SyncEntities(t.Context(), g.request(scope.SyncEntities, `{"instanceId":"/"}`)); fault.CodeOf(err) != "bad-id" {
		t.Error(err)
	}
	if g.text("SELECT COUNT(*) FROM sync_scope") != "0" || len(g.statuses()) != 0 {
		t.Error("a refused action left a trace")
	}
}

// TestOneInstanceInSeveralScopesUpdatesAll has a member in two open scopes and in
// a closed one.
func TestOneInstanceInSeveralScopesUpdatesAll(t *testing.T) {
	g := newGroup(t)
	g.started(`{"instanceId":"closed","options":{"instanceIds":["m"]}}`)
	g.syncEntities(`{"instanceId":"m","options":{"entities":["a"]}}`)
	g.end("a", "synced")
	before := g.expect("closed", scope.Synced, "0/0/0/1")
	g.started(`{"instanceId":"one","options":{"instanceIds":["m"]}}`)
	g.started(`{"instanceId":"two","options":{"instanceIds":["m","n"]}}`)
	g.syncEntities(`{"instanceId":"m","options":{"entities":["a"]}}`)
	g.expect("one", scope.Syncing, "0/1/0/0")
	g.expect("two", scope.Syncing, "1/1/0/0")
	g.end("a", "failed")
	g.expect("one", scope.Failed, "0/0/1/0")
	g.expect("two", scope.Syncing, "1/0/1/0")
	if diff := cmp.Diff(before, g.look("closed")); diff != "" {
		t.Errorf("the closed scope changed:\n%s", diff)
	}
}

// TestRunningAMemberAgain counts within an open scope and not after it closed.
func TestRunningAMemberAgain(t *testing.T) {
	g := newGroup(t)
	g.started(`{"instanceId":"s","options":{"instanceIds":["m","n"]}}`)
	g.syncEntities(`{"instanceId":"m","options":{"entities":["a"]}}`)
	g.end("a", "failed")
	g.expect("s", scope.Syncing, "1/0/1/0")
	g.syncEntities(`{"instanceId":"m","options":{"entities":["a"]}}`)
	g.expect("s", scope.Syncing, "1/1/0/0")
	g.end("a", "synced")
	g.syncEntities(`{"instanceId":"n","options":{"entities":["b"]}}`)
	g.end("b", "failed")
	closed := g.expect("s", scope.Failed, "0/0/1/1")
	g.syncEntities(`{"instanceId":"n","options":{"entities":["b"]}}`)
	g.end("b", "synced")
	if diff := cmp.Diff(closed, g.look("s")); diff != "" {
		t.Errorf("the closed scope changed:\n%s", diff)
	}
}

// TestAMemberThatNeverRunsLeavesItsScopeSyncing unless a timeout was asked for.
func TestAMemberThatNeverRunsLeavesItsScopeSyncing(t *testing.T) {
	g := newGroup(t)
	g.started(`{"instanceId":"patient","options":{"instanceIds":["m"]}}`)
	g.started(`{"instanceId":"hurried","options":{"members":{"m1":["a"],"m2":["b"]},"instanceIds":["m1","m2","m3"],"timeoutSeconds":3600}}`)
	g.end("b", "synced")
	g.exec("UPDATE sync_scope SET last_started_at = last_started_at - INTERVAL 30 DAY, deadline_at = deadline_at - INTERVAL 59 MINUTE")
	g.expect("patient", scope.Syncing, "1/0/0/0")
	g.expect("hurried", scope.Syncing, "1/1/0/1")
	g.exec("UPDATE sync_scope SET deadline_at = deadline_at - INTERVAL 1 MINUTE")
	g.expect("patient", scope.Syncing, "1/0/0/0")
	s := g.expect("hurried", scope.Interrupted, "1/0/0/1")
	if s.Details["m1"].State != scope.Interrupted || !strings.Contains(s.Reason, "timeout") {
		t.Errorf("%+v", s)
	}
}

// TestCompletedMembersKeepTheirCountsAcrossAnInterruption interrupts a scope with
// a member in every state.
func TestCompletedMembersKeepTheirCountsAcrossAnInterruption(t *testing.T) {
	g := newGroup(t)
	g.started(`{"instanceId":"s","options":{"instanceIds":["ok","bad","runs","idle"],"members":{"ok":["a"],"bad":["b"],"runs":["c"]}}}`)
	g.end("a", "synced")
	g.end("b", "failed")
	g.begin("c")
	g.expect("s", scope.Syncing, "1/1/1/1")
	g.die("c")
	s := g.expect("s", scope.Interrupted, "1/0/1/1")
	states := map[string]scope.State{}
	for id, m := range s.Details {
		states[id] = m.State
	}
	want := map[string]scope.State{"ok": scope.Synced, "bad": scope.Failed, "runs": scope.Interrupted, "idle": scope.NotStarted}
	if diff := cmp.Diff(want, states); diff != "" || s.LastFailedAt != nil || s.LastSyncedAt != nil {
		t.Errorf("%v %v\n%s", s.LastFailedAt, s.LastSyncedAt, diff)
	}
	if diff := cmp.Diff([]string{"a synced", "b failed", "c failed"}, g.statuses()); diff != "" {
		t.Error(diff)
	}
	if f := s.Details["runs"].Failures; len(f) != 1 || !strings.Contains(f[0].Error, "interrupted") {
		t.Errorf("%+v", f)
	}
	g.end("c", "synced") // the slow holder came back; the scope is closed
	g.expect("s", scope.Interrupted, "1/0/1/1")
	g.started(`{"instanceId":"s"}`)
	g.expect("s", scope.Syncing, "1/3/0/0")
}

// TestWhatCannotBeStartedFailsAndItsNeighboursGoOn has one entity's tick fail.
func TestWhatCannotBeStartedFailsAndItsNeighboursGoOn(t *testing.T) {
	g := newGroup(t)
	cron := g.scopes.Ticker
	g.scopes.Ticker = tickerFunc(func(ctx context.Context, tick flow.Tick) ([]flow.Started, error) {
		if tick.Entity == "b" {
			return nil, errors.Join(errors.New("password in a text"), fault.New(fault.Retry, "queue", "the queue does not answer"))
		}
		return cron.Run(ctx, tick)
	})
	g.started(three)
	s := g.expect("s", scope.Syncing, "0/2/1/0")
	if f := s.Details["m2"].Failures; len(f) != 1 || f[0].Error != "it could not be started: the queue does not answer" {
		t.Errorf("%+v", f)
	}
}

// TestAStartThatIsCalledOffIsInterrupted ends the caller's context between two
// entities, as a shutdown does.
func TestAStartThatIsCalledOffIsInterrupted(t *testing.T) {
	g := newGroup(t)
	ctx, cancel := context.WithCancel(t.Context())
	cron := g.scopes.Ticker
	g.scopes.Ticker = tickerFunc(func(ctx context.Context, tick flow.Tick) ([]flow.Started, error) {
		defer cancel()
		return cron.Run(ctx, tick)
	})
	if _, err := g.scopes.Start(ctx, g.request(scope.StartScope, three), ""); err != nil {
		t.Error(err)
	}
	g.expect("s", scope.Interrupted, "0/0/0/0")
	if n := g.text("SELECT COUNT(*) FROM sync_status WHERE interrupted = 1 AND error LIKE '%called off%'"); n != "2" {
		t.Errorf("%s statuses say that their start was called off", n)
	}
	if diff := cmp.Diff([]string{"a syncing", "b failed", "c failed"}, g.statuses()); diff != "" {
		t.Errorf("the entity that was ticked goes on:\n%s", diff)
	}
}

// TestAScheduledStartHappensOnce plays one occurrence twice and the next once.
func TestAScheduledStartHappensOnce(t *testing.T) {
	g := newGroup(t)
	g.started(`{"instanceId":"s","options":{"members":{"m":["a"]}}}`)
	g.end("a", "synced")
	for _, c := range []struct{ key, message string }{{"monday", "started"}, {"monday", "this occurrence has started it already"}, {"tuesday", "started"}} {
		message, err := g.scopes.StartScheduled(t.Context(), "s", c.key)
		if err != nil || message != c.message {
			t.Errorf("%s: %q, %v", c.key, message, err)
		}
		g.end("a", "synced")
		g.expect("s", scope.Synced, "0/0/0/1")
	}
	if _, err := g.scopes.StartScheduled(t.Context(), "unknown", "monday"); fault.CodeOf(err) != "no-members" {
		t.Error(err)
	}
}

// TestDeletingScopesAndStatuses removes scopes and statuses, and keeps what an open scope counts.
func TestDeletingScopesAndStatuses(t *testing.T) {
	g := newGroup(t)
	ctx := t.Context()
	g.started(`{"instanceId":"s","options":{"members":{"m":["a"],"n":["b"]}}}`)
	g.end("a", "failed")
	g.expect("s", scope.Syncing, "0/1/1/0")
	list, err := scopestore.New(g.Pool()).Statuses(ctx, scopestore.StatusFilter{Entity: "a", State: scope.Failed, Instance: "m", Limit: 1})
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	if err := g.scopes.Store.DeleteStatus(ctx, list[0].ID); err != nil {
		t.Fatal(err)
	}
	if err := g.scopes.Store.DeleteStatus(ctx, list[0].ID); fault.KindOf(err) != fault.NotFound {
		t.Errorf("deleted twice: %v", err)
	}
	if diff := cmp.Diff([]string{"b syncing"}, g.statuses()); diff != "" {
		t.Error(diff)
	}
	g.end("b", "synced")
	if err := g.scopes.Sweep(ctx); err != nil {
		t.Fatal(err)
	}
	g.expect("s", scope.Failed, "0/0/1/1") // a failure that was put out of sight is a failure
	if err := g.scopes.Sweep(ctx); err != nil || g.text("SELECT COUNT(*) FROM sync_status") != "1" {
		t.Errorf("%v, the deleted row is still there", err)
	}
	g.exec("UPDATE sync_status SET changed_at = changed_at - INTERVAL 31 DAY")
	if err := g.scopes.Sweep(ctx); err != nil || g.text("SELECT COUNT(*) FROM sync_status") != "0" {
		t.Errorf("%v, the old row is still there", err)
	}
	g.started(`{"instanceId":"s"}`)
	if err := g.scopes.Store.DeleteScope(ctx, "s"); err != nil {
		t.Fatal(err)
	}
	g.gone("s")
	if err := g.scopes.Store.DeleteScope(ctx, "s"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("deleted twice: %v", err)
	}
	g.end("a", "synced")
	g.look0()
	if g.text("SELECT COUNT(*) FROM sync_scope_member") != "0" {
		t.Error("members are left")
	}
}

// TestTimesComeFromTheRunsNotFromWhoLooks looks long after the end.
func TestTimesComeFromTheRunsNotFromWhoLooks(t *testing.T) {
	g := newGroup(t)
	g.started(`{"instanceId":"s","options":{"members":{"m":["a"]}}}`)
	g.end("a", "synced")
	g.exec("UPDATE sync_run SET closed_at = '2026-01-02 03:04:05.678'")
	s := g.look("s")
	want := time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC).UnixMilli()
	if s.LastSyncedAt == nil || *s.LastSyncedAt != want || *s.Details["m"].CompletedAt != want {
		t.Errorf("%v, want %d", s.LastSyncedAt, want)
	}
}
