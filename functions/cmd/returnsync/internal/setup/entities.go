package setup

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/cli"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/doctor"
	"gitlab.com/eshopbox-team/return-sync/shared/identity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
)

// entitiesCmd is the commands about entity definitions.
func entitiesCmd(a *cli.App) *cobra.Command {
	return cli.Group(&cobra.Command{
		Use:     "entities",
		Short:   "List, check, preview and propose entity definitions",
		Example: "  returnsync entities list\n  returnsync entities check returns",
	}, entitiesListCmd(a), checkCmd(a), initCmd(a), previewCmd(a), schemaCmd(a))
}

// entitiesListCmd is the command that lists definitions.
func entitiesListCmd(a *cli.App) *cobra.Command {
	return cli.List[listed]{
		Command: cobra.Command{
			Short:   "List the entities that this program knows",
			Example: "  returnsync entities list --entities-dir ./entities",
		},
		Read: func(ctx context.Context, s *cli.Session, _ cli.ListFlags) (all []listed, err error) {
			list, err := loadEntities(ctx, s)
			for _, d := range list {
				all = append(all, listed{d.Name, d.JobType, d.Index, d.PageSize, d.RecordLimit, d.Source})
			}
			return all, err
		},
		Head: "ENTITY\tJOB TYPE\tINDEX\tPAGE\tRECORD LIMIT\tDEFINITION",
		Row: func(l listed) []any {
			return []any{l.Entity, l.JobType, l.Index, fmt.Sprint(l.PageSize, " roots"), fmt.Sprint(l.RecordLimit, " bytes"), l.Source}
		},
	}.Build(a)
}

// listed is a definition as a list shows it.
type listed struct {
	Entity      string `json:"entity"`
	JobType     string `json:"jobType"`
	Index       string `json:"index"`
	PageSize    int    `json:"pageSize"`    // roots
	RecordLimit int    `json:"recordLimit"` // bytes
	Source      string `json:"source"`
}

// checkCmd is the command that checks definitions.
func checkCmd(a *cli.App) *cobra.Command {
	var offline bool
	cmd := &cobra.Command{
		Use:   "check [name...]",
		Short: "Check definitions, against the database as well",
		Long: `check reads the definitions and checks each against the database of the returns: the
server must understand both queries, the columns of rows.sql must make a record, and
changed.sql must return the column _root (or _root1, _root2 and so on), and the columns
that the definition follows must be whole numbers. It builds the records of the roots that
changed last and reports those that would be parked, stamps that windows may miss, and
accounts that the index could confuse, such as two that differ only in case. It changes
nothing. With --offline it checks the files alone.`,
		Annotations: cli.Failure(map[string]string{}, "a definition is wrong or does not fit the database"),
		Example: `  returnsync entities check
  returnsync entities check returns --dsn 'reader:secret@tcp(127.0.0.1:3306)/eshopbox'
  returnsync entities check --offline --entities-dir ./entities`,
		RunE: a.Run(func(ctx context.Context, s *cli.Session, args []string) error {
			return checkEntities(ctx, s, args, offline)
		}),
	}
	cmd.Flags().BoolVar(&offline, "offline", false, "check the files alone, without a database")
	return cmd
}

// loadEntities reads all definitions that the settings name.
func loadEntities(ctx context.Context, s *cli.Session) (entity.List, error) {
	var defs wire.Definitions
	if err := wire.Configure(ctx, s.Env.Lookup, &defs); err != nil {
		return nil, err
	}
	return defs.Load()
}

// checkEntities checks the named definitions, or all without a name.
func checkEntities(ctx context.Context, s *cli.Session, names []string, offline bool) error {
	list, err := loadEntities(ctx, s)
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
	} else if ask, err = asker(ctx, s); err != nil {
		return err
	}
	var problems []error
	for _, d := range list {
		found, err := ask(ctx, d)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		_, _ = fmt.Fprintf(s.Out, "%s: ok (%s, %s)\n", d.Name, d.Source, checked)
		for _, f := range found {
			if f.Severity == doctor.Warn {
				_, _ = fmt.Fprintf(s.Out, "  WARN %s\n", cli.OneLine(f.Message))
				if f.Do != "" {
					_, _ = fmt.Fprintf(s.Out, "       %s\n", cli.OneLine(f.Do))
				}
			}
		}
	}
	if len(problems) == 0 {
		return nil
	}
	text := strings.ReplaceAll(errors.Join(problems...).Error(), "\n", "\n  ")
	return fmt.Errorf("%d of %d definitions do not fit the database:\n  %s", len(problems), len(list), text)
}

// failures returns the findings by which a definition loses changes, as an error.
func failures(d entity.Definition, found []doctor.Finding) error {
	var problems []error
	for _, f := range found {
		if f.Severity == doctor.Fail {
			problems = append(problems, fmt.Errorf("%s: %s\n  %s", d.Name, f.Message, f.Do))
		}
	}
	return errors.Join(problems...)
}

// asker opens the database of the returns and returns the check of a definition against it.
func asker(ctx context.Context, s *cli.Session) (func(context.Context, entity.Definition) ([]doctor.Finding, error), error) {
	d, err := s.Configure(ctx, true)
	if err != nil {
		return nil, fmt.Errorf("%w\n  (--offline checks the files without a database)", err)
	}
	source, err := s.Env.Source(d.Wired())
	if err != nil {
		return nil, err
	}
	log, err := wire.Binlog(s.Env, d.Wired())
	if err != nil {
		return nil, err
	}
	limited, cancel := context.WithTimeout(ctx, cli.AnswerWithin)
	defer cancel()
	_, err = source.Now(limited)
	ask := func(ctx context.Context, d entity.Definition) ([]doctor.Finding, error) {
		source := source.Sketch()
		if err := source.Check(ctx, d); err != nil {
			return nil, err
		}
		now, err := source.Now(ctx)
		if err != nil {
			return nil, err
		}
		if err := log.Check(ctx, d.Follow); err != nil {
			return nil, fmt.Errorf("%s: %w", d.Name, err)
		}
		found := doctor.DryRun(ctx, source, d, now)
		found = append(found, doctor.Stamps(ctx, source.SQL(), d, now)...)
		found = append(found, doctor.Accounts(ctx, source, d, identity.Nameable)...)
		return found, failures(d, found)
	}
	return ask, cli.Unanswered("SOURCE_DSN", d.Source, err)
}
