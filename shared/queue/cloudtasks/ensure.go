package cloudtasks

import (
	"context"
	"fmt"

	"cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// EnsureQueue creates a queue or brings an existing one to the wanted rate and
// retry settings. In the cloud Terraform does this; it is for places without it.
func (s *Sender) EnsureQueue(ctx context.Context, name string, rate *cloudtaskspb.RateLimits, retry *cloudtaskspb.RetryConfig) error {
	q := &cloudtaskspb.Queue{Name: s.fullName(name), RateLimits: rate, RetryConfig: retry}
	_, err := s.client.CreateQueue(ctx, &cloudtaskspb.CreateQueueRequest{Parent: s.cfg.Parent, Queue: q})
	if status.Code(err) == codes.AlreadyExists {
		_, err = s.client.UpdateQueue(ctx, &cloudtaskspb.UpdateQueueRequest{Queue: q})
	}
	if err != nil {
		return fmt.Errorf("queue %s: %w", name, err)
	}
	return nil
}
