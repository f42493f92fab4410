package setup

import (
	"context"

	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/cli"
	"gitlab.com/eshopbox-team/return-sync/shared/audit"
)

// auditCmd is the command that lists what people changed.
func auditCmd(a *cli.App) *cobra.Command {
	return cli.List[audit.Entry]{
		Command: cobra.Command{
			Use: "audit", Short: "List the changes that people made",
			Long: `audit lists each act of a person, newest first: who, by which program, what, on what,
the value before and after, and the outcome. The console shows the same rows.`,
			Example: "  returnsync audit\n  returnsync audit --limit 500 -o csv",
		},
		Limit: 30, LimitUnit: " acts, the newest",
		Read: func(ctx context.Context, s *cli.Session, o cli.ListFlags) ([]audit.Entry, error) {
			db, err := s.Tables(ctx)
			if err != nil {
				return nil, err
			}
			return audit.New(db.Pool()).Audits(ctx, o.Limit)
		},
		Empty: "Nobody has changed anything yet.",
		Head:  "AT (UTC)\tWHO\tBY\tACT\tON\tBEFORE\tAFTER\tOUTCOME",
		Row: func(e audit.Entry) []any {
			return []any{e.At, e.Who, e.Via, e.Action, e.Object, e.Old, e.New, e.Outcome}
		},
	}.Build(a)
}
