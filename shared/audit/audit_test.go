package audit_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/shared/audit"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/localdb/localdbtest"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store/storetest"
)

// TestMain starts the tests' database server.
func TestMain(m *testing.M) { localdbtest.Main(m) }

// TestAudited keeps acts that succeeded, failed and broke off; an act that cannot be
// recorded is not done.
func TestAudited(t *testing.T) {
	db := storetest.New(t)
	b := audit.New(db.DB)
	entry := audit.Entry{Who: "ann", Via: audit.ViaConsole, Action: "edit-schedule", Object: "schedule 1", Old: "time 1", New: "time 2"}
	if err := b.Audited(t.Context(), entry, func(a *audit.Entry) error {
		a.Object, a.New = "schedule 1 (n)", strings.Repeat("é", 5000)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	refusal := fault.New(fault.Invalid, "stale-version", "changed by somebody else")
	if err := b.Audited(t.Context(), entry, func(*audit.Entry) error { return refusal }); !errors.Is(err, refusal) {
		t.Errorf("%v", err)
	}
	if err := b.Audited(t.Context(), entry, func(*audit.Entry) error { return errors.New("the password is x") }); err == nil {
		t.Error("no error")
	}
	// The end of an act is recorded even if its caller has gone away.
	ctx, cancel := context.WithCancel(t.Context())
	if err := b.Audited(ctx, entry, func(*audit.Entry) error { cancel(); return nil }); err != nil {
		t.Error(err)
	}
	func() {
		defer func() { _ = recover() }()
		_ = b.Audited(t.Context(), entry, func(*audit.Entry) error { panic("a crash") })
	}()
	list, err := b.Audits(t.Context(), 4)
	if err != nil || len(list) != 4 {
		t.Fatalf("%v, %v", list, err)
	}
	for i, want := range []string{"", audit.Done, "failed: internal error; the log has the details", "failed: changed by somebody else"} {
		if got := list[i]; got.Outcome != want || got.Who != "ann" || got.Old != "time 1" || got.At.IsZero() {
			t.Errorf("%+v, want outcome %q", got, want)
		}
	}
	list, _ = b.Audits(t.Context(), 10)
	if first := list[len(list)-1]; first.Object != "schedule 1 (n)" || len(first.New) != 4096 || first.Outcome != audit.Done {
		t.Errorf("%s, %d bytes, %s", first.Object, len(first.New), first.Outcome)
	}

	done := false
	_ = db.Close()
	if err := b.Audited(t.Context(), entry, func(*audit.Entry) error { done = true; return nil }); err == nil || done {
		t.Errorf("done without a trace: %v, %v", done, err)
	}
}
