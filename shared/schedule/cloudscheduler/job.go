package cloudscheduler

import (
	"context"
	"fmt"

	"cloud.google.com/go/scheduler/apiv1/schedulerpb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Job returns a job as it is set up, nil if it does not exist.
func (c *Client) Job(ctx context.Context, name string) (*schedulerpb.Job, error) {
	j, err := c.api.GetJob(ctx, &schedulerpb.GetJobRequest{Name: c.parent + "/jobs/" + name})
	if status.Code(err) == codes.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("scheduler job %s: %w", name, err)
	}
	return j, nil
}
