package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/doctor"
	"gitlab.com/eshopbox-team/return-sync/shared/identity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
)

// entities is the commands about entity definitions.
func (a *app) entities() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "entities",
		Short:   "List and check entity definitions",
		Example: "  returnsync entities list\n  returnsync entities check returns",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.entitiesList(), a.entitiesCheck())
	return cmd
}

// entitiesList is the command that lists definitions.
func (a *app) entitiesList() *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the entities that this program knows",
		Example: "  returnsync entities list --entities-dir ./entities",
		Args:    cobra.NoArgs,
		RunE: a.run(func(ctx context.Context, s *session, _ []string) error {
			list, err := s.load(ctx)
			if err != nil {
				return err
			}
			w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
			_, _ = fmt.Fprintln(w, "ENTITY\tJOB TYPE\tINDEX\tPAGE\tRECORD LIMIT\tDEFINITION")
			for _, d := range list {
				_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%d roots\t%d bytes\t%s\n", d.Name, d.JobType, d.Index, d.PageSize, d.RecordLimit, d.Source)
			}
			return w.Flush()
		}),
	}
}

// entitiesCheck is the command that checks definitions.
func (a *app) entitiesCheck() *cobra.Command {
	var offline bool
	cmd := &cobra.Command{
		Use:   "check [name...]",
		Short: "Check definitions, against the database as well",
		Long: `check reads the definitions and asks the database of the returns whether each
fits it: both queries must be understood, rows.sql must give columns that make a
record, and changed.sql the one column _root. Of a sample of the rows the accounts
are read, and those reported that the index could take for one, such as those equal
but for case. Nothing is changed. With --offline the files alone are checked.`,
		Example: `  returnsync entities check
  returnsync entities check returns --dsn 'reader:secret@tcp(127.0.0.1:3306)/eshopbox'
  returnsync entities check --offline --entities-dir ./entities`,
		RunE: a.run(func(ctx context.Context, s *session, args []string) error {
			return s.check(ctx, args, offline)
		}),
	}
	cmd.Flags().BoolVar(&offline, "offline", false, "check the files alone, without a database")
	return cmd
}

// load reads all definitions that the settings name.
func (s *session) load(ctx context.Context) (entity.List, error) {
	var defs wire.Definitions
	if err := wire.Configure(ctx, s.Lookup, &defs); err != nil {
		return nil, err
	}
	return defs.Load()
}

// check checks the named definitions, all without a name.
func (s *session) check(ctx context.Context, names []string, offline bool) error {
	list, err := s.load(ctx)
	if err != nil {
		return err
	}
	for _, name := range names {
		if _, err := list.Named(name); err != nil {
			return err
		}
	}
	list = slices.DeleteFunc(list, func(d entity.Definition) bool { return len(names) > 0 && !slices.Contains(names, d.Name) })
	checked, ask := "files and database", func(context.Context, entity.Definition) ([]doctor.Finding, error) { return nil, nil }
	if offline {
		checked = "files only"
	} else if ask, err = s.asker(ctx); err != nil {
		return err
	}
	var problems []error
	for _, d := range list {
		found, err := ask(ctx, d)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		_, _ = fmt.Fprintf(s.out, "%s: ok (%s, %s)\n", d.Name, d.Source, checked)
		for _, f := range found {
			if f.Severity == doctor.Warn {
				_, _ = fmt.Fprintf(s.out, "  WARN %s\n", oneLine(f.Message))
			}
		}
	}
	if len(problems) == 0 {
		return nil
	}
	text := strings.ReplaceAll(errors.Join(problems...).Error(), "\n", "\n  ")
	return fmt.Errorf("%d of %d definitions do not fit the database:\n  %s", len(problems), len(list), text)
}

// asker opens the database of the returns and returns what asks it about a
// definition.
func (s *session) asker(ctx context.Context) (func(context.Context, entity.Definition) ([]doctor.Finding, error), error) {
	d, err := s.configure(ctx, need{source: true})
	if err != nil {
		return nil, fmt.Errorf("%w\n  (--offline checks the files without a database)", err)
	}
	source, err := s.Source(d.wired())
	if err != nil {
		return nil, err
	}
	limited, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	_, err = source.Now(limited)
	ask := func(ctx context.Context, d entity.Definition) ([]doctor.Finding, error) {
		if err := source.Check(ctx, d); err != nil {
			return nil, err
		}
		return doctor.Accounts(ctx, source, d, identity.Nameable), nil
	}
	return ask, unanswered("SOURCE_DSN", d.Source, err)
}
