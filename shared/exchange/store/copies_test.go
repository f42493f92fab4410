package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange/exchangetest"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange/store"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// writes are all writes of a sync.
func writes(ctx context.Context, c *store.Copies, slice exchange.ID) map[string]error {
	return map[string]error{
		"apply": c.Apply(ctx, exchange.Plan{}), "stage": c.Stage(ctx, slice, exchangetest.Grains(slice, 0, 1, 10)), "drop": c.Drop(ctx, slice, []exchange.ID{exchange.NewID()}),
		"retain": c.Retain(ctx, slice, exchange.Whole, nil), "swap": c.Swap(ctx, exchange.Swap{Slice: slice, Want: exchange.Proof{}}),
		"discard": c.Discard(ctx, slice), "failed": c.Failed(ctx, slice),
	}
}

// TestOnlyTheHolderWrites takes the right to sync with a partner over from a holder that
// died: until its term is over nobody can, and afterwards the dead one, should it live
// after all, writes nothing.
func TestOnlyTheHolderWrites(t *testing.T) {
	b := open(t)
	ctx, partner, slice := t.Context(), exchange.NewID(), exchange.NewID()
	if err := b.Slices.CreateSlice(ctx, exchange.Slice{ID: slice, Name: "rotors", Type: exchange.DefaultType}); err != nil {
		t.Fatal(err)
	}
	first, err := b.Rights.Hold(ctx, partner, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Rights.Hold(ctx, partner, time.Hour); fault.CodeOf(err) != "sync-running" {
		t.Fatalf("beside another sync: %v", err)
	}
	for name, err := range writes(ctx, first, slice) {
		if err != nil {
			t.Errorf("the holder: %s: %v", name, err)
		}
	}
	held, stop := first.Renewed(ctx)
	if _, err := b.db.ExecContext(ctx, "UPDATE exchange_session SET lease_until = NOW(6) WHERE company_id = ?", partner[:]); err != nil {
		t.Fatal(err)
	}
	second, err := b.Rights.Hold(ctx, partner, time.Hour)
	if err != nil {
		t.Fatalf("after the term: %v", err)
	}
	for name, c := range map[string]*store.Copies{"replaced": first, "without the right": b.Rights.Copies()} {
		for write, err := range writes(ctx, c, slice) {
			if fault.CodeOf(err) != "sync-replaced" {
				t.Errorf("%s: %s: %v", name, write, err)
			}
		}
	}
	stop() // gives nothing back that is another's
	if held.Err() == nil {
		t.Error("the context of an ended sync goes on")
	}
	if _, err := b.Rights.Hold(ctx, partner, time.Hour); fault.CodeOf(err) != "sync-running" {
		t.Errorf("the end of the replaced one freed the right: %v", err)
	}
	_, stop = second.Renewed(ctx)
	stop()
	if _, err := b.Rights.Hold(ctx, partner, time.Hour); err != nil {
		t.Errorf("after the end: %v", err)
	}
}

// TestALivingHolderKeepsTheRight outlives many terms, and ends the context of a holder
// that was replaced.
func TestALivingHolderKeepsTheRight(t *testing.T) {
	t.Parallel()
	b := open(t)
	ctx, partner := t.Context(), exchange.NewID()
	const term = 3 * time.Second // a loaded machine renews late
	c, err := b.Rights.Hold(ctx, partner, term)
	if err != nil {
		t.Fatal(err)
	}
	held, stop := c.Renewed(ctx)
	defer stop()
	until := func() (at time.Time) {
		if err := b.db.QueryRowContext(ctx, "SELECT lease_until FROM exchange_session WHERE company_id = ?", partner[:]).Scan(&at); err != nil {
			t.Fatal(err)
		}
		return at
	}
	first := until()
	for !until().After(first) {
		if ctx.Err() != nil || held.Err() != nil {
			t.Fatal("the right was not prolonged")
		}
		time.Sleep(term / 100)
	}
	if _, err := b.db.ExecContext(ctx, "UPDATE exchange_session SET token = ? WHERE company_id = ?", "another", partner[:]); err != nil {
		t.Fatal(err)
	}
	<-held.Done()
	if err := context.Cause(held); fault.CodeOf(err) != "sync-replaced" || errors.Is(err, context.Canceled) {
		t.Errorf("it ended with %v", err)
	}
}

// TestOldRowsGo removes old activities and keys, and keeps the newest of each kind and
// what still counts.
func TestOldRowsGo(t *testing.T) {
	t.Parallel()
	b := open(t)
	ctx, company, sub := t.Context(), exchange.NewID(), exchange.NewID()
	age := func(table, column string, days int) {
		t.Helper()
		if _, err := b.db.ExecContext(ctx, "UPDATE "+table+" SET "+column+" = NOW(6) - INTERVAL ? DAY WHERE "+column+" IS NOT NULL", days); err != nil {
			t.Fatal(err)
		}
	}
	record := func(n int, a exchange.Activity) {
		t.Helper()
		for range n {
			if err := b.Activities.Record(ctx, a); err != nil {
				t.Fatal(err)
			}
		}
	}
	good := exchange.Activity{CompanyID: company, SubID: sub, Success: true, Message: "good"}
	whole := exchange.Activity{CompanyID: company, Message: "whole"}
	record(600, good)
	record(600, whole)
	age("exchange_activity", "created_at", 91)
	record(3, whole)
	for range 2 { // a call removes so many at most
		if err := b.Activities.Prune(ctx); err != nil {
			t.Fatal(err)
		}
	}
	list, total, err := b.Activities.List(ctx, 0, 100)
	if err != nil || total != 4 || list[3].Message != "good" {
		t.Errorf("%d left: %+v, %v", total, list, err)
	}
	for range 3 {
		if err := b.Keys.AddKey(ctx, store.Key{ID: exchange.NewID(), CompanyID: company, Hash: make([]byte, 32)}, time.Hour); err != nil {
			t.Fatal(err)
		}
		age("exchange_key", "expires_at", 91)
	}
	keys, err := b.Keys.List(ctx, nil)
	if err != nil || len(keys) != 2 {
		t.Errorf("%+v, %v", keys, err) // the newest, and the one that it replaced
	}
}
