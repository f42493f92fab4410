package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/health"
)

// migrate is the command that brings our tables up to date.
func (a *app) migrate() *cobra.Command {
	return &cobra.Command{
		Use:   "migrate",
		Short: "Bring our own tables up to date",
		Long: `migrate creates or alters our own tables, forward only, and prints what it did.
Running it twice, or from two machines at once, is safe. It changes nothing in
the tables of the returns.`,
		Example: `  returnsync migrate
  STATE_DSN='sync:secret@tcp(10.0.0.6:3306)/return_sync' returnsync migrate`,
		Args: cobra.NoArgs,
		RunE: a.run(migrate),
	}
}

// migrate applies the migrations.
func migrate(ctx context.Context, s *session, _ []string) error {
	d, err := s.configure(ctx, need{})
	if err != nil {
		return err
	}
	db, err := s.tables(ctx, d)
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
	applied, err := db.Migrate(ctx)
	for _, m := range applied {
		_, _ = fmt.Fprintf(s.out, "applied %s\n", m.File)
	}
	if err == nil && len(applied) == 0 {
		_, _ = fmt.Fprintf(s.out, "up to date, at version %d\n", want)
	}
	return err
}
