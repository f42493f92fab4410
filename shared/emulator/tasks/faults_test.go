package tasks

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/durationpb"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/internal/kit"
)

func contextFor(t *testing.T, d time.Duration) (context.Context, context.CancelFunc) {
	t.Helper()
	return context.WithTimeout(t.Context(), d)
}

func TestDuplicate(t *testing.T) {
	for name, after := range map[string]Duration{"concurrently": 0, "after": Duration(20 * time.Millisecond)} {
		t.Run(name, func(t *testing.T) {
			server, client := start(t, Options{Faults: Faults{Duplicate: 1, DuplicateAfter: after}})
			makeQueue(t, client, &cloudtaskspb.Queue{})
			target := kit.NewTarget(t, kit.Answer(200))
			create(t, client, httpTask(target.URL, "twin"))
			wait(t, server)
			first, second := target.Next(t), target.Next(t)
			if diff := cmp.Diff(first.Platform("X-Cloudtasks-"), second.Platform("X-Cloudtasks-")); diff != "" {
				t.Errorf("the twins differ:\n%s", diff)
			}
			want := Stats{Created: 1, Dispatched: 1, Succeeded: 1, Faults: map[string]int{"duplicate": 1}}
			if diff := cmp.Diff(want, server.Stats()); diff != "" {
				t.Errorf("stats (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLate(t *testing.T) {
	clock := kit.NewClock()
	late := Duration(3 * time.Minute)
	server, client := start(t, Options{Now: clock.Now, Faults: Faults{Late: 1, LateMin: late, LateMax: late}})
	makeQueue(t, client, &cloudtaskspb.Queue{})
	target := kit.NewTarget(t, kit.Answer(200))
	create(t, client, httpTask(target.URL, "late"))
	clock.Move(3*time.Minute - 1)
	server.Poke()
	target.None(t, 20*time.Millisecond)
	clock.Move(1)
	server.Poke()
	if eta := target.Next(t).Header.Get("X-CloudTasks-TaskETA"); eta != fmt.Sprintf("%d.000000", kit.NewClock().Now().Unix()) {
		t.Errorf("ETA %s: the schedule time is not what is late", eta)
	}
	wait(t, server)
}

func TestReorder(t *testing.T) {
	server, client := start(t, Options{Faults: Faults{Reorder: 1}})
	makeQueue(t, client, &cloudtaskspb.Queue{RateLimits: &cloudtaskspb.RateLimits{MaxConcurrentDispatches: 1}})
	target := kit.NewTarget(t, kit.Answer(200))
	pause(t, client)
	for i := range 3 {
		create(t, client, httpTask(fmt.Sprint(target.URL, "/", i), fmt.Sprint("t", i)))
	}
	if _, err := client.ResumeQueue(kit.Context(t), &cloudtaskspb.ResumeQueueRequest{Name: testQueue}); err != nil {
		t.Fatal(err)
	}
	wait(t, server)
	got := []string{target.Next(t).Path, target.Next(t).Path, target.Next(t).Path}
	if diff := cmp.Diff([]string{"/2", "/1", "/0"}, got); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
	if n := server.Stats().Faults["reorder"]; n != 2 {
		t.Errorf("%d counted, want 2", n)
	}
}

func TestDropAndLoseResponse(t *testing.T) {
	tests := []struct {
		name   string
		faults Faults
		wait   time.Duration // of the retry
		first  string        // retry count that the target sees first
		want   Stats
	}{
		{"drop", Faults{Drop: 1, RedeliverAfter: Duration(time.Minute)}, time.Minute, "1",
			Stats{Created: 1, Dispatched: 2, Succeeded: 1, Failed: 1, Retried: 1, Faults: map[string]int{"drop": 1}}},
		{"lose the response", Faults{LoseResponse: 1}, 2 * time.Second, "0",
			Stats{Created: 1, Dispatched: 2, Failed: 2, Retried: 1, Exhausted: 1, Faults: map[string]int{"lose_response": 2}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			clock := kit.NewClock()
			server, client := start(t, Options{Now: clock.Now, Faults: test.faults})
			makeQueue(t, client, &cloudtaskspb.Queue{RetryConfig: &cloudtaskspb.RetryConfig{MaxAttempts: 2, MinBackoff: durationpb.New(2 * time.Second)}})
			target := kit.NewTarget(t, kit.Answer(200))
			create(t, client, httpTask(target.URL, "t"))
			kit.Eventually(t, "the first attempt is recorded", func() bool { return server.Stats().Retried == 1 })
			clock.Move(test.wait - 1)
			server.Poke()
			time.Sleep(10 * time.Millisecond)
			if n := server.Stats().Dispatched; n != 1 {
				t.Errorf("%d attempts before the wait is over", n)
			}
			clock.Move(1)
			server.Poke()
			wait(t, server)
			if got := target.Next(t).Header.Get("X-CloudTasks-TaskRetryCount"); got != test.first {
				t.Errorf("first retry count %s, want %s", got, test.first)
			}
			if diff := cmp.Diff(test.want, server.Stats()); diff != "" {
				t.Errorf("stats (-want +got):\n%s", diff)
			}
		})
	}
}

// A seed replays the same story, whatever the order of goroutines.
func TestFaultsReplay(t *testing.T) {
	play := func(seed int64) map[string]int {
		faults := Faults{Duplicate: .3, Late: .3, LateMax: Duration(5 * time.Millisecond), Drop: .3, LoseResponse: .3}
		server, client := start(t, Options{Seed: seed, Faults: faults})
		makeQueue(t, client, &cloudtaskspb.Queue{RetryConfig: fastRetry(50)})
		target := kit.NewTarget(t, func(n int, w http.ResponseWriter, _ *http.Request) {})
		for i := range 40 {
			create(t, client, httpTask(target.URL, fmt.Sprint("t", i)))
		}
		wait(t, server)
		stats := server.Stats()
		if stats.Succeeded != 40 || target.Count() != stats.Dispatched+stats.Faults["duplicate"]-stats.Faults["drop"] {
			t.Errorf("%d requests, stats %+v", target.Count(), stats)
		}
		return stats.Faults
	}
	first := play(1)
	if diff := cmp.Diff(first, play(1)); diff != "" {
		t.Errorf("the same seed plays another story:\n%s", diff)
	}
	if len(first) != 4 || cmp.Equal(first, play(2)) {
		t.Errorf("faults of seed 1: %v, the same as of seed 2", first)
	}
}

func TestNewRefusesBrokenFaults(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("New took a probability of 2")
		}
	}()
	New(Options{Faults: Faults{Drop: 2}})
}
