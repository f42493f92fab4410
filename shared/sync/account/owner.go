package account

import (
	"slices"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/owner"
)

// Dropped returns the ids that the next push deletes, with the roots that no longer have
// rows for them.
func (p *Page) Dropped() owner.Roots {
	gone := owner.Roots{}
	for _, r := range p.planned {
		if r.deletes() {
			gone[r.id] = r.root
		}
	}
	return gone
}

// Release takes records out of the page that belong to other roots: they are neither
// deleted nor counted here. A root that the id names sends the record once more with the
// next run: it looks at no owner and cannot know that this root had pushed the id since.
func (p *Page) Release(heirs owner.Roots) {
	p.planned = slices.DeleteFunc(p.planned, func(r *record) bool {
		heir, ok := heirs[r.id]
		if !ok || !r.deletes() {
			return false
		}
		p.leave(r)
		delete(p.records, r.id)
		if !owner.Shared(heir, r.id) {
			p.Contested(heir, r.id)
		}
		return true
	})
}

// leave takes a record from its root.
func (p *Page) leave(r *record) {
	state := p.roots[r.root]
	state.records = slices.DeleteFunc(state.records, func(one *record) bool { return one == r })
	state.changed = true
}

// move gives a record to another root of the page.
func (p *Page) move(r *record, root uint64) {
	p.leave(r)
	r.root = root
	r.forget()
	p.roots[root].records = append(p.roots[root].records, r)
}

// Contested leaves a record of another root to the next run, which sends it again.
func (p *Page) Contested(root uint64, id string) { p.unconfirmed.Add(root, id) }
