package report

import (
	"context"
	"iter"
	"time"
)

// Parked is a row that a destination does not take, with the reason.
type Parked struct {
	Row    int64  // its number in the document
	Key    string // its key
	Reason string // a sentence for people, without the row's content
}

// Outcome is the account of one Write: every row that was read has one result.
type Outcome struct {
	Written   int64
	Unchanged int64 // the destination had the row, or a newer one of the same key
	Parked    []Parked
}

// Counts returns the outcome's numbers.
func (o Outcome) Counts() Counts {
	return Counts{o.Written, o.Unchanged, int64(len(o.Parked))}
}

// Sink is a destination of reports. It is safe for concurrent use. Implementations
// pass reporttest.RunSink.
type Sink interface {
	// Write upserts a part of a document, one record a document and key. It stops at
	// the first error of rows and returns it. A row that the destination refuses is
	// parked and stops no other row. Writing the same rows again changes nothing. A
	// record with a later Stamp stays as it is, and its row counts as unchanged. The
	// rows are a bounded part (thousands), and their keys differ.
	Write(ctx context.Context, o Order, rows iter.Seq2[Row, error]) (Outcome, error)
	// Finish removes the document's records of earlier stamps that this payload does
	// not have. It is called when every part was written, and may be called again.
	Finish(ctx context.Context, o Order) error
}

// NamedSink is a destination under the name that accounts and parked rows carry.
type NamedSink struct {
	Name string
	Sink
}

// Rate is a rate limit: Burst calls at once, PerSecond in the long run.
type Rate struct {
	PerSecond float64
	Burst     int // at least 1
}

// Limiter shares rate limits between processes, one a name. It is safe for concurrent
// use.
type Limiter interface {
	// Wait returns when the caller may make one call. Where that is further away than
	// the limiter allows, it returns a fault.Throttled with the time to wait, and
	// nothing is used up.
	Wait(ctx context.Context, name string, r Rate) error
	// Block lets no call of the name pass for d from now, as a 429 asks.
	Block(ctx context.Context, name string, d time.Duration) error
}

// Stream returns rows as a sink takes them.
func Stream(rows []Row) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		for _, row := range rows {
			if !yield(row, nil) {
				return
			}
		}
	}
}
