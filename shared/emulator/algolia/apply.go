package algolia

import (
	"net/http"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia/internal/engine"
)

// accept counts the operations, lets the faults refuse them, and queues them.
func (c *call) accept(name string, writes []write) (int64, error) {
	if err := c.server.faults.refuses(writes); err != nil {
		return 0, err
	}
	if c.app.tasks.full() {
		return 0, refuse(http.StatusTooManyRequests, "Too many jobs in the queue: %d are pending", maxPending)
	}
	c.server.stats.operations(writes)
	return c.app.enqueue(func() { c.app.apply(name, writes) }, name), nil
}

// overlay is the state of an index after some operations of a batch.
type overlay struct {
	engine  *engine.Index
	cleared bool
	next    map[string][]byte
	order   []string
}

func (o *overlay) get(id string) []byte {
	if raw, ok := o.next[id]; ok {
		return raw
	}
	if o.cleared {
		return nil
	}
	return o.engine.Get(id)
}

func (o *overlay) put(id string, raw []byte) {
	if _, ok := o.next[id]; !ok {
		o.order = append(o.order, id)
	}
	o.next[id] = raw
}

func (o *overlay) clear() {
	o.cleared, o.next, o.order = true, map[string][]byte{}, nil
}

func (o *overlay) do(w write) {
	switch w.action {
	case "addObject", "updateObject":
		o.put(w.id, w.body)
	case "deleteObject":
		o.put(w.id, nil)
	case "partialUpdateObject", "partialUpdateObjectNoCreate":
		current := o.get(w.id)
		if current == nil && w.action == "partialUpdateObjectNoCreate" {
			return
		}
		if merged, ok := engine.Merge(current, w.body); ok {
			o.put(w.id, merged)
		}
	case "delete", "clear":
		o.clear()
	}
}

// apply publishes a batch to an index and its replicas. Only the publisher
// calls it.
func (a *application) apply(name string, writes []write) {
	i := a.open(name)
	o := overlay{engine: i.engine, next: map[string][]byte{}}
	for _, w := range writes {
		o.do(w)
	}
	if n := len(writes); n > 0 && writes[n-1].action == "delete" {
		a.drop(name)
		return
	}
	a.publish(i, o)
	for _, replica := range i.engine.Settings().Replicas {
		r := a.open(replica.Name)
		o.engine = r.engine
		a.publish(r, o)
	}
}

// publish makes an overlay the state of one index.
func (a *application) publish(i index, o overlay) {
	if o.cleared {
		i.engine = engine.New(i.engine.Settings())
	}
	changes := make([]engine.Change, len(o.order))
	for n, id := range o.order {
		changes[n] = engine.Change{ID: id, Raw: o.next[id]}
	}
	i.engine.Apply(changes)
	if i.engine.Worn() {
		i.engine = i.engine.Rebuilt(i.engine.Settings())
	}
	a.put(i)
}
