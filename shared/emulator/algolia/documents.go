package algolia

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"
)

// documents are the rules or the synonyms of an index, by objectID in the order
// they were first saved.
type documents struct {
	mu    sync.RWMutex
	order []string
	byID  map[string]json.RawMessage
}

func newDocuments() *documents { return &documents{byID: map[string]json.RawMessage{}} }

func (d *documents) clone() *documents {
	out := newDocuments()
	d.mu.RLock()
	defer d.mu.RUnlock()
	for _, id := range d.order {
		out.put(id, d.byID[id])
	}
	return out
}

func (d *documents) put(id string, text json.RawMessage) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, ok := d.byID[id]; !ok {
		d.order = append(d.order, id)
	}
	d.byID[id] = text
}

func (d *documents) remove(id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.byID, id)
	d.order = slices.DeleteFunc(d.order, func(other string) bool { return other == id })
}

func (d *documents) get(id string) json.RawMessage {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.byID[id]
}

// matching returns the documents that contain text, letter case ignored.
func (d *documents) matching(text string) []json.RawMessage {
	d.mu.RLock()
	defer d.mu.RUnlock()
	out := []json.RawMessage{}
	for _, id := range d.order {
		if strings.Contains(strings.ToLower(string(d.byID[id])), strings.ToLower(text)) {
			out = append(out, d.byID[id])
		}
	}
	return out
}

func (d *documents) removeAll() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.order, d.byID = nil, map[string]json.RawMessage{}
}
