package alertstore_test

import (
	"sync/atomic"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/alert"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store/storetest"
)

// TestAcknowledge notes one person, and nothing on an alert that is over.
func TestAcknowledge(t *testing.T) {
	b := newBench(t)
	ctx := t.Context()
	if _, err := b.Raise(ctx, behind(1), nil); err != nil {
		t.Fatal(err)
	}
	o := b.opened()
	var won atomic.Int32
	storetest.Together(10, func(int) {
		if ok, err := b.Acknowledge(ctx, o.ID, "ann"); err != nil {
			t.Error(err)
		} else if ok {
			won.Add(1)
		}
	})
	row, err := b.Alert(ctx, o.ID)
	if won.Load() != 1 || err != nil || row.AcknowledgedBy != "ann" || row.AcknowledgedAt == nil || row.Outcome != alert.StillOpen {
		t.Errorf("%d, %+v, %v", won.Load(), row, err)
	}
	if _, err := b.CloseAlert(ctx, o, alert.Recovered); err != nil {
		t.Fatal(err)
	}
	for _, answer := range []func() (bool, error){
		func() (bool, error) { return b.Acknowledge(ctx, o.ID, "bob") },
		func() (bool, error) { return b.Snooze(ctx, o.ID, "bob", time.Hour) },
		func() (bool, error) { return b.Remind(ctx, o, []string{"slack"}) },
	} {
		if ok, err := answer(); ok || err != nil {
			t.Errorf("an answer to an alert that is over: %v, %v", ok, err)
		}
	}
}

// TestRemind sends again on every channel, also on one that is new, once however many
// watchers see the end of the snooze; news do not replace a snoozed alert.
func TestRemind(t *testing.T) {
	b := newBench(t)
	ctx := t.Context()
	if _, err := b.Raise(ctx, behind(1), []string{"slack"}); err != nil {
		t.Fatal(err)
	}
	if ok, err := b.Snooze(ctx, b.opened().ID, "ann", time.Hour); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if opened, err := b.Raise(ctx, behind(2), []string{"slack"}); opened || err != nil {
		t.Errorf("news replaced a snoozed alert: %v, %v", opened, err)
	}
	o := b.opened()
	if ok, err := b.Remind(ctx, o, []string{"slack"}); ok || err != nil || o.SnoozedUntil == nil {
		t.Errorf("it was sent during the snooze: %v, %v", ok, err)
	}
	b.Must("UPDATE sync_alert SET snoozed_until = NOW(6)")
	var won atomic.Int32
	storetest.Together(10, func(int) {
		if ok, err := b.Remind(ctx, o, []string{"slack", "email"}); err != nil {
			t.Error(err)
		} else if ok {
			won.Add(1)
		}
	})
	if n, err := b.Waiting(ctx); won.Load() != 1 || n != 2 || err != nil || b.opened().SnoozedUntil != nil {
		t.Errorf("%d watchers sent %d messages, %v", won.Load(), n, err)
	}
}
