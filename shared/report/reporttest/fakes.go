package reporttest

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/report"
)

// Source is a source in memory. It counts orders, so that tests see whether one was
// sent twice. It implements report.Source and report.Finder, and is safe for
// concurrent use.
type Source struct {
	// Polls is how often an order is not ready yet.
	Polls int
	// Content returns the fields of an order's rows.
	Content func(o report.Order) iter.Seq2[map[string]any, error]

	mu     sync.Mutex
	orders []order
}

// order is an order that the source took.
type order struct {
	key   report.Key
	stamp time.Time
	polls int
}

// Orders returns how many orders of a report the source took.
func (s *Source) Orders(k report.Key) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, o := range s.orders {
		if o.key == k {
			n++
		}
	}
	return n
}

// Request implements report.Source.
func (s *Source) Request(ctx context.Context, o report.Order) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.orders = append(s.orders, order{key: o.Key, stamp: o.Stamp})
	return strconv.Itoa(len(s.orders)), ctx.Err()
}

// Find implements report.Finder.
func (s *Source) Find(ctx context.Context, o report.Order, since time.Time) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, one := range s.orders {
		if one.key == o.Key && !one.stamp.Before(since) {
			return strconv.Itoa(i + 1), ctx.Err()
		}
	}
	return "", ctx.Err()
}

// Poll implements report.Source.
func (s *Source) Poll(ctx context.Context, _ report.Order, id string) (report.Progress, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, err := strconv.Atoi(id)
	if err != nil || n < 1 || n > len(s.orders) {
		return report.Progress{}, fault.New(fault.NotFound, "unknown-order", "the source knows no order %q", id)
	}
	one := &s.orders[n-1]
	if one.polls++; one.polls <= s.Polls {
		return report.Progress{Wait: time.Second}, ctx.Err()
	}
	return report.Progress{Ready: true, Document: "document-" + id}, ctx.Err()
}

// Rows implements report.Source.
func (s *Source) Rows(ctx context.Context, o report.Order, document string) iter.Seq2[report.Row, error] {
	return func(yield func(report.Row, error) bool) {
		if document == "" || s.Content == nil {
			yield(report.Row{}, fault.New(fault.NotFound, "unknown-document", "the source knows no document %q", document))
			return
		}
		n := int64(0)
		for fields, err := range s.Content(o) {
			if err == nil {
				err = ctx.Err()
			}
			n++
			if !yield(report.Row{Number: n, Fields: fields}, err) || err != nil {
				return
			}
		}
	}
}

// Sink is a destination in memory. It is safe for concurrent use.
type Sink struct {
	// Refuse says why a row is parked; nil refuses none.
	Refuse func(report.Row) string

	mu      sync.Mutex
	records map[string]map[string]Record // by document and key
}

// Record is a row as a destination holds it.
type Record struct {
	Stamp time.Time
	Text  string // the fields as JSON
}

// Write implements report.Sink.
func (s *Sink) Write(ctx context.Context, o report.Order, rows iter.Seq2[report.Row, error]) (report.Outcome, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out report.Outcome
	if s.records == nil {
		s.records = map[string]map[string]Record{}
	}
	document := s.records[o.Document()]
	if document == nil {
		document = map[string]Record{}
		s.records[o.Document()] = document
	}
	for row, err := range rows {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return out, err
		}
		if reason := s.refusal(row); reason != "" {
			out.Parked = append(out.Parked, report.Parked{Row: row.Number, Key: row.Key, Reason: reason})
			continue
		}
		text, err := json.Marshal(row.Fields)
		if err != nil {
			return out, fmt.Errorf("row %d: %w", row.Number, err)
		}
		have, known := document[row.Key]
		switch {
		case known && have.Stamp.After(o.Stamp):
			out.Unchanged++
		case known && have.Text == string(text):
			document[row.Key] = Record{o.Stamp, have.Text}
			out.Unchanged++
		default:
			document[row.Key] = Record{o.Stamp, string(text)}
			out.Written++
		}
	}
	return out, nil
}

// refusal says why a row is parked.
func (s *Sink) refusal(row report.Row) string {
	if s.Refuse == nil {
		return ""
	}
	return s.Refuse(row)
}

// Finish implements report.Sink.
func (s *Sink) Finish(ctx context.Context, o report.Order) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.records[o.Document()], func(_ string, r Record) bool { return r.Stamp.Before(o.Stamp) })
	return ctx.Err()
}

// Records returns what the destination holds of a document, by key.
func (s *Sink) Records(document string) map[string]Record {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.records[document])
}

// Limiter lets every call pass and counts them. It is safe for concurrent use.
type Limiter struct {
	mu    sync.Mutex
	calls map[string]int
}

// Wait implements report.Limiter.
func (l *Limiter) Wait(ctx context.Context, name string, _ report.Rate) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.calls == nil {
		l.calls = map[string]int{}
	}
	l.calls[name]++
	return ctx.Err()
}

// Block implements report.Limiter.
func (*Limiter) Block(ctx context.Context, _ string, _ time.Duration) error { return ctx.Err() }

// Calls returns how many calls of a name passed.
func (l *Limiter) Calls(name string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.calls[name]
}

// Fields returns the fields of a JSON object as text, as Sinked.Read gives them.
func Fields(t testing.TB, object string) map[string]string {
	t.Helper()
	values := map[string]any{}
	d := json.NewDecoder(strings.NewReader(object))
	d.UseNumber()
	if err := d.Decode(&values); err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for name, v := range values {
		out[name] = fmt.Sprint(v)
	}
	return out
}
