package exchangetest

import (
	"cmp"
	"context"
	"iter"
	"maps"
	"slices"
	"sync"

	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// Memory is a server's tables in memory. It passes RunStore.
type Memory struct {
	mu         sync.Mutex
	slices     map[exchange.ID]*memorySlice
	companies  map[exchange.ID]exchange.Company
	subs       map[exchange.ID]exchange.Subscription
	Activities []exchange.Activity
}

// memorySlice is a slice with its content.
type memorySlice struct {
	exchange.Slice
	ids    []exchange.ID // ascending
	grains map[exchange.ID]exchange.Grain
	staged map[exchange.ID]exchange.Grain
	leave  map[exchange.ID]bool
	from   exchange.ID // the primary whose copy it is
}

// NewMemory returns empty tables.
func NewMemory() *Memory {
	return &Memory{slices: map[exchange.ID]*memorySlice{}, companies: map[exchange.ID]exchange.Company{}, subs: map[exchange.ID]exchange.Subscription{}}
}

// CreateCompany implements Tables.
func (m *Memory) CreateCompany(_ context.Context, c exchange.Company) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.companies[c.ID] = c
	return nil
}

// CreateSlice implements Tables.
func (m *Memory) CreateSlice(_ context.Context, s exchange.Slice) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	s.Status = exchange.StatusNone
	m.slices[s.ID] = &memorySlice{Slice: s, grains: map[exchange.ID]exchange.Grain{}, staged: map[exchange.ID]exchange.Grain{}, leave: map[exchange.ID]bool{}}
	return nil
}

// UpdateSlice implements Tables.
func (m *Memory) UpdateSlice(_ context.Context, s exchange.Slice) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	old := m.slices[s.ID]
	old.Name, old.Type, old.AllowSync, old.Metadata = s.Name, s.Type, s.AllowSync, s.Metadata
	return nil
}

// AddGrains implements Tables.
func (m *Memory) AddGrains(_ context.Context, slice exchange.ID, grains []exchange.Grain, replace bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.slices[slice]
	if replace {
		keys := map[string]bool{}
		for _, g := range grains {
			keys[g.Key] = true
		}
		maps.DeleteFunc(s.grains, func(_ exchange.ID, g exchange.Grain) bool { return keys[g.Key] })
	}
	for _, g := range grains {
		g.SliceID, g.PayloadLen = slice, len(g.Payload)
		s.grains[g.ID] = g
	}
	s.order()
	return nil
}

// order sorts the ids.
func (s *memorySlice) order() {
	s.ids = slices.SortedFunc(maps.Keys(s.grains), func(a, b exchange.ID) int { return slices.Compare(a[:], b[:]) })
}

// CreateSubscription implements Tables.
func (m *Memory) CreateSubscription(_ context.Context, b exchange.Subscription) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	b.Slice = nil
	m.subs[b.ID] = b
	return nil
}

// UpdateSubscription implements Tables.
func (m *Memory) UpdateSubscription(_ context.Context, b exchange.Subscription) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	old := m.subs[b.ID]
	old.Name, old.Description, old.Active = b.Name, b.Description, b.Active
	m.subs[b.ID] = old
	return nil
}

// DeleteSubscription implements Tables.
func (m *Memory) DeleteSubscription(_ context.Context, id exchange.ID) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.subs, id)
	return nil
}

// AllSubscriptions implements Tables.
func (m *Memory) AllSubscriptions(_ context.Context, company *exchange.ID) ([]exchange.Subscription, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []exchange.Subscription
	for _, b := range m.subs {
		if company == nil || b.CompanyID == *company {
			slice := m.slices[b.SliceID].Slice
			b.Slice = &slice
			list = append(list, b)
		}
	}
	slices.SortFunc(list, func(a, b exchange.Subscription) int { return cmp.Compare(a.Name, b.Name) })
	return list, nil
}

// Published implements exchange.Catalog.
func (m *Memory) Published(ctx context.Context, company exchange.ID) ([]exchange.Subscription, error) {
	m.mu.Lock()
	for _, s := range m.slices {
		m.refresh(s)
	}
	m.mu.Unlock()
	return m.AllSubscriptions(ctx, &company)
}

// refresh hashes a slice.
func (m *Memory) refresh(s *memorySlice) {
	proof, _ := exchange.Prove(exchange.Each(s.ids), s.Metadata)
	s.Hash, s.Digest, s.Count = proof.Hash, proof.Digest, proof.Count
}

// Allowed implements exchange.Catalog.
func (m *Memory) Allowed(_ context.Context, company, slice exchange.ID) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, b := range m.subs {
		if b.CompanyID == company && b.SliceID == slice && b.Active && m.companies[company].Active {
			return nil
		}
	}
	return fault.New(fault.Forbidden, "no-access", "No Access to this slice")
}

// Subscribed implements exchange.Catalog.
func (m *Memory) Subscribed(ctx context.Context, company, slice exchange.ID) (exchange.State, error) {
	if err := m.Allowed(ctx, company, slice); err != nil {
		return exchange.State{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.slices[slice]
	m.refresh(s)
	return exchange.State{Proof: s.Proof(), AllowSync: s.AllowSync, Type: s.Type, Date: s.Date, Metadata: s.Metadata}, nil
}

// within returns the ids of a range.
func (m *Memory) within(slice exchange.ID, r exchange.Range) []exchange.ID {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.slices[slice]
	if s == nil {
		return nil
	}
	behind := func(id exchange.ID) int {
		at, found := slices.BinarySearchFunc(s.ids, id, func(a, b exchange.ID) int { return slices.Compare(a[:], b[:]) })
		if found {
			at++
		}
		return at
	}
	return slices.Clone(s.ids[behind(r.After):behind(r.Upto)])
}

// IDs implements exchange.Index.
func (m *Memory) IDs(_ context.Context, slice exchange.ID, r exchange.Range) iter.Seq2[exchange.ID, error] {
	return exchange.Each(m.within(slice, r))
}

// Count implements exchange.Index.
func (m *Memory) Count(_ context.Context, slice exchange.ID, r exchange.Range) (int, error) {
	return len(m.within(slice, r)), nil
}

// Read implements exchange.Content.
func (m *Memory) Read(_ context.Context, slice exchange.ID, ids []exchange.ID, fn func(exchange.Grain) error) error {
	var found []exchange.Grain
	m.mu.Lock()
	for _, id := range ids {
		if g, ok := m.slices[slice].grains[id]; ok {
			found = append(found, g)
		}
	}
	m.mu.Unlock()
	for _, g := range found {
		if err := fn(g); err != nil {
			return err
		}
	}
	return nil
}

// Held implements exchange.Local.
func (m *Memory) Held(ctx context.Context, primary exchange.ID) ([]exchange.Subscription, exchange.Names, error) {
	names := exchange.Names{Subscriptions: map[string]exchange.ID{}, Slices: map[string]exchange.ID{}, Holders: map[exchange.ID]exchange.ID{}}
	all, _ := m.AllSubscriptions(ctx, nil)
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range m.slices {
		names.Slices[s.Name], names.Holders[s.ID] = s.ID, s.from
	}
	var held []exchange.Subscription
	for _, b := range all {
		names.Subscriptions[b.Name], names.Holders[b.SliceID] = b.ID, b.CompanyID
		if b.CompanyID == primary {
			held = append(held, b)
		}
	}
	return held, names, nil
}

// Apply implements exchange.Local.
func (m *Memory) Apply(ctx context.Context, plan exchange.Plan) error {
	set := func(list []exchange.Subscription, message string, change func(*exchange.Subscription)) {
		for _, b := range list {
			m.mu.Lock()
			row := m.subs[b.ID]
			change(&row)
			m.subs[b.ID] = row
			m.mu.Unlock()
			if message != "" {
				_ = m.Record(ctx, exchange.Activity{CompanyID: b.CompanyID, SubID: b.ID, Message: message})
			}
		}
	}
	for _, r := range plan.Renew {
		m.mu.Lock()
		row := m.subs[r.Old]
		delete(m.subs, r.Old)
		row.ID, row.Vanished = r.New.ID, false
		m.subs[row.ID] = row
		m.mu.Unlock()
	}
	for _, b := range plan.Add {
		if m.slices[b.SliceID] == nil {
			_ = m.CreateSlice(ctx, *b.Slice)
			m.slices[b.SliceID].from = b.CompanyID
		}
		_ = m.CreateSubscription(ctx, b)
	}
	set(plan.Deactivate, "deactivated by primary", func(b *exchange.Subscription) { b.Active = false })
	set(plan.Vanish, "no longer listed by primary; its content is kept", func(b *exchange.Subscription) { b.Vanished = true })
	set(plan.Return, "", func(b *exchange.Subscription) { b.Vanished = false })
	return nil
}

// Failed implements exchange.Local.
func (m *Memory) Failed(_ context.Context, slice exchange.ID) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.slices[slice].Status = exchange.StatusError
	return nil
}

// Staged implements exchange.Copy.
func (m *Memory) Staged(_ context.Context, slice exchange.ID, ids []exchange.ID) (map[exchange.ID]bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	staged := map[exchange.ID]bool{}
	for _, id := range ids {
		if s := m.slices[slice]; s != nil {
			if _, ok := s.staged[id]; ok {
				staged[id] = true
			}
		}
	}
	return staged, nil
}

// Stage implements exchange.Copy.
func (m *Memory) Stage(_ context.Context, slice exchange.ID, grains []exchange.Grain) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, g := range grains {
		m.slices[slice].staged[g.ID] = g
	}
	return nil
}

// Discard implements exchange.Copy.
func (m *Memory) Discard(_ context.Context, slice exchange.ID) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.slices[slice].discard()
	return nil
}

// discard forgets what is staged and what leaves.
func (s *memorySlice) discard() {
	clear(s.staged)
	clear(s.leave)
}

// Drop implements exchange.Copy.
func (m *Memory) Drop(_ context.Context, slice exchange.ID, ids []exchange.ID) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, id := range ids {
		m.slices[slice].leave[id] = true
	}
	return nil
}

// Retain implements exchange.Copy.
func (m *Memory) Retain(_ context.Context, slice exchange.ID, r exchange.Range, ids []exchange.ID) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	within := func(id exchange.ID) bool {
		return slices.Compare(r.After[:], id[:]) < 0 && slices.Compare(id[:], r.Upto[:]) <= 0
	}
	s := m.slices[slice]
	maps.DeleteFunc(s.leave, func(id exchange.ID, _ bool) bool { return within(id) })
	maps.DeleteFunc(s.staged, func(id exchange.ID, _ exchange.Grain) bool { return within(id) && !slices.Contains(ids, id) })
	return nil
}

// Swap implements exchange.Copy.
func (m *Memory) Swap(_ context.Context, swap exchange.Swap) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.slices[swap.Slice]
	next := memorySlice{grains: maps.Clone(s.grains)}
	for id := range s.leave {
		delete(next.grains, id)
	}
	keys := map[string]bool{}
	for _, g := range next.grains {
		keys[g.Key] = true
	}
	for id, g := range s.staged {
		if keys[g.Key] {
			return exchange.ErrKeyTwice
		}
		keys[g.Key], next.grains[id] = true, g
	}
	next.order()
	proof, err := exchange.Prove(exchange.Each(next.ids), swap.Metadata)
	if err != nil {
		return err
	}
	if !proof.Equal(swap.Want) {
		return exchange.ErrUnproven
	}
	s.grains, s.ids, s.Metadata, s.Type, s.Date, s.Status = next.grains, next.ids, swap.Metadata, swap.Type, swap.Date, exchange.StatusSuccess
	s.Hash, s.Digest, s.Count = proof.Hash, proof.Digest, proof.Count
	s.discard()
	return nil
}

// Record implements exchange.Journal.
func (m *Memory) Record(_ context.Context, a exchange.Activity) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	a.ID = int64(len(m.Activities) + 1)
	m.Activities = append(m.Activities, a)
	return nil
}

// Journal implements Tables: the activities, oldest first.
func (m *Memory) Journal(context.Context) ([]exchange.Activity, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.Activities), nil
}
