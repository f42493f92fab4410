package heartbeat_test

import (
	"sync/atomic"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/shared/heartbeat"
	"gitlab.com/eshopbox-team/return-sync/shared/judge"
	"gitlab.com/eshopbox-team/return-sync/shared/localdb/localdbtest"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store/storetest"
)

// TestMain starts the tests' database server.
func TestMain(m *testing.M) { localdbtest.Main(m) }

// TestAliveIsResetOnlyOnce has many watchers find the same silence: one of them
// resets alive. A heartbeat begins a new period of life.
func TestAliveIsResetOnlyOnce(t *testing.T) {
	db := storetest.New(t)
	b := heartbeat.New(db.DB)
	ctx := t.Context()
	read := func() judge.Heartbeat {
		t.Helper()
		list, err := b.Heartbeats(ctx)
		if err != nil || len(list) != 1 {
			t.Fatalf("%v, %v", list, err)
		}
		return list[judge.App]
	}
	beat := func() {
		t.Helper()
		if err := b.Beat(ctx, judge.App); err != nil {
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
	storetest.Together(10, func(int) {
		if dead, err := b.MarkDead(ctx, judge.App, last); err != nil {
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
	if dead, err := b.MarkDead(ctx, judge.App, last); err != nil || dead {
		t.Errorf("a heartbeat that came meanwhile was overlooked: %v", err)
	}
	db.Must("UPDATE sync_heartbeat SET timestamp = timestamp - INTERVAL 31 MINUTE, alive_since = alive_since - INTERVAL 1 DAY")
	before := read()
	beat()
	if !read().Since.After(before.At) {
		t.Error("silence that no watcher saw did not end the period of life")
	}
}
