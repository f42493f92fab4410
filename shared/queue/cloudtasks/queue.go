package cloudtasks

import (
	"context"
	"fmt"

	"cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Queue returns a queue as it is set up, nil if it does not exist.
func (s *Sender) Queue(ctx context.Context, name string) (*cloudtaskspb.Queue, error) {
	q, err := s.client.GetQueue(ctx, &cloudtaskspb.GetQueueRequest{Name: s.fullName(name)})
	if status.Code(err) == codes.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("queue %s: %w", name, err)
	}
	return q, nil
}
