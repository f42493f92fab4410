package engine

import (
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia/internal/jsonscan"
)

// insertChunk is how many records are inserted between two chances for readers.
const insertChunk = 50

// Apply makes changes visible, all at once. Each id may appear once.
func (x *Index) Apply(changes []Change) {
	slots := make([]uint32, len(changes))
	for start := 0; start < len(changes); start += insertChunk {
		end := min(start+insertChunk, len(changes))
		x.mu.Lock()
		for i := start; i < end; i++ {
			if changes[i].Raw != nil {
				slots[i] = x.insert(changes[i])
			}
		}
		x.mu.Unlock()
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.terms.seal()
	for i, change := range changes {
		x.flip(change, slots[i])
	}
}

// flip replaces the visible version of a record by the inserted one.
func (x *Index) flip(change Change, slot uint32) {
	old, existed := x.byID[change.ID]
	if existed {
		x.live.unset(old)
		x.alive--
		x.size -= int64(len(x.docs[old].raw))
		x.docs[old].raw = nil
		delete(x.byID, change.ID)
	}
	if change.Raw == nil {
		return
	}
	if existed {
		x.docs[slot].order = x.docs[old].order
	}
	x.byID[change.ID] = slot
	x.live.set(slot)
	x.alive++
	x.size += int64(len(change.Raw))
}

// insert gives a record a slot and indexes it, not yet visible.
func (x *Index) insert(change Change) uint32 {
	slot := uint32(len(x.docs))
	x.order++
	x.docs = append(x.docs, doc{change.ID, change.Raw, x.order})
	x.live = x.live.grown(len(x.docs))
	in := inserter{index: x, slot: slot}
	jsonscan.Walk(change.Raw, in.leaf)
	return slot
}
