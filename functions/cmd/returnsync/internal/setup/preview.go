package setup

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/cli"
	"gitlab.com/eshopbox-team/return-sync/shared/doctor"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
)

// maxPreview bounds the roots of a preview.
const maxPreview = 500

// previewCmd is the command that shows what a definition makes of rows.
func previewCmd(a *cli.App) *cobra.Command {
	limit, id := 5, ""
	cmd := &cobra.Command{
		Use:   "preview name",
		Short: "Show the records that a definition makes, as JSON",
		Long: `preview reads the rows of the roots that changed last, or of the one named by --id, and
prints the records as a sync would send them, with their bytes, the reason of each that
would be parked, the plan of both statements and the server's warnings. It sends nothing
and changes nothing.`,
		Example: "  returnsync entities preview returns --limit 3\n  returnsync entities preview returns --id 4711\n  returnsync entities preview listings --id 'acme,17'",
		Args:    cli.Args,
	}
	cmd.Flags().IntVar(&limit, "limit", limit, fmt.Sprintf("how many roots to read, at most %d", maxPreview))
	cmd.Flags().StringVar(&id, "id", "", "the id or the key of the one root to read")
	cmd.RunE = a.Run(func(ctx context.Context, s *cli.Session, args []string) error {
		if limit < 1 || limit > maxPreview {
			return fmt.Errorf("--limit is %d: want 1 to %d", limit, maxPreview)
		}
		var named *string
		if cmd.Flags().Changed("id") {
			named = &id
		}
		return previewEntity(ctx, s, args[0], named, limit)
	})
	return cmd
}

// previewEntity prints the preview of a definition.
func previewEntity(ctx context.Context, s *cli.Session, name string, named *string, limit int) error {
	list, err := loadEntities(ctx, s)
	if err != nil {
		return err
	}
	d, err := list.Named(name)
	if err != nil {
		return err
	}
	settings, err := s.Configure(ctx, true)
	if err != nil {
		return err
	}
	source, err := s.Env.Source(settings.Wired())
	if err != nil {
		return err
	}
	source = source.Sketch()
	if err := source.Check(ctx, d); err != nil {
		return err
	}
	now, err := source.Now(ctx)
	if err != nil {
		return err
	}
	var roots []uint64
	if named != nil {
		root, err := source.RootNamed(ctx, d, *named)
		if err != nil {
			return err
		}
		roots = []uint64{root}
	}
	p, err := doctor.Previews(ctx, source, source.SQL(), d, doctor.Choice{Roots: roots, Limit: limit, Now: now})
	if err != nil {
		return err
	}
	return cli.JSON(s.Out, p)
}

// schemaCmd is the command that prints the reference of entity.yaml's keys.
func schemaCmd(a *cli.App) *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of entity.yaml",
		Long: `schema prints the JSON Schema of entity.yaml: every key with its meaning, form and
default. Editors complete and check the file with it: save the schema to a file and begin
entity.yaml with the line

  # yaml-language-server: $schema=../entity.schema.json`,
		Example: "  returnsync entities schema > entities/entity.schema.json",
		Args:    cli.Args,
		RunE: a.Run(func(_ context.Context, s *cli.Session, _ []string) error {
			_, err := s.Out.Write(entity.Schema())
			return err
		}),
	}
}
