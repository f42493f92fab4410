package scopes

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/cli"
	syncscope "gitlab.com/eshopbox-team/return-sync/shared/scope"
)

// printScope prints one scope with its members.
func printScope(s *cli.Session, a syncscope.Answer, asJSON bool) error {
	if asJSON {
		return cmp.Or(cli.JSON(s.Out, a), attentionOf(a))
	}
	title := ""
	if a.Title != "" {
		title = " (" + cli.OneLine(a.Title) + ")"
	}
	_, _ = fmt.Fprintf(s.Out, "%s%s: %s, start %d\n", a.ID, title, a.State, a.Run)
	if a.Reason != "" {
		_, _ = fmt.Fprintf(s.Out, "  because %s\n", cli.OneLine(a.Reason))
	}
	_, _ = fmt.Fprintf(s.Out, "  last started %s, synced %s, failed %s (UTC)\n", moment(a.LastStartedAt), moment(a.LastSyncedAt), moment(a.LastFailedAt))
	printMembers(s.Out, a)
	return attentionOf(a)
}

// printMembers prints a scope's members and their failures.
func printMembers(to io.Writer, a syncscope.Answer) {
	members := slices.Sorted(maps.Keys(a.Details))
	_ = cli.Table(to, "  MEMBER\tSTATE\tPAGES\tSTARTED (UTC)\tCOMPLETED (UTC)\tENTITIES", members, func(id string) []any {
		m := a.Details[id]
		return []any{id, m.State, fmt.Sprintf("%d of %d", m.PagesDone, m.PagesTotal), moment(m.StartedAt), moment(m.CompletedAt), cmp.Or(strings.Join(m.Entities, ", "), "-")}
	})
	for _, id := range members {
		for _, f := range a.Details[id].Failures {
			_, _ = fmt.Fprintf(to, "  %s: %s failed: %s\n", id, f.Entity, cli.OneLine(f.Error))
		}
	}
}

// attentionOf returns cli.ErrAttention if a scope failed or was interrupted.
func attentionOf(all ...syncscope.Answer) error {
	for _, a := range all {
		if a.State == syncscope.Failed || a.State == syncscope.Interrupted {
			return cli.ErrAttention
		}
	}
	return nil
}

// moment prints epoch milliseconds.
func moment(ms *int64) string {
	if ms == nil {
		return "never"
	}
	return time.UnixMilli(*ms).UTC().Format(cli.Clock)
}
