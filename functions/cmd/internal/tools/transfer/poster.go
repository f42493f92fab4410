package transfer

import (
	"context"
	"sync"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/clock"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/mssql"
)

// poster hands the studio's jobs over in their order, each until it is taken, as the
// studio's own queue does.
type poster struct {
	deliver func(context.Context, map[string]any) error
	stop    context.CancelFunc
	ended   chan struct{}
	wake    chan struct{}

	mu    sync.Mutex
	queue []mssql.Job
	all   int
}

// newPoster starts a poster.
func newPoster(deliver func(context.Context, map[string]any) error) *poster {
	ctx, stop := context.WithCancel(context.Background())
	p := &poster{deliver: deliver, stop: stop, ended: make(chan struct{}), wake: make(chan struct{}, 1)}
	go p.run(ctx)
	return p
}

// post takes a job.
func (p *poster) post(j mssql.Job) {
	p.mu.Lock()
	p.queue = append(p.queue, j)
	p.all++
	p.mu.Unlock()
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// waiting counts the jobs that were not taken yet, and count all that were posted.
func (p *poster) waiting() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.queue)
}

func (p *poster) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.all
}

// run delivers until ctx ends.
func (p *poster) run(ctx context.Context) {
	defer close(p.ended)
	for {
		p.mu.Lock()
		var next *mssql.Job
		if len(p.queue) > 0 {
			next = &p.queue[0]
		}
		p.mu.Unlock()
		if next == nil {
			select {
			case <-ctx.Done():
				return
			case <-p.wake:
			}
			continue
		}
		if p.deliver(ctx, next.JSON()) != nil {
			if clock.Sleep(ctx, 50*time.Millisecond) != nil {
				return
			}
			continue
		}
		p.mu.Lock()
		p.queue = p.queue[1:]
		p.mu.Unlock()
	}
}

// close ends the poster.
func (p *poster) close() error {
	p.stop()
	<-p.ended
	return nil
}
