package scheduler

import (
	"testing"

	"cloud.google.com/go/scheduler/apiv1/schedulerpb"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/internal/kit"
)

// TestEveryCall finds every call of the API.
func TestEveryCall(t *testing.T) {
	server, _ := start(t, Options{})
	kit.EveryCall(t, server.Serve, schedulerpb.File_google_cloud_scheduler_v1_cloudscheduler_proto.Services().ByName("CloudScheduler"), nil)
}
