package flow

import (
	"strconv"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/destination"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/ledger"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/source"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
)

// plan compares the rows of the roots with what the index holds and lists what
// to send. Two rows with one id are a mistake of the definition.
func (b *book) plan(roots []uint64, rows source.Rows) error {
	b.planned = b.planned[:0]
	round := 0
	for _, root := range roots {
		s := b.shelves[root]
		s.seen++
		s.version = b.seal(rows.Versions[root])
		round = max(round, s.seen)
	}
	for i := range rows.Records {
		r := &rows.Records[i]
		e := b.records[r.ID]
		if e == nil {
			if b.shelves[r.Root] == nil {
				return fault.New(fault.Misconfigured, "bad-definition", "%s/rows.sql gave a row of root %d, which was not asked for", b.def.Source, r.Root)
			}
			e = b.shelve(r.Root, r.ID)
		} else if e.root != r.Root || e.plan == round {
			return fault.New(fault.Misconfigured, "bad-definition", "%s/rows.sql gave two rows with objectID %q: a record's id must be unique", b.def.Source, r.ID)
		}
		e.plan = round
		b.planRow(e, r)
	}
	for _, root := range roots {
		for _, e := range b.shelves[root].entries {
			if e.plan != round && e.fate != deleted {
				b.send(e, nil, unknownHash)
			}
		}
	}
	return nil
}

// planRow decides what to do about one row.
func (b *book) planRow(e *entry, r *source.Record) {
	content := r.Body
	if r.Problem != "" {
		content = []byte(r.Problem)
	}
	want := ledger.HashOf(content)
	switch {
	case want == e.hash && e.parked:
		e.settle(parked)
	case want == e.hash:
		e.settle(unchanged)
	case r.Problem != "":
		b.park(e, store.Parked{Reason: store.BadRow, Detail: r.Problem}, want)
	case len(r.Body)+len(b.stamp) > b.def.RecordLimit:
		size := len(r.Body) + len(b.stamp)
		detail := strconv.Itoa(size) + " bytes; the limit is " + strconv.Itoa(b.def.RecordLimit)
		b.park(e, store.Parked{Reason: store.TooLarge, Detail: detail, Bytes: size}, want)
	default:
		b.send(e, r.Body, want)
	}
}

// settle gives an untouched record its fate; what a push decided stays.
func (e *entry) settle(f fate) {
	if e.fate == open {
		e.fate = f
	}
}

// send plans a record for the next push.
func (b *book) send(e *entry, body []byte, want ledger.Hash) {
	e.body, e.want = body, want
	b.planned = append(b.planned, e)
	b.journal.Add(e.root, e.id)
}

// park keeps a record out of the index. What the index holds of it stays: an
// older state is worth more to its readers than none.
func (b *book) park(e *entry, p store.Parked, content ledger.Hash) {
	p.ObjectID, p.Root = e.id, e.root
	e.park = &p
	e.hash, e.parked, e.fate = content, true, parked
	b.shelves[e.root].dirty = true
}

// plannedRoots returns the roots that the next push touches, each once.
func (b *book) plannedRoots() []uint64 {
	var roots []uint64
	b.round++
	for _, e := range b.planned {
		if s := b.shelves[e.root]; s.pushed != b.round {
			s.pushed = b.round
			roots = append(roots, e.root)
		}
	}
	return roots
}

// ops returns what the next push sends.
func (b *book) ops() []destination.Op {
	ops := make([]destination.Op, len(b.planned))
	for i, e := range b.planned {
		ops[i] = destination.Op{ID: e.id, Body: e.body}
		if e.body != nil {
			ops[i].Stamp = b.stamp
		}
	}
	return ops
}
