package tasks

import (
	"net/http"
	"testing"
	"time"

	"cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/durationpb"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/internal/kit"
)

// schedule lets every attempt of one task fail on a test's clock and returns
// the waits between them.
func schedule(t *testing.T, retry *cloudtaskspb.RetryConfig, script func(int, http.ResponseWriter, *http.Request)) ([]time.Duration, *Server) {
	t.Helper()
	clock := kit.NewClock()
	server, client := start(t, Options{Now: clock.Now})
	makeQueue(t, client, &cloudtaskspb.Queue{RetryConfig: retry})
	target := kit.NewTarget(t, script)
	task := create(t, client, httpTask(target.URL, "t"))
	var waits []time.Duration
	for {
		target.Next(t)
		kit.Eventually(t, "the attempt is recorded", func() bool { return server.Stats().Running == 0 })
		if server.Stats().Pending == 0 || len(waits) == 9 {
			return waits, server
		}
		wait := get(t, client, task.GetName()).GetScheduleTime().AsTime().Sub(clock.Now())
		waits = append(waits, wait)
		clock.Move(wait)
		server.Poke()
	}
}

func TestRetrySchedule(t *testing.T) {
	second := func(n int) *durationpb.Duration { return durationpb.New(time.Duration(n) * time.Second) }
	retryAfter := func(value string, code int) func(int, http.ResponseWriter, *http.Request) {
		return func(_ int, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", value)
			w.WriteHeader(code)
		}
	}
	tests := []struct {
		name   string
		retry  *cloudtaskspb.RetryConfig
		script func(int, http.ResponseWriter, *http.Request)
		want   []float64 // seconds
	}{
		{"the protos' example", &cloudtaskspb.RetryConfig{MaxAttempts: 9, MinBackoff: second(10), MaxBackoff: second(300), MaxDoublings: 3}, kit.Answer(500), []float64{10, 20, 40, 80, 160, 240, 300, 300}},
		{"attempts alone", &cloudtaskspb.RetryConfig{MaxAttempts: 3}, kit.Answer(404), []float64{.1, .2}},
		{"one attempt", &cloudtaskspb.RetryConfig{MaxAttempts: 1}, kit.Answer(404), nil},
		{"attempts and duration", &cloudtaskspb.RetryConfig{MaxAttempts: 2, MaxRetryDuration: second(5), MinBackoff: second(1)}, kit.Answer(500), []float64{1, 2, 4}},
		{"duration without attempts", &cloudtaskspb.RetryConfig{MaxAttempts: -1, MaxRetryDuration: second(2), MinBackoff: second(1)}, kit.Answer(500), []float64{1, 2}},
		{"unlimited", &cloudtaskspb.RetryConfig{MaxAttempts: -1, MinBackoff: second(1), MaxBackoff: second(1)}, kit.Answer(500), []float64{1, 1, 1, 1, 1, 1, 1, 1, 1}},
		{"Retry-After on 429", &cloudtaskspb.RetryConfig{MaxAttempts: 2}, retryAfter("7", 429), []float64{7}},
		{"Retry-After as a date on 503", &cloudtaskspb.RetryConfig{MaxAttempts: 2}, retryAfter("Sat, 21 Nov 2026 04:01:00 GMT", 503), []float64{60}},
		{"Retry-After shorter than the backoff", &cloudtaskspb.RetryConfig{MaxAttempts: 2, MinBackoff: second(9)}, retryAfter("7", 429), []float64{9}},
		{"Retry-After on 500 is ignored", &cloudtaskspb.RetryConfig{MaxAttempts: 2}, retryAfter("7", 500), []float64{.1}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			waits, _ := schedule(t, test.retry, test.script)
			var got []float64
			for _, wait := range waits {
				got = append(got, wait.Seconds())
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("waits in seconds (-want +got):\n%s", diff)
			}
		})
	}
}

func TestExhaustedTaskIsGone(t *testing.T) {
	_, server := schedule(t, &cloudtaskspb.RetryConfig{MaxAttempts: 2}, kit.Answer(500))
	if diff := cmp.Diff(Stats{Created: 1, Dispatched: 2, Failed: 2, Retried: 1, Exhausted: 1}, server.Stats()); diff != "" {
		t.Errorf("stats (-want +got):\n%s", diff)
	}
	wait(t, server)
}

func TestTaskRetryConfigOverridesQueue(t *testing.T) {
	server, client := start(t, Options{})
	makeQueue(t, client, &cloudtaskspb.Queue{RetryConfig: fastRetry(50)})
	target := kit.NewTarget(t, kit.Answer(500))
	task := httpTask(target.URL, "own")
	task.RetryConfig = &cloudtaskspb.RetryConfig{MaxAttempts: 2}
	create(t, client, task)
	wait(t, server)
	if target.Count() != 2 {
		t.Errorf("%d attempts, want 2", target.Count())
	}
}

func TestAttemptsAreRecorded(t *testing.T) {
	_, client := start(t, Options{})
	makeQueue(t, client, &cloudtaskspb.Queue{RetryConfig: &cloudtaskspb.RetryConfig{MinBackoff: durationpb.New(time.Hour)}})
	target := kit.NewTarget(t, kit.Answer(503))
	name := create(t, client, httpTask(target.URL, "seen")).GetName()
	kit.Eventually(t, "a response is recorded", func() bool { return get(t, client, name).GetResponseCount() == 1 })
	task := get(t, client, name)
	if task.GetDispatchCount() != 1 || task.GetFirstAttempt().GetDispatchTime() == nil || task.GetLastAttempt().GetResponseTime() == nil {
		t.Errorf("task %v", task)
	}
	if status := task.GetLastAttempt().GetResponseStatus(); status.GetCode() != int32(codes.Unavailable) || status.GetMessage() != "HTTP status 503 Service Unavailable" {
		t.Errorf("status %v", status)
	}
}

func TestOldTaskIsDropped(t *testing.T) {
	clock := kit.NewClock()
	server, client := start(t, Options{Now: clock.Now})
	makeQueue(t, client, &cloudtaskspb.Queue{})
	target := kit.NewTarget(t, kit.Answer(200))
	pause(t, client)
	create(t, client, httpTask(target.URL, "old"))
	clock.Move(retention + time.Second)
	if _, err := client.ResumeQueue(kit.Context(t), &cloudtaskspb.ResumeQueueRequest{Name: testQueue}); err != nil {
		t.Fatal(err)
	}
	wait(t, server)
	if target.Count() != 0 || server.Stats().Exhausted != 1 {
		t.Errorf("%d requests, stats %+v", target.Count(), server.Stats())
	}
}
