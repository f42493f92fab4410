package cloudscheduler

import (
	"net"
	"strings"
	"testing"

	"cloud.google.com/go/scheduler/apiv1/schedulerpb"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/scheduler"
	"gitlab.com/eshopbox-team/return-sync/shared/schedule"
)

func TestEnsureCreatesThenUpdates(t *testing.T) {
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
