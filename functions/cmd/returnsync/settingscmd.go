package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/operate"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/audit"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/destination/algolia"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
)

// indexSettings is the commands about the settings of indices.
func (a *app) indexSettings() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "settings",
		Short:   "Compare the indices' settings with the definitions', or push them",
		Example: "  returnsync settings diff\n  returnsync settings push --dry-run\n  returnsync settings push",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.settingsDiff(), a.settingsPush())
	return cmd
}

// settingsOptions are what the flags say.
type settingsOptions struct {
	entity  string
	json    bool
	dryRun  bool
	timeout time.Duration
	failed  bool // what is printed is not all
}

// settingsDiff is the command that compares.
func (a *app) settingsDiff() *cobra.Command {
	var o settingsOptions
	cmd := &cobra.Command{
		Use:   "diff",
		Short: "Show what an index has otherwise than its definition wants",
		Long: `diff reads the live settings of each index, and of the replica of each order
in SEARCH_SORTS, and compares them with the definition's settings.json. It
changes nothing. A setting that is not set has Algolia's default. Order counts
in searchableAttributes, ranking and customRanking alone.

What an index has beyond the definition, settings as well as replicas, is shown
as "left alone" and is no drift. ALGOLIA_ADMIN_KEY needs the right settings.

Exit codes: 0 in step, 2 drift, 1 the comparison failed.`,
		Example: "  returnsync settings diff\n  returnsync settings diff --entity returns --json",
		Args:    cobra.NoArgs,
		RunE:    a.run(func(ctx context.Context, s *session, _ []string) error { return s.diffSettings(ctx, o) }),
	}
	cmd.Flags().BoolVar(&o.json, "json", false, "print JSON, for programs")
	cmd.Flags().StringVar(&o.entity, "entity", "", "this entity alone")
	return cmd
}

// settingsPush is the command that pushes.
func (a *app) settingsPush() *cobra.Command {
	var o settingsOptions
	cmd := &cobra.Command{
		Use:   "push",
		Short: "Give the indices the settings that their definitions want",
		Long: `push changes what settings diff calls drift and nothing else, waits until it is
in force and compares again. Where nothing differs it sends nothing. An index or
a replica that is missing is made; what an index has beyond the definition is
left alone.

Each order in SEARCH_SORTS is a standard replica, so that a list by date is
exactly by date, and a standard replica is a copy of every record: three orders
make four times the records, which is what Algolia bills.

ALGOLIA_ADMIN_KEY needs the rights settings, editSettings and addObject.

Exit codes: 0 in step now (or --dry-run), 1 the push failed.`,
		Example: "  returnsync settings push --dry-run\n  returnsync settings push --entity returns",
		Args:    cobra.NoArgs,
		RunE:    a.run(func(ctx context.Context, s *session, _ []string) error { return s.pushSettings(ctx, o) }),
	}
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "show what would be pushed, and change nothing")
	cmd.Flags().BoolVar(&o.json, "json", false, "print JSON, for programs")
	cmd.Flags().StringVar(&o.entity, "entity", "", "this entity alone")
	cmd.Flags().DurationVar(&o.timeout, "timeout", 30*time.Minute, "how long to wait until everything is in force")
	return cmd
}

// settingsReport is one entity's part of what is printed. Its JSON is for
// programs: fields are added, never renamed.
type settingsReport struct {
	Entity string `json:"entity"`
	InStep bool   `json:"inStep"` // now
	// Pushed reports whether what Indices lists has been mended since.
	Pushed  bool                 `json:"pushed"`
	Indices []algolia.IndexDrift `json:"indices"`
}

// diffSettings compares and prints.
func (s *session) diffSettings(ctx context.Context, o settingsOptions) error {
	reports, err := s.eachIndex(ctx, o, (*wire.IndexSettings).Diff)
	if err != nil {
		return err
	}
	if err := s.printSettings(reports, o); err != nil {
		return err
	}
	for _, r := range reports {
		if !r.InStep {
			return errAttention
		}
	}
	return nil
}

// pushSettings pushes and prints.
func (s *session) pushSettings(ctx context.Context, o settingsOptions) error {
	if o.timeout <= 0 {
		return fmt.Errorf("--timeout is %v; want a positive time, such as 30m", o.timeout)
	}
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	reports, err := s.pushAudited(ctx, o)
	if o.failed = err != nil; !o.failed || len(reports) > 0 {
		err = errors.Join(s.printSettings(reports, o), err)
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("not all was in force after --timeout %v: settings diff shows what is left; pushing again does no harm: %w", o.timeout, err)
	}
	return err
}

// pushAudited pushes, unless it is to change nothing, and says what was pushed.
func (s *session) pushAudited(ctx context.Context, o settingsOptions) (reports []settingsReport, err error) {
	if o.dryRun {
		return s.eachIndex(ctx, o, (*wire.IndexSettings).Diff)
	}
	db, err := s.auditTables(ctx)
	if err != nil {
		return nil, err
	}
	entry := audit.Entry{Action: operate.PushSettings, Object: cmp.Or(o.entity, "all entities")}
	err = s.audited(ctx, db, entry, func(entry *audit.Entry) (err error) {
		reports, err = s.eachIndex(ctx, o, (*wire.IndexSettings).Push)
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

// eachIndex does something with the index of every entity that was asked for. On
// an error the reports are of what was done before it.
func (s *session) eachIndex(ctx context.Context, o settingsOptions, do func(*wire.IndexSettings, context.Context, entity.Definition, string) ([]algolia.IndexDrift, error)) ([]settingsReport, error) {
	entities, settings, err := s.openSettings(ctx, o.entity)
	if err != nil {
		return nil, err
	}
	var reports []settingsReport
	for _, d := range entities {
		list, err := do(settings, ctx, d, d.Index)
		if err != nil && len(list) == 0 {
			return reports, fmt.Errorf("%s: %w", d.Name, reachable(err))
		}
		r := settingsReport{Entity: d.Name, InStep: true, Indices: append([]algolia.IndexDrift{}, list...)}
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

// reachable adds what to do to an index that does not answer.
func reachable(err error) error {
	if fault.CodeOf(err) == "index-unreachable" {
		return fmt.Errorf("%w: check ALGOLIA_APP_ID, ALGOLIA_URL and the network", err)
	}
	return err
}

// openSettings opens what the commands need, and tells all that is missing at
// once.
func (s *session) openSettings(ctx context.Context, name string) (entity.List, *wire.IndexSettings, error) {
	var d databases
	var defs wire.Definitions
	if err := wire.Configure(ctx, s.Lookup, &d, &defs); err != nil {
		return nil, nil, err
	}
	entities, err := s.indexed(ctx, d, defs, name)
	if err != nil {
		return nil, nil, err
	}
	settings, err := s.IndexSettings(ctx)
	return entities, settings, err
}

// indexed returns the definitions of the indices that searches see: after a rebuild
// these are not the files'. Without a database, or before its tables exist, nothing
// was ever rebuilt and the files are right.
func (s *session) indexed(ctx context.Context, d databases, defs wire.Definitions, name string) (entity.List, error) {
	if d.wired().State() == "" {
		return definitions(defs, name)
	}
	if err := d.problems(false); err != nil {
		return nil, err
	}
	db, err := s.tables(ctx, d)
	if err != nil {
		return nil, err
	}
	have, _, err := db.Schema(ctx)
	switch {
	case err != nil:
		return nil, err
	case have == 0:
		return definitions(defs, name)
	}
	_, entities, err := s.live(ctx, d, defs, name)
	return entities, err
}
