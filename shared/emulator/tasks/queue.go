package tasks

import (
	"container/heap"
	"time"

	"cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"golang.org/x/time/rate"
)

// queue is one queue's state, guarded by Life.Mu.
type queue struct {
	config  *cloudtaskspb.Queue // complete: defaults are filled in
	tasks   map[string]*task
	due     dueHeap // tasks waiting for an attempt
	limiter *rate.Limiter
	running int           // deliveries under way
	wake    chan struct{} // holds one token: look again
	gone    chan struct{} // closed when the queue is deleted
}

// task is one task's state, guarded by Life.Mu.
type task struct {
	message    *cloudtaskspb.Task // complete, as the FULL view shows it
	queue      *queue
	serial     int       // order of creation, breaks ties of at
	at         time.Time // earliest dispatch: the schedule time plus an injected delay
	index      int       // position in queue.due, -1 while not waiting
	gone       bool      // done, exhausted, deleted or purged
	named      bool      // by the caller: only such names are kept for deduplication
	executions int       // answered attempts other than 5xx
	previous   int       // HTTP status of the previous attempt, 0 if it had none
	reason     string    // why the previous attempt failed
}

func newQueue(config *cloudtaskspb.Queue) *queue {
	q := &queue{
		tasks: map[string]*task{},
		wake:  make(chan struct{}, 1),
		gone:  make(chan struct{}),
	}
	q.configure(config)
	return q
}

// configure takes over a complete configuration; a changed rate starts with a
// full bucket.
func (q *queue) configure(config *cloudtaskspb.Queue) {
	limits := config.GetRateLimits()
	if q.limiter == nil || float64(q.limiter.Limit()) != limits.GetMaxDispatchesPerSecond() {
		q.limiter = rate.NewLimiter(rate.Limit(limits.GetMaxDispatchesPerSecond()), int(limits.GetMaxBurstSize()))
	}
	q.config = config
	q.poke()
}

func (q *queue) poke() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// throttle takes a token of the bucket and returns 0, or takes none and
// returns how long until there is one.
func (q *queue) throttle(now time.Time) time.Duration {
	if q.limiter.AllowN(now, 1) {
		return 0
	}
	missing := 1 - q.limiter.TokensAt(now)
	return max(time.Duration(missing/float64(q.limiter.Limit())*float64(time.Second)), time.Microsecond)
}

// wait puts a task among the waiting, or moves it there.
func (q *queue) wait(t *task, at time.Time) {
	t.at = at
	if t.index >= 0 {
		heap.Fix(&q.due, t.index)
	} else {
		heap.Push(&q.due, t)
	}
	q.poke()
}

func (q *queue) unwait(t *task) {
	if t.index >= 0 {
		heap.Remove(&q.due, t.index)
	}
}

// dueHeap orders tasks by time, then by creation.
type dueHeap []*task

// Len is part of heap.Interface.
func (h dueHeap) Len() int { return len(h) }

// Less is part of heap.Interface.
func (h dueHeap) Less(i, j int) bool {
	if !h[i].at.Equal(h[j].at) {
		return h[i].at.Before(h[j].at)
	}
	return h[i].serial < h[j].serial
}

// Swap is part of heap.Interface.
func (h dueHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

// Push is part of heap.Interface.
func (h *dueHeap) Push(x any) {
	t := x.(*task)
	t.index = len(*h)
	*h = append(*h, t)
}

// Pop is part of heap.Interface.
func (h *dueHeap) Pop() any {
	last := len(*h) - 1
	t := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	t.index = -1
	return t
}
