package scheduler

import (
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/scheduler/apiv1/schedulerpb"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/api/iterator"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/internal/kit"
)

func TestJobDefaultsAndUpdate(t *testing.T) {
	clock := kit.NewClock()
	_, client := start(t, Options{Now: clock.Now})
	want := httpJob("http://127.0.0.1/")
	want.GetHttpTarget().HttpMethod = schedulerpb.HttpMethod_POST
	want.TimeZone, want.State = "Etc/UTC", schedulerpb.Job_ENABLED
	want.AttemptDeadline = durationpb.New(3 * time.Minute)
	want.RetryConfig = &schedulerpb.RetryConfig{MinBackoffDuration: durationpb.New(5 * time.Second), MaxBackoffDuration: durationpb.New(time.Hour), MaxDoublings: 5}
	want.UserUpdateTime, want.ScheduleTime = timestamppb.New(clock.Now()), timestamppb.New(clock.Now().Add(15*time.Minute))
	if diff := cmp.Diff(want, create(t, client, httpJob("http://127.0.0.1/")), protocmp.Transform()); diff != "" {
		t.Fatalf("created (-want +got):\n%s", diff)
	}
	clock.Move(time.Minute)
	change := &schedulerpb.Job{Name: testJob, Schedule: "0 9 * * *", TimeZone: "Asia/Kolkata", Description: "not in the mask"}
	got, err := client.UpdateJob(kit.Context(t), &schedulerpb.UpdateJobRequest{Job: change, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"schedule", "time_zone"}}})
	if err != nil {
		t.Fatal(err)
	}
	want.Schedule, want.TimeZone, want.UserUpdateTime = "0 9 * * *", "Asia/Kolkata", timestamppb.New(clock.Now())
	want.ScheduleTime = timestamppb.New(time.Date(2026, 11, 22, 3, 30, 0, 0, time.UTC))
	if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
		t.Errorf("updated (-want +got):\n%s", diff)
	}
	_, err = client.UpdateJob(kit.Context(t), &schedulerpb.UpdateJobRequest{Job: change})
	kit.WantCode(t, "full update without a target", err, codes.InvalidArgument)
	if diff := cmp.Diff(want, get(t, client), protocmp.Transform()); diff != "" {
		t.Errorf("after a refused update (-want +got):\n%s", diff)
	}
	whole := httpJob("https://127.0.0.1/other")
	got, err = client.UpdateJob(kit.Context(t), &schedulerpb.UpdateJobRequest{Job: whole})
	if err != nil || got.GetHttpTarget().GetUri() != "https://127.0.0.1/other" || got.GetSchedule() != "*/15 * * * *" {
		t.Errorf("full update: %v, %v", got, err)
	}
}

func TestJobRefusals(t *testing.T) {
	_, client := start(t, Options{})
	create(t, client, httpJob("http://127.0.0.1/"))
	other := func(change func(*schedulerpb.Job)) *schedulerpb.Job {
		job := httpJob("http://127.0.0.1/")
		job.Name = testParent + "/jobs/other"
		change(job)
		return job
	}
	retry := func(r *schedulerpb.RetryConfig) *schedulerpb.Job {
		return other(func(j *schedulerpb.Job) { j.RetryConfig = r })
	}
	target := func(change func(*schedulerpb.HttpTarget)) *schedulerpb.Job {
		return other(func(j *schedulerpb.Job) { change(j.GetHttpTarget()) })
	}
	tests := []struct {
		name string
		job  *schedulerpb.Job
		code codes.Code
		want string
	}{
		{"exists", httpJob("http://127.0.0.1/"), codes.AlreadyExists, "already exists"},
		{"id", other(func(j *schedulerpb.Job) { j.Name = testParent + "/jobs/a.b" }), codes.InvalidArgument, "not allowed in jobs"},
		{"form", other(func(j *schedulerpb.Job) { j.Name = "cron" }), codes.InvalidArgument, "expected the form"},
		{"parent", other(func(j *schedulerpb.Job) { j.Name = "projects/x/locations/asia-south1/jobs/a" }), codes.InvalidArgument, "is not in parent"},
		{"description", other(func(j *schedulerpb.Job) { j.Description = strings.Repeat("é", 501) }), codes.InvalidArgument, "501 characters"},
		{"schedule missing", other(func(j *schedulerpb.Job) { j.Schedule = "" }), codes.InvalidArgument, "five crontab fields"},
		{"zone", other(func(j *schedulerpb.Job) { j.TimeZone = "India" }), codes.InvalidArgument, "Asia/Kolkata"},
		{"deadline", other(func(j *schedulerpb.Job) { j.AttemptDeadline = durationpb.New(14 * time.Second) }), codes.InvalidArgument, "between 15s and 30m0s"},
		{"retries", retry(&schedulerpb.RetryConfig{RetryCount: 6}), codes.InvalidArgument, "from 0 to 5"},
		{"retries negative", retry(&schedulerpb.RetryConfig{RetryCount: -1}), codes.InvalidArgument, "from 0 to 5"},
		{"doublings", retry(&schedulerpb.RetryConfig{MaxDoublings: -1}), codes.InvalidArgument, "max_doublings"},
		{"duration", retry(&schedulerpb.RetryConfig{MaxRetryDuration: durationpb.New(-1)}), codes.InvalidArgument, "negative"},
		{"backoffs", retry(&schedulerpb.RetryConfig{MaxBackoffDuration: durationpb.New(1)}), codes.InvalidArgument, "is above max_backoff_duration"},
		{"no target", other(func(j *schedulerpb.Job) { j.Target = nil }), codes.InvalidArgument, "HTTP targets only"},
		{"Pub/Sub", other(func(j *schedulerpb.Job) {
			j.Target = &schedulerpb.Job_PubsubTarget{PubsubTarget: &schedulerpb.PubsubTarget{}}
		}), codes.InvalidArgument, "HTTP targets only"},
		{"uri", target(func(h *schedulerpb.HttpTarget) { h.Uri = "x" }), codes.InvalidArgument, "must begin with"},
		{"header", target(func(h *schedulerpb.HttpTarget) { h.Headers = map[string]string{"X-CloudScheduler": "no"} }), codes.InvalidArgument, "platform alone"},
		{"body", target(func(h *schedulerpb.HttpTarget) { h.Body, h.HttpMethod = []byte("x"), schedulerpb.HttpMethod_GET }), codes.InvalidArgument, "the method is GET"},
		{"OAuth", target(func(h *schedulerpb.HttpTarget) {
			h.AuthorizationHeader = &schedulerpb.HttpTarget_OauthToken{OauthToken: &schedulerpb.OAuthToken{}}
		}), codes.InvalidArgument, "OIDC tokens only"},
		{"OIDC", target(func(h *schedulerpb.HttpTarget) {
			h.AuthorizationHeader = &schedulerpb.HttpTarget_OidcToken{OidcToken: &schedulerpb.OidcToken{}}
		}), codes.InvalidArgument, "service_account_email is required"},
	}
	for _, test := range tests {
		_, err := client.CreateJob(kit.Context(t), &schedulerpb.CreateJobRequest{Parent: testParent, Job: test.job})
		kit.WantCode(t, test.name, err, test.code)
		if err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: message %q lacks %q", test.name, err, test.want)
		}
	}
	_, err := client.CreateJob(kit.Context(t), &schedulerpb.CreateJobRequest{Parent: "x", Job: httpJob("http://a")})
	kit.WantCode(t, "parent", err, codes.InvalidArgument)
	_, err = client.UpdateJob(kit.Context(t), &schedulerpb.UpdateJobRequest{Job: httpJob("http://a"), UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"colour"}}})
	kit.WantCode(t, "mask", err, codes.InvalidArgument)
}

func TestMissingJobIsNotFound(t *testing.T) {
	server, client := start(t, Options{})
	ctx := kit.Context(t)
	_, err := client.GetJob(ctx, &schedulerpb.GetJobRequest{Name: testJob})
	kit.WantCode(t, "get", err, codes.NotFound)
	_, err = client.PauseJob(ctx, &schedulerpb.PauseJobRequest{Name: testJob})
	kit.WantCode(t, "pause", err, codes.NotFound)
	_, err = client.RunJob(ctx, &schedulerpb.RunJobRequest{Name: testJob})
	kit.WantCode(t, "run", err, codes.NotFound)
	kit.WantCode(t, "delete", client.DeleteJob(ctx, &schedulerpb.DeleteJobRequest{Name: testJob}), codes.NotFound)
	kit.WantCode(t, "tick", server.Tick(ctx, testJob, time.Now()), codes.NotFound)
	_, err = client.GetJob(ctx, &schedulerpb.GetJobRequest{Name: "x"})
	kit.WantCode(t, "name", err, codes.InvalidArgument)
}

func TestListJobsInPages(t *testing.T) {
	_, client := start(t, Options{Seed: 3})
	want := []string{testParent + "/jobs/a", testParent + "/jobs/b"}
	for _, name := range []string{want[1], want[0], ""} {
		job := httpJob("http://127.0.0.1/")
		job.Name = name
		if made := create(t, client, job); name == "" {
			want = append([]string{made.GetName()}, want...)
		}
	}
	var got []string
	for it := client.ListJobs(kit.Context(t), &schedulerpb.ListJobsRequest{Parent: testParent, PageSize: 2}); ; {
		job, err := it.Next()
		if err == iterator.Done {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, job.GetName())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	_, err := client.ListJobs(kit.Context(t), &schedulerpb.ListJobsRequest{Parent: testParent, PageToken: "!"}).Next()
	kit.WantCode(t, "token", err, codes.InvalidArgument)
	_, err = client.ListJobs(kit.Context(t), &schedulerpb.ListJobsRequest{Parent: "x"}).Next()
	kit.WantCode(t, "parent", err, codes.InvalidArgument)
}

// Callers that are in the same process keep their messages.
func TestMessagesAreCopied(t *testing.T) {
	server := New(Options{})
	defer server.Close()
	job := httpJob("http://127.0.0.1/")
	before := proto.CloneOf(job)
	made, err := server.CreateJob(t.Context(), &schedulerpb.CreateJobRequest{Parent: testParent, Job: job})
	if err != nil {
		t.Fatal(err)
	}
	made.GetHttpTarget().Uri = "http://changed/"
	read, err := server.GetJob(t.Context(), &schedulerpb.GetJobRequest{Name: testJob})
	if err != nil || read.GetHttpTarget().GetUri() != "http://127.0.0.1/" || !proto.Equal(before, job) {
		t.Errorf("stored %v (%v), caller's %v", read, err, job)
	}
}
