package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
)

// clock is how times are shown to people, in UTC.
const clock = "2006-01-02 15:04:05"

// print writes the report for people: first whether all is right and what to do
// if not, then the details.
func (r report) print(to io.Writer) error {
	if len(r.Attention) == 0 {
		_, _ = fmt.Fprintf(to, "All is well.  %s UTC\n", r.Now.UTC().Format(clock))
	} else {
		_, _ = fmt.Fprintf(to, "ATTENTION: %s.  %s UTC\n", things(len(r.Attention)), r.Now.UTC().Format(clock))
	}
	for i, a := range r.Attention {
		_, _ = fmt.Fprintf(to, "\n  %d. %s\n     -> %s\n", i+1, a.title(), a.Do)
	}
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	for _, e := range r.Entities {
		e.print(w, r.Now)
	}
	_, _ = fmt.Fprintf(w, "\nschema\tversion %d of %d\n", r.Schema.Have, r.Schema.Want)
	return w.Flush()
}

// title is the problem with the entity that has it.
func (a attention) title() string {
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

// print writes an entity's details.
func (e entityReport) print(w io.Writer, now time.Time) {
	asOf := "never synced"
	if lag, ok := e.lag(); ok {
		asOf = e.AsOf.UTC().Format(clock) + ", " + age(lag) + " behind"
	}
	_, _ = fmt.Fprintf(w, "\n%s\tindex %s\n", e.Name, e.Index)
	_, _ = fmt.Fprintf(w, "  as of\t%s\n", asOf)
	_, _ = fmt.Fprintf(w, "  claim\t%s\n", e.Claim.text(now))
	_, _ = fmt.Fprintf(w, "  running\t%s\n", runningText(e.Running, now))
	_, _ = fmt.Fprintf(w, "  last run\t%s\n", lastText(e.Last, now))
	_, _ = fmt.Fprintf(w, "  parked\t%d records\n", e.Parked)
	_, _ = fmt.Fprintf(w, "  in doubt\t%d roots\n", e.Doubts)
	_, _ = fmt.Fprintf(w, "  operations\t%d in 24 hours, %d in 30 days, %d in all\n", e.Operations.Day, e.Operations.Month, e.Operations.Total)
}

// text describes a claim.
func (c claimReport) text(now time.Time) string {
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

// age prints a duration in its two largest units, rounded down.
func age(d time.Duration) string {
	d = max(d, 0)
	minutes, hours := int(d.Minutes()), int(d.Hours())
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", minutes, int(d.Seconds())%60)
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh%02dm", hours, minutes%60)
	}
	return fmt.Sprintf("%dd%02dh", hours/24, hours%24)
}

// oneLine takes what would break a line or move a terminal's cursor out of a
// text that others wrote.
func oneLine(s string) string {
	return strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, s)), " ")
}
