package exchange

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Names are the names in use on a secondary, in lower case: of subscriptions and of
// slices. Names are unique without regard to case.
type Names struct {
	Subscriptions, Slices map[string]ID
	// Holders is the primary of each slice that the server holds; First for a slice of the
	// server's own.
	Holders map[ID]ID
}

// Plan is what a primary's list of subscriptions means for a secondary. The same plan
// makes the real run and the one without update.
type Plan struct {
	Add        []Subscription // new here, with their slices
	Renew      []Renewal      // recreated under a new id
	Deactivate []Subscription // switched off by the primary
	Vanish     []Subscription // no longer listed; their content is kept
	Return     []Subscription // listed again
	Sync       []Subscription // in the order of their names
	Idle       []Subscription // switched off here
	Foreign    []Subscription // whose slice is another primary's, or our own
}

// Renewal is a subscription that was recreated for a slice that is held already.
type Renewal struct {
	Old ID
	New Subscription
}

// PlanOf compares the primary's subscriptions with those here. The company of a new
// subscription becomes the primary, because a subscription names the other side:
// what the primary calls Epicor's is ABC Brakes' here.
//
// The primary switches a subscription off and never on. A name that another row has
// gets the row's id behind it.
func PlanOf(primary ID, there, here []Subscription, names Names) Plan {
	var p Plan
	byID, bySlice := map[ID]Subscription{}, map[ID]Subscription{}
	for _, s := range here {
		byID[s.ID] = s
		bySlice[s.SliceID] = s
	}
	names = names.copied()
	listed := map[ID]bool{}
	for _, remote := range sorted(there) {
		local, known := byID[remote.ID]
		if !known {
			if held, ok := bySlice[remote.SliceID]; ok {
				local, known = held, true
				local.ID = remote.ID
				p.Renew = append(p.Renew, Renewal{Old: held.ID, New: local})
				listed[held.ID] = true
			}
		}
		listed[remote.ID] = true
		if !known {
			p.add(primary, remote, &names)
			continue
		}
		p.keep(remote, local)
	}
	for _, s := range here {
		if !listed[s.ID] && !s.Vanished {
			p.Vanish = append(p.Vanish, s)
		}
	}
	p.Vanish, p.Sync = sorted(p.Vanish), sorted(p.Sync)
	return p
}

// keep plans for a subscription that is known here.
func (p *Plan) keep(remote, local Subscription) {
	local.Slice = withContentOf(local.Slice, remote.Slice)
	if local.Vanished {
		local.Vanished = false
		p.Return = append(p.Return, local)
	}
	switch {
	case !remote.Active && local.Active:
		local.Active = false
		p.Deactivate = append(p.Deactivate, local)
	case !local.Active:
		p.Idle = append(p.Idle, local)
	default:
		p.Sync = append(p.Sync, local)
	}
}

// add plans for a subscription that is new here.
func (p *Plan) add(primary ID, remote Subscription, names *Names) {
	holder, held := names.Holders[remote.SliceID]
	s := remote
	s.CompanyID = primary
	if s.Slice == nil || held && holder != primary {
		p.Foreign = append(p.Foreign, s)
		return
	}
	slice := *s.Slice
	slice.Hash, slice.Digest, slice.Count, slice.Metadata, slice.Status = "", "", 0, nil, StatusNone
	slice.Name = free(slice.Name, slice.ID, names.Slices)
	s.Name = free(s.Name, s.ID, names.Subscriptions)
	s.Slice = &slice
	names.Holders[s.SliceID] = primary
	p.Add = append(p.Add, s)
	if s.Active {
		p.Sync = append(p.Sync, s)
	} else {
		p.Idle = append(p.Idle, s)
	}
}

// free returns a name that no other row has, and takes it.
func free(name string, id ID, taken map[string]ID) string {
	name = strings.ToLower(name)
	if holder, ok := taken[name]; ok && holder != id {
		name = fmt.Sprintf("%s (%s)", name, id)
	}
	taken[name] = id
	return name
}

// withContentOf returns the local slice; it has what the copy holds, not what the
// primary has.
func withContentOf(local, remote *Slice) *Slice {
	if local == nil {
		return remote
	}
	return local
}

// copied returns names that can be written.
func (n Names) copied() Names {
	c := Names{Subscriptions: map[string]ID{}, Slices: map[string]ID{}, Holders: map[ID]ID{}}
	maps.Copy(c.Subscriptions, n.Subscriptions)
	maps.Copy(c.Slices, n.Slices)
	maps.Copy(c.Holders, n.Holders)
	return c
}

// sorted returns subscriptions by name and id.
func sorted(list []Subscription) []Subscription {
	return slices.SortedFunc(slices.Values(list), func(a, b Subscription) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), slices.Compare(a.ID[:], b.ID[:]))
	})
}
