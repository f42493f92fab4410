package main

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/health"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/judge"
)

// clock is how times are shown to people, in UTC.
const clock = "2006-01-02 15:04:05"

// printStatus writes the report for people: first whether all is right and what to do
// if not, then the details.
func printStatus(to io.Writer, r health.Report) error {
	if len(r.Attention) == 0 {
		_, _ = fmt.Fprintf(to, "All is well.  %s UTC\n", r.Now.UTC().Format(clock))
	} else {
		_, _ = fmt.Fprintf(to, "ATTENTION: %s.  %s UTC\n", things(len(r.Attention)), r.Now.UTC().Format(clock))
	}
	for i, a := range r.Attention {
		_, _ = fmt.Fprintf(to, "\n  %d. %s\n     -> %s\n", i+1, titleOf(a), a.Do)
	}
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	for _, e := range r.Entities {
		printEntity(w, e, r.Now)
	}
	if r.Budget != nil {
		printBudget(w, *r.Budget)
	}
	_, _ = fmt.Fprintf(w, "\nschema\tversion %d of %d\n", r.Schema.Have, r.Schema.Want)
	return w.Flush()
}

// titleOf is the problem with the entity that has it.
func titleOf(a health.Attention) string {
	if a.Entity == "" {
		return a.Problem
	}
	return a.Entity + ": " + a.Problem
}

// things counts what needs attention in words.
func things(n int) string {
	if n == 1 {
		return "1 thing needs you"
	}
	return fmt.Sprintf("%d things need you", n)
}

// printEntity writes an entity's details.
func printEntity(w io.Writer, e health.Entity, now time.Time) {
	asOf := "never synced"
	if lag, ok := e.Lag(); ok {
		asOf = e.AsOf.UTC().Format(clock) + ", " + age(lag) + " behind"
	}
	_, _ = fmt.Fprintf(w, "\n%s\tindex %s\n", e.Name, e.Index)
	_, _ = fmt.Fprintf(w, "  as of\t%s\n", asOf)
	_, _ = fmt.Fprintf(w, "  claim\t%s\n", claimText(e.Claim, now))
	_, _ = fmt.Fprintf(w, "  running\t%s\n", runningText(e.Running, now))
	if p := e.PageError; p != nil {
		_, _ = fmt.Fprintf(w, "  page error\tpage %d, try %d, %s ago: %s\n", p.Page, p.Try, age(now.Sub(p.At)), oneLine(p.Message))
	}
	if x := e.IndexCheck; x != nil {
		_, _ = fmt.Fprintf(w, "  index\t%d records, %d to %d expected, asked %s ago\n", x.Records, x.Least, x.Most, age(now.Sub(x.At)))
	}
	_, _ = fmt.Fprintf(w, "  last run\t%s\n", lastText(e.Last, now))
	_, _ = fmt.Fprintf(w, "  parked\t%d records\n", e.Parked)
	_, _ = fmt.Fprintf(w, "  in doubt\t%d roots\n", e.Doubts)
	_, _ = fmt.Fprintf(w, "  operations\t%d in 24 hours, %d in 30 days, %d in all\n", e.Operations.Day, e.Operations.Month, e.Operations.Total)
	printBeside(w, e.Upkeep, now)
}

// claimText describes a claim.
func claimText(c health.Claim, now time.Time) string {
	switch {
	case c.State == "none":
		return "none yet: no tick has come"
	case c.LeaseUntil == nil:
		return c.State
	case c.Expired:
		return c.State + ", lease ran out " + age(now.Sub(*c.LeaseUntil)) + " ago"
	}
	return c.State + ", lease for another " + age(c.LeaseUntil.Sub(now))
}

// runningText describes the run under way.
func runningText(a *wire.Answer, now time.Time) string {
	if a == nil {
		return "nothing"
	}
	since := fmt.Sprintf("run %d for %s, ", a.RunID, age(now.Sub(a.CreatedAt)))
	if a.PagesTotal == 0 {
		return since + "listing what changed"
	}
	return since + fmt.Sprintf("%d of %d pages; %v", a.PagesDone, a.PagesTotal, a.Counts)
}

// lastText describes the newest ended run.
func lastText(a *wire.Answer, now time.Time) string {
	if a == nil {
		return "none"
	}
	when := ""
	if a.ClosedAt != nil {
		when = fmt.Sprintf(" %s ago after %s", age(now.Sub(*a.ClosedAt)), age(a.ClosedAt.Sub(a.CreatedAt)))
	}
	return fmt.Sprintf("run %d %s%s; %v", a.RunID, a.State, when, a.Counts)
}

// age prints a duration in its two largest units.
func age(d time.Duration) string { return judge.Age(d) }

// oneLine takes out of a text what would break a line.
func oneLine(s string) string { return judge.OneLine(s) }

// orNone returns a text on one line, or a word for none.
func orNone(s string) string { return judge.OrNone(s) }
