package account

import (
	"strconv"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/destination"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/ledger"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/owner"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/source"
)

// Plan compares the current rows of roots with what the index holds and lists
// what to send. A row wins over what the ledger says about its id: a record whose row
// has another root than before moves to that root. owners are those of the rows' shared
// ids; what another root owned is sent whatever the ledger says. Two rows with one id,
// and rows of roots that were not asked for, are mistakes of the definition: an error
// of kind fault.Misconfigured.
func (p *Page) Plan(roots []uint64, rows source.Rows, owners owner.Roots) error {
	p.planned = p.planned[:0]
	plan := 0
	for _, id := range roots {
		state := p.roots[id]
		state.plans++
		state.version = p.version(rows.Versions[id])
		plan = max(plan, state.plans)
	}
	for i := range rows.Records {
		row := &rows.Records[i]
		if p.roots[row.Root] == nil {
			return fault.New(fault.Misconfigured, "bad-definition", "%s/rows.sql returned a row of root %d, which was not asked for: select by :ids", p.def.Source, row.Root)
		}
		r := p.records[row.ID]
		switch {
		case r == nil:
			r = p.add(row.Root, row.ID)
		case r.plan == plan:
			return fault.New(fault.Misconfigured, "bad-definition", "%s/rows.sql returned two rows with objectID %q: a record's id must be unique", p.def.Source, row.ID)
		case r.root != row.Root:
			p.move(r, row.Root)
		}
		if owner, ok := owners[row.ID]; ok && owner != row.Root {
			r.forget()
		}
		r.plan = plan
		p.planRow(r, row)
	}
	for _, id := range roots {
		for _, r := range p.roots[id].records {
			if r.plan != plan && r.result != deleted {
				p.send(r, nil, unknownHash) // its row is gone
			}
		}
	}
	return nil
}

// planRow decides what to do about one row.
func (p *Page) planRow(r *record, row *source.Record) {
	content := row.Body
	if row.Problem != "" {
		content = []byte(row.Problem)
	}
	want := p.def.Hasher.Of(content)
	switch size := len(row.Body) + len(p.stamp); {
	case want == r.hash && r.parked:
		r.settle(parked)
	case want == r.hash:
		r.settle(unchanged)
		if p.copied && r.result == unchanged {
			r.body = row.Body
		}
	case row.Problem != "":
		p.park(r, Parked{Reason: BadRow, Detail: row.Problem}, want)
	case size > p.def.RecordLimit:
		detail := strconv.Itoa(size) + " bytes; the limit is " + strconv.Itoa(p.def.RecordLimit)
		p.park(r, Parked{Reason: TooLarge, Detail: detail, Bytes: size}, want)
	default:
		p.send(r, row.Body, want)
	}
}

// settle gives a record that is not sent its result; the result of a push stays.
func (r *record) settle(as result) {
	if r.result == undecided {
		r.result = as
	}
}

// send plans a record for the next push.
func (p *Page) send(r *record, body []byte, want ledger.Hash) {
	r.body, r.want = body, want
	p.planned = append(p.planned, r)
	p.journal.Add(r.root, r.id)
}

// park keeps a record out of the index. The index keeps the last good version of
// the record.
func (p *Page) park(r *record, why Parked, content ledger.Hash) {
	why.ObjectID, why.Root = r.id, r.root
	r.park = &why
	r.hash, r.parked, r.result, r.body = content, true, parked, nil
	p.roots[r.root].changed = true
}

// Planned returns the roots that the next push touches, each once.
func (p *Page) Planned() []uint64 {
	var roots []uint64
	p.round++
	for _, r := range p.planned {
		if s := p.roots[r.root]; s.round != p.round {
			s.round = p.round
			roots = append(roots, r.root)
		}
	}
	return roots
}

// Ops returns what the next push sends.
func (p *Page) Ops() []destination.Op {
	ops := make([]destination.Op, len(p.planned))
	for i, r := range p.planned {
		ops[i] = destination.Op{ID: r.id, Body: r.body}
		if !r.deletes() {
			ops[i].Stamp = p.stamp
		}
	}
	return ops
}
