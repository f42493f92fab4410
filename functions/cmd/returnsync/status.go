package main

import (
	"context"
	"encoding/json"
	"io"

	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/health"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/judge"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/flow"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/target"
	"gitlab.com/eshopbox-team/return-sync/shared/watch"
)

const statusHelp = `status says first whether all is well and, if not, what to do; then, for each
entity, how fresh its index is, who holds its claim, what runs, how the last run
ended, what is kept out, which jobs are open, and what comparisons have found. It
reads our own tables, asks the live index for its number of records and its
settings, and changes nothing. The index is asked with ALGOLIA_CHECK_KEY (rights
search and settings) or the other keys that are set; without any, the answer that
the watch function keeps is judged.

Exit codes: 0 all is well, 1 status itself failed, 2 something needs attention:
our tables want migrating, an entity was never synced or is too far behind, a
sync has gone silent, the last run failed, a page failed, records are parked, a
job failed within a day or waits for the operations budget, most of that budget is
used, records differ, the index has other records or settings than it should, or
was not checked lately.
With --watch it looks again every second, and ends with 0 at Ctrl-C.`

// status is the command that says how the syncs are doing.
func (a *app) status() *cobra.Command {
	var o statusOptions
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Say how the syncs are doing, and what to do",
		Long:  statusHelp,
		Example: `  returnsync status
  returnsync status --entity returns --stale-after 1h
  returnsync status --watch
  returnsync status --json | jq .attention`,
		Args: cobra.NoArgs,
		RunE: a.run(func(ctx context.Context, s *session, _ []string) error { return s.status(ctx, o) }),
	}
	cmd.Flags().BoolVar(&o.json, "json", false, "print JSON, for programs")
	cmd.Flags().StringVar(&o.entity, "entity", "", "this entity alone")
	cmd.Flags().BoolVar(&o.watch, "watch", false, "look again every second until Ctrl-C; on a terminal the report stays in place")
	cmd.MarkFlagsMutuallyExclusive("json", "watch")
	addSettings(cmd.Flags(), onStatus)
	return cmd
}

// statusOptions are what the flags say.
type statusOptions struct {
	json   bool
	watch  bool
	entity string
}

// status prints the report.
func (s *session) status(ctx context.Context, o statusOptions) error {
	l := statusLook{entity: o.entity}
	d, err := s.configure(ctx, need{targets: []any{&l.defs, &l.limits, &l.ticks, &l.config}})
	if err != nil {
		return err
	}
	// Known before our tables are read, which may want migrating.
	if _, err := definitions(l.defs, target.Parse(o.entity).Base); err != nil {
		return err
	}
	db, err := s.tables(ctx, d)
	if err != nil {
		return err
	}
	if l.check, err = s.IndexCheck(ctx, db); err != nil {
		return err
	}
	look := func(ctx context.Context) (health.Report, error) { return l.gather(ctx, db) }
	if o.watch {
		return s.watchStatus(ctx, look)
	}
	r, err := look(ctx)
	if err != nil {
		return err
	}
	if o.json {
		err = printJSON(s.out, r)
	} else {
		err = printStatus(s.out, r)
	}
	if err == nil && !r.OK {
		err = errAttention
	}
	return err
}

// statusLook is what the settings and the flags say of a report.
type statusLook struct {
	entity string // empty for all
	defs   wire.Definitions
	limits judge.Limits
	ticks  wire.Ticks
	check  *watch.Check
	config flow.Config
}

// gather reads the report.
func (l statusLook) gather(ctx context.Context, db *store.DB) (health.Report, error) {
	query := health.Query{
		Entities: func(ctx context.Context, db *store.DB) (entity.List, error) { return live(ctx, db, l.defs, l.entity) },
		Limits:   l.limits, Plans: l.ticks.Plans, Config: l.config, Check: l.check,
	}
	return query.Read(ctx, db)
}

// printJSON writes a value for programs.
func printJSON(to io.Writer, v any) error {
	e := json.NewEncoder(to)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
