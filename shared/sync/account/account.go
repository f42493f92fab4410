// Package account keeps the account of one page: every record that was found,
// what to send of it, and what became of it. It does no I/O and reads no clock.
//
// An account is for one attempt at a page:
//
//	Open         enters what the ledger and the journal know of the page's roots
//	Certain      lists the roots that need not be read if their versions are the same
//	Skip         settles those that are, and returns the roots to read
//	Plan         compares the rows of roots with that, and lists what to send
//	Dropped      lists the deletions that may concern another root's record (owner.go)
//	Ops          the planned operations, for one push
//	Pushed       enters the index's answer to the push
//	Unconfirmed  leaves roots that kept changing to the next run
//	Close        adds the account up: found = saved + deleted + unchanged + parked
//
// Plan, Ops and Pushed repeat for the roots that changed during the push.
package account

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strconv"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/destination"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/ledger"
)

// Page is the account of one page. It is for one goroutine.
type Page struct {
	def         entity.Definition
	stamp       []byte // ends every record that is sent: the time of the push
	copied      bool   // the outcome takes the records along
	fingerprint uint64 // of def; see version
	order       []uint64
	roots       map[uint64]*root
	records     map[string]*record // all found, by id
	planned     []*record          // what the next push sends
	journal     ledger.Journal     // every record that was planned so far
	settled     map[uint64]ledger.Unconfirmed
	unconfirmed ledger.Journal
	outcome     Outcome

	slab  []record // room for the next records: a page has a thousand
	round int      // number of the last call of Planned
}

// root is the state of one root.
type root struct {
	records []*record
	run     int64  // that wrote its ledger row; 0 without one
	version uint64 // of the rows that its records describe; 0 if unknown
	changed bool   // its ledger row must be written
	plans   int    // how often it was planned
	round   int    // the last call of Planned that named it
}

// record is the state of one record.
type record struct {
	root   uint64
	id     string
	hash   ledger.Hash // of the content that was last pushed or parked
	parked bool        // the index does not hold the content of hash
	listed bool        // the store lists it as parked
	park   *Parked     // why this page parks it; nil if it does not
	result result
	plan   int         // the plan that last had a row for it
	want   ledger.Hash // of the content to send
	body   []byte      // the content to send, until it is sent
}

// result is what became of a record. Each found record has exactly one in the end.
type result uint8

const (
	undecided result = iota
	saved
	deleted
	unchanged
	parked
)

// unknownHash is the hash of content that nobody knows: no record has it.
var unknownHash ledger.Hash

// New returns the account of a page of d whose records are stamped with now.
func New(d entity.Definition, now time.Time) *Page {
	p := &Page{def: d, fingerprint: fingerprint(d), journal: ledger.Journal{}, unconfirmed: ledger.Journal{}}
	if d.Stamp != "" {
		p.stamp = append(p.stamp, `,"`+d.Stamp+`":`...)
		p.stamp = strconv.AppendInt(p.stamp, now.UnixMilli(), 10)
	}
	return p
}

// Copy has the outcome take the records along. Their bodies are then held until the
// account closes; otherwise each is held until it is sent.
func (p *Page) Copy() { p.copied = true }

// Known is what is known of a page's roots before their rows are read.
type Known struct {
	Ledger      map[uint64]ledger.Row         // what was last pushed, by root
	Unconfirmed map[uint64]ledger.Unconfirmed // what earlier runs left unconfirmed
	Attempt     ledger.Journal                // what an earlier attempt at this page may have pushed
}

// Open enters the page's roots with all that is known of them. Of an unconfirmed
// record only the id is known, so that it is sent whatever the ledger says.
//
// A push of an earlier attempt may still reach the index after all that this one
// does. Its records stay unconfirmed beyond this page, and the next run sends them
// once more.
func (p *Page) Open(roots []uint64, k Known) {
	p.order, p.settled = roots, k.Unconfirmed
	p.journal.Merge(k.Attempt)
	p.unconfirmed.Merge(k.Attempt)
	suspect := ledger.Journal{}
	suspect.Merge(k.Attempt)
	for id, u := range k.Unconfirmed {
		suspect.Add(id, u.IDs...)
	}
	p.roots, p.records = make(map[uint64]*root, len(roots)), make(map[string]*record, usualRecords*len(roots))
	states := make([]root, len(roots))
	for i, id := range roots {
		state := &states[i]
		p.roots[id] = state
		state.run, state.version = k.Ledger[id].Run, k.Ledger[id].Version
		for _, e := range k.Ledger[id].Entries {
			if r := p.records[e.ID]; r != nil { // two roots claim the record: its row decides
				r.forget()
				state.changed = true
				continue
			}
			r := p.add(id, e.ID)
			r.hash, r.parked, r.listed = e.Hash, e.Parked, e.Parked
		}
		for _, one := range suspect[id] {
			r := p.records[one]
			if r == nil {
				r = p.add(id, one)
			}
			r.forget()
		}
		if _, tried := k.Attempt[id]; tried || k.Unconfirmed[id].Whole {
			for _, r := range state.records {
				r.forget()
			}
		}
	}
}

// deletes reports whether the next, or the last, push deletes the record.
func (r *record) deletes() bool { return r.want == unknownHash }

// forget has the record sent whatever the ledger says.
func (r *record) forget() { r.hash, r.parked = unknownHash, false }

// usualRecords is how many records a root has, for a first guess; slabSize is how
// many are made room for at once.
const (
	usualRecords = 3
	slabSize     = 128
)

// add adds a record to its root.
func (p *Page) add(id uint64, objectID string) *record {
	if len(p.slab) == 0 {
		p.slab = make([]record, slabSize)
	}
	r := &p.slab[0]
	p.slab = p.slab[1:]
	r.root, r.id = id, objectID
	p.roots[id].records = append(p.roots[id].records, r)
	p.records[objectID] = r
	return r
}

// Journal returns every record that was planned so far: what the index may hold
// if the process dies during the push.
func (p *Page) Journal() ledger.Journal { return p.journal }

// Pushed enters the index's answer to the push of the planned records. A deletion
// that the index refuses is an error of kind fault.Retry.
func (p *Page) Pushed(answer destination.Result) error {
	p.outcome.TaskID = max(p.outcome.TaskID, answer.TaskID)
	p.outcome.Counts.Operations += answer.Operations
	refused := make(map[string]string, len(answer.Refused))
	for _, r := range answer.Refused {
		refused[r.ID] = r.Reason
	}
	for _, r := range p.planned {
		reason, no := refused[r.id]
		switch {
		case no && r.deletes():
			return fault.New(fault.Retry, "delete-refused", "the index refused to delete %q: %s", r.id, reason)
		case no:
			p.park(r, Parked{Reason: Rejected, Detail: reason, Bytes: len(r.body) + len(p.stamp)}, r.want)
			continue
		}
		r.hash, r.parked, r.result = r.want, false, saved
		if r.deletes() {
			r.result = deleted
		}
		p.roots[r.root].changed = true
		if !p.copied {
			r.body = nil
		}
	}
	for _, id := range answer.Uncertain {
		p.unconfirmed.Add(p.records[id].root, id)
	}
	return nil
}

// Unconfirmed leaves roots to the next run, which sends all their records again.
func (p *Page) Unconfirmed(roots []uint64) {
	for _, id := range roots {
		p.unconfirmed.Add(id)
		for _, r := range p.roots[id].records {
			p.unconfirmed.Add(id, r.id)
		}
	}
}

// Close adds the account up by the final result of each record: a later push may
// have saved what the first one parked, or the other way round. A record without a
// result makes the sum wrong, and the store refuses the outcome.
func (p *Page) Close() Outcome {
	o := p.outcome
	o.Roots, o.Settled, o.Unconfirmed = len(p.order), p.settled, p.unconfirmed
	o.Counts.Found = int64(len(p.records))
	for _, r := range p.records {
		switch {
		case r.parked && r.park != nil:
			o.Parked = append(o.Parked, *r.park)
		case r.listed && !r.parked:
			o.Resolved = append(o.Resolved, r.id)
		}
		switch r.result {
		case saved:
			o.Counts.Saved++
		case deleted:
			o.Counts.Deleted++
		case unchanged:
			o.Counts.Unchanged++
		case parked:
			o.Counts.Parked++
		}
		if p.copied && (r.body != nil && r.result != parked || r.result == deleted) {
			o.Current = append(o.Current, Current{r.id, r.body})
		}
	}
	for _, id := range p.order {
		if state := p.roots[id]; state.changed {
			o.Ledger = append(o.Ledger, ledger.Row{Root: id, Entries: state.entries(), Run: state.run, Version: state.version})
		}
	}
	return o
}

// entries returns the root's records as the ledger keeps them.
func (s *root) entries() []ledger.Entry {
	list := make([]ledger.Entry, 0, len(s.records))
	for _, r := range s.records {
		if r.result != deleted {
			list = append(list, ledger.Entry{ID: r.id, Hash: r.hash, Parked: r.parked})
		}
	}
	return list
}

// version returns a version of rows as the ledger keeps it: another definition gives
// another, so that rows are read again after a change of the definition. It is never
// 0, which is unknown.
func (p *Page) version(rows uint64) uint64 { return max(1, rows^p.fingerprint) }

// encoding changes when the same rows give other records than before, so that rows
// of records that were pushed before are read again.
const encoding = "3"

// fingerprint distinguishes definitions that make different records of the same rows.
func fingerprint(d entity.Definition) uint64 {
	content := fmt.Appendf(nil, "%s\n%s\n%v\n%d", encoding, d.Rows.Text, d.Types, d.RecordLimit) // a map prints in order
	if d.Format.AccountKey {
		content = fmt.Appendf(content, "\n%s\n%x", d.Account, []byte(d.Format.IDs))
	}
	sum := sha256.Sum256(content)
	return binary.BigEndian.Uint64(sum[:])
}
