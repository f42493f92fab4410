package algolia

import (
	"context"
	"errors"
	"sync"

	"golang.org/x/sync/errgroup"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/destination"
)

var _ destination.Index = (*Client)(nil)

// Push implements destination.Index.
func (c *Client) Push(ctx context.Context, index string, ops []destination.Op) (destination.Result, error) {
	p := &push{client: c, index: index}
	outer := ctx
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(c.cfg.Senders)
	for _, batch := range cut(ops, c.cfg.BatchRecords, c.cfg.BatchBytes) {
		group.Go(func() error { return p.batch(ctx, batch) })
	}
	err := group.Wait()
	if err == nil && len(p.unnamed) > 0 {
		err = p.confirm(outer)
	}
	if errors.Is(err, errForbidden) {
		err = p.makeRoom(outer, ops, err)
	}
	return p.result, err
}

// push is one call of Push: batches add to its result.
type push struct {
	client *Client
	index  string

	mu        sync.Mutex
	result    destination.Result
	unnamed   []destination.Op // refused alone, in words that name no record
	confirmed bool             // the index was seen to accept a request since
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
	if len(ops) == 1 && (r.objectID == ops[0].ID || p.confirmed) {
		return p.refuse(destination.Refusal{ID: ops[0].ID, Reason: r.message})
	}
	if len(ops) == 1 {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.unnamed = append(p.unnamed, ops[0])
		return p.tooMany(len(p.unnamed)+len(p.result.Refused), r.message)
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
	return p.tooMany(len(p.result.Refused), r.Reason)
}

// tooMany is the error of more refusals than a push may have.
func (p *push) tooMany(n int, reason string) error {
	if n <= p.client.cfg.MaxRefused {
		return nil
	}
	return fault.New(fault.Misconfigured, "index-refuses-all",
		"index %s refused more than %d records of one page, the last with %q: that is not the records' fault; check the index's settings and plan",
		p.index, p.client.cfg.MaxRefused, reason)
}

// controlID is the id of a record that no index has. Deleting it changes nothing.
const controlID = "return-sync-control"

// confirm decides whose fault refusals are that name no record. A proxy or an index that
// refuses every request for a while refuses the control too, a deletion without an
// effect: then the push failed. Where the control is accepted, the records are sent once
// more, and what is refused now is refused for its own sake.
func (p *push) confirm(ctx context.Context) error {
	_, err := p.client.send(ctx, p.index, []destination.Op{{ID: controlID}})
	if r, refused := refusalOf(err); refused {
		return fault.New(fault.Retry, "index-refuses-requests", "the index, or a proxy before it, refuses every request with %q, so the push failed and no record was refused", r.message)
	}
	if err != nil {
		return err
	}
	p.confirmed = true
	for _, op := range p.unnamed {
		if err := p.batch(ctx, []destination.Op{op}); err != nil {
			return err
		}
	}
	return nil
}

// makeRoom sends the deletions of a push whose records an index forbids, as one does
// whose quota is used up, and then the records once more.
func (p *push) makeRoom(ctx context.Context, ops []destination.Op, forbidden error) error {
	var deletes, saves []destination.Op
	for _, op := range ops {
		if op.Body == nil {
			deletes = append(deletes, op)
		} else {
			saves = append(saves, op)
		}
	}
	if len(deletes) == 0 || len(saves) == 0 {
		return forbidden
	}
	p.result.Refused, p.unnamed = nil, nil
	for _, list := range [][]destination.Op{deletes, saves} {
		for _, batch := range cut(list, p.client.cfg.BatchRecords, p.client.cfg.BatchBytes) {
			if err := p.batch(ctx, batch); err != nil {
				return err
			}
		}
	}
	if len(p.unnamed) > 0 {
		return p.confirm(ctx)
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
