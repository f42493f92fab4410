package scopes

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/cli"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/operate"
	syncscope "gitlab.com/eshopbox-team/return-sync/shared/scope"
	"gitlab.com/eshopbox-team/return-sync/shared/scope/scopestore"
)

// statusHead is the head of the table of statuses.
const statusHead = "ID\tENTITY\tMEMBER\tSTATE\tPAGES\tRUN\tSTARTED (UTC)\tCHANGED (UTC)\tERROR"

// statusRow is a row of the table of statuses.
func statusRow(a syncscope.StatusAnswer) []any {
	pages := fmt.Sprintf("%d of %d", a.PagesDone, a.PagesTotal)
	return []any{a.ID, a.Entity, cmp.Or(a.InstanceID, "-"), a.State, pages, a.RunID, moment(&a.StartedAt), moment(&a.Timestamp), a.Error}
}

// statusListCmd is the command that lists statuses.
func statusListCmd(a *cli.App) *cobra.Command {
	var f scopestore.StatusFilter
	var state string
	return cli.List[syncscope.StatusAnswer]{
		Command: cobra.Command{
			Short:   "List the statuses, newest first",
			Example: "  returnsync scopes statuses list\n  returnsync scopes statuses list --entity returns --state failed --json",
		},
		Entity: "the statuses of this entity alone", Limit: 50, LimitUnit: " statuses",
		Flags: func(flags *pflag.FlagSet) {
			flags.StringVar(&state, "state", "", "the statuses in this state alone: syncing, synced or failed")
			flags.StringVar(&f.Instance, "instance", "", "the statuses of this member alone")
		},
		Read: func(ctx context.Context, s *cli.Session, o cli.ListFlags) ([]syncscope.StatusAnswer, error) {
			f.Entity, f.Limit, f.State = o.Entity, o.Limit, syncscope.State(state)
			return readStatuses(ctx, s, f)
		},
		Empty: "there are no such statuses", Head: statusHead, Row: statusRow,
	}.Build(a)
}

// readStatuses reads the statuses that are meant.
func readStatuses(ctx context.Context, s *cli.Session, f scopestore.StatusFilter) ([]syncscope.StatusAnswer, error) {
	if f.State != "" && !slices.Contains([]syncscope.State{syncscope.Syncing, syncscope.Synced, syncscope.Failed}, f.State) {
		return nil, fmt.Errorf("--state is %q; want syncing, synced or failed", f.State)
	}
	scopes, err := forReading(ctx, s)
	if err != nil {
		return nil, err
	}
	list, err := scopes.Store.Statuses(ctx, f)
	all := make([]syncscope.StatusAnswer, len(list))
	for i, one := range list {
		all[i] = one.Answer()
	}
	return all, err
}

// statusDeleteCmd is the command that deletes a status.
func statusDeleteCmd(a *cli.App, use string) *cobra.Command {
	return &cobra.Command{
		Use: use + " STATUS", Short: "Delete a status; an open scope still counts it", Args: cli.Args,
		Example: "  returnsync scopes statuses delete 7",
		RunE:    a.Run(remove("a status's number: see returnsync scopes statuses list", operate.ScopeActs.DeleteStatus)),
	}
}
