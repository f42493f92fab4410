package account

import (
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/ledger"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
)

// Outcome is all that a page writes when it is done.
type Outcome struct {
	Roots       int // how many the page worked
	Counts      run.Counts
	TaskID      int64 // the highest that the index gave
	Ledger      []ledger.Row
	Parked      []Parked
	Resolved    []string                      // ids that were parked and no longer are
	Settled     map[uint64]ledger.Unconfirmed // what this page's pushes have confirmed
	Unconfirmed ledger.Journal                // what this page leaves to the next run
	Current     []Current                     // the records that the index holds now, of those that were read
}

// Current is a record as the index holds it now. A nil body means that the record is
// gone. The body is without the time of the push.
type Current struct {
	ID   string
	Body []byte
}

// The reasons why a record is parked.
const (
	TooLarge = "TOO_LARGE" // more bytes than the definition's limit
	Rejected = "REJECTED"  // the index refused it
	BadRow   = "BAD_ROW"   // the row has no JSON form
)

// Parked is a record that is kept out of the index, with its reason.
type Parked struct {
	ObjectID   string     `json:"objectID"`
	Root       uint64     `json:"root,string"`
	Run        int64      `json:"run"` // that last parked it
	Reason     string     `json:"reason"`
	Detail     string     `json:"detail"`
	Bytes      int        `json:"bytes"` // of the record; 0 for one without a JSON form
	Attempts   int        `json:"attempts"`
	FirstSeen  time.Time  `json:"firstSeen"`
	LastSeen   time.Time  `json:"lastSeen"`
	ResolvedAt *time.Time `json:"resolvedAt,omitempty"`
}
