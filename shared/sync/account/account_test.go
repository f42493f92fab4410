package account

import (
	"fmt"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/destination"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/ledger"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/source"
)

// allocsAPageRecord is how many allocations the account of a page may cost a
// record: its place in its root's list, in the journal and in the ledger.
const allocsAPageRecord = 3

// pageOf returns the rows of a page of roots with two records each.
func pageOf(roots int) ([]uint64, source.Rows) {
	rows := source.Rows{Versions: map[uint64]uint64{}}
	ids := make([]uint64, roots)
	for i := range ids {
		ids[i] = uint64(i + 1)
		rows.Versions[ids[i]] = uint64(i) + 77
		for n := range 2 {
			id := fmt.Sprintf("R%d-%d", i+1, n)
			rows.Records = append(rows.Records, source.Record{Root: ids[i], ID: id, Body: []byte(`{"objectID":"` + id + `"}`)})
		}
	}
	return ids, rows
}

// closed accounts for a page whose records are all new.
func closed(d entity.Definition, ids []uint64, rows source.Rows) (Outcome, error) {
	p := New(d, time.Unix(0, 0))
	p.Open(ids, Known{})
	if err := p.Plan(ids, rows, nil); err != nil {
		return Outcome{}, err
	}
	_ = p.Planned()
	if err := p.Pushed(destination.Result{TaskID: 1, Operations: int64(len(p.Ops()))}); err != nil {
		return Outcome{}, err
	}
	return p.Close(), nil
}

// returnsDefinition returns the embedded definition.
func returnsDefinition(tb testing.TB) entity.Definition {
	tb.Helper()
	list, err := entity.Load("")
	if err != nil {
		tb.Fatal(err)
	}
	return list[0]
}

// TestTheAccountOfAPageAllocatesLittle holds the account to what it costs.
func TestTheAccountOfAPageAllocatesLittle(t *testing.T) {
	d := returnsDefinition(t)
	ids, rows := pageOf(500)
	n := testing.AllocsPerRun(10, func() {
		o, err := closed(d, ids, rows)
		if err != nil || o.Counts.Saved != int64(len(rows.Records)) || len(o.Ledger) != len(ids) || o.Ledger[0].Version == 0 {
			t.Fatalf("%v, %v", o.Counts, err)
		}
	})
	if per := n / float64(len(rows.Records)); per > allocsAPageRecord {
		t.Errorf("%.1f allocations a record; want at most %d", per, allocsAPageRecord)
	}
}

// TestRecordsAreHeldUntilTheyAreSent has an outcome without the records, unless a copy is
// kept of them.
func TestRecordsAreHeldUntilTheyAreSent(t *testing.T) {
	d := returnsDefinition(t)
	for _, copied := range []bool{false, true} {
		p := New(d, time.Unix(0, 0))
		if copied {
			p.Copy()
		}
		ids, rows := pageOf(3)
		p.Open(ids, Known{})
		if err := p.Plan(ids, rows, nil); err != nil {
			t.Fatal(err)
		}
		for _, op := range p.Ops() {
			if op.Body == nil {
				t.Errorf("%s is to be sent without a body", op.ID)
			}
		}
		if err := p.Pushed(destination.Result{TaskID: 1}); err != nil {
			t.Fatal(err)
		}
		held := 0
		for _, r := range p.records {
			if r.body != nil {
				held++
			}
		}
		want := 0
		if copied {
			want = len(rows.Records)
		}
		if o := p.Close(); held != want || len(o.Current) != want || o.Counts.Saved != int64(len(rows.Records)) || len(p.Dropped()) != 0 {
			t.Errorf("copied %v: %d records are held, %d copied, %d dropped, %v", copied, held, len(o.Current), len(p.Dropped()), o.Counts)
		}
	}
}

func BenchmarkAccount(b *testing.B) {
	d := returnsDefinition(b)
	ids, rows := pageOf(500)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := closed(d, ids, rows); err != nil {
			b.Fatal(err)
		}
	}
}

// TestWhatIsSentAgain lists the records that a page sends although their rows are
// what was last pushed.
func TestWhatIsSentAgain(t *testing.T) {
	d := returnsDefinition(t)
	ids, rows := pageOf(1)
	same := func(parked bool) map[uint64]ledger.Row {
		row := ledger.Row{Root: 1, Run: 1}
		for _, r := range rows.Records {
			row.Entries = append(row.Entries, ledger.Entry{ID: r.ID, Hash: ledger.Hasher{}.Of(r.Body), Parked: parked})
		}
		return map[uint64]ledger.Row{1: row}
	}
	first := rows.Records[0].ID
	for name, c := range map[string]struct {
		known Known
		sent  int
		want  run.Counts
	}{
		"none":                      {Known{Ledger: same(false)}, 0, run.Counts{Found: 2, Unchanged: 2}},
		"none that is parked":       {Known{Ledger: same(true)}, 0, run.Counts{Found: 2, Parked: 2}},
		"one unconfirmed":           {Known{Ledger: same(false), Unconfirmed: map[uint64]ledger.Unconfirmed{1: {IDs: []string{first}}}}, 1, run.Counts{Found: 2, Saved: 1, Unchanged: 1}},
		"all of a root":             {Known{Ledger: same(false), Unconfirmed: map[uint64]ledger.Unconfirmed{1: {Whole: true}}}, 2, run.Counts{Found: 2, Saved: 2}},
		"all of an earlier attempt": {Known{Ledger: same(false), Attempt: ledger.Journal{1: {first}}}, 2, run.Counts{Found: 2, Saved: 2}},
		"one whose row is gone":     {Known{Ledger: same(false), Unconfirmed: map[uint64]ledger.Unconfirmed{1: {IDs: []string{"gone"}}}}, 1, run.Counts{Found: 3, Deleted: 1, Unchanged: 2}},
	} {
		p := New(d, time.Unix(0, 0))
		p.Open(ids, c.known)
		if err := p.Plan(ids, rows, nil); err != nil {
			t.Fatal(err)
		}
		if sent := len(p.Ops()); sent != c.sent {
			t.Errorf("%s: %d sent; want %d", name, sent, c.sent)
		}
		if err := p.Pushed(destination.Result{}); err != nil {
			t.Fatal(err)
		}
		if got := p.Close().Counts; got != c.want || !got.Balanced() {
			t.Errorf("%s: %v; want %v", name, got, c.want)
		}
	}
}
