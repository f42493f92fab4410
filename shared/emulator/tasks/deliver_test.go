package tasks

import (
	"fmt"
	"testing"
	"time"

	"cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/internal/kit"
)

func TestDeliveryCarriesRequestAndHeaders(t *testing.T) {
	server, client := start(t, Options{})
	makeQueue(t, client, &cloudtaskspb.Queue{RetryConfig: fastRetry(10)})
	target := kit.NewTarget(t, kit.Answer(503, 429, 302, 204))
	at := time.Now().Add(2 * time.Second).Truncate(time.Microsecond)
	task := httpTask(target.URL+"/window", "abc-1")
	task.ScheduleTime = timestamppb.New(at)
	task.GetHttpRequest().Body = []byte(`{"runId":1}`)
	task.GetHttpRequest().Headers = map[string]string{"Content-Type": "application/json", "traceparent": "00-1", "User-Agent": "mine", "Host": "elsewhere"}
	create(t, client, task)

	first := target.Next(t)
	if first.At.Before(at) {
		t.Errorf("arrived at %v, before the schedule time %v", first.At, at)
	}
	got := []string{first.Method, first.Path, first.Body, first.Header.Get("Content-Type"), first.Header.Get("Traceparent"), first.Header.Get("User-Agent"), first.Header.Get("Authorization")}
	want := []string{"POST", "/window", `{"runId":1}`, "application/json", "00-1", "Google-Cloud-Tasks", ""}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
	eta := first.Header.Get("X-CloudTasks-TaskETA")
	if want := fmt.Sprintf("%d.%06d", at.Unix(), at.Nanosecond()/1000); eta != want {
		t.Errorf("ETA %q, want %q", eta, want)
	}
	headers := []map[string]string{first.Platform("X-Cloudtasks-")}
	for range 3 {
		headers = append(headers, target.Next(t).Platform("X-Cloudtasks-"))
	}
	for _, h := range headers {
		delete(h, "Tasketa")
	}
	wantHeaders := []map[string]string{
		{"Queuename": "returnSync", "Taskname": "abc-1", "Taskretrycount": "0", "Taskexecutioncount": "0"},
		{"Queuename": "returnSync", "Taskname": "abc-1", "Taskretrycount": "1", "Taskexecutioncount": "0", "Taskpreviousresponse": "503", "Taskretryreason": "HTTP status 503"},
		{"Queuename": "returnSync", "Taskname": "abc-1", "Taskretrycount": "2", "Taskexecutioncount": "1", "Taskpreviousresponse": "429", "Taskretryreason": "HTTP status 429"},
		{"Queuename": "returnSync", "Taskname": "abc-1", "Taskretrycount": "3", "Taskexecutioncount": "2", "Taskpreviousresponse": "302", "Taskretryreason": "HTTP status 302"},
	}
	if diff := cmp.Diff(wantHeaders, headers); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
	wait(t, server)
	stats := server.Stats()
	if diff := cmp.Diff(Stats{Created: 1, Dispatched: 4, Succeeded: 1, Failed: 3, Retried: 3}, stats); diff != "" {
		t.Errorf("stats (-want +got):\n%s", diff)
	}
}
