// Package claim decides who may run an entity's next window.
//
// The right to run is the newest order_return_algolia_sync row of a job type.
// A tick reads it, Decide says what the tick may do, and one conditional UPDATE
// in the store does it: the row's token must still be the one that was read.
// Whoever loses that race does nothing. The lease makes a dead run free itself;
// the occurrence key (the scheduler's tick time, the same on every retry of one
// tick) makes a tick that is delivered twice do nothing the second time.
//
//	row                               tick does
//	free                              take
//	free, same occurrence             nothing: this tick has run already
//	claimed, lease alive              send its task again under the same name
//	processing, lease alive           nothing: still running
//	claimed or processing, expired    take over
package claim

import (
	"crypto/rand"
	"encoding/hex"
	"time"
)

// Status is the column status of order_return_algolia_sync, the owner's codes.
type Status uint8

// The owner's codes.
const (
	Free       Status = 0
	Claimed    Status = 1
	Processing Status = 2
)

// Row is the newest order_return_algolia_sync row of a job type.
type Row struct {
	ID         int64
	JobType    string
	Status     Status
	RangeStart *time.Time // of the last closed run
	Watermark  *time.Time // date_range_end: the end of the last closed run
	Token      string     // empty on a row that was never claimed by us
	LeaseUntil *time.Time
	Occurrence string
	CreatedAt  time.Time
	UpdatedAt  time.Time
	Now        time.Time // the database's clock when the row was read
}

// Grant is what a claim writes.
type Grant struct {
	Token      string // fresh, from NewToken
	Occurrence string // the scheduler's tick; empty if it has none
	Lease      time.Duration
}

// Agenda says what a tick has to do besides claiming windows.
type Agenda struct {
	Rebuilt int64 // targets that rebuilds have made or left
	Silent  int64 // running jobs whose next turn is overdue
}

// Probe is what the idle check knows of a claim.
type Probe struct {
	Claim       Row
	Held        bool // the claim is still the task's
	Begun       bool // an earlier delivery has begun its run
	Unconfirmed bool // some roots are unconfirmed
	Changed     bool // the source has changed rows
}

// Decision is what a tick may do with a row.
type Decision uint8

// The decisions; see the table of the package.
const (
	Take Decision = iota
	TakeOver
	Resend
	Busy
	Duplicate
)

// String names the decision for logs and answers.
func (d Decision) String() string {
	return [...]string{"take", "take over", "resend", "busy", "duplicate"}[d]
}

// Decide says what a tick with the occurrence key may do. An empty key is a
// tick that cannot be told apart from another, so it is never a duplicate.
func Decide(r Row, occurrence string) Decision {
	if r.Status == Free {
		if occurrence != "" && occurrence == r.Occurrence {
			return Duplicate
		}
		return Take
	}
	if r.LeaseUntil == nil || !r.Now.Before(*r.LeaseUntil) {
		return TakeOver
	}
	if r.Status == Claimed {
		return Resend
	}
	return Busy
}

// NewToken returns 128 random bits in hexadecimal. Whoever holds the token of a
// row may write in its name.
func NewToken() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails: it ends the process instead
	return hex.EncodeToString(b)
}
