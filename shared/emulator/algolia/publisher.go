package algolia

import (
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// publisher applies writes some time after they were accepted: the tasks of one
// index in the order they came, those of different indices independently. A
// task over several indices waits for, and holds up, all of them.
type publisher struct {
	mu      sync.Mutex
	pending []*task
	wake    chan struct{}
}

// maxPending is how many tasks of an application may wait; the service refuses
// more.
const maxPending = 5000

func (p *publisher) full() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.pending) >= maxPending
}

type task struct {
	id      int64
	indices []string
	ready   bool
	apply   func()
}

// start begins publishing. The caller holds the server's lock.
func (p *publisher) start(s *Server) {
	p.wake = make(chan struct{}, 1)
	select {
	case <-s.done:
		return
	default:
	}
	s.work.Add(1)
	go func() {
		defer s.work.Done()
		for {
			select {
			case <-s.done:
				return
			case <-p.wake:
				p.run(s.done)
			}
		}
	}()
}

// enqueue accepts a write and returns its task id.
func (a *application) enqueue(apply func(), indices ...string) int64 {
	t := &task{id: a.server.nextTask(), indices: indices, apply: apply}
	p := &a.tasks
	p.mu.Lock()
	p.pending = append(p.pending, t)
	p.mu.Unlock()
	delay, held := a.server.faults.publishDelay()
	delay += a.server.options.PublishDelay
	switch {
	case held != nil:
		a.server.work.Add(1)
		go func() {
			defer a.server.work.Done()
			select {
			case <-held:
				p.release(t)
			case <-a.server.done:
			}
		}()
	case delay > 0:
		time.AfterFunc(delay, func() { p.release(t) })
	default:
		p.release(t)
	}
	return t.id
}

// release lets a task be applied when its turn comes.
func (p *publisher) release(t *task) {
	p.mu.Lock()
	t.ready = true
	p.mu.Unlock()
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// run applies every task whose turn has come.
func (p *publisher) run(done <-chan struct{}) {
	for {
		select {
		case <-done:
			return
		default:
		}
		t := p.next()
		if t == nil {
			return
		}
		t.apply()
		p.mu.Lock()
		p.pending = slices.DeleteFunc(p.pending, func(other *task) bool { return other == t })
		p.mu.Unlock()
	}
}

// next returns the first ready task that no earlier task of its indices holds up.
func (p *publisher) next() *task {
	p.mu.Lock()
	defer p.mu.Unlock()
	held := map[string]bool{}
	for _, t := range p.pending {
		blocked := slices.ContainsFunc(t.indices, func(name string) bool { return held[name] })
		if t.ready && !blocked {
			return t
		}
		for _, name := range t.indices {
			held[name] = true
		}
	}
	return nil
}

// isPending reports whether a task is still to be published; waiting counts
// those of an index.
func (p *publisher) isPending(id int64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.ContainsFunc(p.pending, func(t *task) bool { return t.id == id })
}

func (p *publisher) waiting(name string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, t := range p.pending {
		if slices.Contains(t.indices, name) {
			n++
		}
	}
	return n
}

// taskStatus answers GET task: clients poll it until "published". An id that was
// never given out is a 404.
func taskStatus(c *call) (*answer, error) {
	id, err := strconv.ParseInt(c.vars["task"], 10, 64)
	if err != nil || !c.server.known(id) {
		return nil, refuse(http.StatusNotFound, "taskID %s does not exist", c.vars["task"])
	}
	pending := c.app.tasks.isPending(id)
	status := "published"
	if pending {
		status = "notPublished"
	}
	return ok(object{"status": status, "pendingTask": pending})
}
