package store_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/shared/alert"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/claim"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/page"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
)

// behind is an alert of the tests.
func behind(subject int64) alert.Alert {
	return alert.Alert{Key: alert.Key{Cause: alert.Behind, Entity: "returns"}, Subject: subject, Title: "returns: behind", Text: "t", Do: "d", Link: "l"}
}

// opened returns the only alert that is open.
func (b *bench) opened() alert.Open {
	b.t.Helper()
	list, err := b.OpenAlerts(b.t.Context())
	if err != nil || len(list) != 1 {
		b.t.Fatalf("open: %v, %v; want one", list, err)
	}
	return list[0]
}

// TestR9AliveIsResetOnlyOnce has many watchers find the same silence: one of them
// resets alive. A sign of life begins a new time of life.
func TestR9AliveIsResetOnlyOnce(t *testing.T) {
	b := newBench(t)
	ctx := t.Context()
	read := func() alert.Heartbeat {
		t.Helper()
		list, err := b.Heartbeats(ctx)
		if err != nil || len(list) != 1 {
			t.Fatalf("%v, %v", list, err)
		}
		return list[alert.App]
	}
	beat := func() {
		t.Helper()
		if err := b.Beat(ctx, alert.App); err != nil {
			t.Fatal(err)
		}
	}
	beat()
	first := read()
	beat()
	if second := read(); !second.Alive || !second.Since.Equal(first.Since) || !second.At.After(first.At) {
		t.Errorf("%+v, then %+v", first, second)
	}
	last := read().At
	var won atomic.Int32
	together(10, func(int) {
		if dead, err := b.MarkDead(ctx, alert.App, last); err != nil {
			t.Error(err)
		} else if dead {
			won.Add(1)
		}
	})
	if won.Load() != 1 || read().Alive {
		t.Errorf("%d watchers reset alive, %+v", won.Load(), read())
	}
	beat()
	if again := read(); !again.Alive || !again.Since.After(first.Since) {
		t.Errorf("after a reset: %+v", again)
	}
	if dead, err := b.MarkDead(ctx, alert.App, last); err != nil || dead {
		t.Errorf("a sign of life that came meanwhile was overlooked: %v", err)
	}
	b.exec("UPDATE sync_heartbeat SET timestamp = timestamp - INTERVAL 31 MINUTE, alive_since = alive_since - INTERVAL 1 DAY")
	before := read()
	beat()
	if !read().Since.After(before.At) {
		t.Error("silence that no watcher saw is no time of life")
	}
}

// TestOneOpenAlertACause has many watchers raise the same: one does, and it
// writes a message for each channel before anything is sent.
func TestOneOpenAlertACause(t *testing.T) {
	b := newBench(t)
	ctx := t.Context()
	var won atomic.Int32
	together(20, func(int) {
		opened, err := b.Raise(ctx, behind(1), []string{"slack", "webhook"})
		if err != nil {
			t.Error(err)
		}
		if opened {
			won.Add(1)
		}
	})
	if won.Load() != 1 || b.number("SELECT COUNT(*) FROM sync_alert") != 1 || b.number("SELECT COUNT(*) FROM sync_alert_notice") != 2 {
		t.Fatalf("%d watchers raised it", won.Load())
	}
	o := b.opened()
	won.Store(0)
	together(20, func(int) {
		closed, err := b.CloseAlert(ctx, o, alert.Recovered)
		if err != nil {
			t.Error(err)
		}
		if closed {
			won.Add(1)
		}
	})
	if won.Load() != 1 || b.number("SELECT COUNT(*) FROM sync_alert_notice WHERE event = 'recovered'") != 2 {
		t.Errorf("%d watchers closed it", won.Load())
	}
	if opened, err := b.Raise(ctx, behind(1), nil); err != nil || !opened {
		t.Errorf("it cannot be raised again: %v", err)
	}
}

// TestNewsReplaceAnAlert opens an alert anew when there is a newer subject.
func TestNewsReplaceAnAlert(t *testing.T) {
	b := newBench(t)
	ctx := t.Context()
	for _, subject := range []int64{5, 5, 4, 6} {
		if _, err := b.Raise(ctx, behind(subject), []string{"slack"}); err != nil {
			t.Fatal(err)
		}
	}
	if o := b.opened(); o.Subject != 6 || b.number("SELECT COUNT(*) FROM sync_alert") != 2 {
		t.Errorf("open: %+v of %d", o, b.number("SELECT COUNT(*) FROM sync_alert"))
	}
	o := b.opened()
	o.Subject = 9
	if err := b.AdvanceAlert(ctx, o); err != nil {
		t.Fatal(err)
	}
	told, err := b.Told(ctx)
	if diff := cmp.Diff(map[alert.Key]int64{behind(0).Key: 9}, told); diff != "" || err != nil {
		t.Error(diff, err)
	}
	rows, err := b.Alerts(ctx, false, 10)
	if err != nil || len(rows) != 2 || rows[0].Outcome != alert.StillOpen || rows[1].Outcome != alert.Renewed || rows[0].Waiting != 1 {
		t.Errorf("%+v, %v", rows, err)
	}
}

// TestMessagesKeepTheirOrder holds an end back until its trouble has been told,
// and drops it on channels that were never told.
func TestMessagesKeepTheirOrder(t *testing.T) {
	b := newBench(t)
	ctx := t.Context()
	if _, err := b.Raise(ctx, behind(1), []string{"slack"}); err != nil {
		t.Fatal(err)
	}
	take := func() (store.Notice, bool) {
		t.Helper()
		n, ok, err := b.TakeNotice(ctx, "slack", claim.NewToken(), time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		return n, ok
	}
	first, ok := take()
	if !ok || first.Message.Event != alert.Raised || first.Message.Title != "returns: behind" || first.Attempts != 1 {
		t.Fatalf("%+v, %v", first, ok)
	}
	if _, ok := take(); ok {
		t.Error("a message that is being sent was taken again")
	}
	if _, err := b.CloseAlert(ctx, b.opened(), alert.Recovered); err != nil {
		t.Fatal(err)
	}
	if err := b.PutOffNotice(ctx, first, time.Hour, "429"); err != nil {
		t.Fatal(err)
	}
	if _, ok := take(); ok {
		t.Error("the end was told before the trouble")
	}
	b.exec("UPDATE sync_alert_notice SET next_at = NOW(6)")
	again, ok := take()
	if !ok || again.ID != first.ID || again.Attempts != 2 {
		t.Fatalf("%+v, %v", again, ok)
	}
	if err := b.NoticeSent(ctx, first); err != nil || b.number("SELECT COUNT(*) FROM sync_alert_notice WHERE state = 'sent'") != 0 {
		t.Errorf("a holder that lost the message ended it: %v", err)
	}
	if err := b.NoticeSent(ctx, again); err != nil {
		t.Fatal(err)
	}
	end, ok := take()
	if !ok || end.Message.Event != alert.Ended || end.Message.RecoveredAt == nil || end.Message.Headline() != "Recovered: returns: behind" {
		t.Fatalf("%+v, %v", end, ok)
	}
	if err := b.RefuseNotice(ctx, end, "400"); err != nil {
		t.Fatal(err)
	}
	if n, err := b.WaitingNotices(ctx); n != 0 || err != nil {
		t.Errorf("%d wait, %v", n, err)
	}
	// An alert whose trouble nobody could be told of ends without a word.
	if _, err := b.Raise(ctx, behind(2), []string{"slack"}); err != nil {
		t.Fatal(err)
	}
	b.exec("UPDATE sync_alert_notice SET next_at = NOW(6) - INTERVAL 8 DAY WHERE state = 'waiting'")
	if err := b.ExpireNotices(ctx, 7*24*time.Hour); err != nil {
		t.Fatal(err)
	}
	if _, err := b.CloseAlert(ctx, b.opened(), alert.Recovered); err != nil {
		t.Fatal(err)
	}
	if n, err := b.WaitingNotices(ctx); n != 0 || err != nil {
		t.Errorf("%d wait, %v", n, err)
	}
}

// TestAFailedSenderIsReplaced takes a message again whose sender died.
func TestAFailedSenderIsReplaced(t *testing.T) {
	b := newBench(t)
	if _, err := b.Raise(t.Context(), behind(1), []string{"slack"}); err != nil {
		t.Fatal(err)
	}
	for try := range 2 {
		n, ok, err := b.TakeNotice(t.Context(), "slack", claim.NewToken(), -time.Second)
		if err != nil || !ok || n.Attempts != try+1 {
			t.Errorf("try %d: %+v, %v, %v", try, n, ok, err)
		}
	}
}

// TestAlertFacts reads what the tables say.
func TestAlertFacts(t *testing.T) {
	b := newBench(t)
	ctx := t.Context()
	if f, err := b.AlertFacts(ctx, []entity.Definition{b.def}); err != nil || !f.Entities[0].Known.IsZero() || f.Entities[0].Watermark != nil {
		t.Fatalf("before the first tick: %+v, %v", f, err)
	}
	r := b.finished(1)
	if err := b.Publish(ctx, r); err != nil {
		t.Fatal(err)
	}
	synced := r.ID
	for range 2 {
		r = b.begun()
		if err := b.Fail(ctx, r, "no"); err != nil {
			t.Fatal(err)
		}
	}
	b.exec("INSERT INTO sync_run (entity, kind, state, claim_id, claim_token, window_from, window_to, closed_at, operations) VALUES ('returns', 'repair', 'failed', 1, 'x', NOW(6), NOW(6), NOW(6), 30)")
	b.exec("INSERT INTO sync_parked (entity, object_id, root_id, run_id, reason, detail, bytes) VALUES ('returns', 'R1-1', 1, 1, 'TOO_LARGE', '', 1)")
	if err := b.Beat(ctx, alert.App); err != nil {
		t.Fatal(err)
	}
	f, err := b.AlertFacts(ctx, []entity.Definition{b.def})
	if err != nil {
		t.Fatal(err)
	}
	e := f.Entities[0]
	if e.Runs.Synced.Run != synced || e.Runs.Failed.Run != r.ID || e.Runs.FailedInRow != 2 || e.Runs.Interrupted.Run != 0 {
		t.Errorf("history %+v", e.Runs)
	}
	if e.Known.IsZero() || !e.Watermark.Equal(to) || e.Parked != 1 || e.ParkedAt == nil || f.Spent.Month != 32 || f.Spent.Day != 32 || !f.Beats[alert.App].Alive {
		t.Errorf("facts %+v", f)
	}
}

// TestPruneAlerts removes what is over for long, with its messages, and nothing
// that is open.
func TestPruneAlerts(t *testing.T) {
	b := newBench(t)
	ctx := t.Context()
	for i := range 3 {
		if _, err := b.Raise(ctx, behind(int64(i)), []string{"slack"}); err != nil {
			t.Fatal(err)
		}
		if i < 2 {
			if _, err := b.CloseAlert(ctx, b.opened(), alert.Dropped); err != nil {
				t.Fatal(err)
			}
		}
	}
	b.exec("UPDATE sync_alert SET raised_at = NOW(6) - INTERVAL 500 DAY, closed_at = closed_at - INTERVAL 500 DAY")
	for left := range 2 {
		if err := b.PruneAlerts(ctx, 400, 1); err != nil {
			t.Fatal(err)
		}
		if n := b.number("SELECT COUNT(*) FROM sync_alert_notice"); n != int64(2-left) || b.number("SELECT COUNT(*) FROM sync_alert") != n {
			t.Errorf("%d messages are left", n)
		}
	}
	b.opened()
}

// TestR10TheRunLogTellsWhatHappened plays runs of every end and reads the log.
func TestR10TheRunLogTellsWhatHappened(t *testing.T) {
	b := newBench(t)
	ctx := t.Context()
	empty := b.begun()
	if pages, err := b.List(ctx, empty, b.def, nil); err != nil || pages != 0 {
		t.Fatal(pages, err)
	}
	r := b.listed(1)
	p := b.take(r, 1)
	_, err := b.Finish(ctx, p, store.Outcome{Counts: run.Counts{Found: 1, Parked: 1}, Parked: []store.Parked{{ObjectID: "R1-1", Root: 1, Reason: store.TooLarge}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Publish(ctx, b.run(r.ID)); err != nil {
		t.Fatal(err)
	}
	failed := b.begun()
	if _, err := b.List(ctx, failed, b.def, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := b.GiveUp(ctx, b.take(failed, 1), "the index is away"); err != nil {
		t.Fatal(err)
	}
	if err := b.Fail(ctx, failed, "page 1 is given up"); err != nil {
		t.Fatal(err)
	}
	dead := b.begun()
	b.exec("UPDATE order_return_algolia_sync SET lease_until = NOW(6) - INTERVAL 1 SECOND")
	row, err := b.Newest(ctx, job)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok, err := b.TakeOver(ctx, row, store.Grant{Token: claim.NewToken(), Lease: time.Hour}); err != nil || !ok {
		t.Fatal(ok, err)
	}
	list, err := b.ReadLog(ctx, store.LogFilter{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	type line struct {
		Severity store.Severity
		Run      int64
		Message  string
	}
	var got []line
	for _, e := range list {
		if e.Entity != "returns" || e.At.IsZero() {
			t.Errorf("%+v", e)
		}
		got = append(got, line{e.Severity, e.RunID, e.Message})
	}
	want := []line{
		{store.Info, r.ID, "the run began over [2026-03-01T00:00:00Z, 2026-03-02T00:00:00Z): pages to work: 1"},
		{store.Warning, r.ID, "page 1 kept records out of the index: 1; see why with returnsync parked list"},
		{store.Info, r.ID, "the run is synced: found 1 = saved 0 + deleted 0 + unchanged 0 + parked 1 (0 operations)"},
		{store.Info, failed.ID, "the run began over [2026-03-01T00:00:00Z, 2026-03-02T00:00:00Z): pages to work: 1"},
		{store.Warning, failed.ID, "page 1 is given up after 1 attempts: the index is away"},
		{store.Error, failed.ID, "the run failed: page 1 is given up"},
		{store.Warning, dead.ID, "the run was interrupted: the lease ran out; the next tick took over"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	pages, err := b.Pages(ctx, failed.ID, 10)
	if err != nil || len(pages) != 1 || pages[0].State != page.Failed || pages[0].LastError != "the index is away" {
		t.Errorf("pages %+v, %v", pages, err)
	}
}

// TestR10TheRunLogIsFilteredAndPruned reads and removes entries.
func TestR10TheRunLogIsFilteredAndPruned(t *testing.T) {
	b := newBench(t)
	ctx := t.Context()
	for i, e := range []store.LogEntry{
		{Entity: "returns", Message: "1"}, {Severity: store.Warning, Entity: "stock", Message: "2"},
		{Severity: store.Error, Entity: "returns", RunID: 7, Message: "3"}, {Message: "4"},
	} {
		if err := b.Log(ctx, e); err != nil {
			t.Fatal(err)
		}
		b.exec("UPDATE sync_log SET at = NOW(6) - INTERVAL ? DAY WHERE message = ?", 40-10*i, e.Message)
	}
	now, err := b.Now(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		filter store.LogFilter
		want   string
	}{
		"all":          {store.LogFilter{Limit: 9}, "1234"},
		"the newest":   {store.LogFilter{Limit: 2}, "34"},
		"what follows": {store.LogFilter{After: 1, Limit: 2}, "23"},
		"an entity":    {store.LogFilter{Entity: "returns", Limit: 9}, "13"},
		"a run":        {store.LogFilter{RunID: 7, Limit: 9}, "3"},
		"warnings":     {store.LogFilter{Least: store.Warning, Limit: 9}, "23"},
		"errors":       {store.LogFilter{Least: store.Error, Limit: 9}, "3"},
		"info":         {store.LogFilter{Least: store.Info, Limit: 9}, "1234"},
		"since":        {store.LogFilter{Since: now.Add(-25 * 24 * time.Hour), Limit: 9}, "34"},
	} {
		list, err := b.ReadLog(ctx, c.filter)
		got := ""
		for _, e := range list {
			got += e.Message
		}
		if got != c.want || err != nil {
			t.Errorf("%s: %q, %v; want %q", name, got, err, c.want)
		}
	}
	for _, want := range []int64{1, 1, 0} {
		if n, err := b.PruneLog(ctx, 25, 1); n != want || err != nil {
			t.Errorf("removed %d, %v; want %d", n, err, want)
		}
	}
	if n := b.number("SELECT COUNT(*) FROM sync_log"); n != 2 {
		t.Errorf("%d entries are left, want 2", n)
	}
}
