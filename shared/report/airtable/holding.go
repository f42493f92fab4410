package airtable

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/report"
)

// holding is what a table holds of a document, as far as this process knows.
type holding struct {
	mu      sync.Mutex // one part at a time
	stamp   time.Time  // of the orders that use it
	records map[string]held
	number  atomic.Int64 // of records, for those who do not hold mu
}

// held is a record by its row's key.
type held struct {
	id    string
	stamp time.Time
	sum   uint64   // of the row's fields
	twins []string // further records with the same merge keys
}

// hold returns what the table holds of a document. The first part of an order reads it.
func (s *Sink) hold(ctx context.Context, o report.Order, t *Table, columns []Field) (*holding, error) {
	s.mu.Lock()
	have := s.holding[o.Document()]
	s.mu.Unlock()
	if have != nil && have.stamp.Equal(o.Stamp) {
		return have, nil
	}
	have = &holding{stamp: o.Stamp, records: map[string]held{}}
	query := Query{Filter: fmt.Sprintf("{%s}=%s", documentField, Quote(o.Document())), Fields: []string{documentField, keyField, timeField}}
	for _, f := range columns {
		query.Fields = append(query.Fields, f.Name)
	}
	for r, err := range s.Client.List(ctx, t.ID, query) {
		if err != nil {
			return nil, err
		}
		key := r.Text(keyField)
		if first, twice := have.records[key]; twice {
			first.twins = append(first.twins, r.ID)
			have.records[key] = first
			continue
		}
		at, _ := time.Parse(time.RFC3339Nano, r.Text(timeField)) // without one the record is older than any
		have.records[key] = held{id: r.ID, stamp: at, sum: sumOf(columns, r.Fields)}
	}
	total := int64(len(have.records))
	have.number.Store(total)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, other := range s.holding {
		total += other.number.Load()
	}
	if s.holding == nil || total > maxHolding {
		s.holding = map[string]*holding{}
	}
	s.holding[o.Document()] = have
	return have, nil
}

// forget drops what is remembered of a document, and of the table's fields.
func (s *Sink) forget(o report.Order) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.holding, o.Document())
	s.table = nil
}
