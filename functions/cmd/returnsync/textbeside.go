package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/health"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rework"
)

// printBeside writes the lines of what there is, and none for what there is not.
func printBeside(w io.Writer, b health.Upkeep, now time.Time) {
	for _, t := range b.Targets {
		asOf := "never synced"
		if t.AsOf != nil {
			asOf = "as of " + t.AsOf.UTC().Format(clock) + ", " + age(now.Sub(*t.AsOf)) + " behind"
		}
		_, _ = fmt.Fprintf(w, "  target\t%s %s, index %s, %s\n", t.Name, t.Role, t.Index, asOf)
	}
	for _, j := range b.Jobs {
		_, _ = fmt.Fprintf(w, "  job\t%d %s of %s %s\n", j.ID, j.Kind, j.Entity, stateText(j))
	}
	if d := b.Drift; d != nil {
		_, _ = fmt.Fprintf(w, "  drift\t%s\n", driftText(*d, now))
	}
}

// stateText says where a job stands.
func stateText(r health.Job) string {
	text := string(r.State)
	if r.State == rework.Running && r.Note != "" {
		text = "waiting: " + oneLine(r.Note)
	} else if r.Note != "" {
		text += ": " + oneLine(r.Note)
	}
	return text + "; " + shareOf(r) + " done"
}

// driftText says what the comparison that runs by itself has found.
func driftText(d health.Drift, now time.Time) string {
	text := "no record is known to differ"
	if d.Records > 0 {
		text = fmt.Sprintf("%d records differ", d.Records)
	}
	if d.RoundFinishedAt == nil {
		return text + "; the first comparison of everything is under way"
	}
	return text + "; everything was last compared " + age(now.Sub(*d.RoundFinishedAt)) + " ago"
}

// printBudget writes the budget.
func printBudget(w io.Writer, b health.Budget) {
	var parts []string
	for _, p := range []struct {
		used, most int64
		span       string
	}{{b.Day, b.DayCap, "24 hours"}, {b.Month, b.MonthCap, "30 days"}} {
		if p.most > 0 {
			parts = append(parts, fmt.Sprintf("%d of %d operations in %s (%d %%)", p.used, p.most, p.span, 100*p.used/p.most))
		}
	}
	_, _ = fmt.Fprintf(w, "\nbudget\t%s\n", strings.Join(parts, ", "))
}
