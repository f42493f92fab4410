// Package index is the commands about the index: compare it with the source, repair it,
// build it anew, and give it its settings.
package index

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/cli"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/progress"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/verify"
)

// Commands returns the commands of this group.
func Commands(a *cli.App) []*cobra.Command {
	return []*cobra.Command{verifyCmd(a), repairCmd(a), recordCmd(a), rebuildCmd(a), settingsCmd(a)}
}

const verifyHelp = `verify reads all rows that belong in the index and compares them with the ledger of
pushed records; with --deep also with the index itself. It names the records that are
missing, different or orphaned, and keeps the result for status, the console and the
alerts. With a key for the index it also compares the number of records and the
settings.

The syncs continue meanwhile: roots that changed lately or are unconfirmed count as
pending and are left to the next run. Parked records are counted and are no
difference.

--deep needs ALGOLIA_BROWSE_KEY, a key with the rights browse, search and
seeUnretrievableAttributes, or ALGOLIA_ADMIN_KEY. Records that only the ledger knows
have no account; --account compares them nevertheless.`

// verifyCmd is the command that compares source, ledger and index.
func verifyCmd(a *cli.App) *cobra.Command {
	var o VerifyOptions
	cmd := &cobra.Command{
		Use:         "verify",
		Short:       "Compare source, ledger and index, and name every difference",
		Long:        verifyHelp,
		Annotations: cli.Attention("something differs"),
		Example: `  returnsync verify
  returnsync verify --deep --entity returns
  returnsync verify --deep --account acme --json`,
		Args: cli.Args,
		RunE: a.Run(func(ctx context.Context, s *cli.Session, _ []string) error { return printVerify(ctx, s, o) }),
	}
	o.add(cmd.Flags())
	return cmd
}

// add adds the flags of a comparison.
func (o *VerifyOptions) add(f *pflag.FlagSet) {
	cli.JSONFlag(f, &o.json)
	f.BoolVar(&o.deep, "deep", false, "read the index as well")
	f.StringVar(&o.entity, "entity", "", "this entity alone")
	f.StringVar(&o.account, "account", "", "the records of this account alone")
	f.IntVar(&o.Limit, "limit", 100, "name at most this many differences in all")
}

// VerifyOptions are the flags.
type VerifyOptions struct {
	json, deep      bool
	entity, account string
	Limit           int
	dry             bool                                             // keep no result
	Each            func(entity.Definition, verify.Difference) error // gets every difference; may be nil
	pending         func(entity.Definition, verify.Difference) error // gets every pending record of the index; may be nil
}

// printVerify compares and prints the reports.
func printVerify(ctx context.Context, s *cli.Session, o VerifyOptions) error {
	reports, err := Compare(ctx, s, o)
	if err != nil {
		return err
	}
	wrong, err := checkIndices(ctx, s, o.entity)
	if err != nil {
		return err
	}
	clean := len(wrong) == 0
	for _, r := range reports {
		clean = clean && r.Clean()
	}
	for _, f := range wrong {
		_, _ = fmt.Fprintf(s.Err, "%s: %s\n  -> %s\n", f.Entity, f.Problem, f.Do)
	}
	if o.json {
		err = cli.JSON(s.Out, reports)
	} else {
		err = printReports(s.Out, reports)
	}
	if err == nil && !clean {
		err = cli.ErrAttention
	}
	return err
}

// Compare compares the entities that the options mean, one after the other.
func Compare(ctx context.Context, s *cli.Session, o VerifyOptions) ([]verify.Report, error) {
	if o.Limit < 0 {
		return nil, fmt.Errorf("--limit is %d; want 0 or more", o.Limit)
	}
	d, db, entities, err := s.LiveTables(ctx, true, o.entity)
	if err != nil {
		return nil, err
	}
	v, err := s.Env.Verifier(ctx, d.Wired(), db, o.deep)
	if err != nil {
		return nil, err
	}
	limited, cancel := context.WithTimeout(ctx, cli.AnswerWithin)
	defer cancel()
	if _, err := v.Roots.Now(limited); err != nil {
		return nil, cli.Unanswered("SOURCE_DSN", d.Source, err)
	}
	var reports []verify.Report
	var met int64   // records of the account
	left := o.Limit // named in all
	for _, def := range entities {
		r, err := compareOne(ctx, s, v, db, def, o)
		switch {
		case verify.NeverSynced(err) && o.entity == "":
			_, _ = fmt.Fprintf(s.Err, "%s: never synced; left out\n", def.Name)
			continue
		case err != nil:
			return nil, err
		}
		if err := nameRoots(ctx, s, d, def, &r); err != nil {
			return nil, err
		}
		r.Differences = r.Differences[:min(left, len(r.Differences))]
		left -= len(r.Differences)
		met += r.Records + r.Indexed + r.Total()
		reports = append(reports, r)
	}
	if o.account != "" && met == 0 {
		return nil, fmt.Errorf("nothing was compared: neither source nor index has a record of the account %q; names of accounts are written exactly as in the records", o.account)
	}
	if len(reports) == 0 {
		return nil, errors.New("no entity has been synced yet, so there is nothing to compare: start one with returnsync sync --wait")
	}
	return reports, nil
}

// nameRoots adds the keys of roots that are no numbers to a report's differences.
func nameRoots(ctx context.Context, s *cli.Session, d cli.Databases, def entity.Definition, r *verify.Report) error {
	if !def.Keyed() || len(r.Differences) == 0 {
		return nil
	}
	source, err := s.Env.Source(d.Wired())
	if err != nil {
		return err
	}
	roots := make([]uint64, len(r.Differences))
	for i, one := range r.Differences {
		roots[i] = one.Root
	}
	names, err := source.RootNames(ctx, def, roots)
	for i, one := range r.Differences {
		r.Differences[i].Key = names[one.Root]
	}
	return err
}

// compareOne compares one entity and shows its progress.
func compareOne(ctx context.Context, s *cli.Session, v verify.Verifier, db *store.DB, d entity.Definition, o VerifyOptions) (verify.Report, error) {
	total, err := db.Comparisons.LedgerSize(ctx, d.Name)
	if err != nil {
		return verify.Report{}, err
	}
	bar := progress.New(s.Err, s.Terminal, "verify "+d.Name, s.Now)
	defer bar.End()
	options := verify.Options{
		Account: o.account, Deep: o.deep, List: o.Limit,
		Progress: func(p verify.Progress) { bar.Set(int(p.Roots), int(max(total, p.Roots)), verifyWords(p, total)) },
	}
	if o.Each != nil {
		options.Each = func(diff verify.Difference) error { return o.Each(d, diff) }
	}
	if o.pending != nil {
		options.Pending = func(diff verify.Difference) error { return o.pending(d, diff) }
	}
	r, err := v.Run(ctx, d, options)
	if err != nil || o.account != "" || o.dry {
		return r, err
	}
	return r, db.Comparisons.NoteCompared(ctx, d.Name, verify.ShareOf(r))
}

// verifyWords says how far a comparison is.
func verifyWords(p verify.Progress, total int64) string {
	words := fmt.Sprintf("%s, %d of about %d roots, %d records", p.Stage, p.Roots, max(total, p.Roots), p.Records)
	if p.Indexed > 0 {
		words += fmt.Sprintf(", %d of the index", p.Indexed)
	}
	return words
}
