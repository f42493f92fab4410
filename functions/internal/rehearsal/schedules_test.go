package rehearsal

import (
	"net/http"
	"testing"
	"time"

	scheduler "cloud.google.com/go/scheduler/apiv1"
	"cloud.google.com/go/scheduler/apiv1/schedulerpb"

	"gitlab.com/eshopbox-team/return-sync/functions/schedules"
	"gitlab.com/eshopbox-team/return-sync/shared/queue/cloudtasks"
)

// TestASchedulesJobStartsASync writes a schedule by plain SQL while everything
// runs: its job appears, and a call as of a person who forces it starts a sync.
func TestASchedulesJobStartsASync(t *testing.T) {
	s := start(t, Options{Every: time.Second})
	ctx := t.Context()
	client, err := scheduler.NewCloudSchedulerClient(ctx, cloudtasks.EmulatorOptions(s.SchedulerAddress())...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	if _, err := s.DB.ExecContext(ctx, "INSERT INTO sync_schedule (name, target, time, run) VALUES ('rare', 'returns', '23:00', 'Interval')"); err != nil {
		t.Fatal(err)
	}
	name := Location + "/jobs/sync-schedule-1"
	wait := func(what string, there func() bool) {
		t.Helper()
		for deadline := time.Now().Add(time.Minute); !there(); time.Sleep(poll) {
			if time.Now().After(deadline) {
				t.Fatalf("not within a minute: %s", what)
			}
		}
	}
	wait("the job", func() bool {
		_, err := client.GetJob(ctx, &schedulerpb.GetJobRequest{Name: name})
		return err == nil
	})
	// Ticks of every second stand in its way, so it is called until it wins. The
	// job itself would carry a tick's time, since here all jobs tick each second.
	wait("a sync by the schedule", func() bool {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL(schedules.Function.Name)+"?fire=1", nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := s.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		var n int
		err = s.DB.QueryRowContext(ctx, "SELECT COUNT(*) FROM order_return_algolia_sync WHERE occurrence_key LIKE 'manual-schedule-1-%'").Scan(&n)
		if err != nil {
			t.Fatal(err)
		}
		return n > 0
	})
	if _, err := s.DB.ExecContext(ctx, "DELETE FROM sync_schedule"); err != nil {
		t.Fatal(err)
	}
	wait("the job's end", func() bool {
		_, err := client.GetJob(ctx, &schedulerpb.GetJobRequest{Name: name})
		return err != nil
	})
}
