package scheduler

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/scheduler/apiv1/schedulerpb"
	"github.com/google/go-cmp/cmp"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jwt"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/durationpb"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/internal/kit"
)

const scheduleTime = "X-CloudScheduler-ScheduleTime"

func TestPauseRunResume(t *testing.T) {
	clock := kit.NewClock()
	server, client := start(t, Options{Now: clock.Now})
	target := kit.NewTarget(t, kit.Answer(200))
	create(t, client, httpJob(target.URL))
	ctx := kit.Context(t)
	_, err := client.ResumeJob(ctx, &schedulerpb.ResumeJobRequest{Name: testJob})
	kit.WantCode(t, "resume an enabled job", err, codes.FailedPrecondition)
	paused, err := client.PauseJob(ctx, &schedulerpb.PauseJobRequest{Name: testJob})
	if err != nil || paused.GetState() != schedulerpb.Job_PAUSED {
		t.Fatalf("PauseJob: %v, %v", paused, err)
	}
	_, err = client.PauseJob(ctx, &schedulerpb.PauseJobRequest{Name: testJob})
	kit.WantCode(t, "pause twice", err, codes.FailedPrecondition)
	clock.Move(20 * time.Minute)
	server.Poke()
	target.None(t, 20*time.Millisecond)

	if _, err := client.RunJob(ctx, &schedulerpb.RunJobRequest{Name: testJob}); err != nil {
		t.Fatal(err)
	}
	if got := target.Next(t).Header.Get(scheduleTime); got != "2026-11-21T04:30:00Z" {
		t.Errorf("a forced run carries %s, want the next tick's time", got)
	}
	resumed, err := client.ResumeJob(ctx, &schedulerpb.ResumeJobRequest{Name: testJob})
	if err != nil || !resumed.GetScheduleTime().AsTime().Equal(kit.NewClock().Now().Add(30*time.Minute)) {
		t.Fatalf("ResumeJob: %v, %v", resumed, err)
	}
	clock.Move(10 * time.Minute)
	server.Poke()
	if got := target.Next(t).Header.Get(scheduleTime); got != "2026-11-21T04:30:00Z" {
		t.Errorf("tick of %s", got)
	}
	kit.Eventually(t, "both are recorded", func() bool { return server.Stats().Succeeded == 2 })
	if diff := cmp.Diff(Stats{Ticks: 1, Attempts: 2, Succeeded: 2, Forced: 1}, server.Stats()); diff != "" {
		t.Errorf("stats (-want +got):\n%s", diff)
	}
	if err := client.DeleteJob(ctx, &schedulerpb.DeleteJobRequest{Name: testJob}); err != nil {
		t.Fatal(err)
	}
	clock.Move(time.Hour)
	server.Poke()
	target.None(t, 20*time.Millisecond)
}

func TestRetriesEnd(t *testing.T) {
	seconds := func(n int) *durationpb.Duration { return durationpb.New(time.Duration(n) * time.Second) }
	tests := []struct {
		name  string
		retry *schedulerpb.RetryConfig
		want  int // attempts of one tick
	}{
		{"no retries", &schedulerpb.RetryConfig{MaxRetryDuration: seconds(3600)}, 1},
		{"by count", &schedulerpb.RetryConfig{RetryCount: 2, MinBackoffDuration: seconds(1)}, 3},
		{"by count and duration", &schedulerpb.RetryConfig{RetryCount: 1, MaxRetryDuration: seconds(3), MinBackoffDuration: seconds(1)}, 3},
		{"by the next tick", &schedulerpb.RetryConfig{RetryCount: 5, MinBackoffDuration: seconds(400), MaxBackoffDuration: seconds(400)}, 3},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			clock := kit.NewClock()
			server, client := start(t, Options{Now: clock.Now})
			target := kit.NewTarget(t, kit.Answer(500))
			job := httpJob(target.URL)
			job.RetryConfig = test.retry
			made := create(t, client, job)
			for range test.want {
				clock.Move(made.GetScheduleTime().AsTime().Sub(clock.Now()))
				server.Poke()
				if got := target.Next(t).Header.Get(scheduleTime); got != "2026-11-21T04:15:00Z" {
					t.Errorf("schedule time %s", got)
				}
				kit.Eventually(t, "the attempt is recorded", func() bool { return server.Stats().Running == 0 })
				made = get(t, client)
			}
			if next := made.GetScheduleTime().AsTime(); next.Minute() != 30 {
				t.Errorf("after the last retry comes %v, want the next tick", next)
			}
			if made.GetStatus().GetCode() != int32(codes.Internal) {
				t.Errorf("status %v", made.GetStatus())
			}
		})
	}
}

func TestExecutionsDoNotOverlap(t *testing.T) {
	clock := kit.NewClock()
	server, client := start(t, Options{Now: clock.Now})
	release := make(chan struct{})
	target := kit.NewTarget(t, func(int, http.ResponseWriter, *http.Request) { <-release })
	create(t, client, httpJob(target.URL))
	clock.Move(15 * time.Minute)
	server.Poke()
	target.Next(t)
	clock.Move(50 * time.Minute) // 04:30, 04:45 and 05:00 are missed
	server.Poke()
	target.None(t, 20*time.Millisecond)
	close(release)
	if got := target.Next(t).Header.Get(scheduleTime); got != "2026-11-21T05:00:00Z" {
		t.Errorf("tick of %s is made up for, want the newest", got)
	}
	kit.Eventually(t, "both are recorded", func() bool { return server.Stats().Succeeded == 2 })
	target.None(t, 20*time.Millisecond)
}

func TestEveryTicksFasterThanCrontab(t *testing.T) {
	_, client := start(t, Options{Every: 20 * time.Millisecond})
	target := kit.NewTarget(t, kit.Answer(200))
	create(t, client, httpJob(target.URL))
	first, second := target.Next(t).Header.Get(scheduleTime), target.Next(t).Header.Get(scheduleTime)
	if first == "" || first == second {
		t.Errorf("ticks of %q and %q", first, second)
	}
}

func TestEnglishScheduleHasNoScheduleTime(t *testing.T) {
	clock := kit.NewClock()
	server, client := start(t, Options{Now: clock.Now})
	target := kit.NewTarget(t, kit.Answer(200))
	job := httpJob(target.URL)
	job.Schedule = "every 5 minutes"
	create(t, client, job)
	clock.Move(5 * time.Minute)
	server.Poke()
	if diff := cmp.Diff(map[string]string{"": "true", "-Jobname": "returnsUpdateCron"}, target.Next(t).Platform("X-Cloudscheduler")); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
}

func TestTick(t *testing.T) {
	server, client := start(t, Options{})
	target := kit.NewTarget(t, kit.Answer(500, 200, 500))
	job := httpJob(target.URL)
	job.RetryConfig = &schedulerpb.RetryConfig{RetryCount: 1, MinBackoffDuration: durationpb.New(5 * time.Millisecond)}
	create(t, client, job)
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("", 3600))
	if err := server.Tick(kit.Context(t), testJob, at); err != nil {
		t.Errorf("Tick: %v", err)
	}
	for range 2 {
		if got := target.Next(t).Header.Get(scheduleTime); got != "2026-01-02T02:04:05Z" {
			t.Errorf("schedule time %s", got)
		}
	}
	err := server.Tick(kit.Context(t), testJob, at)
	if want := "scheduler emulator: job " + testJob + " failed after 2 attempts: HTTP status 500"; err == nil || err.Error() != want {
		t.Errorf("Tick: %v, want %s", err, want)
	}
}

func TestTicksQueueUp(t *testing.T) {
	server, client := start(t, Options{})
	target := kit.NewTarget(t, kit.Answer(200))
	create(t, client, httpJob(target.URL))
	errs := make(chan error, 5)
	for range cap(errs) {
		go func() { errs <- server.Tick(kit.Context(t), testJob, time.Now()) }()
	}
	for range cap(errs) {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if target.Count() != 5 {
		t.Errorf("%d requests, want 5", target.Count())
	}
}

func TestCloseEndsTicks(t *testing.T) {
	server, client := start(t, Options{})
	target := kit.NewTarget(t, func(_ int, _ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	create(t, client, httpJob(target.URL))
	ended := make(chan error, 1)
	go func() { ended <- server.Tick(t.Context(), testJob, time.Now()) }()
	target.Next(t)
	server.Close()
	if err := <-ended; err != errClosed {
		t.Errorf("Tick: %v", err)
	}
	if err := server.Tick(t.Context(), testJob, time.Now()); err != errClosed {
		t.Errorf("Tick after Close: %v", err)
	}
}

func TestTokenIsVerifiable(t *testing.T) {
	server, client := start(t, Options{})
	target := kit.NewTarget(t, kit.Answer(200))
	job := httpJob(target.URL + "/cron")
	job.GetHttpTarget().AuthorizationHeader = &schedulerpb.HttpTarget_OidcToken{OidcToken: &schedulerpb.OidcToken{ServiceAccountEmail: "cron@demo.iam.gserviceaccount.com"}}
	create(t, client, job)
	if err := server.Tick(kit.Context(t), testJob, time.Now()); err != nil {
		t.Fatal(err)
	}
	_, text := kit.Call(t, server.Control(), http.MethodGet, "/tokens/jwks", "")
	keys, err := jwk.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	bearer := strings.TrimPrefix(target.Next(t).Header.Get("Authorization"), "Bearer ")
	if _, err := jwt.Parse([]byte(bearer), jwt.WithKeySet(keys), jwt.WithIssuer("https://accounts.google.com"), jwt.WithAudience(target.URL+"/cron")); err != nil {
		t.Error(err)
	}
}

func TestControlTick(t *testing.T) {
	server, client := start(t, Options{})
	target := kit.NewTarget(t, kit.Answer(200, 200, 500))
	create(t, client, httpJob(target.URL))
	tests := []struct {
		path string
		code int
	}{
		{"/tick?job=" + testJob, 204},
		{"/tick?job=" + testJob + "&at=2026-11-21T04:15:00Z", 204},
		{"/tick?job=" + testJob, 502},
		{"/tick?job=" + testJob + "&at=noon", 400},
		{"/tick?job=none", 502},
	}
	for _, test := range tests {
		if code, text := kit.Call(t, server.Control(), http.MethodPost, test.path, ""); code != test.code {
			t.Errorf("POST %s: %d %s, want %d", test.path, code, text, test.code)
		}
	}
	target.Next(t)
	if got := target.Next(t).Header.Get(scheduleTime); got != "2026-11-21T04:15:00Z" {
		t.Errorf("schedule time %s", got)
	}
}

func TestFaults(t *testing.T) {
	clock := kit.NewClock()
	server, client := start(t, Options{Now: clock.Now})
	late := `{"twice":1,"twice_after":"10ms","late":1,"late_min":"2m","late_max":"2m"}`
	if code, text := kit.Call(t, server.Control(), http.MethodPut, "/faults", late); code != 200 {
		t.Fatalf("PUT /faults: %d %s", code, text)
	}
	target := kit.NewTarget(t, kit.Answer(200))
	create(t, client, httpJob(target.URL))
	clock.Move(17*time.Minute - 1)
	server.Poke()
	target.None(t, 20*time.Millisecond)
	clock.Move(1)
	server.Poke()
	for range 2 {
		if got := target.Next(t).Header.Get(scheduleTime); got != "2026-11-21T04:15:00Z" {
			t.Errorf("schedule time %s", got)
		}
	}
	kit.Eventually(t, "the tick is recorded", func() bool { return server.Stats().Succeeded == 1 })
	if diff := cmp.Diff(map[string]int{"late": 2, "twice": 1}, server.Stats().Faults); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
	for _, broken := range []string{`{"twice":7}`, `{"late":-1}`, `{"dropped":1}`, `[]`} {
		if code, _ := kit.Call(t, server.Control(), http.MethodPut, "/faults", broken); code != 400 {
			t.Errorf("PUT %s: %d", broken, code)
		}
	}
}

func TestNewRefusesBrokenFaults(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("New took a probability of 2")
		}
	}()
	New(Options{Faults: Faults{Late: 2}})
}
