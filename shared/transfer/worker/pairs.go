package worker

import (
	"context"
	"fmt"
	"sync"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
)

// pairs keeps two jobs of one pair of records apart. A job locks its own record first,
// and the other side's as soon as its id is known. It never waits for one while it holds
// the other, so no two jobs wait for each other.
type pairs struct {
	mu   sync.Mutex
	held map[string]chan struct{} // closed when the record is free again
}

// key names a record. An id that is not known has no key.
func key(side transfer.Side, model string, id int64) string {
	return fmt.Sprintf("%s/%s/%d", side, model, id)
}

// try takes a record unless it is taken; otherwise it returns what closes when it is free.
func (p *pairs) try(k string) (<-chan struct{}, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if busy, ok := p.held[k]; ok {
		return busy, false
	}
	p.held[k] = make(chan struct{})
	return nil, true
}

// free gives records back.
func (p *pairs) free(keys []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, k := range keys {
		close(p.held[k])
		delete(p.held, k)
	}
}

// locked is what a job holds.
type locked struct {
	pairs *pairs
	keys  []string
	until <-chan time.Time // the end of waiting
}

// errBusy says that another job kept a record too long.
var errBusy = fault.New(fault.Retry, "timeout", "another job of the record did not end in time")

// take takes a record: at once, or after the job has given back all that it holds and
// the record was free. False means that everything was given back: begin again.
func (l *locked) take(ctx context.Context, k string) (bool, error) {
	busy, ok := l.pairs.try(k)
	if ok {
		l.keys = append(l.keys, k)
		return true, nil
	}
	l.release()
	select {
	case <-busy:
		return false, nil
	case <-l.until:
		return false, errBusy
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

// release gives everything back.
func (l *locked) release() {
	l.pairs.free(l.keys)
	l.keys = nil
}
