package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/target"
)

const parkedHelp = `A record is parked when it cannot be in the index: TOO_LARGE has more bytes than
the definition's limit, REJECTED was refused by the index, BAD_ROW has no JSON
form. Its neighbours go through. What the index held of it before stays. It is
tried again by itself when its row changes, and at once by parked retry.`

// parked is the commands about records that are kept out of the index.
func (a *app) parked() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "parked",
		Short:   "Show the records that are kept out of the index, retry or drop them",
		Long:    parkedHelp,
		Example: "  returnsync parked list\n  returnsync parked show R681-1589\n  returnsync parked retry --all --reason TOO_LARGE --wait",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.parkedList(), a.parkedShow(), a.parkedRetry(), a.parkedDrop())
	return cmd
}

// parkedOptions are what the flags say.
type parkedOptions struct {
	json   bool
	entity string
	limit  int
}

// parkedList is the command that lists parked records.
func (a *app) parkedList() *cobra.Command {
	var o parkedOptions
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the records that are parked now, with the reason",
		Long: `list shows the records that are kept out of the index now, newest first:
TOO_LARGE has more bytes than the definition's limit, REJECTED was refused by
the index, BAD_ROW has no JSON form. A record is tried again when its row
changes.`,
		Example: "  returnsync parked list\n  returnsync parked list --entity returns --limit 1000 --json",
		Args:    cobra.NoArgs,
		RunE:    a.run(func(ctx context.Context, s *session, _ []string) error { return s.listParked(ctx, o) }),
	}
	cmd.Flags().BoolVar(&o.json, "json", false, "print JSON, for programs")
	cmd.Flags().StringVar(&o.entity, "entity", "", "this entity alone")
	cmd.Flags().IntVar(&o.limit, "limit", 100, "at most this many records of an entity")
	return cmd
}

// parkedOf is the parked records of one entity.
type parkedOf struct {
	Entity  string         `json:"entity"`
	Total   int64          `json:"total"` // as many as there are, listed or not
	Records []store.Parked `json:"records"`
}

// listParked prints the parked records.
func (s *session) listParked(ctx context.Context, o parkedOptions) error {
	if o.limit < 1 {
		return fmt.Errorf("--limit is %d; want 1 or more", o.limit)
	}
	var defs wire.Definitions
	d, err := s.configure(ctx, need{targets: []any{&defs}})
	if err != nil {
		return err
	}
	db, entities, err := s.live(ctx, d, defs, o.entity)
	if err != nil {
		return err
	}
	all := make([]parkedOf, len(entities))
	for i, d := range entities {
		if all[i], err = readParked(ctx, db, d, o.limit); err != nil {
			return err
		}
	}
	if o.json {
		return printJSON(s.out, all)
	}
	return printParked(s.out, all)
}

// readParked reads the parked records of an entity.
func readParked(ctx context.Context, db *store.DB, d entity.Definition, limit int) (parkedOf, error) {
	p := parkedOf{Entity: target.Parse(d.Name).Base, Records: []store.Parked{}}
	var err error
	if p.Total, err = db.ParkedCount(ctx, d.Name); err != nil || p.Total == 0 {
		return p, err
	}
	p.Records, err = db.ParkedOpen(ctx, d.Name, limit)
	return p, err
}

// printParked writes parked records for people.
func printParked(to io.Writer, all []parkedOf) error {
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	for _, p := range all {
		if p.Total == 0 {
			_, _ = fmt.Fprintf(w, "%s: nothing is parked\n", p.Entity)
			continue
		}
		_, _ = fmt.Fprintf(w, "%s: %d of %d parked records\n", p.Entity, len(p.Records), p.Total)
		_, _ = fmt.Fprintln(w, "  RECORD\tREASON\tTRIES\tFIRST SEEN (UTC)\tLAST SEEN (UTC)\tDETAIL")
		for _, r := range p.Records {
			_, _ = fmt.Fprintf(w, "  %s\t%s\t%d\t%s\t%s\t%s\n", oneLine(r.ObjectID), r.Reason, r.Attempts,
				r.FirstSeen.UTC().Format(clock), r.LastSeen.UTC().Format(clock), oneLine(r.Detail))
		}
	}
	return w.Flush()
}
