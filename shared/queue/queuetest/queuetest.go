// Package queuetest holds every queue.Sender to one contract, and has a sender in
// memory for tests.
package queuetest

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/shared/queue"
)

// Queues is a sender with empty queues that deliver nothing.
type Queues struct {
	Sender queue.Sender
	// Routes are the names of at least two routes to different queues.
	Routes []string
	// Tasks returns the tasks that the queues hold, in any order.
	Tasks func() []queue.Task
}

// Run runs the suite. open opens queues for one test.
func Run(t *testing.T, open func(*testing.T) Queues) {
	t.Helper()
	for name, check := range map[string]func(*testing.T, Queues){
		"a task arrives as it was sent":         arrives,
		"a name is sent once":                   once,
		"a name that many send at once is one":  atOnce,
		"other names are other tasks":           others,
		"a task of one route is not another's":  apart,
		"a task may be the largest of a queue":  large,
		"the body is the sender's to use again": reused,
	} {
		t.Run(name, func(t *testing.T) { check(t, open(t)) })
	}
}

// task returns a task with a name of its own.
func (q Queues) task(n int) queue.Task {
	return queue.Task{Route: q.Routes[0], Name: queue.Name("key/"+strconv.Itoa(n), "label "+strconv.Itoa(n)), Body: []byte(`{"n":` + strconv.Itoa(n) + `}`)}
}

// send sends tasks, each of which has to be taken.
func (q Queues) send(t *testing.T, tasks ...queue.Task) {
	t.Helper()
	for _, one := range tasks {
		if err := q.Sender.Send(t.Context(), one); err != nil {
			t.Fatalf("task %s: %v", one.Name, err)
		}
	}
}

// holds demands that the queues hold exactly these tasks.
func (q Queues) holds(t *testing.T, want ...queue.Task) {
	t.Helper()
	have := q.Tasks()
	byName := func(a, b queue.Task) int { return strings.Compare(a.Name, b.Name) }
	slices.SortFunc(have, byName)
	slices.SortFunc(want, byName)
	// A queue may note a time for a task that has none.
	for i := range have {
		if i < len(want) && want[i].At.IsZero() && !have[i].At.After(time.Now()) {
			have[i].At = time.Time{}
		}
	}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("tasks (-sent +held):\n%s", diff)
	}
}

func arrives(t *testing.T, q Queues) {
	now, later := q.task(1), q.task(2)
	later.At = time.Now().Add(time.Hour).UTC().Truncate(time.Microsecond)
	q.send(t, now, later)
	q.holds(t, now, later)
}

func once(t *testing.T, q Queues) {
	first, again := q.task(1), q.task(1)
	again.Body, again.At = []byte(`{}`), time.Now().Add(time.Hour)
	q.send(t, first, again, first)
	q.holds(t, first) // the first one stays as it was
}

func atOnce(t *testing.T, q Queues) {
	var work sync.WaitGroup
	for range 8 {
		work.Go(func() {
			if err := q.Sender.Send(t.Context(), q.task(1)); err != nil {
				t.Error(err)
			}
		})
	}
	work.Wait()
	q.holds(t, q.task(1))
}

func others(t *testing.T, q Queues) {
	var all []queue.Task
	for n := range 20 {
		all = append(all, q.task(n))
	}
	q.send(t, all...)
	q.holds(t, all...)
}

func apart(t *testing.T, q Queues) {
	one, other := q.task(1), q.task(2)
	other.Route = q.Routes[1]
	q.send(t, one, other)
	q.holds(t, one, other)
}

func large(t *testing.T, q Queues) {
	one := q.task(1)
	one.Body = []byte(`"` + strings.Repeat("x", 90<<10) + `"`) // Cloud Tasks takes 100 KB with the headers
	q.send(t, one)
	q.holds(t, one)
}

func reused(t *testing.T, q Queues) {
	one := q.task(1)
	q.send(t, one)
	want := q.task(1)
	clear(one.Body)
	q.holds(t, want)
}

// Memory is queues in memory that know names for ever. The zero Memory is ready.
// It is safe for concurrent use.
type Memory struct {
	mu    sync.Mutex
	known map[string]bool
	list  []queue.Task
}

// Send implements queue.Sender.
func (m *Memory) Send(_ context.Context, t queue.Task) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.known[t.Name] {
		return nil
	}
	if m.known == nil {
		m.known = map[string]bool{}
	}
	m.known[t.Name] = true
	t.Body = slices.Clone(t.Body)
	m.list = append(m.list, t)
	return nil
}

// Take takes the oldest task; false means that there is none.
func (m *Memory) Take() (queue.Task, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.list) == 0 {
		return queue.Task{}, false
	}
	t := m.list[0]
	m.list = m.list[1:]
	return t, true
}

// Tasks returns the tasks that nobody has taken.
func (m *Memory) Tasks() []queue.Task {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.list)
}
