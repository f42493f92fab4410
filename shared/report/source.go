package report

import (
	"context"
	"iter"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// Order is one request for a report.
type Order struct {
	Key
	// TypeID identifies the report at its source.
	TypeID string
	// RealTime orders have no date.
	RealTime bool
	// From and To are the half-open range of the date in the report's zone; zero for
	// a real-time order.
	From, To time.Time
	// Stamp is the report time: of two payloads of one document the later one stays.
	Stamp time.Time
	// Attempt counts the orders of a report, from 1.
	Attempt int
}

// Document is the identity of the report's payload in every destination: type|date,
// and type|current for a real-time type, of which destinations keep the newest run.
func (o Order) Document() string {
	if o.RealTime {
		return o.Type + "|current"
	}
	return o.Type + "|" + o.Slot
}

// Day is the date as destinations keep it, YYYY-MM-DD; empty for a real-time order.
func (o Order) Day() string {
	if o.RealTime {
		return ""
	}
	return o.Slot
}

// Row is one row of a report.
type Row struct {
	Number int64 // in the document, from 1
	// Key identifies the row within its document. A destination keeps one record a
	// document and key.
	Key string
	// Fields hold string, json.Number, bool, nil, and of JSON documents also
	// map[string]any and []any of these.
	Fields map[string]any
}

// RowKey is the hash of a row's key, for the search of duplicates.
type RowKey struct {
	Hash uint64
	Row  int64 // its number in the document
}

// Progress is how far a source is with an order.
type Progress struct {
	// Ready says that Document can be read.
	Ready    bool
	Document string // what Rows reads; at most 512 bytes, no address that expires
	// Wait is how long to wait before the next poll; 0 is no opinion.
	Wait time.Duration
}

// Source gives reports of one type. It is safe for concurrent use.
// Implementations pass reporttest.RunSource.
//
// An order that the source refuses or can never deliver is an error whose kind is not
// retryable (package fault), with a sentence for people: an unknown report type id, a
// missing right, a cancelled report.
type Source interface {
	// Request sends the order and returns the source's id of it, at most 255 bytes.
	// Implementations make one attempt where a second could order twice, and
	// implement Finder then.
	Request(ctx context.Context, o Order) (id string, err error)
	// Poll says how far the source is with the order of that id.
	Poll(ctx context.Context, o Order, id string) (Progress, error)
	// Rows streams the rows of a document in its order, with Number but without Key.
	// It ends with the first error. Breaking off frees what the stream holds. Reading
	// twice gives the same rows, unless the source's data changed.
	Rows(ctx context.Context, o Order, document string) iter.Seq2[Row, error]
}

// AtOnce is the part of a Source whose report can be read at once. Its text names the
// only document.
type AtOnce string

// Request returns the id of an order. Nothing happens before the rows are read.
func (d AtOnce) Request(ctx context.Context, _ Order) (string, error) { return string(d), ctx.Err() }

// Poll implements Source.
func (d AtOnce) Poll(ctx context.Context, _ Order, _ string) (Progress, error) {
	return Progress{Ready: true, Document: string(d)}, ctx.Err()
}

// Check refuses to read another document.
func (d AtOnce) Check(document string) error {
	if document != string(d) {
		return fault.New(fault.NotFound, "unknown-document", "the source has no document %q", document)
	}
	return nil
}

// Finder is a Source at which an order has an effect. After a crash between sending an
// order and storing its id, Find searches for it, so that it is not sent twice.
type Finder interface {
	// Find returns the id of an order like o that the source took at or after since;
	// empty if there is none.
	Find(ctx context.Context, o Order, since time.Time) (id string, err error)
}
