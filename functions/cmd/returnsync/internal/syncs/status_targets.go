package syncs

import (
	"fmt"
	"io"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/cli"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/health"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rework"
)

// printTargets writes a line for each further target, open job and comparison.
func printTargets(w io.Writer, b health.Upkeep, now time.Time) {
	for _, t := range b.Targets {
		asOf := "never synced"
		if t.AsOf != nil {
			asOf = "as of " + t.AsOf.UTC().Format(cli.Clock) + ", " + cli.Age(now.Sub(*t.AsOf)) + " behind"
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
		text = "waiting: " + cli.OneLine(r.Note)
	} else if r.Note != "" {
		text += ": " + cli.OneLine(r.Note)
	}
	return text + "; " + cli.ShareOf(r) + " done"
}

// driftText says what the regular comparison has found.
func driftText(d health.Drift, now time.Time) string {
	text := "no record differs"
	if d.Records > 0 {
		text = fmt.Sprintf("%d records differ", d.Records)
	}
	if d.RoundFinishedAt == nil {
		return text + "; the first full comparison is under way"
	}
	return text + "; the last full comparison was " + cli.Age(now.Sub(*d.RoundFinishedAt)) + " ago"
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
