package verify

import (
	"fmt"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/source"
)

// Kind is the kind of a record's difference.
type Kind string

// The kinds. An unreadable row of the ledger stands for its whole root.
const (
	Missing    Kind = "missing"    // present in the source alone
	Different  Kind = "different"  // present in both with different content
	Orphaned   Kind = "orphaned"   // absent from the source
	Unreadable Kind = "unreadable" // the ledger's row cannot be read
)

// Place is the place of a difference from the source.
type Place string

// The places.
const (
	InLedger Place = "ledger"
	InIndex  Place = "index"
)

// Difference is one record that differs from the source.
type Difference struct {
	Root    uint64 `json:"root,string"`   // 0: the root is unknown
	Key     string `json:"key,omitempty"` // of a root whose key is no number
	ID      string `json:"id"`            // empty for an unreadable row
	Kind    Kind   `json:"kind"`
	Where   Place  `json:"where"`
	Account string `json:"account,omitempty"` // as far as known
}

// Tally counts differences in one place.
type Tally struct {
	Missing    int64 `json:"missing"`
	Different  int64 `json:"different"`
	Orphaned   int64 `json:"orphaned"`
	Unreadable int64 `json:"unreadable,omitempty"`
}

// Total is the number of all differences of a tally.
func (t Tally) Total() int64 { return t.Missing + t.Different + t.Orphaned + t.Unreadable }

// add counts one difference.
func (t *Tally) add(k Kind) {
	switch k {
	case Missing:
		t.Missing++
	case Different:
		t.Different++
	case Orphaned:
		t.Orphaned++
	case Unreadable:
		t.Unreadable++
	}
}

// Report is the result of a comparison.
type Report struct {
	Entity string       `json:"entity"`
	AsOf   time.Time    `json:"asOf"` // the watermark at the beginning
	Deep   bool         `json:"deep"`
	Range  source.Range `json:"range"` // the roots that were compared
	Ended  bool         `json:"ended"` // no root lies behind the range

	Roots     int64 `json:"roots"`     // of the source or the ledger
	Records   int64 `json:"records"`   // of the source
	Indexed   int64 `json:"indexed"`   // records of the index that were read
	Slices    int   `json:"slices"`    // slices in which the index was compared
	Descended int   `json:"descended"` // slices that differed
	Pending   int64 `json:"pending"`   // roots left to the next run, not judged
	// PendingIndex is the records of pending roots that differ in the index although
	// the ledger agrees with the source: no later run pushes them, a repair does.
	PendingIndex int64 `json:"pendingIndex"`
	Parked       int64 `json:"parked"`   // dead-lettered records
	Unsynced     int64 `json:"unsynced"` // roots that have not changed since the definition's firstFrom

	Ledger      Tally        `json:"ledger"`
	Index       Tally        `json:"index"`
	Differences []Difference `json:"differences"` // the first ones
}

// Total is the number of all differences.
func (r Report) Total() int64 { return r.Ledger.Total() + r.Index.Total() }

// Clean reports whether nothing differs.
func (r Report) Clean() bool { return r.Total() == 0 }

// String summarizes a report in a line.
func (r Report) String() string {
	words := func(where Place, t Tally) string {
		return fmt.Sprintf("%s: %d missing, %d different, %d orphaned, %d unreadable", where, t.Missing, t.Different, t.Orphaned, t.Unreadable)
	}
	return fmt.Sprintf("%d roots, %d records; %s; %s; %d pending, %d parked", r.Roots, r.Records, words(InLedger, r.Ledger), words(InIndex, r.Index), r.Pending, r.Parked)
}
