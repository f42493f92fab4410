package reports

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/cli"
	wing "gitlab.com/eshopbox-team/return-sync/functions/internal/wings/reports"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/report/airtable/base"
)

// baseCmd is the group of commands about the SYNC base.
func baseCmd(a *cli.App) *cobra.Command {
	return cli.Group(&cobra.Command{
		Use:     "base",
		Short:   "Make the tables of the SYNC base in Airtable, or examine them",
		Example: "  returnsync reports base init\n  returnsync reports base check",
	}, &cobra.Command{
		Use:   "init",
		Short: "Make the tables and fields that the SYNC base lacks",
		Long: `init makes the tables Overview, Logs, Reports, Report Types and Automations with their
fields in the base AIRTABLE_SYNC_BASE, as far as they are missing. It changes nothing
that exists, so running it twice is safe. Airtable's API makes no views: init prints
those to make by hand.`,
		Example: "  returnsync reports base init",
		Args:    cli.Args,
		RunE:    a.Run(baseInit),
	}, &cobra.Command{
		Use:         "check",
		Short:       "Compare the SYNC base's tables and fields with what is written there",
		Long:        "check lists tables and fields of the base AIRTABLE_SYNC_BASE that are missing or have\nanother type. It changes nothing.",
		Annotations: cli.Attention("a table or field is missing or has another type"),
		Example:     "  returnsync reports base check",
		Args:        cli.Args,
		RunE:        a.Run(baseCheck),
	})
}

// openBase opens the SYNC base.
func openBase(ctx context.Context, s *cli.Session) (*base.Base, error) {
	db, err := s.Tables(ctx)
	if err != nil {
		return nil, err
	}
	b, err := wing.SyncBase(ctx, wire.Opening{Env: s.Env, Pool: db.Pool()})
	if err == nil && b == nil {
		err = errors.New("AIRTABLE_SYNC_BASE is not set: name the id of the SYNC base (app...) and AIRTABLE_TOKEN")
	}
	return b, err
}

// baseInit makes what the base lacks.
func baseInit(ctx context.Context, s *cli.Session, _ []string) error {
	b, err := openBase(ctx, s)
	if err != nil {
		return err
	}
	made, err := b.Init(ctx)
	for _, one := range made {
		_, _ = fmt.Fprintf(s.Out, "made %s\n", one)
	}
	if err != nil {
		return err
	}
	if len(made) == 0 {
		_, _ = fmt.Fprintln(s.Out, "The base has all tables and fields.")
	}
	_, _ = fmt.Fprintln(s.Out, "\nViews to make by hand in Airtable:")
	for _, v := range base.Views() {
		_, _ = fmt.Fprintf(s.Out, "  %s\n", v)
	}
	return nil
}

// baseCheck examines the base.
func baseCheck(ctx context.Context, s *cli.Session, _ []string) error {
	b, err := openBase(ctx, s)
	if err != nil {
		return err
	}
	wrong, err := b.Check(ctx)
	if err != nil {
		return err
	}
	for _, one := range wrong {
		_, _ = fmt.Fprintln(s.Out, one)
	}
	if len(wrong) > 0 {
		return cli.ErrAttention
	}
	_, _ = fmt.Fprintln(s.Out, "The base has all tables and fields.")
	return nil
}
