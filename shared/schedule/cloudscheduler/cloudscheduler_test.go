package cloudscheduler

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/scheduler/apiv1/schedulerpb"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/scheduler"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/schedule"
)

// open returns a client of a fresh emulator, and what ends the emulator.
func open(t *testing.T) (*Client, func()) {
	t.Helper()
	server := scheduler.New(scheduler.Options{})
	t.Cleanup(func() { _ = server.Close() })
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.Serve(listener) }()
	client, err := Open(t.Context(), "projects/p/locations/l", option.WithEndpoint(listener.Addr().String()), option.WithoutAuthentication(),
		option.WithGRPCDialOption(grpc.WithTransportCredentials(insecure.NewCredentials())))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client, func() { _ = server.Close() }
}

func TestEnsureCreatesThenUpdates(t *testing.T) {
	client, _ := open(t)
	job := schedule.Job{Name: "returnsUpdateCron", Cron: "*/15 * * * *", TimeZone: "Asia/Kolkata", URL: "http://127.0.0.1:1/ReturnsCron"}
	for _, cron := range []string{"*/15 * * * *", "*/5 * * * *"} {
		job.Cron = cron
		if err := client.Ensure(t.Context(), job); err != nil {
			t.Fatal(err)
		}
		got, err := client.api.GetJob(t.Context(), &schedulerpb.GetJobRequest{Name: "projects/p/locations/l/jobs/returnsUpdateCron"})
		if err != nil {
			t.Fatal(err)
		}
		have := []string{got.GetSchedule(), got.GetTimeZone(), got.GetHttpTarget().GetUri()}
		if diff := cmp.Diff([]string{cron, "Asia/Kolkata", job.URL}, have); diff != "" {
			t.Error(diff)
		}
	}
	job.Cron = "every so often"
	if err := client.Ensure(t.Context(), job); err == nil || !strings.Contains(err.Error(), "returnsUpdateCron") {
		t.Errorf("a schedule that is none: %v", err)
	}
}

// full is a job with everything that we say of one.
func full(n int) schedule.Job {
	return schedule.Job{
		Name: fmt.Sprint("sync-schedule-", n), Description: "nachts ☾", Cron: "30 6 * * 1", TimeZone: "Etc/UTC",
		URL: fmt.Sprint("http://127.0.0.1:1/ReconcileSchedules?fire=", n), ServiceAccount: "knocker@p.iam.gserviceaccount.com",
	}
}

// TestWhatIsEnsuredIsListed takes a job through every change: what List returns
// equals what was asked for, so that nothing is changed twice.
func TestWhatIsEnsuredIsListed(t *testing.T) {
	client, _ := open(t)
	if err := client.Ensure(t.Context(), schedule.Job{Name: "other", Cron: "* * * * *", URL: "http://127.0.0.1:1/"}); err != nil {
		t.Fatal(err)
	}
	j := full(7)
	for _, change := range []func(){
		func() {}, func() { j.Cron = "0 0 * * *" }, func() { j.Paused = true }, func() { j.Description = "" }, func() { j.Cron = "1 * * * *" },
		func() { j.Paused = false }, func() { j.ServiceAccount = "" }, func() { j.URL += "0" }, func() { j.TimeZone = "Asia/Kolkata" },
		func() { j.Paused, j.Cron = true, "2 * * * *" }, func() { j.Paused, j.Cron = false, "3 * * * *" },
	} {
		change()
		if err := client.Ensure(t.Context(), j); err != nil {
			t.Fatal(err)
		}
		got, err := client.List(t.Context(), "sync-schedule-")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]schedule.Job{j}, got); diff != "" {
			t.Error(diff)
		}
	}
	for _, want := range []bool{true, false} {
		if gone, err := client.Delete(t.Context(), j.Name); err != nil || gone != want {
			t.Errorf("Delete = %v, %v; want %v", gone, err, want)
		}
	}
	if got, err := client.List(t.Context(), ""); err != nil || len(got) != 1 || got[0].Name != "other" {
		t.Errorf("%v, %v", got, err)
	}
}

// TestManyJobs lists more than a page.
func TestManyJobs(t *testing.T) {
	client, _ := open(t)
	const many = 1100
	for n := range many {
		if err := client.Ensure(t.Context(), full(n)); err != nil {
			t.Fatal(err)
		}
	}
	got, err := client.List(t.Context(), "sync-schedule-")
	if err != nil || len(got) != many {
		t.Errorf("%d jobs, %v", len(got), err)
	}
}

// TestTheAudienceIsTheService names no path and no query: Cloud Run would refuse
// the token.
func TestTheAudienceIsTheService(t *testing.T) {
	client, _ := open(t)
	job := client.theirs(schedule.Job{Name: "x", URL: "https://schedules-abc.a.run.app/ReconcileSchedules?fire=7", ServiceAccount: "a@p"})
	if got := job.GetHttpTarget().GetOidcToken().GetAudience(); got != "https://schedules-abc.a.run.app" {
		t.Error(got)
	}
}

// TestABrokenJobIsMadeAnew has a job that Cloud Scheduler could not update.
func TestABrokenJobIsMadeAnew(t *testing.T) {
	for state, want := range map[schedulerpb.Job_State]bool{
		schedulerpb.Job_ENABLED: true, schedulerpb.Job_PAUSED: true, schedulerpb.Job_UPDATE_FAILED: false, schedulerpb.Job_DISABLED: false,
	} {
		if got := ours("x", &schedulerpb.Job{State: state, Schedule: "* * * * *"}); (got.Cron != "") != want {
			t.Errorf("%v: %+v", state, got)
		}
	}
}

// TestAnOutageIsToldAsOne calls a scheduler that is gone.
func TestAnOutageIsToldAsOne(t *testing.T) {
	client, stop := open(t)
	stop()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	if _, err := client.List(ctx, ""); fault.KindOf(err) != fault.Retry {
		t.Errorf("List: %v", err)
	}
	if err := client.Ensure(ctx, full(1)); fault.KindOf(err) != fault.Retry {
		t.Errorf("Ensure: %v", err)
	}
	if _, err := client.Delete(ctx, "x"); fault.KindOf(err) != fault.Retry {
		t.Errorf("Delete: %v", err)
	}
}
