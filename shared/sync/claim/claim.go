// Package claim decides which tick may run an entity's next window. It is package
// lease in the words of the sync: the row is the newest of
// order_return_algolia_sync with the entity's job type, and the idempotency key is the
// tick's time, the same on every retry of one tick.
//
//	row                               the tick
//	free                              takes it
//	free, same occurrence             does nothing: it has run already
//	claimed, lease alive              sends the task again under the same name
//	processing, lease alive           does nothing: still running
//	claimed or processing, expired    takes over
package claim

import (
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/lease"
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

// Decide says what a tick with an occurrence key may do; the key may be empty.
func Decide(r Row, occurrence string) Decision {
	switch lease.Decide(lease.Row{Held: r.Status != Free, Until: r.LeaseUntil, Key: r.Occurrence, Now: r.Now}, occurrence) {
	case lease.Free:
		return Take
	case lease.Duplicate:
		return Duplicate
	case lease.Expired:
		return TakeOver
	}
	if r.Status == Claimed {
		return Resend
	}
	return Busy
}

// NewToken returns a fresh token for a claim.
func NewToken() string { return lease.NewToken() }
