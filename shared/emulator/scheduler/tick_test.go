package scheduler

import (
	"net/http"
	"testing"
	"time"

	cloudscheduler "cloud.google.com/go/scheduler/apiv1"
	"cloud.google.com/go/scheduler/apiv1/schedulerpb"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/durationpb"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/internal/kit"
)

const (
	testParent = "projects/demo/locations/asia-south1"
	testJob    = testParent + "/jobs/returnsUpdateCron"
)

// start serves an emulator on loopback and returns it with an unmodified
// client.
func start(t testing.TB, options Options) (*Server, *cloudscheduler.CloudSchedulerClient) {
	t.Helper()
	server := New(options)
	client, err := cloudscheduler.NewCloudSchedulerClient(t.Context(), kit.Serve(t, server)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return server, client
}

func httpJob(uri string) *schedulerpb.Job {
	return &schedulerpb.Job{
		Name: testJob, Schedule: "*/15 * * * *",
		Target: &schedulerpb.Job_HttpTarget{HttpTarget: &schedulerpb.HttpTarget{Uri: uri}},
	}
}

func create(t testing.TB, client *cloudscheduler.CloudSchedulerClient, job *schedulerpb.Job) *schedulerpb.Job {
	t.Helper()
	made, err := client.CreateJob(kit.Context(t), &schedulerpb.CreateJobRequest{Parent: testParent, Job: job})
	if err != nil {
		t.Fatalf("CreateJob: %v", err)
	}
	return made
}

func get(t testing.TB, client *cloudscheduler.CloudSchedulerClient) *schedulerpb.Job {
	t.Helper()
	job, err := client.GetJob(kit.Context(t), &schedulerpb.GetJobRequest{Name: testJob})
	if err != nil {
		t.Fatalf("GetJob: %v", err)
	}
	return job
}

func TestTickOnScheduleWithRetries(t *testing.T) {
	clock := kit.NewClock()
	server, client := start(t, Options{Now: clock.Now})
	target := kit.NewTarget(t, kit.Answer(503, 500, 200))
	job := httpJob(target.URL + "/ReturnsCron")
	job.GetHttpTarget().Body = []byte(`{}`)
	job.GetHttpTarget().Headers = map[string]string{"X-Mine": "1"}
	job.RetryConfig = &schedulerpb.RetryConfig{RetryCount: 3, MinBackoffDuration: durationpb.New(10 * time.Second)}
	if made := create(t, client, job); !made.GetScheduleTime().AsTime().Equal(clock.Now().Add(15 * time.Minute)) {
		t.Errorf("first tick at %v", made.GetScheduleTime().AsTime())
	}
	clock.Move(15*time.Minute - time.Millisecond)
	server.Poke()
	target.None(t, 20*time.Millisecond)

	waits := []time.Duration{time.Millisecond, 10 * time.Second, 20 * time.Second}
	want := map[string]string{"": "true", "-Jobname": "returnsUpdateCron", "-Scheduletime": "2026-11-21T04:15:00Z"}
	for i, wait := range waits {
		clock.Move(wait)
		server.Poke()
		got := target.Next(t)
		if diff := cmp.Diff(want, got.Platform("X-Cloudscheduler")); diff != "" {
			t.Errorf("attempt %d (-want +got):\n%s", i, diff)
		}
		rest := []string{got.Method, got.Path, got.Body, got.Header.Get("User-Agent"), got.Header.Get("X-Mine"), got.Header.Get("Content-Type")}
		if diff := cmp.Diff([]string{http.MethodPost, "/ReturnsCron", "{}", "Google-Cloud-Scheduler", "1", "application/octet-stream"}, rest); diff != "" {
			t.Errorf("attempt %d (-want +got):\n%s", i, diff)
		}
		kit.Eventually(t, "the attempt is recorded", func() bool { return server.Stats().Running == 0 })
	}
	after := get(t, client)
	if after.GetStatus().GetCode() != 0 || !after.GetLastAttemptTime().AsTime().Equal(clock.Now()) || !after.GetScheduleTime().AsTime().Equal(kit.NewClock().Now().Add(30*time.Minute)) {
		t.Errorf("job after its ticks: %v", after)
	}
	if diff := cmp.Diff(Stats{Ticks: 1, Attempts: 3, Succeeded: 1, Failed: 2, Retried: 2}, server.Stats()); diff != "" {
		t.Errorf("stats (-want +got):\n%s", diff)
	}
}
