// Package ledger holds what is known of the index without asking it: the ledger says
// what was last pushed, the journal what is about to be pushed. Both are packed into one
// value a root or page (pack.go). Contents are compared by their hashes (hash.go).
package ledger

import "slices"

// Entry is one record of a root.
type Entry struct {
	ID     string
	Hash   Hash
	Parked bool // the index refused this content, or it is too large
}

// Row is a root's row of the ledger; no entries mean that there is none.
type Row struct {
	Root    uint64
	Entries []Entry
	// Run is the run that wrote the row, 0 without one. A page that writes a row
	// gives the run that it had read, so that a write in between is noticed.
	Run int64
	// Version is the version of the root's rows that the entries describe, 0 if
	// unknown.
	Version uint64
}

// Journal lists, for every root, the ids of records that are about to be sent.
//
// It is the write-ahead intent of a push: the ledger is written after the push, so a
// process that dies in between leaves an index that the ledger does not describe. The
// journal lists the unconfirmed roots and the ids that may be in the index. The next
// attempt sends those roots again whatever the ledger says, and deletes the ids whose
// rows have vanished.
type Journal map[uint64][]string

// Unconfirmed is a root some of whose records may or may not be in the index: the
// outcome of a push is unknown.
type Unconfirmed struct {
	IDs   []string // what may be in the index
	Stamp string   // of this entry; a newer one of the same root has another
	Whole bool     // every record of the root is unconfirmed, and not only IDs
}

// Add notes ids of a root and skips ids that are already listed.
func (j Journal) Add(root uint64, ids ...string) {
	if len(ids) > few {
		j.addMany(root, ids)
		return
	}
	list := j[root]
	for _, id := range ids {
		if !slices.Contains(list, id) {
			list = append(list, id)
		}
	}
	j[root] = list
}

// few is the number of ids up to which lists are searched one by one: records are added
// singly, and a map for each root would cost more than all its other work.
const few = 16

// addMany is Add for many ids at once.
func (j Journal) addMany(root uint64, ids []string) {
	list := j[root]
	known := make(map[string]bool, len(list)+len(ids))
	for _, id := range list {
		known[id] = true
	}
	for _, id := range ids {
		if !known[id] {
			known[id] = true
			list = append(list, id)
		}
	}
	j[root] = list
}

// Merge adds the contents of another journal.
func (j Journal) Merge(other Journal) {
	for root, ids := range other {
		j.Add(root, ids...)
	}
}
