package syncs

import (
	"fmt"
	"io"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/cli"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/health"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
)

// PrintStatus writes the report for people: first whether all is well and, if not, what
// to do; then the details.
func PrintStatus(to io.Writer, r health.Report) error {
	if len(r.Attention) == 0 {
		_, _ = fmt.Fprintf(to, "%s  %s UTC\n", cli.Paint(to, "All is well."), r.Now.UTC().Format(cli.Clock))
	} else {
		_, _ = fmt.Fprintf(to, "%s: %s.  %s UTC\n", cli.Paint(to, "ATTENTION"), things(len(r.Attention)), r.Now.UTC().Format(cli.Clock))
	}
	for i, a := range r.Attention {
		_, _ = fmt.Fprintf(to, "\n  %d. %s\n     -> %s\n", i+1, a.Title(), a.Do)
	}
	w := cli.Columns(to)
	for _, e := range r.Entities {
		printEntity(w, e, r.Now)
	}
	if r.Budget != nil {
		printBudget(w, *r.Budget)
	}
	_, _ = fmt.Fprintf(w, "\nschema\tversion %d of %d\n", r.Schema.Have, r.Schema.Want)
	return w.Flush()
}

// things counts the findings in words.
func things(n int) string {
	if n == 1 {
		return "1 finding"
	}
	return fmt.Sprintf("%d findings", n)
}

// printEntity writes an entity's details.
func printEntity(w io.Writer, e health.Entity, now time.Time) {
	asOf := "never synced"
	if lag, ok := e.Lag(); ok {
		asOf = e.AsOf.UTC().Format(cli.Clock) + ", " + cli.Age(lag) + " behind"
	}
	_, _ = fmt.Fprintf(w, "\n%s\tindex %s\n", e.Name, e.Index)
	_, _ = fmt.Fprintf(w, "  as of\t%s\n", asOf)
	_, _ = fmt.Fprintf(w, "  claim\t%s\n", claimText(e.Claim, now))
	_, _ = fmt.Fprintf(w, "  running\t%s\n", runningText(e.Running, now))
	if p := e.PageError; p != nil {
		_, _ = fmt.Fprintf(w, "  page error\tpage %d, try %d, %s ago: %s\n", p.Page, p.Try, cli.Age(now.Sub(p.At)), cli.OneLine(p.Message))
	}
	if x := e.IndexCheck; x != nil {
		_, _ = fmt.Fprintf(w, "  index\t%d records, %d to %d expected, checked %s ago\n", x.Records, x.Least, x.Most, cli.Age(now.Sub(x.At)))
	}
	_, _ = fmt.Fprintf(w, "  last run\t%s\n", lastText(e.Last, now))
	_, _ = fmt.Fprintf(w, "  parked\t%d records\n", e.Parked)
	_, _ = fmt.Fprintf(w, "  unconfirmed\t%d roots\n", e.Doubts)
	_, _ = fmt.Fprintf(w, "  operations\t%d in 24 hours, %d in 30 days, %d in all\n", e.Operations.Day, e.Operations.Month, e.Operations.Total)
	printTargets(w, e.Upkeep, now)
}

// claimText describes a claim.
func claimText(c health.Claim, now time.Time) string {
	switch {
	case c.State == "none":
		return "none yet: there was no tick"
	case c.LeaseUntil == nil:
		return c.State
	case c.Expired:
		return c.State + ", lease expired " + cli.Age(now.Sub(*c.LeaseUntil)) + " ago"
	}
	return c.State + ", lease ends in " + cli.Age(c.LeaseUntil.Sub(now))
}

// runningText describes the run under way.
func runningText(a *run.Answer, now time.Time) string {
	if a == nil {
		return "nothing"
	}
	since := fmt.Sprintf("run %d for %s, ", a.RunID, cli.Age(now.Sub(a.CreatedAt)))
	if a.PagesTotal == 0 {
		return since + "listing the changes"
	}
	return since + fmt.Sprintf("%d of %d pages; %v", a.PagesDone, a.PagesTotal, a.Counts)
}

// lastText describes the newest ended run.
func lastText(a *run.Answer, now time.Time) string {
	if a == nil {
		return "none"
	}
	when := ""
	if a.ClosedAt != nil {
		when = fmt.Sprintf(" %s ago after %s", cli.Age(now.Sub(*a.ClosedAt)), cli.Age(a.ClosedAt.Sub(a.CreatedAt)))
	}
	return fmt.Sprintf("run %d %s%s; %v", a.RunID, a.State, when, a.Counts)
}
