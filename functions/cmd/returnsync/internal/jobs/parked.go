package jobs

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/cli"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/target"
)

const parkedHelp = `A record is parked when the index cannot hold it: TOO_LARGE has more bytes than the
definition's limit, REJECTED was refused by the index, BAD_ROW has no JSON form. The
other records of its page go through, and the index keeps the last good version of
the parked one. It is tried again when its row changes, or at once with parked retry.`

// parkedCmd is the commands about records that are kept out of the index.
func parkedCmd(a *cli.App) *cobra.Command {
	list := cli.List[ParkedOf]{
		Command: cobra.Command{
			Short:   "List the parked records and the reasons",
			Long:    "list shows the records that are parked now, newest first.\n\n" + parkedHelp,
			Example: "  returnsync parked list\n  returnsync parked list --entity returns --limit 1000 --json",
		},
		Entity: "the records of this entity alone", Limit: 100, LimitUnit: " records in all",
		Read: readParked, Print: printParked,
		Head: "ENTITY\t" + strings.TrimSpace(parkedHead), Flat: flatParked,
	}
	return cli.Group(&cobra.Command{
		Use:     "parked",
		Short:   "Show the records that are kept out of the index, retry or drop them",
		Long:    parkedHelp,
		Example: "  returnsync parked list\n  returnsync parked show R681-1589\n  returnsync parked retry --all --reason TOO_LARGE --wait",
	}, list.Build(a), parkedShowCmd(a), parkedRetryCmd(a), parkedDropCmd(a))
}

// ParkedOf is the parked records of one entity.
type ParkedOf struct {
	Entity  string         `json:"entity"`
	Total   int64          `json:"total"` // of the entity, listed or not
	Records []store.Parked `json:"records"`
}

// readParked reads the parked records of the entities that are meant.
func readParked(ctx context.Context, s *cli.Session, o cli.ListFlags) ([]ParkedOf, error) {
	_, db, entities, err := s.LiveTables(ctx, false, o.Entity)
	if err != nil {
		return nil, err
	}
	all, left := make([]ParkedOf, len(entities)), o.Limit
	for i, d := range entities {
		all[i] = ParkedOf{Entity: target.Parse(d.Name).Base, Records: []store.Parked{}}
		if all[i].Total, err = db.Parked.Count(ctx, d.Name); err != nil {
			return nil, err
		}
		if all[i].Total == 0 || left == 0 {
			continue
		}
		if all[i].Records, err = db.Parked.Open(ctx, d.Name, left); err != nil {
			return nil, err
		}
		left -= len(all[i].Records)
	}
	return all, nil
}

// printParked writes a table for each entity.
func printParked(s *cli.Session, all []ParkedOf) error {
	for _, p := range all {
		if p.Total == 0 {
			_, _ = fmt.Fprintf(s.Out, "%s: nothing is parked\n", p.Entity)
			continue
		}
		_, _ = fmt.Fprintf(s.Out, "%s: %d of %d parked records\n", p.Entity, len(p.Records), p.Total)
		if err := cli.Table(s.Out, parkedHead, p.Records, parkedRow); err != nil {
			return err
		}
	}
	return nil
}

// parkedHead and parkedRow belong together.
const parkedHead = "  RECORD\tREASON\tTRIES\tFIRST SEEN (UTC)\tLAST SEEN (UTC)\tDETAIL"

// parkedRow is a parked record's row.
func parkedRow(r store.Parked) []any {
	return []any{r.ObjectID, r.Reason, r.Attempts, r.FirstSeen, r.LastSeen, r.Detail}
}

// flatParked is the rows of all entities, each with its entity.
func flatParked(all []ParkedOf) (rows [][]any) {
	for _, p := range all {
		for _, r := range p.Records {
			rows = append(rows, append([]any{p.Entity}, parkedRow(r)...))
		}
	}
	return rows
}
