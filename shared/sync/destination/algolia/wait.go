package algolia

import (
	"context"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/algolia"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// The pauses between two polls of a task.
const (
	firstPoll = 5 * time.Millisecond
	maxPoll   = time.Second
)

// Wait implements destination.Index. The client's own wait has no limit and
// begins at a second.
func (c *Client) Wait(ctx context.Context, index string, taskID int64) error {
	for pause := firstPoll; ; pause = min(2*pause, maxPoll) {
		x := &algolia.Exchange{}
		res, err := c.api.InitIndex(index).GetStatus(taskID, x.With(ctx))
		if err == nil && res.Status == "published" {
			return nil
		}
		if err != nil {
			if err = classify(err, x); fault.CodeOf(err) == codeRefusesUs {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return unpublished(index, taskID, err)
		case <-time.After(max(pause, x.After)):
		}
	}
}

// unpublished is the error of a wait that ran out of time; the last
// poll's error is the cause, if it had one.
func unpublished(index string, taskID int64, last error) error {
	const code = "index-not-published"
	err := fault.New(fault.Retry, code, "index %s has not yet published task %d", index, taskID)
	if last != nil {
		err.Err = last
	}
	return err
}
