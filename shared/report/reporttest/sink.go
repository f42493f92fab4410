// Package reporttest holds every source and destination of reports to one contract,
// and has fakes in memory that pass it.
package reporttest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/shared/report"
)

// Sinked is an empty destination under test.
type Sinked struct {
	Sink report.Sink
	// Read returns what the destination holds of a document: by the row's key, the
	// fields as text. Fields that the destination does not keep may be missing.
	Read func(t *testing.T, document string) map[string]map[string]string
	// NumbersOnly says that text is not kept.
	NumbersOnly bool
	// Bad returns a row that the destination refuses; nil if it refuses none.
	Bad func(number int64) report.Row
	// Most bounds the rows of the large test; 0 is 2,500.
	Most int
}

// RunSink runs the suite. open opens an empty destination for one test. Rows have the
// fields name (text) and amount (a number).
func RunSink(t *testing.T, open func(*testing.T) Sinked) {
	t.Helper()
	for name, check := range map[string]func(*testing.T, Sinked){
		"rows are written, and unchanged the second time": again,
		"a changed row is updated in place":               changed,
		"rows that are gone are removed at the end":       gone,
		"documents are apart":                             apart,
		"a later payload is not overwritten":              newest,
		"a bad row stops no other":                        bad,
		"many rows in parts":                              many,
		"an error of the rows stops the write":            broken,
		"no rows are no error":                            none,
		"keys of any letters":                             letters,
		"a real-time document keeps the newest run":       realTime,
	} {
		t.Run(name, func(t *testing.T) { check(t, open(t)) })
	}
}

// stamp is the report time of the first orders.
var stamp = time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)

// DatedOrder returns an order of a date, stamped some seconds after a fixed time.
func DatedOrder(typ, date string, seconds int) report.Order {
	d, err := report.ParseDate(date)
	if err != nil {
		panic(err)
	}
	return report.Order{
		Key: report.DatedKey(typ, d), TypeID: "GET_" + typ, From: d.UTC(), To: d.UTC().AddDate(0, 0, 1),
		Stamp: stamp.Add(time.Duration(seconds) * time.Second), Attempt: 1,
	}
}

// Line returns a row with a key, a name and an amount.
func Line(number int64, key, name string, amount int64) report.Row {
	return report.Row{Number: number, Key: key, Fields: map[string]any{"name": name, "amount": json.Number(strconv.FormatInt(amount, 10))}}
}

// write writes rows and demands their account.
func (s Sinked) write(t *testing.T, o report.Order, want report.Counts, rows ...report.Row) report.Outcome {
	t.Helper()
	out, err := s.Sink.Write(t.Context(), o, report.Stream(rows))
	if err != nil {
		t.Fatalf("write: %v", err)
	}
	if got := out.Counts(); got != want || got.Sum() != int64(len(rows)) {
		t.Fatalf("%d rows: %v, want %v (%+v)", len(rows), got, want, out.Parked)
	}
	return out
}

// finish ends an order.
func (s Sinked) finish(t *testing.T, o report.Order) {
	t.Helper()
	if err := s.Sink.Finish(t.Context(), o); err != nil {
		t.Fatalf("finish: %v", err)
	}
}

// holds demands that the destination holds exactly these rows of a document.
func (s Sinked) holds(t *testing.T, document string, rows ...report.Row) {
	t.Helper()
	have := s.Read(t, document)
	want := map[string]map[string]string{}
	for _, row := range rows {
		want[row.Key] = map[string]string{"amount": fmt.Sprint(row.Fields["amount"])}
		if !s.NumbersOnly {
			want[row.Key]["name"] = fmt.Sprint(row.Fields["name"])
		}
	}
	for _, fields := range have {
		maps.DeleteFunc(fields, func(name, _ string) bool { return name != "amount" && (name != "name" || s.NumbersOnly) })
	}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Fatalf("document %s (-want +have):\n%s", document, diff)
	}
}

func again(t *testing.T, s Sinked) {
	o := DatedOrder("sales", "2026-11-20", 0)
	rows := []report.Row{Line(1, "a", "first", 10), Line(2, "b", "second", -3)}
	s.write(t, o, report.Counts{Written: 2}, rows...)
	s.write(t, o, report.Counts{Unchanged: 2}, rows...)
	s.finish(t, o)
	s.finish(t, o)
	s.holds(t, o.Document(), rows...)
}

func changed(t *testing.T, s Sinked) {
	o, later := DatedOrder("sales", "2026-11-20", 0), DatedOrder("sales", "2026-11-20", 60)
	s.write(t, o, report.Counts{Written: 2}, Line(1, "a", "first", 10), Line(2, "b", "second", 20))
	s.finish(t, o)
	rows := []report.Row{Line(1, "a", "first", 10), Line(2, "b", "second", 21)}
	s.write(t, later, report.Counts{Written: 1, Unchanged: 1}, rows...)
	s.finish(t, later)
	s.holds(t, o.Document(), rows...)
}

func gone(t *testing.T, s Sinked) {
	o, later := DatedOrder("sales", "2026-11-20", 0), DatedOrder("sales", "2026-11-20", 60)
	s.write(t, o, report.Counts{Written: 2}, Line(1, "a", "first", 10), Line(2, "b", "second", 20))
	s.finish(t, o)
	s.write(t, later, report.Counts{Written: 1}, Line(1, "c", "third", 30))
	s.holds(t, o.Document(), Line(1, "a", "first", 10), Line(2, "b", "second", 20), Line(1, "c", "third", 30))
	s.finish(t, later)
	s.holds(t, o.Document(), Line(1, "c", "third", 30))
}

func apart(t *testing.T, s Sinked) {
	one, other, third := DatedOrder("sales", "2026-11-20", 0), DatedOrder("sales", "2026-11-21", 60), DatedOrder("stock", "2026-11-20", 60)
	s.write(t, one, report.Counts{Written: 1}, Line(1, "a", "one", 1))
	s.write(t, other, report.Counts{Written: 1}, Line(1, "a", "other", 2))
	s.write(t, third, report.Counts{Written: 1}, Line(1, "a", "third", 3))
	s.finish(t, other)
	s.finish(t, third)
	s.holds(t, one.Document(), Line(1, "a", "one", 1))
	s.holds(t, other.Document(), Line(1, "a", "other", 2))
	s.holds(t, third.Document(), Line(1, "a", "third", 3))
}

func newest(t *testing.T, s Sinked) {
	early, late := DatedOrder("sales", "2026-11-20", 0), DatedOrder("sales", "2026-11-20", 60)
	s.write(t, late, report.Counts{Written: 1}, Line(1, "a", "late", 2))
	s.write(t, early, report.Counts{Unchanged: 1}, Line(1, "a", "early", 1))
	s.finish(t, late)
	s.finish(t, early)
	s.holds(t, late.Document(), Line(1, "a", "late", 2))
}

func bad(t *testing.T, s Sinked) {
	if s.Bad == nil {
		return // this destination refuses no row
	}
	o := DatedOrder("sales", "2026-11-20", 0)
	refused := s.Bad(2)
	out := s.write(t, o, report.Counts{Written: 2, Parked: 1}, Line(1, "a", "first", 1), refused, Line(3, "c", "third", 3))
	if p := out.Parked[0]; p.Row != 2 || p.Key != refused.Key || p.Reason == "" {
		t.Errorf("parked: %+v", p)
	}
	s.finish(t, o)
	s.holds(t, o.Document(), Line(1, "a", "first", 1), Line(3, "c", "third", 3))
}

func many(t *testing.T, s Sinked) {
	most := s.Most
	if most == 0 {
		most = 2500
	}
	o := DatedOrder("sales", "2026-11-20", 0)
	var rows []report.Row
	for n := range most {
		rows = append(rows, Line(int64(n+1), "k"+strconv.Itoa(n), "name "+strconv.Itoa(n), int64(n)))
	}
	for part := range slices.Chunk(rows, 1000) {
		s.write(t, o, report.Counts{Written: int64(len(part))}, part...)
	}
	s.finish(t, o)
	s.holds(t, o.Document(), rows...)
}

// errRows is the error of a stream that breaks.
var errRows = errors.New("the rows broke off")

func broken(t *testing.T, s Sinked) {
	o := DatedOrder("sales", "2026-11-20", 0)
	_, err := s.Sink.Write(t.Context(), o, func(yield func(report.Row, error) bool) {
		_ = yield(Line(1, "a", "first", 1), nil) && yield(report.Row{}, errRows)
	})
	if !errors.Is(err, errRows) {
		t.Errorf("the rows' error became %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Sink.Write(ctx, o, report.Stream([]report.Row{Line(1, "b", "first", 1)})); err == nil {
		t.Error("a write whose context had ended was a success")
	}
}

func none(t *testing.T, s Sinked) {
	o := DatedOrder("sales", "2026-11-20", 0)
	s.write(t, o, report.Counts{})
	s.finish(t, o)
	s.holds(t, o.Document())
}

func letters(t *testing.T, s Sinked) {
	o := DatedOrder("sales", "2026-11-20", 0)
	var rows []report.Row
	for i, key := range []string{"a|b", "A|b", "ä", "a'b", `a"b\`, "日本", "a b", "a{b},", "$a.b", "%_"} {
		rows = append(rows, Line(int64(i+1), key, key, int64(i)))
	}
	s.write(t, o, report.Counts{Written: int64(len(rows))}, rows...)
	s.write(t, o, report.Counts{Unchanged: int64(len(rows))}, rows...)
	s.finish(t, o)
	s.holds(t, o.Document(), rows...)
}

func realTime(t *testing.T, s Sinked) {
	run := func(seconds int) report.Order {
		at := stamp.Add(time.Duration(seconds) * time.Second)
		return report.Order{Key: report.RealTimeKey("stock", at), RealTime: true, Stamp: at, Attempt: 1}
	}
	s.write(t, run(0), report.Counts{Written: 2}, Line(1, "a", "first", 1), Line(2, "b", "second", 2))
	s.finish(t, run(0))
	s.write(t, run(60), report.Counts{Written: 1}, Line(1, "a", "first", 5))
	s.finish(t, run(60))
	s.holds(t, run(60).Document(), Line(1, "a", "first", 5))
}
