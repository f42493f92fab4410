package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/target"
)

// parkedShow is the command that shows one parked record.
func (a *app) parkedShow() *cobra.Command {
	var o parkedOptions
	cmd := &cobra.Command{
		Use: "show ID", Short: "Show why a record is parked, and what to do", Args: cobra.ExactArgs(1),
		Long: `show tells all that is known of a record that is parked, or was: the reason, its
size and the limit, when it was first and last refused and how often, its root,
and what to do. Whose it is stands in its row: that needs SOURCE_DSN.`,
		Example: "  returnsync parked show R681-1589\n  returnsync parked show R681-1589 --json",
		RunE:    a.run(func(ctx context.Context, s *session, args []string) error { return s.showParked(ctx, args[0], o) }),
	}
	cmd.Flags().BoolVar(&o.json, "json", false, "print JSON, for programs")
	cmd.Flags().StringVar(&o.entity, "entity", "", "of this entity alone")
	return cmd
}

// parkedShown is a parked record with all that is known of it.
type parkedShown struct {
	Entity string `json:"entity"`
	store.Parked
	Limit   int    `json:"limit"`             // bytes
	Account string `json:"account,omitempty"` // empty where it is not known
	Do      string `json:"do"`
}

// showParked prints one parked record.
func (s *session) showParked(ctx context.Context, id string, o parkedOptions) error {
	d, db, entities, err := s.parkedIn(ctx, o.entity)
	if err != nil {
		return err
	}
	var shown []parkedShown
	for _, def := range entities {
		list, err := db.ParkedNamed(ctx, def.Name, []string{id})
		if err != nil {
			return err
		}
		for _, p := range list {
			one := parkedShown{Entity: target.Parse(def.Name).Base, Parked: p, Limit: def.RecordLimit, Do: parkedDo(p)}
			one.Account = s.accountOf(ctx, d, def, p)
			shown = append(shown, one)
		}
	}
	if len(shown) == 0 {
		return fmt.Errorf("%q is not parked and never was: see returnsync parked list", id)
	}
	if o.json {
		return printJSON(s.out, shown)
	}
	for _, one := range shown {
		if err := one.print(s.out); err != nil {
			return err
		}
	}
	return nil
}

// parkedIn returns our tables and the entities whose parked records are meant.
func (s *session) parkedIn(ctx context.Context, name string) (databases, *store.DB, entity.List, error) {
	var defs wire.Definitions
	d, err := s.configure(ctx, need{targets: []any{&defs}})
	if err != nil {
		return d, nil, nil, err
	}
	db, err := s.migrated(ctx, d)
	if err != nil {
		return d, nil, nil, err
	}
	entities, err := live(ctx, db, defs, name)
	return d, db, entities, err
}

// accountOf returns whose a parked record is, as its root's rows say now; empty
// if they cannot be read or are gone.
func (s *session) accountOf(ctx context.Context, d databases, def entity.Definition, p store.Parked) string {
	if d.Source == "" || def.Account == "" {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	src, err := s.Source(d.wired())
	if err != nil {
		return ""
	}
	rows, err := src.Rows(ctx, def, []uint64{p.Root})
	if err != nil {
		return ""
	}
	// A root's records have one account, so a neighbour's will do where the record
	// itself has no JSON form.
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

// parkedDo says what to do about a parked record.
func parkedDo(p store.Parked) string {
	if p.ResolvedAt != nil {
		return "nothing: it is no longer parked"
	}
	retry := "; it is tried again when its row changes, at once by: returnsync parked retry " + oneLine(p.ObjectID)
	switch p.Reason {
	case store.TooLarge:
		return "shorten its texts in the row, or raise recordLimit in the definition as far as the index's plan allows" + retry
	case store.BadRow:
		return "mend the row: one of its JSON columns holds no JSON" + retry
	}
	return "mend what the detail says, in the row or in the index's settings" + retry
}

// print writes a parked record for people.
func (p parkedShown) print(to io.Writer) error {
	state := "is parked"
	if p.ResolvedAt != nil {
		state = "was parked until " + p.ResolvedAt.UTC().Format(clock) + " (UTC)"
	}
	account := p.Account
	if account == "" {
		account = "not known"
	}
	_, _ = fmt.Fprintf(to, "%s of %s %s: %s\n", oneLine(p.ObjectID), p.Entity, state, p.Reason)
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	for _, line := range [][2]string{
		{"detail", oneLine(p.Detail)},
		{"size", fmt.Sprintf("%d bytes; the limit is %d", p.Bytes, p.Limit)},
		{"first seen", p.FirstSeen.UTC().Format(clock) + " (UTC)"},
		{"last seen", p.LastSeen.UTC().Format(clock) + fmt.Sprintf(" (UTC), refused %d times", p.Attempts)},
		{"run", fmt.Sprint(p.Run)},
		{"root", fmt.Sprint(p.Root)},
		{"account", oneLine(account)},
	} {
		_, _ = fmt.Fprintf(w, "  %s\t%s\n", line[0], line[1])
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(to, "  -> %s\n", p.Do)
	return err
}
