package rehearsal

import (
	"strings"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/watch"
	"gitlab.com/eshopbox-team/return-sync/shared/alert"
	"gitlab.com/eshopbox-team/return-sync/shared/alert/alerttest"
	"gitlab.com/eshopbox-team/return-sync/shared/heartbeat"
)

// looks waits until the watcher has looked so many times more.
func (s *Stack) looks(t *testing.T, n int) {
	t.Helper()
	var last time.Time
	for deadline := time.Now().Add(time.Minute); n > 0; time.Sleep(poll) {
		beats, err := heartbeat.New(s.Store.Pool()).Heartbeats(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if at := beats[alert.Watcher].At; at.After(last) {
			if !last.IsZero() {
				n--
			}
			last = at
		}
		if time.Now().After(deadline) {
			t.Fatalf("the watcher does not look: last at %v", last)
		}
	}
}

// awaitTold waits until a receiver has taken so many messages.
func awaitTold(t *testing.T, r *alerttest.Receiver, n int) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); len(r.Bodies()) < n; time.Sleep(poll) {
		if time.Now().After(deadline) {
			t.Fatalf("got %q, want %d messages", r.Bodies(), n)
		}
	}
}

// TestTheWatcherTellsOfADeadPipelineOnce kills every function but the watcher,
// by its processes: exactly one message says that the application is offline.
// They come back: exactly one says that it is right again. Slack throttles the
// first message.
func TestTheWatcherTellsOfADeadPipelineOnce(t *testing.T) {
	t.Parallel() // waits most of the time
	slack, hook := alerttest.NewReceiver(t, alerttest.Answer{Status: 429, RetryAfter: "1"}), alerttest.NewReceiver(t)
	s := start(t, Options{Every: time.Second, Slack: slack.URL, Webhook: hook.URL, Env: []string{"WATCH_OFFLINE_AFTER=8s"}})
	s.looks(t, 3)
	if got := slack.Bodies(); len(got) != 0 || slack.Tried() != 0 {
		t.Fatalf("alerts of a healthy application: %q", got)
	}
	for _, f := range s.functions() {
		if f.Name != watch.Function.Name {
			if err := s.Kill(f.Name); err != nil {
				t.Fatal(err)
			}
		}
	}
	awaitTold(t, slack, 1)
	s.looks(t, 5)
	got := slack.Bodies()
	if len(got) != 1 || !strings.Contains(got[0], "Sync application offline") || slack.Tried() != 2 {
		t.Fatalf("got %q in %d tries; want one message that the application is offline", got, slack.Tried())
	}
	beats, err := heartbeat.New(s.Store.Pool()).Heartbeats(t.Context())
	if err != nil || beats[alert.App].Alive {
		t.Errorf("alive was not reset: %+v, %v", beats[alert.App], err)
	}
	for _, f := range s.functions() {
		if f.Name != watch.Function.Name {
			if err := s.Revive(t.Context(), f.Name); err != nil {
				t.Fatal(err)
			}
		}
	}
	awaitTold(t, slack, 2)
	s.looks(t, 5)
	if got = slack.Bodies(); len(got) != 2 || !strings.Contains(got[1], "Recovered: Sync application offline") {
		t.Errorf("got %q; want one recovery", got)
	}
	if posted := hook.Bodies(); len(posted) != 2 || !strings.Contains(posted[0], `"event":"raised","cause":"offline"`) || !strings.Contains(posted[1], `"event":"recovered"`) {
		t.Errorf("posted %q", posted)
	}
	if beats, err = heartbeat.New(s.Store.Pool()).Heartbeats(t.Context()); err != nil || !beats[alert.App].Alive {
		t.Errorf("it is not alive again: %+v, %v", beats[alert.App], err)
	}
}
