package clock_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/clock"
	"gitlab.com/eshopbox-team/return-sync/shared/clock/ntp"
	"gitlab.com/eshopbox-team/return-sync/shared/clock/ntp/ntptest"
)

// guard returns a guard over one server, its clock and its log.
func guard(s *ntptest.Server, now *time.Time) (*clock.Guard, *bytes.Buffer) {
	log := &bytes.Buffer{}
	return &clock.Guard{
		Sources: clock.Sources{Times: []clock.Source{ntp.Server{Address: s.Address}}}, Bound: 200 * time.Millisecond,
		Every: clock.DefaultEvery, Recheck: clock.DefaultRecheck, Lock: clock.DefaultLock,
		Now: func() time.Time { return *now }, Log: slog.New(slog.NewTextHandler(log, nil)),
	}, log
}

func TestOffset(t *testing.T) {
	for _, want := range []time.Duration{0, 5 * time.Second, -3 * time.Second} {
		s := ntptest.New(t, want)
		got, err := ntp.Server{Address: s.Address, Timeout: 5 * time.Second}.Offset(t.Context())
		if err != nil || (got-want).Abs() > 100*time.Millisecond {
			t.Errorf("%v, %v; want %v", got, err, want)
		}
	}
}

// TestDriftLocksAndUnlocksByItself follows a clock that drifts and comes back.
func TestDriftLocksAndUnlocksByItself(t *testing.T) {
	now := time.Now()
	s := ntptest.New(t, 0)
	g, log := guard(s, &now)
	allowed := func(want bool, when string) {
		t.Helper()
		if g.Allow(t.Context()) != want {
			t.Errorf("%s: %v", when, !want)
		}
	}
	allowed(true, "at first")
	s.Set(time.Minute)
	now = now.Add(29 * time.Minute)
	allowed(true, "the clocks are not read again yet")
	now = now.Add(time.Minute)
	allowed(false, "after the drift")
	now = now.Add(2 * time.Minute)
	allowed(false, "still off")
	s.Set(0)
	now = now.Add(10 * time.Second)
	allowed(false, "not read again yet")
	now = now.Add(time.Minute)
	allowed(true, "right again")
	if n := strings.Count(log.String(), "work is locked"); n != 1 || strings.Count(log.String(), "agree again") != 1 {
		t.Errorf("reported %d times:\n%s", n, log)
	}
}

func TestOutageIsNotDrift(t *testing.T) {
	now := time.Now()
	s := ntptest.New(t, 0)
	s.Silence(true)
	g, _ := guard(s, &now)
	if !g.Allow(t.Context()) || len(g.State().Problems) != 1 || g.State().Reading.Known() {
		t.Errorf("%+v", g.State())
	}
	s.Silence(false)
	s.Set(time.Minute)
	g.Reset()
	if g.Allow(t.Context()) {
		t.Error("drift permits work")
	}
	s.Silence(true) // an outage does not unlock either, before the lock's end
	now = now.Add(5 * time.Minute)
	if g.Allow(t.Context()) {
		t.Error("an outage unlocked")
	}
	now = g.State().LockedUntil.Add(time.Second)
	if !g.Allow(t.Context()) {
		t.Error("the lock has no end")
	}
}

func TestResetUnlocks(t *testing.T) {
	now := time.Now()
	s := ntptest.New(t, time.Minute)
	g, _ := guard(s, &now)
	if g.Allow(t.Context()) {
		t.Error("drift permits work")
	}
	s.Set(0)
	g.Reset()
	if !g.Allow(t.Context()) {
		t.Error("after a reset the clocks are not read")
	}
}

func TestTheSecondServerAnswersForTheFirst(t *testing.T) {
	dead, alive := ntptest.New(t, 0), ntptest.New(t, 3*time.Second)
	dead.Silence(true)
	r := clock.Sources{Times: []clock.Source{ntp.Server{Address: dead.Address}, ntp.Server{Address: alive.Address}}, Online: ntp.Server{Address: alive.Address}}.Read(t.Context())
	if r.NTP == nil || r.Online == nil || r.Studio != nil || r.Worst() < 2*time.Second {
		t.Errorf("%+v", r)
	}
}
