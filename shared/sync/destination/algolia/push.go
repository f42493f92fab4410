package algolia

import (
	"context"
	"sync"

	"golang.org/x/sync/errgroup"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/destination"
)

var _ destination.Index = (*Client)(nil)

// Push implements destination.Index.
func (c *Client) Push(ctx context.Context, index string, ops []destination.Op) (destination.Result, error) {
	p := &push{client: c, index: index}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(c.cfg.Senders)
	for _, batch := range cut(ops, c.cfg.BatchRecords, c.cfg.BatchBytes) {
		group.Go(func() error { return p.batch(ctx, batch) })
	}
	err := group.Wait()
	return p.result, err
}

// push is one call of Push: batches add to its result.
type push struct {
	client *Client
	index  string

	mu     sync.Mutex
	result destination.Result
}

// batch sends one batch; a record that the index refuses is taken out and the
// others are sent again.
func (p *push) batch(ctx context.Context, ops []destination.Op) error {
	if len(ops) == 0 {
		return nil
	}
	answer, err := p.client.send(ctx, p.index, ops)
	if refused, ok := refusalOf(err); ok {
		return p.isolate(ctx, ops, refused)
	}
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.result.TaskID = max(p.result.TaskID, answer.taskID)
	p.result.Operations += int64(len(ops))
	if answer.lost {
		for _, op := range ops {
			p.result.Uncertain = append(p.result.Uncertain, op.ID)
		}
	}
	return nil
}

// isolate finds the record for which a batch was refused: by the name in the
// index's answer, else by halving until it is alone.
func (p *push) isolate(ctx context.Context, ops []destination.Op, r refusal) error {
	if len(ops) == 1 {
		return p.refuse(destination.Refusal{ID: ops[0].ID, Reason: r.message})
	}
	for i, op := range ops {
		if op.ID != r.objectID {
			continue
		}
		if err := p.refuse(destination.Refusal{ID: op.ID, Reason: r.message}); err != nil {
			return err
		}
		rest := append(append([]destination.Op{}, ops[:i]...), ops[i+1:]...)
		return p.batch(ctx, rest)
	}
	if err := p.batch(ctx, ops[:len(ops)/2]); err != nil {
		return err
	}
	return p.batch(ctx, ops[len(ops)/2:])
}

// refuse notes a refused record, unless there are too many to be the records'
// own fault.
func (p *push) refuse(r destination.Refusal) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.result.Refused = append(p.result.Refused, r)
	if n := len(p.result.Refused); n > p.client.cfg.MaxRefused {
		return fault.New(fault.Misconfigured, "index-refuses-all",
			"index %s refused more than %d records of one page, the last with %q: that is not the records' fault; check the index's settings and plan",
			p.index, p.client.cfg.MaxRefused, r.Reason)
	}
	return nil
}

// cut divides ops into batches by number and size.
func cut(ops []destination.Op, maxRecords, maxBytes int) [][]destination.Op {
	var batches [][]destination.Op
	start, size := 0, 0
	for i, op := range ops {
		if i > start && (i-start == maxRecords || size+op.Size() > maxBytes) {
			batches = append(batches, ops[start:i])
			start, size = i, 0
		}
		size += op.Size()
	}
	if start < len(ops) {
		batches = append(batches, ops[start:])
	}
	return batches
}
