// Package setup is the commands that set an installation up and examine it: our own
// tables, the definitions, operators' tokens, doctor and the version.
package setup

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/cli"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/health"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
)

// Commands returns the commands of this group.
func Commands(a *cli.App) []*cobra.Command {
	return []*cobra.Command{migrateCmd(a), entitiesCmd(a), doctorCmd(a), tokenCmd(a), versionCmd(a), auditCmd(a), cli.ConfigTopic(a.Wings)}
}

// migrateCmd is the command that brings our own tables up to date.
func migrateCmd(a *cli.App) *cobra.Command {
	return &cobra.Command{
		Use:   "migrate",
		Short: "Bring our own tables up to date",
		Long: `migrate creates or alters our own tables, forward only, and prints each migration.
Running it twice, or on two machines at once, is safe. It changes nothing in the
tables of the returns.`,
		Example: `  returnsync migrate
  STATE_DSN='sync:secret@tcp(10.0.0.6:3306)/return_sync' returnsync migrate`,
		Args: cli.Args,
		RunE: a.Run(migrate),
	}
}

// migrate applies the migrations.
func migrate(ctx context.Context, s *cli.Session, _ []string) error {
	d, err := s.Configure(ctx, false)
	if err != nil {
		return err
	}
	db, err := s.Reach(ctx, d)
	if err != nil {
		return err
	}
	have, want, err := db.Schema(ctx)
	if err != nil {
		return err
	}
	if have > want {
		todo := health.SchemaTodo(have, want)
		return fmt.Errorf("%s: %s", todo.Problem, todo.Do)
	}
	applied, err := db.Migrate(ctx, wire.WingTables(s.Wings)...)
	for _, m := range applied {
		_, _ = fmt.Fprintf(s.Out, "applied %s\n", m.File)
	}
	if err == nil && len(applied) == 0 {
		_, _ = fmt.Fprintf(s.Out, "up to date, at version %d\n", want)
	}
	return err
}
