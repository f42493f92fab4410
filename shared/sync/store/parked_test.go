package store_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
)

// parkMany parks so many records of the entity, every third for another reason.
func (b *bench) parkMany(n int) {
	b.t.Helper()
	for i := range n {
		reason := store.TooLarge
		if i%3 == 0 {
			reason = store.Rejected
		}
		b.exec("INSERT INTO sync_parked (entity, object_id, root_id, run_id, reason, detail, bytes) VALUES (?, ?, ?, 9, ?, 'why', 5)", b.def.Name, fmt.Sprintf("R%04d", i), i/2, reason)
	}
	b.exec("INSERT INTO sync_parked (entity, object_id, root_id, run_id, reason, detail, bytes) VALUES ('other', 'R0000', 1, 9, 'REJECTED', 'theirs', 5)")
}

// TestEachParkedGivesAllInBatches reads more than one batch, of one reason and of
// all.
func TestEachParkedGivesAllInBatches(t *testing.T) {
	b := newBench(t)
	b.parkMany(2300)
	for reason, want := range map[string]int{"": 2300, store.Rejected: 767, store.TooLarge: 1533, store.BadRow: 0} {
		seen, last := 0, ""
		err := b.Parked.Each(t.Context(), b.def.Name, reason, func(list []store.Parked) error {
			for _, p := range list {
				if p.ObjectID <= last || p.Run != 9 || reason != "" && p.Reason != reason {
					t.Fatalf("after %q: %+v", last, p)
				}
				seen, last = seen+1, p.ObjectID
			}
			return nil
		})
		if err != nil || seen != want {
			t.Errorf("%q: %d, %v; want %d", reason, seen, err, want)
		}
	}
	enough := errors.New("enough")
	if err := b.Parked.Each(t.Context(), b.def.Name, "", func([]store.Parked) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("%v", err)
	}
}

func TestDropParkedTakesOffTheList(t *testing.T) {
	b := newBench(t)
	b.parkMany(6)
	b.exec("UPDATE sync_parked SET detail = REPEAT('x', 512) WHERE object_id = 'R0001'")
	n, err := b.Parked.Drop(t.Context(), b.def.Name, []string{"R0001", "R0000", "R9999"})
	if err != nil || n != 2 {
		t.Errorf("%d, %v; want 2", n, err)
	}
	if n, err = b.Parked.Drop(t.Context(), b.def.Name, []string{"R0001", "R0000"}); err != nil || n != 0 {
		t.Errorf("again: %d, %v", n, err)
	}
	if n, err := b.Parked.Count(t.Context(), b.def.Name); err != nil || n != 4 {
		t.Errorf("%d are left, %v", n, err)
	}
	if n, err := b.Parked.Count(t.Context(), "other"); err != nil || n != 1 {
		t.Errorf("%d of the other entity's are left, %v", n, err)
	}
	list, err := b.Parked.Named(t.Context(), b.def.Name, []string{"R0001", "R0000", "R0002"})
	if err != nil || len(list) != 3 || list[0].ObjectID != "R0000" {
		t.Fatalf("%+v, %v", list, err)
	}
	if list[0].Detail != "dropped by hand; why" || list[0].ResolvedAt == nil || len(list[1].Detail) != 512 || list[2].ResolvedAt != nil {
		t.Errorf("%+v", list)
	}
	roots, err := b.Parked.RootsOf(t.Context(), b.def.Name, []string{"R0001", "R0002", "R0003"})
	if diff := cmp.Diff(map[uint64][]string{1: {"R0002", "R0003"}}, map[uint64][]string(roots)); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
}
