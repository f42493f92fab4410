package tasks

import (
	"testing"

	"cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/internal/kit"
)

// leftOut are the calls of the API that the emulator does not have: batches of deletions,
// keys of encryption and rights.
var leftOut = []string{"BatchDeleteTasks", "GetCmekConfig", "GetIamPolicy", "SetIamPolicy", "TestIamPermissions", "UpdateCmekConfig"}

// TestEveryCall finds every call of the API but those that are left out.
func TestEveryCall(t *testing.T) {
	server, _ := start(t, Options{})
	kit.EveryCall(t, server.Serve, cloudtaskspb.File_google_cloud_tasks_v2_cloudtasks_proto.Services().ByName("CloudTasks"), leftOut)
}
