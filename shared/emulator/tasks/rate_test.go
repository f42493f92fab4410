package tasks

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"golang.org/x/time/rate"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/internal/kit"
)

func TestRateBelowOneASecond(t *testing.T) {
	clock := kit.NewClock()
	server, client := start(t, Options{Now: clock.Now})
	makeQueue(t, client, &cloudtaskspb.Queue{RateLimits: &cloudtaskspb.RateLimits{MaxDispatchesPerSecond: 0.25}})
	target := kit.NewTarget(t, kit.Answer(200))
	for i := range leastBurst + 2 {
		create(t, client, httpTask(target.URL, fmt.Sprint("t", i)))
	}
	for range leastBurst { // the bucket is full at first
		target.Next(t)
	}
	for range 2 {
		clock.Move(4*time.Second - time.Millisecond)
		server.Poke()
		target.None(t, 20*time.Millisecond)
		clock.Move(time.Millisecond)
		server.Poke()
		target.Next(t)
	}
	wait(t, server)
}

func TestRateIsKept(t *testing.T) {
	server, client := start(t, Options{})
	makeQueue(t, client, &cloudtaskspb.Queue{RateLimits: &cloudtaskspb.RateLimits{MaxDispatchesPerSecond: 20}})
	target := kit.NewTarget(t, kit.Answer(200))
	began := time.Now()
	for i := range 20 {
		create(t, client, httpTask(target.URL, fmt.Sprint("t", i)))
	}
	wait(t, server)
	if took := time.Since(began); took < 490*time.Millisecond {
		t.Errorf("20 tasks at 20/s with a burst of 10 took %v, want half a second at least", took)
	}
}

func TestConcurrencyIsBounded(t *testing.T) {
	server, client := start(t, Options{})
	makeQueue(t, client, &cloudtaskspb.Queue{RateLimits: &cloudtaskspb.RateLimits{MaxConcurrentDispatches: 3}})
	var now, most atomic.Int32
	release := make(chan struct{})
	target := kit.NewTarget(t, func(int, http.ResponseWriter, *http.Request) {
		n := now.Add(1)
		for seen := most.Load(); n > seen && !most.CompareAndSwap(seen, n); seen = most.Load() {
		}
		<-release
		now.Add(-1)
	})
	for i := range 10 {
		create(t, client, httpTask(target.URL, fmt.Sprint("t", i)))
	}
	kit.Eventually(t, "three run", func() bool { return now.Load() == 3 })
	if running := server.Stats().Running; running != 3 {
		t.Errorf("%d running, want 3", running)
	}
	close(release)
	wait(t, server)
	if most.Load() != 3 {
		t.Errorf("%d ran at once, want 3", most.Load())
	}
}

func TestCloseCancelsWhatIsInFlight(t *testing.T) {
	server, client := start(t, Options{})
	makeQueue(t, client, &cloudtaskspb.Queue{})
	cancelled := make(chan struct{})
	target := kit.NewTarget(t, func(_ int, _ http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
		close(cancelled)
	})
	create(t, client, httpTask(target.URL, "stuck"))
	target.Next(t)
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-cancelled:
	case <-time.After(kit.Patience):
		t.Error("the request was not cancelled")
	}
	if err := server.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
	_, err := server.UpdateQueue(t.Context(), &cloudtaskspb.UpdateQueueRequest{Queue: &cloudtaskspb.Queue{Name: testParent + "/queues/late"}})
	if err == nil {
		t.Error("a queue was made after Close")
	}
}

func TestWaitSaysWhatIsLeft(t *testing.T) {
	server, client := start(t, Options{})
	makeQueue(t, client, &cloudtaskspb.Queue{})
	wait(t, server)
	pause(t, client)
	create(t, client, httpTask("http://127.0.0.1/", ""))
	ctx, cancel := contextFor(t, 10*time.Millisecond)
	defer cancel()
	if err := server.Wait(ctx); err == nil || err.Error() != "tasks emulator: 1 tasks are still waiting or running: context deadline exceeded" {
		t.Errorf("Wait: %v", err)
	}
}

// BenchmarkDispatch is the time from CreateTask to the handler's answer being
// accounted, one task at a time, over loopback.
func BenchmarkDispatch(b *testing.B) {
	server, client := start(b, Options{})
	makeQueue(b, client, &cloudtaskspb.Queue{})
	server.queues[testQueue].limiter.SetLimit(rate.Inf)
	target := kit.NewTarget(b, kit.Answer(200))
	for b.Loop() {
		create(b, client, httpTask(target.URL, ""))
		wait(b, server)
		target.Next(b)
	}
}

// BenchmarkBurst is the time a task takes when many wait: the dispatcher's
// throughput without a rate.
func BenchmarkBurst(b *testing.B) {
	server, client := start(b, Options{})
	makeQueue(b, client, &cloudtaskspb.Queue{RateLimits: &cloudtaskspb.RateLimits{MaxConcurrentDispatches: 8}})
	server.queues[testQueue].limiter.SetLimit(rate.Inf)
	target := kit.NewTarget(b, kit.Answer(200))
	b.ResetTimer()
	for range b.N {
		request := &cloudtaskspb.CreateTaskRequest{Parent: testQueue, Task: httpTask(target.URL, "")}
		if _, err := server.CreateTask(b.Context(), request); err != nil {
			b.Fatal(err)
		}
	}
	wait(b, server)
}
