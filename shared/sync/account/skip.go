package account

// Certain returns the page's roots of which every record is known, and at which
// version of their rows. A root with a parked or an unconfirmed record is none.
func (p *Page) Certain() []uint64 {
	var roots []uint64
	for _, id := range p.order {
		if p.certain(id) {
			roots = append(roots, id)
		}
	}
	return roots
}

// certain reports whether every record of a root is known, and at which version.
func (p *Page) certain(id uint64) bool {
	state := p.roots[id]
	if state.version == 0 || len(state.records) == 0 {
		return false
	}
	for _, r := range state.records {
		if r.listed || r.hash == unknownHash {
			return false
		}
	}
	_, unconfirmed := p.settled[id]
	return !unconfirmed
}

// Skip settles the certain roots whose rows are still at the version that the ledger
// describes, and returns the page's other roots. now maps roots to the current
// versions of their rows; a root without rows is absent.
func (p *Page) Skip(now map[uint64]uint64) []uint64 {
	var rest []uint64
	for _, id := range p.order {
		state := p.roots[id]
		if v, exists := now[id]; !exists || p.version(v) != state.version || !p.certain(id) {
			rest = append(rest, id)
			continue
		}
		for _, r := range state.records {
			r.settle(unchanged)
		}
	}
	return rest
}
