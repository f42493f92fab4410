package main

import (
	"context"
	"encoding/json"
	"io"
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/flow"
	"gitlab.com/eshopbox-team/return-sync/shared/store"
)

const statusHelp = `status says first whether all is well and, if not, what to do; then, for each
entity, how fresh its index is, who holds its claim, what runs, how the last run
ended, and what is kept out. It reads our own tables alone and changes nothing.

Exit codes: 0 all is well, 1 status itself failed, 2 something needs attention:
our tables want migrating, an entity was never synced or is too far behind, a
sync has gone silent, the last run failed, a page failed, records are parked.`

// status is the command that says how the syncs are doing.
func (a *app) status() *cobra.Command {
	var o statusOptions
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Say how the syncs are doing, and what to do",
		Long:  statusHelp,
		Example: `  returnsync status
  returnsync status --entity returns --stale-after 1h
  returnsync status --json | jq .attention`,
		Args: cobra.NoArgs,
		RunE: a.run(func(ctx context.Context, s *session, _ []string) error { return s.status(ctx, o) }),
	}
	cmd.Flags().BoolVar(&o.json, "json", false, "print JSON, for programs")
	cmd.Flags().StringVar(&o.entity, "entity", "", "this entity alone")
	addSettings(cmd.Flags(), onStatus)
	return cmd
}

// statusOptions are what the flags say.
type statusOptions struct {
	json   bool
	entity string
}

// lateness is what the settings say about being behind.
type lateness struct {
	StaleAfter time.Duration `env:"SEARCH_STALE_AFTER, default=30m"`
}

// status prints the report.
func (s *session) status(ctx context.Context, o statusOptions) error {
	var defs wire.Definitions
	var late lateness
	d, err := s.configure(ctx, need{targets: []any{&defs, &late}})
	if err != nil {
		return err
	}
	entities, err := definitions(defs, o.entity)
	if err != nil {
		return err
	}
	db, err := s.tables(ctx, d)
	if err != nil {
		return err
	}
	r, err := gather(ctx, db, entities, late.StaleAfter)
	if err != nil {
		return err
	}
	if o.json {
		err = printJSON(s.out, r)
	} else {
		err = r.print(s.out)
	}
	if err == nil && !r.OK {
		err = errAttention
	}
	return err
}

// gather reads the report of the entities. Tables that want migrating are not
// read.
func gather(ctx context.Context, db *store.DB, entities flow.Entities, staleAfter time.Duration) (report, error) {
	r := report{Attention: []attention{}, Entities: []entityReport{}}
	var err error
	if r.Now, err = db.Now(ctx); err != nil {
		return r, err
	}
	if r.Schema.Have, r.Schema.Want, err = db.Schema(ctx); err != nil {
		return r, err
	}
	if todo := schemaTodo(r.Schema.Have, r.Schema.Want); todo != nil {
		r.Attention = append(r.Attention, *todo)
		return r, nil
	}
	for _, d := range entities {
		s, err := db.Status(ctx, d)
		if err != nil {
			return r, err
		}
		r.Now = s.Now
		e := reportOf(d, s)
		r.Entities = append(r.Entities, e)
		r.Attention = append(r.Attention, judge(e, staleAfter)...)
	}
	r.OK = len(r.Attention) == 0
	return r, nil
}

// printJSON writes a value for programs.
func printJSON(to io.Writer, v any) error {
	e := json.NewEncoder(to)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
