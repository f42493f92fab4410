package index

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/cli"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/verify"
	"gitlab.com/eshopbox-team/return-sync/shared/window"
)

// recordOptions are the flags of record show.
type recordOptions struct {
	entity string
	root   *string
	json   bool
}

// recordCmd is the commands about single records.
func recordCmd(a *cli.App) *cobra.Command {
	return cli.Group(&cobra.Command{
		Use:     "record",
		Short:   "Show what is known of one record, or sync one root",
		Example: "  returnsync record show R4711-1\n  returnsync record sync 4711 --wait",
	}, recordShowCmd(a), recordSyncCmd(a))
}

// recordShowCmd is the command that shows one record.
func recordShowCmd(a *cli.App) *cobra.Command {
	o := recordOptions{}
	cmd := &cobra.Command{
		Use:   "show objectID",
		Short: "Show one record in source, state and index, and why it is found or not",
		Long: `show reads one record everywhere: as its row makes it now, what the ledger says was last
pushed, whether a push of it is unconfirmed, whether it is parked, what the index holds,
where the two differ, and which runs touched its root. Its last line says whether a
search can find the record, and why.

The root is taken from the id, the owners of ids, the parked records and the index; name
it with --root where none of them knows it: by its number, or by its key where an entity
has other keys (several columns with commas between, bytes in hexadecimal). The command changes nothing. It needs
ALGOLIA_BROWSE_KEY or ALGOLIA_ADMIN_KEY.`,
		Annotations: cli.Attention("a search does not find the record's present content"),
		Example:     "  returnsync record show R4711-1\n  returnsync record show 9f86d081-884c --entity products --root 42 --json",
		Args:        cli.Args,
	}
	f := cmd.Flags()
	cli.JSONFlag(f, &o.json)
	f.StringVar(&o.entity, "entity", "returns", "the entity, or one of its targets")
	root := f.String("root", "", "the id or the key of the record's root, where its id does not say it")
	cmd.RunE = a.Run(func(ctx context.Context, s *cli.Session, args []string) error {
		if cmd.Flags().Changed("root") {
			o.root = root
		}
		return showRecord(ctx, s, args[0], o)
	})
	return cmd
}

// showRecord prints a record's report.
func showRecord(ctx context.Context, s *cli.Session, id string, o recordOptions) error {
	if id == "" {
		return errors.New("the record's id is empty")
	}
	d, db, list, err := s.LiveTables(ctx, true, o.entity)
	if err != nil {
		return err
	}
	records, err := wire.OpenRecords(ctx, s.Env, d.Wired(), db)
	if err != nil {
		return err
	}
	r, err := records.Show(ctx, list[0], id, o.root)
	if err != nil {
		return err
	}
	if o.json {
		err = cli.JSON(s.Out, r)
	} else {
		printRecord(s.Out, r)
	}
	if err == nil && !r.Found {
		err = cli.ErrAttention
	}
	return err
}

// printRecord prints a report for people.
func printRecord(to io.Writer, r verify.RecordReport) {
	line := func(name, format string, args ...any) {
		_, _ = fmt.Fprintf(to, "  %-12s%s\n", name, cli.OneLine(fmt.Sprintf(format, args...)))
	}
	_, _ = fmt.Fprintf(to, "%s of %s, as of %s\n", r.ID, r.Entity, cli.Moment(r.AsOf))
	if r.Rooted {
		line("root", "%s, with %d other records", cmp.Or(r.Key, fmt.Sprint(r.Root)), r.Siblings)
	} else {
		line("root", "unknown")
	}
	switch {
	case r.Problem != "":
		line("source", "its row has no record: %s", r.Problem)
	case r.Source == nil:
		line("source", "no row")
	default:
		line("source", "%d bytes: %s", r.Bytes, r.Source)
	}
	line("ledger", "%s", r.Ledger)
	if r.Unconfirmed {
		line("journal", "the outcome of a push is unknown")
	}
	if r.Parked != nil {
		line("parked", "%s: %s (%d attempts, last in run %d)", r.Parked.Reason, r.Parked.Detail, r.Parked.Attempts, r.Parked.Run)
	}
	if r.Waiting {
		line("waiting", "its root changed after the last window")
	}
	if r.Index == nil {
		line("index", "no such record")
	} else {
		line("index", "%s", r.Index)
	}
	for _, difference := range r.Differences {
		line("differs", "%s", difference)
	}
	for _, one := range r.Runs {
		line("run", "%d %s %s, %v", one.RunID, one.Kind, one.State, window.Window{From: one.From, To: one.To})
	}
	found := "not found"
	if r.Found {
		found = "found"
	}
	line(found, "%s", r.Why)
}
