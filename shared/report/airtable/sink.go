package airtable

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/report"
)

// The fields of ours in a table of reports.
const (
	documentField = "Document"
	keyField      = "Row Key"
	timeField     = "Report Time"
)

// merge are the merge keys of a report's records.
var merge = []string{documentField, keyField}

// maxRefused is how many rows of one part may be refused; one more stops the part,
// because then the table or the definition is wrong, not the rows.
const maxRefused = 100

// Sink is a destination of reports: a table of a base. It implements report.Sink and is
// safe for concurrent use. It remembers the records of documents under way, about 100
// bytes each, so that a part costs no reading.
type Sink struct {
	Client *Client
	Table  string // its name or id
	// Make makes the table and fields that are missing; the token needs the scope
	// schema.bases:write then.
	Make bool
	// Progress is called after each request with the number of rows that it settled, from
	// several goroutines; nil ignores it.
	Progress func(document string, rows int)

	mu      sync.Mutex
	table   *Table              // nil until it was read
	holding map[string]*holding // by document
}

// maxHolding is how many records are remembered; beyond that the other documents are
// read again.
const maxHolding = 200_000

// Write implements report.Sink.
func (s *Sink) Write(ctx context.Context, o report.Order, rows iter.Seq2[report.Row, error]) (report.Outcome, error) {
	p, err := s.write(ctx, o, rows)
	if err != nil {
		s.forget(o) // what Airtable holds now is unknown
		return report.Outcome{}, err
	}
	slices.SortFunc(p.out.Parked, func(a, b report.Parked) int { return cmp.Compare(a.Row, b.Row) })
	return p.out, nil
}

// write is Write with the part.
func (s *Sink) write(ctx context.Context, o report.Order, rows iter.Seq2[report.Row, error]) (*part, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	list, err := collect(rows)
	if err != nil {
		return nil, err
	}
	p := &part{sink: s, order: o, stamp: o.Stamp.UTC().Truncate(time.Millisecond), seen: map[string]int64{}}
	p.sending.SetLimit(atOnce)
	if len(list) == 0 {
		return p, nil
	}
	if p.table, err = s.prepare(ctx, list); err != nil {
		return nil, err
	}
	p.columns = columnsOf(p.table, list)
	if p.held, err = s.hold(ctx, o, p.table, p.columns); err != nil {
		return nil, err
	}
	p.held.mu.Lock()
	defer p.held.mu.Unlock()
	for _, row := range list {
		if err = p.add(ctx, row); err != nil {
			break
		}
	}
	if err == nil {
		p.flush(ctx)
	}
	return p, errors.Join(err, p.sending.Wait())
}

// collect reads the rows of a part.
func collect(rows iter.Seq2[report.Row, error]) ([]report.Row, error) {
	var list []report.Row
	for row, err := range rows {
		if err != nil {
			return nil, err
		}
		list = append(list, row)
	}
	return list, nil
}

// Finish implements report.Sink.
func (s *Sink) Finish(ctx context.Context, o report.Order) error {
	s.forget(o)
	table, err := s.known(ctx)
	if err != nil || table == nil {
		return err // without a table nothing was ever written
	}
	filter := fmt.Sprintf("AND({%s}=%s, IS_BEFORE({%s}, DATETIME_PARSE(%s)))", documentField, Quote(o.Document()), timeField, Quote(stampText(o.Stamp)))
	var problem error
	for range 3 { // a request whose answer was lost is refused the second time
		var ids []string
		for r, err := range s.Client.List(ctx, table.ID, Query{Filter: filter, Fields: []string{keyField}}) {
			if err != nil {
				return err
			}
			ids = append(ids, r.ID)
		}
		if len(ids) == 0 {
			return nil
		}
		problem = s.remove(ctx, table.ID, ids)
		if problem == nil || fault.Retryable(problem) {
			return problem
		}
	}
	return problem
}

// remove deletes records.
func (s *Sink) remove(ctx context.Context, table string, ids []string) error {
	for len(ids) > 0 {
		n := min(MaxRecords, len(ids))
		if err := s.Client.Delete(ctx, table, ids[:n]...); err != nil {
			return err
		}
		ids = ids[n:]
	}
	return nil
}

// stampText is a report time as Airtable writes it.
func stampText(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// part is one Write under way.
type part struct {
	sink    *Sink
	order   report.Order
	stamp   time.Time
	table   *Table
	columns []Field
	held    *holding
	batch   []pending
	seen    map[string]int64 // the rows' numbers by key
	sending errgroup.Group

	mu  sync.Mutex // of what follows, and of held.records
	out report.Outcome
}

// atOnce is how many requests of a part are under way: Airtable takes some 300 ms for
// one.
const atOnce = 3

// pending is a record that waits for its request.
type pending struct {
	row       report.Row
	record    Record
	sum       uint64
	unchanged bool // only its report time is written
}

// add settles a row, or puts its record into the batch.
func (p *part) add(ctx context.Context, row report.Row) error {
	fields, reason := fieldsOf(p.columns, row)
	p.mu.Lock()
	have, known := p.held.records[row.Key]
	p.mu.Unlock()
	first, twice := p.seen[row.Key]
	p.seen[row.Key] = row.Number
	sum := sumOf(p.columns, fields)
	switch {
	case reason != "":
		return p.park(row, reason)
	case len(have.twins) > 0:
		return p.park(row, fmt.Sprintf("%d records of table %s have the merge keys of this row: %s: delete all but one", len(have.twins)+1, p.table.Name, strings.Join(append(have.twins, have.id), ", ")))
	case twice:
		return p.park(row, fmt.Sprintf("row %d has the same key", first))
	case known && have.stamp.After(p.stamp), known && have.stamp.Equal(p.stamp) && have.sum == sum:
		p.mu.Lock()
		p.out.Unchanged++
		p.mu.Unlock()
		return nil
	}
	one := pending{row: row, sum: sum, unchanged: known && have.sum == sum}
	if one.unchanged {
		fields = map[string]any{}
	}
	fields[documentField], fields[keyField], fields[timeField] = p.order.Document(), row.Key, stampText(p.stamp)
	one.record = Record{Fields: fields}
	p.batch = append(p.batch, one)
	if len(p.batch) == MaxRecords {
		p.flush(ctx)
	}
	return nil
}

// park parks a row.
func (p *part) park(row report.Row, reason string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.out.Parked = append(p.out.Parked, report.Parked{Row: row.Number, Key: row.Key, Reason: reason})
	if len(p.out.Parked) > maxRefused {
		return fault.New(fault.Misconfigured, "airtable-rows", "table %s refused more than %d rows of one part, the last because: %s", p.table.Name, maxRefused, reason)
	}
	return nil
}

// flush sends the batch beside what follows.
func (p *part) flush(ctx context.Context) {
	batch := p.batch
	p.batch = nil
	p.sending.Go(func() error { return p.send(ctx, batch) })
}

// send sends records. A request that is refused is split until the bad record is alone.
func (p *part) send(ctx context.Context, batch []pending) error {
	if len(batch) == 0 {
		return nil
	}
	records := make([]Record, len(batch))
	for i, one := range batch {
		records[i] = one.record
	}
	written, err := p.sink.Client.Upsert(ctx, p.table.ID, merge, selects(p.columns), records...)
	if kind := fault.KindOf(err); err != nil && kind != fault.Invalid && kind != fault.TooLarge {
		return err
	}
	switch {
	case err != nil && len(batch) == 1:
		p.report(1)
		return p.park(batch[0].row, reasonOf(err))
	case err != nil:
		half := len(batch) / 2
		if err := p.send(ctx, batch[:half]); err != nil {
			return err
		}
		return p.send(ctx, batch[half:])
	}
	p.report(len(batch))
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, one := range batch {
		p.held.records[one.row.Key] = held{id: written[i].ID, stamp: p.stamp, sum: one.sum}
		if one.unchanged {
			p.out.Unchanged++
		} else {
			p.out.Written++
		}
	}
	p.held.number.Store(int64(len(p.held.records)))
	return nil
}

// report reports progress.
func (p *part) report(rows int) {
	if p.sink.Progress != nil {
		p.sink.Progress(p.order.Document(), rows)
	}
}

// reasonOf says why Airtable refused a record. Its message is kept only where it quotes
// no value.
func reasonOf(err error) string {
	var r *refusal
	switch {
	case !errors.As(err, &r):
		return "Airtable refuses the row: it is too large"
	case r.kind == "INVALID_VALUE_FOR_COLUMN" || r.kind == "CELL_VALUE_TOO_LONG" || r.kind == "INVALID_RECORDS":
		return "Airtable refuses the row: " + r.Error()
	}
	return "Airtable refuses the row: " + r.kind
}
