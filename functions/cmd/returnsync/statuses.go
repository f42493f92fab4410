package main

import (
	"context"
	"fmt"
	"strconv"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/operate"
	syncscope "gitlab.com/eshopbox-team/return-sync/shared/scope"
	"gitlab.com/eshopbox-team/return-sync/shared/scope/scopestore"
)

// statuses is the commands about single syncs of entities.
func (a *app) statuses() *cobra.Command {
	cmd := &cobra.Command{
		Use: "statuses", Short: "Show the single syncs that scopes and people started", Args: cobra.NoArgs,
		Long: `A status is one entity's part of a start of a scope or of a call of
sync-entities: syncing, synced, or failed with an error.

Exit codes: 0 all is well; 1 the command failed.`,
		Example: "  returnsync statuses list --state failed",
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	remove := a.statusDelete("delete")
	remove.Aliases = names(syncscope.DeleteStatus)
	cmd.AddCommand(a.statusesList(), remove)
	return cmd
}

// statusesList is the command that lists statuses.
func (a *app) statusesList() *cobra.Command {
	var asJSON bool
	var f scopestore.StatusFilter
	var state string
	cmd := &cobra.Command{
		Use: "list", Short: "List the statuses, newest first", Args: cobra.NoArgs,
		Example: "  returnsync statuses list\n  returnsync statuses list --entity returns --state failed --json",
		RunE: a.run(func(ctx context.Context, s *session, _ []string) error {
			f.State = syncscope.State(state)
			return s.listStatuses(ctx, f, asJSON)
		}),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, for programs")
	cmd.Flags().StringVar(&f.Entity, "entity", "", "of this entity alone")
	cmd.Flags().StringVar(&state, "state", "", "in this state alone: syncing, synced or failed")
	cmd.Flags().StringVar(&f.Instance, "instance", "", "of this member alone")
	cmd.Flags().IntVar(&f.Limit, "limit", 50, "at most this many")
	return cmd
}

// listStatuses prints statuses.
func (s *session) listStatuses(ctx context.Context, f scopestore.StatusFilter, asJSON bool) error {
	switch {
	case f.Limit < 1:
		return fmt.Errorf("--limit is %d; want 1 or more", f.Limit)
	case f.State != "" && f.State != syncscope.Syncing && f.State != syncscope.Synced && f.State != syncscope.Failed:
		return fmt.Errorf("--state is %q; want syncing, synced or failed", f.State)
	}
	scopes, err := s.scopesRead(ctx)
	if err != nil {
		return err
	}
	list, err := scopes.Store.Statuses(ctx, f)
	if err != nil {
		return err
	}
	all := make([]syncscope.StatusAnswer, len(list))
	for i, one := range list {
		all[i] = one.Answer()
	}
	return s.printStatuses(all, asJSON)
}

// printStatuses prints statuses for people or programs.
func (s *session) printStatuses(all []syncscope.StatusAnswer, asJSON bool) error {
	if asJSON {
		return printJSON(s.out, all)
	}
	if len(all) == 0 {
		_, _ = fmt.Fprintln(s.out, "there are no such statuses")
		return nil
	}
	w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "ID\tENTITY\tMEMBER\tSTATE\tPAGES\tRUN\tSTARTED (UTC)\tCHANGED (UTC)\tERROR")
	for _, a := range all {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d of %d\t%d\t%s\t%s\t%s\n", a.ID, a.Entity, orNone(a.InstanceID), a.State, a.PagesDone, a.PagesTotal, a.RunID,
			moment(&a.StartedAt), moment(&a.Timestamp), oneLine(a.Error))
	}
	return w.Flush()
}

// statusDelete is the command that deletes a status.
func (a *app) statusDelete(use string) *cobra.Command {
	return &cobra.Command{
		Use: use + " <id>", Short: "Delete a status; an open scope still counts it", Args: cobra.ExactArgs(1),
		Example: "  returnsync statuses delete 7",
		RunE: a.run(func(ctx context.Context, s *session, args []string) error {
			id, err := strconv.ParseInt(args[0], 10, 64)
			if err != nil {
				return fmt.Errorf("%q is no status: want its number, as statuses list shows it", args[0])
			}
			scopes, err := s.scopesRead(ctx)
			if err != nil {
				return err
			}
			if _, err := (operate.ScopeActs{Flow: scopes}).DeleteStatus(ctx, s.actor(), args[0], syncscope.When{}); err != nil {
				return err
			}
			_, _ = fmt.Fprintf(s.out, "%d: deleted\n", id)
			return nil
		}),
	}
}
