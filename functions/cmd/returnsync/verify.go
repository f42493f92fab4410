package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/progress"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/verify"
)

const verifyHelp = `verify reads all that should be in the index and compares it with the ledger of
what was pushed; with --deep it reads the index itself as well. It names the
records that are missing, different or orphaned, and keeps what it found for status,
the console and the alerts. With a key for the index it also compares the number of
records and the settings. Syncs go on
meanwhile: what changed lately or is in doubt is counted as pending and left to
the next run. Parked records are counted and are no difference.

--deep needs ALGOLIA_BROWSE_KEY, a key with the rights browse, search and
seeUnretrievableAttributes, or ALGOLIA_ADMIN_KEY. What the ledger alone knows has no account; --account compares
it all the same.

Exit codes: 0 nothing differs, 2 something does, 1 the comparison failed.`

// verify is the command that compares source, ledger and index.
func (a *app) verify() *cobra.Command {
	var o verifyOptions
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Compare source, ledger and index, and name every difference",
		Long:  verifyHelp,
		Example: `  returnsync verify
  returnsync verify --deep --entity returns
  returnsync verify --deep --account acme --json`,
		Args: cobra.NoArgs,
		RunE: a.run(func(ctx context.Context, s *session, _ []string) error { return s.printVerify(ctx, o) }),
	}
	o.add(cmd.Flags())
	return cmd
}

// add adds the flags of a comparison.
func (o *verifyOptions) add(f *pflag.FlagSet) {
	f.BoolVar(&o.json, "json", false, "print JSON, for programs")
	f.BoolVar(&o.deep, "deep", false, "read the index as well")
	f.StringVar(&o.entity, "entity", "", "this entity alone")
	f.StringVar(&o.account, "account", "", "this account's records alone")
	f.IntVar(&o.limit, "limit", 100, "name at most this many differences of an entity")
}

// verifyOptions are what the flags say.
type verifyOptions struct {
	json, deep      bool
	entity, account string
	limit           int
	dry             bool                                             // write nothing
	each            func(entity.Definition, verify.Difference) error // gets every difference; may be nil
	pending         func(entity.Definition, verify.Difference) error // gets every pending record of the index; may be nil
}

// printVerify compares and prints the reports.
func (s *session) printVerify(ctx context.Context, o verifyOptions) error {
	reports, err := s.compare(ctx, o)
	if err != nil {
		return err
	}
	wrong, err := s.checkIndices(ctx, o.entity)
	if err != nil {
		return err
	}
	clean := len(wrong) == 0
	for _, r := range reports {
		clean = clean && r.Clean()
	}
	for _, f := range wrong {
		_, _ = fmt.Fprintf(s.log, "%s: %s\n  -> %s\n", f.Entity, f.Problem, f.Do)
	}
	if o.json {
		err = printJSON(s.out, reports)
	} else {
		err = printReports(s.out, reports)
	}
	if err == nil && !clean {
		err = errAttention
	}
	return err
}

// compare compares the entities that the options mean, one after the other.
func (s *session) compare(ctx context.Context, o verifyOptions) ([]verify.Report, error) {
	if o.limit < 0 {
		return nil, fmt.Errorf("--limit is %d; want 0 or more", o.limit)
	}
	var defs wire.Definitions
	d, err := s.configure(ctx, need{source: true, targets: []any{&defs}})
	if err != nil {
		return nil, err
	}
	db, entities, err := s.live(ctx, d, defs, o.entity)
	if err != nil {
		return nil, err
	}
	v, err := s.Verifier(ctx, d.wired(), db, o.deep)
	if err != nil {
		return nil, err
	}
	limited, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	if _, err := v.Roots.Now(limited); err != nil {
		return nil, unanswered("SOURCE_DSN", d.Source, err)
	}
	var reports []verify.Report
	for _, def := range entities {
		r, err := s.compareOne(ctx, v, db, def, o)
		switch {
		case verify.NeverSynced(err) && o.entity == "":
			_, _ = fmt.Fprintf(s.log, "%s: never synced; left out\n", def.Name)
			continue
		case err != nil:
			return nil, err
		}
		reports = append(reports, r)
	}
	if len(reports) == 0 {
		return nil, errors.New("no entity has been synced yet, so there is nothing to compare: start with returnsync sync")
	}
	return reports, nil
}

// compareOne compares one entity and shows how far it is.
func (s *session) compareOne(ctx context.Context, v verify.Verifier, db *store.DB, d entity.Definition, o verifyOptions) (verify.Report, error) {
	total, err := db.LedgerSize(ctx, d.Name)
	if err != nil {
		return verify.Report{}, err
	}
	bar := progress.New(s.log, s.terminal, "verify "+d.Name, s.now)
	defer bar.End()
	options := verify.Options{
		Account: o.account, Deep: o.deep, List: o.limit,
		Progress: func(p verify.Progress) { bar.Set(int(p.Roots), int(max(total, p.Roots)), verifyWords(p, total)) },
	}
	if o.each != nil {
		options.Each = func(diff verify.Difference) error { return o.each(d, diff) }
	}
	if o.pending != nil {
		options.Pending = func(diff verify.Difference) error { return o.pending(d, diff) }
	}
	r, err := v.Run(ctx, d, options)
	if err != nil || o.account != "" || o.dry {
		return r, err
	}
	return r, db.NoteCompared(ctx, d.Name, verify.ShareOf(r))
}

// verifyWords says where a comparison is.
func verifyWords(p verify.Progress, total int64) string {
	words := fmt.Sprintf("%s, %d of about %d roots, %d records", p.Stage, p.Roots, max(total, p.Roots), p.Records)
	if p.Indexed > 0 {
		words += fmt.Sprintf(", %d of the index", p.Indexed)
	}
	return words
}

// asOfText prints a watermark for people.
func asOfText(t time.Time) string { return t.UTC().Format(clock) + " UTC" }
