package store_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
)

// TestAudited keeps what was done, what failed and why, and what broke off; and
// without a place to write it down nothing is done.
func TestAudited(t *testing.T) {
	b := newBench(t)
	entry := store.Audit{Who: "ann", Via: store.ViaConsole, Action: "edit-schedule", Object: "schedule 1", Old: "time 1", New: "time 2"}
	if err := b.Audited(t.Context(), entry, func(a *store.Audit) error {
		a.Object, a.New = "schedule 1 (n)", strings.Repeat("é", 5000)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	refusal := fault.New(fault.Invalid, "stale-version", "changed by somebody else")
	if err := b.Audited(t.Context(), entry, func(*store.Audit) error { return refusal }); !errors.Is(err, refusal) {
		t.Errorf("%v", err)
	}
	if err := b.Audited(t.Context(), entry, func(*store.Audit) error { return errors.New("the password is x") }); err == nil {
		t.Error("no error")
	}
	// Whoever goes away in the middle is told of to the end.
	ctx, cancel := context.WithCancel(t.Context())
	if err := b.Audited(ctx, entry, func(*store.Audit) error { cancel(); return nil }); err != nil {
		t.Error(err)
	}
	func() {
		defer func() { _ = recover() }()
		_ = b.Audited(t.Context(), entry, func(*store.Audit) error { panic("a crash") })
	}()
	list, err := b.Audits(t.Context(), 4)
	if err != nil || len(list) != 4 {
		t.Fatalf("%v, %v", list, err)
	}
	for i, want := range []string{"", store.AuditDone, "failed: internal error; the log has the details", "failed: changed by somebody else"} {
		if got := list[i]; got.Outcome != want || got.Who != "ann" || got.Old != "time 1" || got.At.IsZero() {
			t.Errorf("%+v, want outcome %q", got, want)
		}
	}
	list, _ = b.Audits(t.Context(), 10)
	if first := list[len(list)-1]; first.Object != "schedule 1 (n)" || len(first.New) != 4096 || first.Outcome != store.AuditDone {
		t.Errorf("%s, %d bytes, %s", first.Object, len(first.New), first.Outcome)
	}

	done := false
	_ = b.Close()
	if err := b.Audited(t.Context(), entry, func(*store.Audit) error { done = true; return nil }); err == nil || done {
		t.Errorf("done without a trace: %v, %v", done, err)
	}
}
