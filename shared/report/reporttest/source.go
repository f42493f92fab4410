package reporttest

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/report"
)

// Sourced is a source under test.
type Sourced struct {
	Source report.Source
	// Order is an order that the source can deliver, and Want its rows: three or more.
	Order report.Order
	Want  []report.Row
	// Hopeless is an order that the source never delivers, at any of its steps; nil if
	// it has none.
	Hopeless *report.Order
	// Polls bounds how often the suite polls; 0 is 10. Pass, if set, lets the source's
	// time pass between two polls.
	Polls int
	Pass  func()
}

// RunSource runs the suite. open opens a source for one test.
func RunSource(t *testing.T, open func(*testing.T) Sourced) {
	t.Helper()
	for name, check := range map[string]func(*testing.T, Sourced){
		"an order is delivered, twice alike": delivered,
		"breaking off frees the stream":      breakOff,
		"an ended context is an error":       ended,
		"a hopeless order is an error":       hopeless,
		"an order that was sent is found":    found,
		"a document nobody has is an error":  unknown,
	} {
		t.Run(name, func(t *testing.T) { check(t, open(t)) })
	}
}

// ready sends the order and polls until its document is ready.
func (s Sourced) ready(t *testing.T, o report.Order) (document string, err error) {
	t.Helper()
	id, err := s.Source.Request(t.Context(), o)
	if err != nil {
		return "", err
	}
	if id == "" || len(id) > 255 {
		t.Fatalf("the id of an order is %q", id)
	}
	most := s.Polls
	if most == 0 {
		most = 10
	}
	for range most {
		p, err := s.Source.Poll(t.Context(), o, id)
		if err != nil {
			return "", err
		}
		if p.Ready {
			if p.Document == "" || len(p.Document) > 512 {
				t.Fatalf("the document is %q", p.Document)
			}
			return p.Document, nil
		}
		if s.Pass != nil {
			s.Pass()
		}
	}
	t.Fatalf("the order was not ready after %d polls", most)
	return "", nil
}

// rows reads a document.
func (s Sourced) rows(ctx context.Context, o report.Order, document string) (list []report.Row, err error) {
	for row, err := range s.Source.Rows(ctx, o, document) {
		if err != nil {
			return list, err
		}
		list = append(list, row)
	}
	return list, nil
}

func delivered(t *testing.T, s Sourced) {
	document, err := s.ready(t, s.Order)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		have, err := s.rows(t.Context(), s.Order, document)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(s.Want, have); diff != "" {
			t.Fatalf("rows (-want +have):\n%s", diff)
		}
	}
}

func breakOff(t *testing.T, s Sourced) {
	document, err := s.ready(t, s.Order)
	if err != nil {
		t.Fatal(err)
	}
	for range 20 { // more than a pool or a host has connections
		for row, err := range s.Source.Rows(t.Context(), s.Order, document) {
			if err != nil || row.Number != 1 {
				t.Fatalf("row %d: %v", row.Number, err)
			}
			break
		}
	}
}

func ended(t *testing.T, s Sourced) {
	document, err := s.ready(t, s.Order)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if list, err := s.rows(ctx, s.Order, document); err == nil {
		t.Errorf("%d rows and no error", len(list))
	}
}

func hopeless(t *testing.T, s Sourced) {
	if s.Hopeless == nil {
		return // this source delivers whatever it takes
	}
	document, err := s.ready(t, *s.Hopeless)
	if err == nil {
		var list []report.Row
		if list, err = s.rows(t.Context(), *s.Hopeless, document); err == nil {
			t.Fatalf("%d rows and no error", len(list))
		}
	}
	if fault.Retryable(err) {
		t.Errorf("the error asks to be retried: %v", err)
	}
}

func found(t *testing.T, s Sourced) {
	finder, ok := s.Source.(report.Finder)
	if !ok {
		return // ordering has no effect at this source
	}
	if id, err := finder.Find(t.Context(), s.Order, s.Order.Stamp); err != nil || id != "" {
		t.Fatalf("found %q before an order was sent: %v", id, err)
	}
	id, err := s.Source.Request(t.Context(), s.Order)
	if err != nil {
		t.Fatal(err)
	}
	if have, err := finder.Find(t.Context(), s.Order, s.Order.Stamp); err != nil || have != id {
		t.Errorf("found %q, want %q: %v", have, id, err)
	}
}

func unknown(t *testing.T, s Sourced) {
	if list, err := s.rows(t.Context(), s.Order, ""); err == nil {
		t.Errorf("%d rows and no error", len(list))
	}
}
