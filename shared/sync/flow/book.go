package flow

import (
	"strconv"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/destination"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/ledger"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
)

// book is the account of one page: every record that was found, what is to be
// done with it, and what became of it. It does no I/O.
type book struct {
	def     entity.Definition
	stamp   []byte // what is put before a record's closing brace
	roots   []uint64
	settled map[uint64]store.Doubt
	since   time.Time // see lookSince

	shelves map[uint64]*shelf
	records map[string]*entry // all found, by id
	planned []*entry          // what the next push sends
	journal ledger.Journal
	doubts  ledger.Journal
	out     store.Outcome

	slab  []entry // room for the next records: a page has a thousand
	round int     // of plannedRoots
	print uint64  // of the definition; see seal
}

// shelf is what the book holds of one root.
type shelf struct {
	entries []*entry
	run     int64  // that wrote its ledger row; 0 without one
	version uint64 // of the rows that its entries describe; 0 if unknown
	dirty   bool   // its ledger row must be written
	seen    int    // the plan that last looked at it
	pushed  int    // the round of plannedRoots that last named it
}

// entry is one record.
type entry struct {
	root   uint64
	id     string
	hash   ledger.Hash   // of what the index holds as far as we know
	parked bool          // the index does not hold hash: it refused it
	held   bool          // the store lists it as parked
	park   *store.Parked // why this page parks it, nil if it does not
	fate   fate
	plan   int // the plan that last saw its row
	want   ledger.Hash
	body   []byte // what to send; nil deletes
}

// fate is what became of a record. Each found record has exactly one in the end.
type fate uint8

const (
	open fate = iota
	saved
	deleted
	unchanged
	parked
)

// unknownHash is the hash of content that nobody knows: no record has it.
var unknownHash ledger.Hash

// newBook returns an empty book for a page of d that is worked at now.
func newBook(d entity.Definition, now time.Time) *book {
	b := &book{
		def: d, shelves: map[uint64]*shelf{}, records: map[string]*entry{},
		journal: ledger.Journal{}, doubts: ledger.Journal{}, print: fingerprint(d),
	}
	if d.Stamp != "" {
		b.stamp = append(b.stamp, `,"`+d.Stamp+`":`...)
		b.stamp = strconv.AppendInt(b.stamp, now.UnixMilli(), 10)
	}
	return b
}

// know puts what was last pushed on the shelves. What is in doubt, by an earlier
// attempt's journal or by the store, is known by its id alone.
//
// What an earlier attempt had under way may still reach the index after all that
// this one does, so it stays in doubt beyond this page: the next run looks again.
func (b *book) know(known map[uint64]store.LedgerRow, attempt ledger.Journal) {
	b.journal.Merge(attempt)
	b.doubts.Merge(attempt)
	doubtful := ledger.Journal{}
	doubtful.Merge(attempt)
	for root, d := range b.settled {
		doubtful.Add(root, d.IDs...)
	}
	b.shelves, b.records = make(map[uint64]*shelf, len(b.roots)), make(map[string]*entry, usualRecords*len(b.roots))
	shelves := make([]shelf, len(b.roots))
	for i, root := range b.roots {
		s := &shelves[i]
		s.run, s.version = known[root].Run, known[root].Version
		b.shelves[root] = s
		_, whole := attempt[root]
		whole = whole || b.settled[root].Whole
		for _, k := range known[root].Entries {
			e := b.shelve(root, k.ID)
			e.hash, e.parked, e.held = k.Hash, k.Parked, k.Parked
		}
		for _, id := range doubtful[root] {
			e := b.records[id]
			if e == nil {
				e = b.shelve(root, id)
			}
			e.forget()
		}
		if whole {
			for _, e := range s.entries {
				e.forget()
			}
		}
	}
}

// forget has the record sent whatever the ledger says.
func (e *entry) forget() { e.hash, e.parked = unknownHash, false }

// usualRecords is how many records a root has, for a first guess; slabSize is how
// many are made room for at once.
const (
	usualRecords = 3
	slabSize     = 128
)

// shelve adds a record to its root's shelf.
func (b *book) shelve(root uint64, id string) *entry {
	if len(b.slab) == 0 {
		b.slab = make([]entry, slabSize)
	}
	e := &b.slab[0]
	b.slab = b.slab[1:]
	e.root, e.id = root, id
	s := b.shelves[root]
	s.entries = append(s.entries, e)
	b.records[id] = e
	return e
}

// note writes down what came of a push.
func (b *book) note(result destination.Result) error {
	b.out.TaskID = max(b.out.TaskID, result.TaskID)
	b.out.Counts.Operations += result.Operations
	refused := make(map[string]string, len(result.Refused))
	for _, r := range result.Refused {
		refused[r.ID] = r.Reason
	}
	for _, e := range b.planned {
		reason, no := refused[e.id]
		switch {
		case no && e.body == nil:
			return fault.New(fault.Retry, "delete-refused", "the index refused to delete %q: %s", e.id, reason)
		case no:
			b.park(e, store.Parked{Reason: store.Rejected, Detail: reason, Bytes: len(e.body) + len(b.stamp)}, e.want)
			continue
		}
		e.hash, e.parked, e.fate = e.want, false, saved
		if e.body == nil {
			e.fate = deleted
		}
		b.shelves[e.root].dirty = true
	}
	for _, id := range result.Uncertain {
		b.doubts.Add(b.records[id].root, id)
	}
	return nil
}

// leaveInDoubt leaves roots that never came to rest to the next run.
func (b *book) leaveInDoubt(roots []uint64) {
	for _, root := range roots {
		b.doubts.Add(root)
		for _, e := range b.shelves[root].entries {
			b.doubts.Add(root, e.id)
		}
	}
}

// outcome adds the book up, by what became of each record in the end: a second
// look may have saved what the first parked, or the other way round. A record without a fate makes the sum wrong, and
// the store refuses it.
func (b *book) outcome() (store.Outcome, error) {
	o := b.out
	o.Settled, o.Doubts = b.settled, b.doubts
	o.Counts.Found = int64(len(b.records))
	for _, e := range b.records {
		switch {
		case e.parked && e.park != nil:
			o.Parked = append(o.Parked, *e.park)
		case e.held && !e.parked:
			o.Resolved = append(o.Resolved, e.id)
		}
		switch e.fate {
		case saved:
			o.Counts.Saved++
		case deleted:
			o.Counts.Deleted++
		case unchanged:
			o.Counts.Unchanged++
		case parked:
			o.Counts.Parked++
		}
	}
	for _, root := range b.roots {
		if s := b.shelves[root]; s.dirty {
			o.Ledger = append(o.Ledger, store.LedgerRow{Root: root, Entries: s.ledger(), Run: s.run, Version: s.version})
		}
	}
	return o, nil
}

// ledger returns the root's entries as the ledger keeps them.
func (s *shelf) ledger() []ledger.Entry {
	list := make([]ledger.Entry, 0, len(s.entries))
	for _, e := range s.entries {
		if e.fate != deleted {
			list = append(list, ledger.Entry{ID: e.id, Hash: e.hash, Parked: e.parked})
		}
	}
	return list
}
