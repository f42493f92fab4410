package account

import (
	"slices"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/ledger"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
)

// TestCertain lists the roots that need not be read again at the same version.
func TestCertain(t *testing.T) {
	d := returnsDefinition(t)
	some := []ledger.Entry{{ID: "R1-1", Hash: ledger.Hasher{}.Of([]byte("x"))}}
	for name, c := range map[string]struct {
		row         ledger.Row
		attempt     ledger.Journal
		unconfirmed map[uint64]ledger.Unconfirmed
		want        bool
	}{
		"known at a version":             {row: ledger.Row{Root: 1, Entries: some, Run: 1, Version: 5}, want: true},
		"written before versions were":   {row: ledger.Row{Root: 1, Entries: some, Run: 1}},
		"never pushed":                   {},
		"with a parked record":           {row: ledger.Row{Root: 1, Entries: []ledger.Entry{{ID: "R1-1", Hash: some[0].Hash, Parked: true}}, Run: 1, Version: 5}},
		"unconfirmed":                    {row: ledger.Row{Root: 1, Entries: some, Run: 1, Version: 5}, unconfirmed: map[uint64]ledger.Unconfirmed{1: {}}},
		"of an attempt that did not end": {row: ledger.Row{Root: 1, Entries: some, Run: 1, Version: 5}, attempt: ledger.Journal{1: {"R1-1"}}},
	} {
		p := New(d, time.Unix(0, 0))
		p.Open([]uint64{1}, Known{Ledger: map[uint64]ledger.Row{1: c.row}, Unconfirmed: c.unconfirmed, Attempt: c.attempt})
		if got := len(p.Certain()) == 1; got != c.want {
			t.Errorf("%s: certain %v; want %v", name, got, c.want)
		}
		if skipped := len(p.Skip(map[uint64]uint64{1: 5 ^ p.fingerprint})) == 0; skipped != c.want {
			t.Errorf("%s: skipped %v; want %v", name, skipped, c.want)
		}
	}
}

// TestSkip settles the roots at the pushed version and returns the others.
func TestSkip(t *testing.T) {
	d := returnsDefinition(t)
	ids, rows := pageOf(4)
	pushed, err := closed(d, ids, rows)
	if err != nil {
		t.Fatal(err)
	}
	known := map[uint64]ledger.Row{}
	for _, row := range pushed.Ledger {
		known[row.Root] = row
	}
	p := New(d, time.Unix(9, 0))
	p.Open(ids, Known{Ledger: known})
	now := map[uint64]uint64{1: rows.Versions[1], 2: rows.Versions[2] + 1, 4: rows.Versions[4]} // 3 has no rows
	if rest := p.Skip(now); !slices.Equal(rest, []uint64{2, 3}) {
		t.Errorf("%v are to be read; want 2 and 3", rest)
	}
	if got, want := p.Close().Counts, (run.Counts{Found: 8, Unchanged: 4}); got != want {
		t.Errorf("%v; want %v", got, want)
	}
}

// TestOtherDefinitionsHaveOtherVersions: after a change of the records' form, all
// rows are read again.
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
		if v := New(one, time.Unix(0, 0)).version(42); seen[v] || v == 0 || v != New(one, time.Unix(9, 0)).version(42) {
			t.Errorf("the version is %d", v)
		} else {
			seen[v] = true
		}
	}
}
