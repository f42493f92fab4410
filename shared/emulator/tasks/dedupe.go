package tasks

import "time"

// takenNames remembers the names of tasks that are gone, so that a second task
// of the same name is refused for a while. Guarded by Server.mu.
type takenNames struct {
	keep  time.Duration
	until map[string]int64 // name -> Unix nanoseconds
	order []string         // as added: keep is constant, so the oldest ends first
}

func (n *takenNames) add(name string, now time.Time) {
	n.forget(now)
	n.until[name] = now.Add(n.keep).UnixNano()
	n.order = append(n.order, name)
}

func (n *takenNames) has(name string, now time.Time) bool {
	return now.UnixNano() < n.until[name]
}

// forget drops the names whose time is over.
func (n *takenNames) forget(now time.Time) {
	over := 0
	for over < len(n.order) && !n.has(n.order[over], now) {
		delete(n.until, n.order[over])
		over++
	}
	n.order = n.order[over:]
}
