package store_test

import (
	"context"
	"errors"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange/exchangetest"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// proofOf returns the proof of the grains that a slice holds.
func (b *bench) proofOf(t *testing.T, slice exchange.ID) exchange.Proof {
	t.Helper()
	p, err := exchange.Prove(b.IDs(t.Context(), slice, exchange.Whole), nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestASwapIsOldOrNew ends the connection of a swap after each of its statements, as
// the death of the process does. Readers see the old content until the commit, and
// the next attempt succeeds.
func TestASwapIsOldOrNew(t *testing.T) {
	b := open(t)
	ctx := t.Context()
	slice := exchange.NewID()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(b.Slices.CreateSlice(ctx, exchange.Slice{ID: slice, Name: "rotors", Type: exchange.DefaultType}))
	must(b.Grains.AddGrains(ctx, slice, exchangetest.Grains(slice, 0, 30, 50), false))
	oldIDs := b.proofOf(t, slice)
	fresh := exchangetest.Grains(slice, 30, 20, 50)
	var add []exchange.ID
	for id, err := range b.sorted(t, fresh) {
		must(err)
		add = append(add, id)
	}
	var gone []exchange.ID
	for id, err := range b.IDs(ctx, slice, exchange.Whole) {
		must(err)
		if len(gone) < 5 {
			gone = append(gone, id)
		}
	}
	swap := exchange.Swap{Slice: slice, Type: exchange.DefaultType, Metadata: map[string]string{"a": "b"}}
	swap.Want = exchange.Proof{Hash: "0", Count: 45}
	must(b.Stage(ctx, slice, fresh))
	must(b.Drop(ctx, slice, gone))
	if err := b.Swap(ctx, swap); !errors.Is(err, exchange.ErrUnproven) || b.proofOf(t, slice) != oldIDs {
		t.Fatalf("a swap that proves nothing: %v", err)
	}
	swap.Want = b.expected(t, slice, gone, add, swap.Metadata)
	// The statements of a swap, each made to fail by a trigger on its table: the server
	// then ends the statement, and the transaction is rolled back as at a death.
	for _, trigger := range []string{
		"BEFORE DELETE ON exchange_grain", "BEFORE INSERT ON exchange_grain", "BEFORE DELETE ON exchange_staging", "BEFORE DELETE ON exchange_surplus", "BEFORE INSERT ON exchange_metadata", "BEFORE UPDATE ON exchange_slice",
	} {
		if _, err := b.db.ExecContext(ctx, "CREATE TRIGGER die "+trigger+" FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'dead'"); err != nil {
			t.Fatal(err)
		}
		if err := b.Swap(ctx, swap); err == nil || errors.Is(err, exchange.ErrUnproven) {
			t.Errorf("%s: %v", trigger, err)
		}
		if b.proofOf(t, slice) != oldIDs {
			t.Errorf("%s: the content is neither the old nor the new", trigger)
		}
		if _, err := b.db.ExecContext(ctx, "DROP TRIGGER die"); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := b.Staged(ctx, slice, add)
	if err != nil || len(kept) != len(add) {
		t.Fatalf("%d of %d are staged still, %v", len(kept), len(add), err)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if err := b.Swap(ended, swap); err == nil || b.proofOf(t, slice) != oldIDs {
		t.Errorf("a swap whose process ends: %v", err)
	}
	must(b.Swap(ctx, swap))
	held, err := b.Slices.Slice(ctx, slice)
	if err != nil || held.Hash != swap.Want.Hash || held.Count != 45 || held.Metadata["a"] != "b" {
		t.Errorf("%+v, %v", held, err)
	}
	if kept, err := b.Staged(ctx, slice, add); err != nil || len(kept) != 0 {
		t.Errorf("%d are staged still, %v", len(kept), err)
	}
}

// sorted streams the ids of grains, ascending, as the database orders them.
func (b *bench) sorted(t *testing.T, grains []exchange.Grain) func(func(exchange.ID, error) bool) {
	t.Helper()
	other := exchange.NewID()
	if err := b.Slices.CreateSlice(t.Context(), exchange.Slice{ID: other, Name: "order " + other.String(), Type: exchange.DefaultType}); err != nil {
		t.Fatal(err)
	}
	if err := b.Grains.AddGrains(t.Context(), other, grains, false); err != nil {
		t.Fatal(err)
	}
	return b.IDs(t.Context(), other, exchange.Whole)
}

// expected returns the proof that a swap has to lead to.
func (b *bench) expected(t *testing.T, slice exchange.ID, gone, add []exchange.ID, meta map[string]string) exchange.Proof {
	t.Helper()
	removed := map[exchange.ID]bool{}
	for _, id := range gone {
		removed[id] = true
	}
	p, at := exchange.NewProver(), 0
	put := func(id exchange.ID) {
		if err := p.Add(id); err != nil {
			t.Fatal(err)
		}
	}
	for id, err := range b.IDs(t.Context(), slice, exchange.Whole) {
		if err != nil {
			t.Fatal(err)
		}
		for at < len(add) && string(add[at][:]) < string(id[:]) {
			put(add[at])
			at++
		}
		if !removed[id] {
			put(id)
		}
	}
	for ; at < len(add); at++ {
		put(add[at])
	}
	return p.Proof(meta)
}

// TestRowsThatAreInUse refuses to remove what others rest on, and names that are taken.
func TestRowsThatAreInUse(t *testing.T) {
	b := open(t)
	ctx := t.Context()
	company := exchange.Company{ID: exchange.NewID(), Name: "epicor", SyncAddr: "http://a.example", Active: true}
	slice := exchange.Slice{ID: exchange.NewID(), Name: "rotors", Type: exchange.DefaultType}
	sub := exchange.Subscription{ID: exchange.NewID(), SliceID: slice.ID, CompanyID: company.ID, Name: "rotors"}
	for _, err := range []error{b.Companies.CreateCompany(ctx, company), b.Slices.CreateSlice(ctx, slice), b.Subscriptions.CreateSubscription(ctx, sub)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	other := company
	other.ID = exchange.NewID()
	for name, err := range map[string]error{
		"company": b.Companies.DeleteCompany(ctx, company.ID), "slice": b.Slices.DeleteSlice(ctx, slice.ID), "name": b.Companies.CreateCompany(ctx, other), "pair": b.Subscriptions.CreateSubscription(ctx, exchange.Subscription{
			ID: exchange.NewID(), SliceID: slice.ID, CompanyID: company.ID, Name: "again"}),
	} {
		if fault.KindOf(err) != fault.Superseded {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := b.Subscriptions.CreateSubscription(ctx, exchange.Subscription{ID: exchange.NewID(), SliceID: exchange.NewID(), CompanyID: company.ID, Name: "none"}); fault.KindOf(err) != fault.NotFound {
		t.Errorf("%v", err)
	}
	for _, err := range []error{b.Subscriptions.DeleteSubscription(ctx, sub.ID), b.Slices.DeleteSlice(ctx, slice.ID), b.Companies.DeleteCompany(ctx, company.ID)} {
		if err != nil {
			t.Error(err)
		}
	}
}
