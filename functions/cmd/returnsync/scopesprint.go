package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	syncscope "gitlab.com/eshopbox-team/return-sync/shared/scope"
)

// answers returns scopes as callers see them.
func answers(list []syncscope.Scope) []syncscope.Answer {
	all := make([]syncscope.Answer, len(list))
	for i, s := range list {
		all[i] = s.Answer()
	}
	return all
}

// printScopes prints scopes and says by its error whether one wants looking at.
func (s *session) printScopes(all []syncscope.Answer, asJSON bool) error {
	if asJSON {
		return either(printJSON(s.out, all), attentionOf(all...))
	}
	if len(all) == 0 {
		_, _ = fmt.Fprintln(s.out, "there are no scopes: returnsync scopes start --help says how to start one")
		return nil
	}
	w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "SCOPE\tSTATE\tNOT STARTED\tSYNCING\tFAILED\tSYNCED\tLAST STARTED (UTC)\tLAST SYNCED (UTC)\tLAST FAILED (UTC)")
	for _, a := range all {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%d\t%s\t%s\t%s\n", a.ID, a.State, a.NotStarted, a.Syncing, a.Failed, a.Synced,
			moment(a.LastStartedAt), moment(a.LastSyncedAt), moment(a.LastFailedAt))
	}
	return either(w.Flush(), attentionOf(all...))
}

// printScope prints one scope with its members.
func (s *session) printScope(a syncscope.Answer, asJSON bool) error {
	if asJSON {
		return either(printJSON(s.out, a), attentionOf(a))
	}
	title := ""
	if a.Title != "" {
		title = " (" + oneLine(a.Title) + ")"
	}
	_, _ = fmt.Fprintf(s.out, "%s%s: %s, start %d\n", a.ID, title, a.State, a.Run)
	if a.Reason != "" {
		_, _ = fmt.Fprintf(s.out, "  because %s\n", oneLine(a.Reason))
	}
	_, _ = fmt.Fprintf(s.out, "  last started %s, synced %s, failed %s (UTC)\n", moment(a.LastStartedAt), moment(a.LastSyncedAt), moment(a.LastFailedAt))
	printMembers(s.out, a)
	return attentionOf(a)
}

// printMembers prints a scope's members and their failures.
func printMembers(to io.Writer, a syncscope.Answer) {
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "  MEMBER\tSTATE\tPAGES\tSTARTED (UTC)\tCOMPLETED (UTC)\tENTITIES")
	for _, id := range slices.Sorted(maps.Keys(a.Details)) {
		m := a.Details[id]
		_, _ = fmt.Fprintf(w, "  %s\t%s\t%d of %d\t%s\t%s\t%s\n", id, m.State, m.PagesDone, m.PagesTotal,
			moment(m.StartedAt), moment(m.CompletedAt), orNone(strings.Join(m.Entities, ", ")))
	}
	_ = w.Flush()
	for _, id := range slices.Sorted(maps.Keys(a.Details)) {
		for _, f := range a.Details[id].Failures {
			_, _ = fmt.Fprintf(to, "  %s: %s failed: %s\n", id, f.Entity, oneLine(f.Error))
		}
	}
}

// attentionOf returns errAttention if a scope failed or was interrupted.
func attentionOf(all ...syncscope.Answer) error {
	for _, a := range all {
		if a.State == syncscope.Failed || a.State == syncscope.Interrupted {
			return errAttention
		}
	}
	return nil
}

// either returns the first error.
func either(first, second error) error {
	if first != nil {
		return first
	}
	return second
}

// moment prints epoch milliseconds.
func moment(ms *int64) string {
	if ms == nil {
		return "never"
	}
	return time.UnixMilli(*ms).UTC().Format(clock)
}
