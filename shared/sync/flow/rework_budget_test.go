package flow_test

import (
	"strings"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/flow"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rework"
)

func TestBudgetUsed(t *testing.T) {
	for _, c := range []struct {
		b       rework.Budget
		percent int64
		want    string
	}{
		{rework.Budget{Day: 1_000_000, Month: 1_000_000}, 1, ""},
		{rework.Budget{Day: 79, DayCap: 100}, 80, ""},
		{rework.Budget{Day: 80, DayCap: 100}, 80, "80 of 100 operations were used in 24 hours"},
		{rework.Budget{Day: 5, DayCap: 100, Month: 90, MonthCap: 100}, 90, "90 of 100 operations were used in 30 days"},
		{rework.Budget{Day: 95, DayCap: 100, Month: 95, MonthCap: 100}, 90, "95 of 100 operations were used in 24 hours"},
		{rework.Budget{DayCap: 100, MonthCap: 100}, 90, ""},
	} {
		if got := c.b.Used(c.percent); got != c.want {
			t.Errorf("%+v at %d %%: %q, want %q", c.b, c.percent, got, c.want)
		}
	}
}

// TestReadBudgetCountsAllKindsOfRuns adds up syncs and jobs.
func TestReadBudgetCountsAllKindsOfRuns(t *testing.T) {
	w := aged(t, 6)
	before, err := rework.ReadBudget(t.Context(), w.Runs, flow.Config{OperationsDay: 7, OperationsMonth: 9})
	if err != nil || before.Day != int64(w.index.pushed()) || before.Month != before.Day || before.DayCap != 7 || before.MonthCap != 9 {
		t.Fatalf("%+v of %d, %v", before, w.index.pushed(), err)
	}
	w.bury(4)
	p := w.settled(w.backfill(rework.Asked{Roots: 4}).ID)
	after, err := rework.ReadBudget(t.Context(), w.Runs, w.cfg)
	if err != nil || p.Counts.Operations == 0 || after.Day != before.Day+p.Counts.Operations {
		t.Errorf("%+v after %+v and %v, %v", after, before, p.Counts, err)
	}
}

// TestTheBudgetsNoteIsKnown holds the note of a waiting job to the word by which a
// status distinguishes it from other notes.
func TestTheBudgetsNoteIsKnown(t *testing.T) {
	w := aged(t, 3)
	w.bury(2)
	w.cfg.OperationsMonth = 1
	j := w.backfill(rework.Asked{Roots: 2})
	turn, _ := w.queue.next()
	if err := w.deliver(turn); err != nil {
		t.Fatal(err)
	}
	if got, _ := w.job(j.ID); !strings.HasPrefix(got.Note, rework.BudgetNote) || !strings.Contains(got.Note, "30 days") {
		t.Errorf("note %q", got.Note)
	}
}
