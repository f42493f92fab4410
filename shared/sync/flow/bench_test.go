package flow

import (
	"fmt"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/destination"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/ledger"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/source"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
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

// account books a page whose records are all new.
func account(d entity.Definition, ids []uint64, rows source.Rows) (store.Outcome, error) {
	b := newBook(d, time.Unix(0, 0))
	b.roots = ids
	b.know(nil, nil)
	if err := b.plan(ids, rows); err != nil {
		return store.Outcome{}, err
	}
	_ = b.plannedRoots()
	if err := b.note(destination.Result{TaskID: 1, Operations: int64(len(b.ops()))}); err != nil {
		return store.Outcome{}, err
	}
	return b.outcome()
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

// TestTheAccountOfAPageAllocatesLittle holds the book to what it costs.
func TestTheAccountOfAPageAllocatesLittle(t *testing.T) {
	d := returnsDefinition(t)
	ids, rows := pageOf(500)
	n := testing.AllocsPerRun(10, func() {
		o, err := account(d, ids, rows)
		if err != nil || o.Counts.Saved != int64(len(rows.Records)) || len(o.Ledger) != len(ids) || o.Ledger[0].Version == 0 {
			t.Fatalf("%v, %v", o.Counts, err)
		}
	})
	if per := n / float64(len(rows.Records)); per > allocsAPageRecord {
		t.Errorf("%.1f allocations a record; want at most %d", per, allocsAPageRecord)
	}
}

func BenchmarkAccount(b *testing.B) {
	d := returnsDefinition(b)
	ids, rows := pageOf(500)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := account(d, ids, rows); err != nil {
			b.Fatal(err)
		}
	}
}

// TestWhatIsBelieved lists the roots that need not be read again.
func TestWhatIsBelieved(t *testing.T) {
	d := returnsDefinition(t)
	some := []ledger.Entry{{ID: "R1-1", Hash: ledger.HashOf([]byte("x"))}}
	for name, c := range map[string]struct {
		row     store.LedgerRow
		attempt ledger.Journal
		settled map[uint64]store.Doubt
		want    bool
	}{
		"known at a version":             {row: store.LedgerRow{Root: 1, Entries: some, Run: 1, Version: 5}, want: true},
		"written before versions were":   {row: store.LedgerRow{Root: 1, Entries: some, Run: 1}},
		"never pushed":                   {},
		"with a parked record":           {row: store.LedgerRow{Root: 1, Entries: []ledger.Entry{{ID: "R1-1", Parked: true}}, Run: 1, Version: 5}},
		"in doubt":                       {row: store.LedgerRow{Root: 1, Entries: some, Run: 1, Version: 5}, settled: map[uint64]store.Doubt{1: {}}},
		"of an attempt that did not end": {row: store.LedgerRow{Root: 1, Entries: some, Run: 1, Version: 5}, attempt: ledger.Journal{1: {"R1-1"}}},
	} {
		b := newBook(d, time.Unix(0, 0))
		b.roots, b.settled = []uint64{1}, c.settled
		b.know(map[uint64]store.LedgerRow{1: c.row}, c.attempt)
		if got := b.believes(1); got != c.want {
			t.Errorf("%s: believed %v; want %v", name, got, c.want)
		}
	}
}

// TestOtherDefinitionsHaveOtherVersions: after a change of what a record looks
// like, everything is read again.
func TestOtherDefinitionsHaveOtherVersions(t *testing.T) {
	d := returnsDefinition(t)
	other, limit := d, d
	var err error
	if other.Rows, err = entity.ParseQuery("SELECT 1 WHERE 1 IN (:ids)", "ids"); err != nil {
		t.Fatal(err)
	}
	limit.RecordLimit++
	seen := map[uint64]bool{}
	for _, one := range []entity.Definition{d, other, limit} {
		b := newBook(one, time.Unix(0, 0))
		if v := b.seal(42); seen[v] || v == 0 || v != newBook(one, time.Unix(9, 0)).seal(42) {
			t.Errorf("the sealed version is %d", v)
		} else {
			seen[v] = true
		}
	}
}
