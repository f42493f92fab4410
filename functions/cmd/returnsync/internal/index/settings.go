package index

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/cli"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/operate"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/audit"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
)

// settingsCmd is the commands about the settings of indices.
func settingsCmd(a *cli.App) *cobra.Command {
	return cli.Group(&cobra.Command{
		Use:     "settings",
		Short:   "Compare the indices' settings with the definitions', or push them",
		Example: "  returnsync settings diff\n  returnsync settings push --dry-run\n  returnsync settings push",
	}, diffCmd(a), pushCmd(a))
}

// settingsOptions are the flags.
type settingsOptions struct {
	entity  string
	json    bool
	dryRun  bool
	timeout time.Duration
	failed  bool // the reports are incomplete
}

// add adds the flags of both commands.
func (o *settingsOptions) add(f *pflag.FlagSet) {
	cli.JSONFlag(f, &o.json)
	f.StringVar(&o.entity, "entity", "", "this entity alone")
}

// diffCmd is the command that compares.
func diffCmd(a *cli.App) *cobra.Command {
	var o settingsOptions
	cmd := &cobra.Command{
		Use:   "diff",
		Short: "Show where an index differs from its definition",
		Long: `diff reads the live settings of each index, and of the replica of each order in
SEARCH_SORTS, and compares them with the definition's settings.json. It changes
nothing. A setting that is not set has Algolia's default. Order matters only in
searchableAttributes, ranking and customRanking.

Settings and replicas that only the index has are shown as "left alone" and are no
drift. ALGOLIA_ADMIN_KEY needs the right settings.`,
		Annotations: cli.Attention("an index has drifted from its definition"),
		Example:     "  returnsync settings diff\n  returnsync settings diff --entity returns --json",
		Args:        cli.Args,
		RunE:        a.Run(func(ctx context.Context, s *cli.Session, _ []string) error { return diffSettings(ctx, s, o) }),
	}
	o.add(cmd.Flags())
	return cmd
}

// pushCmd is the command that pushes.
func pushCmd(a *cli.App) *cobra.Command {
	var o settingsOptions
	cmd := &cobra.Command{
		Use:   "push",
		Short: "Give the indices the settings of their definitions",
		Long: `push changes the settings that settings diff reports as drift and no others, waits
until they are in force and compares again. Without drift it sends nothing. It makes
a missing index or replica. Settings and replicas that only the index has are left
alone.

Each order in SEARCH_SORTS is a standard replica, so that a list by date is exactly
by date. A standard replica is a copy of every record, which Algolia bills: three
orders make four times the records.

ALGOLIA_ADMIN_KEY needs the rights settings, editSettings and addObject.`,
		Example: "  returnsync settings push --dry-run\n  returnsync settings push --entity returns",
		Args:    cli.Args,
		RunE:    a.Run(func(ctx context.Context, s *cli.Session, _ []string) error { return pushSettings(ctx, s, o) }),
	}
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "show what would be pushed, and change nothing")
	cmd.Flags().DurationVar(&o.timeout, "timeout", 30*time.Minute, "how long to wait until all settings are in force")
	o.add(cmd.Flags())
	return cmd
}

// settingsReport is the report on one entity. Its JSON is for programs: fields are added,
// never renamed.
type settingsReport struct {
	Entity string `json:"entity"`
	InStep bool   `json:"inStep"` // now
	// Pushed reports whether the drift in Indices has been corrected since.
	Pushed  bool              `json:"pushed"`
	Indices []wire.IndexDrift `json:"indices"`
}

// diffSettings compares and prints.
func diffSettings(ctx context.Context, s *cli.Session, o settingsOptions) error {
	reports, err := eachIndex(ctx, s, o, (*wire.IndexSettings).Diff)
	if err != nil {
		return err
	}
	if err := printSettings(s, reports, o); err != nil {
		return err
	}
	for _, r := range reports {
		if !r.InStep {
			return cli.ErrAttention
		}
	}
	return nil
}

// pushSettings pushes and prints.
func pushSettings(ctx context.Context, s *cli.Session, o settingsOptions) error {
	if err := cli.Positive("--timeout", o.timeout); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	reports, err := pushAudited(ctx, s, o)
	if o.failed = err != nil; !o.failed || len(reports) > 0 {
		err = errors.Join(printSettings(s, reports, o), err)
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("some settings were not in force after --timeout %v: settings diff shows them; pushing again does no harm: %w", o.timeout, err)
	}
	return err
}

// pushAudited pushes, unless it is a dry run, and names the changed indices in the audit.
func pushAudited(ctx context.Context, s *cli.Session, o settingsOptions) (reports []settingsReport, err error) {
	if o.dryRun {
		return eachIndex(ctx, s, o, (*wire.IndexSettings).Diff)
	}
	db, err := auditTables(ctx, s)
	if err != nil {
		return nil, err
	}
	entry := audit.Entry{Action: operate.PushSettings, Object: cmp.Or(o.entity, "all entities")}
	err = s.Audited(ctx, db, entry, func(entry *audit.Entry) (err error) {
		reports, err = eachIndex(ctx, s, o, (*wire.IndexSettings).Push)
		for i, r := range reports {
			reports[i].Pushed = !r.InStep
			reports[i].InStep = r.InStep || err == nil
			for _, one := range r.Indices {
				if !r.InStep {
					entry.New += one.Index + " "
				}
			}
		}
		entry.New = strings.TrimSpace(entry.New)
		return err
	})
	return reports, err
}

// eachIndex calls do for the index of every entity that is meant. On an error it returns
// the reports up to it.
func eachIndex(ctx context.Context, s *cli.Session, o settingsOptions, do func(*wire.IndexSettings, context.Context, entity.Definition, string) ([]wire.IndexDrift, error)) ([]settingsReport, error) {
	entities, settings, err := openSettings(ctx, s, o.entity)
	if err != nil {
		return nil, err
	}
	var reports []settingsReport
	for _, d := range entities {
		list, err := do(settings, ctx, d, d.Index)
		if err != nil && len(list) == 0 {
			return reports, fmt.Errorf("%s: %w", d.Name, reachable(err))
		}
		r := settingsReport{Entity: d.Name, InStep: true, Indices: append([]wire.IndexDrift{}, list...)}
		for _, one := range list {
			r.InStep = r.InStep && !one.Drifted()
		}
		reports = append(reports, r)
		if err != nil {
			return reports, fmt.Errorf("%s: %w", d.Name, reachable(err))
		}
	}
	return reports, nil
}

// reachable adds the remedy to the error of an index that does not answer.
func reachable(err error) error {
	if fault.CodeOf(err) == "index-unreachable" {
		return fmt.Errorf("%w: check ALGOLIA_APP_ID, ALGOLIA_URL and the network", err)
	}
	return err
}

// openSettings loads the definitions of the live indices and opens the index service.
func openSettings(ctx context.Context, s *cli.Session, name string) (entity.List, *wire.IndexSettings, error) {
	var d cli.Databases
	var defs wire.Definitions
	if err := wire.Configure(ctx, s.Env.Lookup, &d, &defs); err != nil {
		return nil, nil, err
	}
	entities, err := s.Indexed(ctx, d, defs, name)
	if err != nil {
		return nil, nil, err
	}
	settings, err := s.Env.IndexSettings(ctx)
	return entities, settings, err
}

// notKept is the audit without our own tables: it does the act and keeps no row.
type notKept struct{}

// Audited implements operate.Store.
func (notKept) Audited(_ context.Context, a audit.Entry, do func(*audit.Entry) error) error {
	return do(&a)
}

// auditTables returns the audit of our own tables. Settings can be pushed before there are
// tables: without a configured database no row is kept.
func auditTables(ctx context.Context, s *cli.Session) (operate.Store, error) {
	var d cli.Databases
	if err := wire.Configure(ctx, s.Env.Lookup, &d); err != nil {
		return nil, err
	}
	if d.None() {
		_, _ = fmt.Fprintln(s.Err, "no database is configured, so the audit log gets no row of this push: set STATE_DSN or SOURCE_DSN")
		return notKept{}, nil
	}
	if err := d.Problems(false); err != nil {
		return nil, err
	}
	db, err := s.Migrated(ctx, d)
	if err != nil {
		return nil, err
	}
	return audit.New(db.Pool()), nil
}
