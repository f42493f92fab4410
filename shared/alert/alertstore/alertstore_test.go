package alertstore_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/shared/alert"
	"gitlab.com/eshopbox-team/return-sync/shared/alert/alertstore"
	"gitlab.com/eshopbox-team/return-sync/shared/lease"
	"gitlab.com/eshopbox-team/return-sync/shared/localdb/localdbtest"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store/storetest"
)

// TestMain starts the tests' database server.
func TestMain(m *testing.M) { localdbtest.Main(m) }

// bench is the store on a migrated database.
type bench struct {
	*alertstore.Store
	storetest.DB
	t *testing.T
}

// newBench returns a bench on a fresh database.
func newBench(t *testing.T) *bench {
	t.Helper()
	db := storetest.New(t)
	return &bench{alertstore.New(db.DB), db, t}
}

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

// TestOneOpenAlertACause has many watchers raise the same: one does, and it
// writes a message for each channel before anything is sent.
func TestOneOpenAlertACause(t *testing.T) {
	b := newBench(t)
	ctx := t.Context()
	var won atomic.Int32
	storetest.Together(20, func(int) {
		opened, err := b.Raise(ctx, behind(1), []string{"slack", "webhook"})
		if err != nil {
			t.Error(err)
		}
		if opened {
			won.Add(1)
		}
	})
	if won.Load() != 1 || b.Number("SELECT COUNT(*) FROM sync_alert") != 1 || b.Number("SELECT COUNT(*) FROM sync_alert_notice") != 2 {
		t.Fatalf("%d watchers raised it", won.Load())
	}
	o := b.opened()
	won.Store(0)
	storetest.Together(20, func(int) {
		closed, err := b.CloseAlert(ctx, o, alert.Recovered)
		if err != nil {
			t.Error(err)
		}
		if closed {
			won.Add(1)
		}
	})
	if won.Load() != 1 || b.Number("SELECT COUNT(*) FROM sync_alert_notice WHERE event = 'recovered'") != 2 {
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
	if o := b.opened(); o.Subject != 6 || b.Number("SELECT COUNT(*) FROM sync_alert") != 2 {
		t.Errorf("open: %+v of %d", o, b.Number("SELECT COUNT(*) FROM sync_alert"))
	}
	o := b.opened()
	o.Subject = 9
	if err := b.AdvanceAlert(ctx, o); err != nil {
		t.Fatal(err)
	}
	reported, err := b.Reported(ctx)
	if diff := cmp.Diff(map[alert.Key]int64{behind(0).Key: 9}, reported); diff != "" || err != nil {
		t.Error(diff, err)
	}
	rows, err := b.Alerts(ctx, false, 10)
	if err != nil || len(rows) != 2 || rows[0].Outcome != alert.StillOpen || rows[1].Outcome != alert.Renewed || rows[0].Waiting != 1 {
		t.Errorf("%+v, %v", rows, err)
	}
}

// TestMessagesKeepTheirOrder holds an end back until its beginning was sent, and drops
// it on channels that the beginning was not sent on.
func TestMessagesKeepTheirOrder(t *testing.T) {
	b := newBench(t)
	ctx := t.Context()
	if _, err := b.Raise(ctx, behind(1), []string{"slack"}); err != nil {
		t.Fatal(err)
	}
	take := func() (alertstore.OutboxRow, bool) {
		t.Helper()
		n, ok, err := b.Take(ctx, "slack", lease.Grant{Token: lease.NewToken(), For: time.Hour})
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
	if err := b.PutOff(ctx, first, time.Hour, "429"); err != nil {
		t.Fatal(err)
	}
	if _, ok := take(); ok {
		t.Error("the end was sent before the beginning")
	}
	b.Must("UPDATE sync_alert_notice SET next_at = NOW(6)")
	again, ok := take()
	if !ok || again.ID != first.ID || again.Attempts != 2 {
		t.Fatalf("%+v, %v", again, ok)
	}
	if err := b.Sent(ctx, first); err != nil || b.Number("SELECT COUNT(*) FROM sync_alert_notice WHERE state = 'sent'") != 0 {
		t.Errorf("a holder that lost the message ended it: %v", err)
	}
	if err := b.Sent(ctx, again); err != nil {
		t.Fatal(err)
	}
	end, ok := take()
	if !ok || end.Message.Event != alert.Ended || end.Message.RecoveredAt == nil || end.Message.Headline() != "Recovered: returns: behind" {
		t.Fatalf("%+v, %v", end, ok)
	}
	if err := b.Refuse(ctx, end, "400"); err != nil {
		t.Fatal(err)
	}
	if n, err := b.Waiting(ctx); n != 0 || err != nil {
		t.Errorf("%d wait, %v", n, err)
	}
	// An alert of which no message was sent ends without one.
	if _, err := b.Raise(ctx, behind(2), []string{"slack"}); err != nil {
		t.Fatal(err)
	}
	b.Must("UPDATE sync_alert_notice SET next_at = NOW(6) - INTERVAL 8 DAY WHERE state = 'waiting'")
	if err := b.Expire(ctx, 7*24*time.Hour); err != nil {
		t.Fatal(err)
	}
	if _, err := b.CloseAlert(ctx, b.opened(), alert.Recovered); err != nil {
		t.Fatal(err)
	}
	if n, err := b.Waiting(ctx); n != 0 || err != nil {
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
		n, ok, err := b.Take(t.Context(), "slack", lease.Grant{Token: lease.NewToken(), For: -time.Second})
		if err != nil || !ok || n.Attempts != try+1 {
			t.Errorf("try %d: %+v, %v, %v", try, n, ok, err)
		}
	}
}

// TestPruneAlerts removes alerts that closed long ago, with their messages, and none
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
	b.Must("UPDATE sync_alert SET raised_at = NOW(6) - INTERVAL 500 DAY, closed_at = closed_at - INTERVAL 500 DAY")
	for left := range 2 {
		if err := b.PruneAlerts(ctx, 400, 1); err != nil {
			t.Fatal(err)
		}
		if n := b.Number("SELECT COUNT(*) FROM sync_alert_notice"); n != int64(2-left) || b.Number("SELECT COUNT(*) FROM sync_alert") != n {
			t.Errorf("%d messages are left", n)
		}
	}
	b.opened()
}
