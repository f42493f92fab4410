package jobs

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/cli"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/target"
)

// showOptions are the flags.
type showOptions struct {
	json   bool
	entity string
}

// parkedShowCmd is the command that shows one parked record.
func parkedShowCmd(a *cli.App) *cobra.Command {
	var o showOptions
	cmd := &cobra.Command{
		Use: "show ID", Short: "Show why a record is parked, and what to do", Args: cli.Args,
		Long: `show prints everything known about a record that is or was parked: the reason, its
size and the limit, the first and last refusal and their number, its root, its
account, and what to do. The account is in the record's row: that needs SOURCE_DSN.`,
		Example: "  returnsync parked show R681-1589\n  returnsync parked show R681-1589 --json",
		RunE:    a.Run(func(ctx context.Context, s *cli.Session, args []string) error { return showParked(ctx, s, args[0], o) }),
	}
	cli.JSONFlag(cmd.Flags(), &o.json)
	entityFlag(cmd.Flags(), &o.entity)
	return cmd
}

// ParkedShown is a parked record with its limit, its account and the remedy.
type ParkedShown struct {
	Entity string `json:"entity"`
	store.Parked
	Limit   int    `json:"limit"`             // bytes
	Account string `json:"account,omitempty"` // empty if it is not known
	Key     string `json:"key,omitempty"`     // of a root whose key is no number
	Do      string `json:"do"`
}

// showParked prints one parked record.
func showParked(ctx context.Context, s *cli.Session, id string, o showOptions) error {
	d, db, entities, err := s.LiveTables(ctx, false, o.entity)
	if err != nil {
		return err
	}
	var shown []ParkedShown
	for _, def := range entities {
		list, err := db.Parked.Named(ctx, def.Name, []string{id})
		if err != nil {
			return err
		}
		for _, p := range list {
			one := ParkedShown{Entity: target.Parse(def.Name).Base, Parked: p, Limit: def.RecordLimit, Do: parkedDo(p)}
			one.Account, one.Key = accountOf(ctx, s, d, def, p), keyOf(ctx, s, d, def, p)
			shown = append(shown, one)
		}
	}
	if len(shown) == 0 {
		return fmt.Errorf("%q is not parked and never was: see returnsync parked list", id)
	}
	if o.json {
		return cli.JSON(s.Out, shown)
	}
	for _, one := range shown {
		if err := one.print(s.Out); err != nil {
			return err
		}
	}
	return nil
}

// accountOf returns the account in the rows of a parked record's root; empty if the rows
// are gone or cannot be read.
func accountOf(ctx context.Context, s *cli.Session, d cli.Databases, def entity.Definition, p store.Parked) string {
	if d.Source == "" || def.Account == "" {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, cli.AnswerWithin)
	defer cancel()
	src, err := s.Env.Source(d.Wired())
	if err != nil {
		return ""
	}
	rows, err := src.Rows(ctx, def, []uint64{p.Root})
	if err != nil {
		return ""
	}
	// All records of a root have one account, so that of another record serves if this one
	// has no JSON form.
	for _, r := range rows.Records {
		var fields map[string]any
		if json.Unmarshal(r.Body, &fields) != nil {
			continue
		}
		if account, ok := fields[def.Account].(string); ok && account != "" {
			return account
		}
	}
	return ""
}

// keyOf returns the key of a parked record's root, empty for a number or if it cannot be
// read.
func keyOf(ctx context.Context, s *cli.Session, d cli.Databases, def entity.Definition, p store.Parked) string {
	if d.Source == "" || !def.Keyed() {
		return ""
	}
	src, err := s.Env.Source(d.Wired())
	if err != nil {
		return ""
	}
	names, err := src.RootNames(ctx, def, []uint64{p.Root})
	if err != nil {
		return ""
	}
	return names[p.Root]
}

// parkedDo is the remedy for a parked record.
func parkedDo(p store.Parked) string {
	if p.ResolvedAt != nil {
		return "nothing: it is no longer parked"
	}
	retry := "; the record is tried again when its row changes, or at once with: returnsync parked retry " + cli.OneLine(p.ObjectID)
	switch p.Reason {
	case store.TooLarge:
		return "shorten the texts in the row, or raise recordLimit in the definition as far as the index's plan allows" + retry
	case store.BadRow:
		return "correct the row: one of its JSON columns is not JSON" + retry
	}
	return "correct what the detail names, in the row or in the index's settings" + retry
}

// print writes a parked record for people.
func (p ParkedShown) print(to io.Writer) error {
	state := "is parked"
	if p.ResolvedAt != nil {
		state = "was parked until " + cli.Moment(p.ResolvedAt) + " (UTC)"
	}
	_, _ = fmt.Fprintf(to, "%s of %s %s: %s\n", cli.OneLine(p.ObjectID), p.Entity, state, p.Reason)
	w := cli.Columns(to)
	for _, line := range [][2]string{
		{"detail", cli.OneLine(p.Detail)},
		{"size", fmt.Sprintf("%d bytes; the limit is %d", p.Bytes, p.Limit)},
		{"first seen", cli.Cell(p.FirstSeen) + " (UTC)"},
		{"last seen", cli.Cell(p.LastSeen) + fmt.Sprintf(" (UTC), refused %d times", p.Attempts)},
		{"run", fmt.Sprint(p.Run)},
		{"root", cli.OneLine(cmp.Or(p.Key, fmt.Sprint(p.Root)))},
		{"account", cli.OneLine(cmp.Or(p.Account, "not known"))},
	} {
		_, _ = fmt.Fprintf(w, "  %s\t%s\n", line[0], line[1])
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(to, "  -> %s\n", p.Do)
	return err
}
