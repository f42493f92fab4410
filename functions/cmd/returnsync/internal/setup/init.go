package setup

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/cli"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
)

// initCmd is the command that proposes a definition.
func initCmd(a *cli.App) *cobra.Command {
	into, child := "entities", ""
	cmd := &cobra.Command{
		Use:   "init table",
		Short: "Propose a definition over a table",
		Long: `init reads the schema of a table and writes a proposal of entity.yaml, changed.sql,
rows.sql and settings.json, with comments, into a new folder. Columns that look like
personal data and columns without a JSON form are left out and named. It reads no row and
changes nothing in the database. Read the comments, then check and preview the proposal.`,
		Example: `  returnsync entities init products
  returnsync entities init sales_order --child sales_order_item:order_id --into ./entities
  returnsync entities preview products --entities-dir ./entities`,
		Args: cli.Args,
		RunE: a.Run(func(ctx context.Context, s *cli.Session, args []string) error {
			return initEntity(ctx, s, args[0], child, into)
		}),
	}
	cmd.Flags().StringVar(&into, "into", into, "the folder of definitions in which the new one is made")
	cmd.Flags().StringVar(&child, "child", child, "a table with a record a row, and its column with the id, as TABLE:COLUMN")
	return cmd
}

// initEntity writes the proposal of a definition.
func initEntity(ctx context.Context, s *cli.Session, table, childOf, into string) error {
	settings, err := s.Configure(ctx, true)
	if err != nil {
		return err
	}
	source, err := s.Env.Source(settings.Wired())
	if err != nil {
		return err
	}
	described, err := source.Describe(ctx, table)
	if err != nil {
		return err
	}
	var child *entity.DraftChild
	if childOf != "" {
		name, column, ok := strings.Cut(childOf, ":")
		if !ok || name == "" || column == "" {
			return fmt.Errorf("--child is %q: want TABLE:COLUMN, such as order_item:order_id", childOf)
		}
		child = &entity.DraftChild{Column: column}
		if child.DraftTable, err = source.Describe(ctx, name); err != nil {
			return err
		}
	}
	files, err := entity.Draft(described, child, into)
	if err != nil {
		return err
	}
	folder := filepath.Join(into, strings.ToLower(table))
	if err := os.MkdirAll(into, 0o750); err != nil {
		return err
	}
	if err := os.Mkdir(folder, 0o750); errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s exists already: nothing was written; remove it or name another folder with --into", folder)
	} else if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		at := filepath.Join(folder, name)
		if err := os.WriteFile(at, []byte(files[name]), 0o600); err != nil {
			return err
		}
		_, _ = fmt.Fprintln(s.Out, "wrote", at)
	}
	_, _ = fmt.Fprintf(s.Out, "read the comments, then run: returnsync entities check --entities-dir %s\n", into)
	return nil
}
