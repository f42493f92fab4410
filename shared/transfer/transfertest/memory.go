package transfertest

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
)

// Memory is a side in memory. It is safe for concurrent use.
type Memory struct {
	mu      sync.Mutex
	now     func() time.Time
	next    int64
	records map[string]map[int64]transfer.Record
	foreign map[string]map[int64]int64
	// Writes counts the writes by verb.
	Writes map[transfer.Verb]int
	// Fail is asked before each call, with its name and model; its error is the call's. A
	// worker's threads ask Fail and After at the same time.
	Fail func(call, model string) error
	// After is asked after a write was made; its error hides the result.
	After func(w transfer.Write) error
}

var _ transfer.System = (*Memory)(nil)

// NewMemory returns an empty side. Its ids begin behind first, so that those of two
// sides differ.
func NewMemory(first int64, now func() time.Time) *Memory {
	return &Memory{now: now, next: first, records: map[string]map[int64]transfer.Record{}, foreign: map[string]map[int64]int64{}, Writes: map[transfer.Verb]int{}}
}

// Put stores a record as a person would change it: without a foreign id unless it has
// one already. It returns the record's id.
func (m *Memory) Put(model string, r transfer.Record) int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	if r.ID == 0 {
		m.next++
		r.ID = m.next
	}
	if r.ChangedAt.IsZero() {
		r.ChangedAt = m.now()
	}
	m.store(model, r)
	return r.ID
}

// Len returns how many records of a model there are.
func (m *Memory) Len(model string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.records[model])
}

// store keeps a record under the lock.
func (m *Memory) store(model string, r transfer.Record) {
	if m.records[model] == nil {
		m.records[model], m.foreign[model] = map[int64]transfer.Record{}, map[int64]int64{}
	}
	m.records[model][r.ID] = r
	if r.ForeignID != 0 {
		m.foreign[model][r.ForeignID] = r.ID
	}
}

// fail asks Fail.
func (m *Memory) fail(call, model string) error {
	if m.Fail == nil {
		return nil
	}
	return m.Fail(call, model)
}

// Read implements transfer.System.
func (m *Memory) Read(_ context.Context, model string, id int64) (transfer.Record, error) {
	if err := m.fail("read", model); err != nil {
		return transfer.Record{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.records[model][id]
	if !ok {
		return r, transfer.ErrNotFound
	}
	r.Fields = maps.Clone(r.Fields)
	return r, nil
}

// Find implements transfer.System.
func (m *Memory) Find(ctx context.Context, model string, foreign int64) (transfer.Record, error) {
	m.mu.Lock()
	id, ok := m.foreign[model][foreign]
	m.mu.Unlock()
	if !ok {
		return transfer.Record{}, transfer.ErrNotFound
	}
	return m.Read(ctx, model, id)
}

// Search implements transfer.System.
func (m *Memory) Search(_ context.Context, model string, q transfer.Query) ([]transfer.Record, error) {
	if err := m.fail("search", model); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []transfer.Record
	for _, id := range slices.Sorted(maps.Keys(m.records[model])) {
		if r := m.records[model][id]; r.Holds(q) && len(list) < q.Most {
			r.Fields = maps.Clone(r.Fields)
			list = append(list, r)
		}
	}
	return list, nil
}

// Write implements transfer.System.
func (m *Memory) Write(_ context.Context, w transfer.Write) (transfer.Written, error) {
	if err := m.fail(string(w.Verb), w.Model); err != nil {
		return transfer.Written{}, err
	}
	m.mu.Lock()
	id, err := m.whole(w)
	m.mu.Unlock()
	if err == nil && m.After != nil {
		err = m.After(w)
	}
	request, _ := json.Marshal(map[string]any{"verb": w.Verb, "model": w.Model, "id": w.ID, "fields": w.Fields, "sosync_write_date": w.WriteDate})
	return transfer.Written{ID: id, Request: string(request), Answer: fmt.Sprintf(`{"id":%d}`, id)}, err
}

// whole writes a record with its parts under the lock, all or nothing.
func (m *Memory) whole(w transfer.Write) (int64, error) {
	for _, p := range w.Parts {
		if r, ok := m.records[p.Model][p.ID]; p.ID != 0 && (!ok || p.If != nil && !r.Effective().Equal(*p.If)) {
			return 0, transfer.ErrChanged
		}
		if p.ID == 0 && p.Equal != nil && m.has(p, w.ID) {
			return 0, transfer.ErrChanged
		}
	}
	id, err := m.write(w)
	if err != nil {
		return 0, err
	}
	for _, p := range w.Parts {
		one := transfer.Write{Verb: transfer.Create, Model: p.Model, ID: p.ID, WriteDate: w.WriteDate, Fields: maps.Clone(p.Fields)}
		one.Fields[p.Link] = id
		if p.ID != 0 {
			one.Verb = transfer.Update
		}
		if _, err := m.write(one); err != nil {
			return 0, err
		}
	}
	return id, nil
}

// has reports whether a record has a part already.
func (m *Memory) has(p transfer.Part, id int64) bool {
	q := transfer.Query{Equal: maps.Clone(p.Equal)}
	q.Equal[p.Link] = id
	for _, r := range m.records[p.Model] {
		if r.Holds(q) {
			return true
		}
	}
	return false
}

// write writes one record under the lock.
func (m *Memory) write(w transfer.Write) (int64, error) {
	if w.Verb == transfer.Create {
		if _, taken := m.foreign[w.Model][w.ForeignID]; taken {
			return 0, transfer.ErrChanged
		}
		m.next++
		m.Writes[w.Verb]++
		m.store(w.Model, transfer.Record{ID: m.next, ForeignID: w.ForeignID, WriteDate: w.WriteDate, ChangedAt: m.now(), SyncedVersion: w.SyncedVersion, Fields: maps.Clone(w.Fields)})
		return m.next, nil
	}
	r, ok := m.records[w.Model][w.ID]
	if !ok {
		return 0, transfer.ErrNotFound
	}
	if w.If != nil && !r.Effective().Equal(*w.If) {
		return 0, transfer.ErrChanged
	}
	m.Writes[w.Verb]++
	if w.Verb == transfer.Remove || w.Verb == transfer.Join {
		delete(m.records[w.Model], w.ID)
		delete(m.foreign[w.Model], r.ForeignID)
		return w.ID, nil
	}
	r.Fields = maps.Clone(r.Fields)
	r.Apply(w)
	r.ChangedAt = m.now()
	m.store(w.Model, r)
	return r.ID, nil
}
