package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/operate"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/progress"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/audit"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rebuild"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/target"
)

const rebuildHelp = `rebuild builds the index of an entity anew, beside the one that searches see, and
lets the two change places:

  1. a second index is made, with the settings and replicas of the definition
  2. it is synced from the beginning of history, by the functions; from now on
     every tick feeds both indices
  3. it is compared with the source, record by record, and mended if need be
  4. as soon as it is at least as fresh as the live one it becomes live: one row
     changes, so no search sees an empty or half an index
  5. the old index stays, and stays true: --undo makes it live again, --clean
     removes it when nobody needs it any more

Changed settings and changed definitions are rolled out this way: what is built
is built from the definition that this program reads (see --entities-dir), and
that target goes on with it whatever is deployed.

A rebuild that was stopped or killed is gone on with by calling rebuild again;
--abort gives it up and removes what was built. Twice the records are in the
index service meanwhile, and the first sync costs an operation a record.

It needs ALGOLIA_ADMIN_KEY (rights: settings, editSettings, addObject,
deleteIndex, browse, search), the source's database and the queues.`

// rebuildOptions are what the flags say.
type rebuildOptions struct {
	entity                   string
	undo, clean, abort, list bool
	timeout                  time.Duration
}

// rebuild is the command that builds an index anew.
func (a *app) rebuild() *cobra.Command {
	var o rebuildOptions
	cmd := &cobra.Command{
		Use:   "rebuild",
		Short: "Build an index anew and let it become live, without a gap",
		Long:  rebuildHelp,
		Example: `  returnsync rebuild --entity returns
  returnsync rebuild --list
  returnsync rebuild --undo
  returnsync rebuild --clean`,
		Args: cobra.NoArgs,
		RunE: a.run(func(ctx context.Context, s *session, _ []string) error { return s.rebuild(ctx, o) }),
	}
	f := cmd.Flags()
	f.StringVar(&o.entity, "entity", "returns", "whose index")
	f.BoolVar(&o.list, "list", false, "list the entity's indices and change nothing")
	f.BoolVar(&o.undo, "undo", false, "make the index live again that was live before")
	f.BoolVar(&o.clean, "clean", false, "remove the indices that stand by")
	f.BoolVar(&o.abort, "abort", false, "give up the rebuild that is under way")
	f.DurationVar(&o.timeout, "timeout", 24*time.Hour, "how long it may take")
	cmd.MarkFlagsMutuallyExclusive("list", "undo", "clean", "abort")
	addSettings(f, onSync)
	return cmd
}

// rebuild does what the flags ask for.
func (s *session) rebuild(ctx context.Context, o rebuildOptions) error {
	if o.timeout <= 0 {
		return fmt.Errorf("--timeout is %v; want more than 0", o.timeout)
	}
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	if o.list {
		return s.listTargets(ctx, o.entity)
	}
	b, err := s.builder(ctx, o.entity)
	if err != nil {
		return err
	}
	defer b.show.End()
	switch {
	case o.undo:
		return b.audited(ctx, operate.UndoRebuild, b.undo)
	case o.clean:
		return b.audited(ctx, operate.CleanRebuild, func(ctx context.Context) (string, error) { return b.remove(ctx, target.Standby, "stands by") })
	case o.abort:
		return b.audited(ctx, operate.AbortRebuild, func(ctx context.Context) (string, error) {
			return b.remove(ctx, target.Building, "is being built")
		})
	}
	var t target.Target
	err = b.audited(ctx, operate.Rebuild, func(ctx context.Context) (said string, err error) {
		t, err = b.Run(ctx, b.first)
		return "index " + t.Index, err
	})
	if err != nil {
		return fmt.Errorf("%w\nnothing is lost and the live index is as it was: call rebuild again to go on, or rebuild --abort to give up", err)
	}
	b.show.End()
	_, _ = fmt.Fprintf(s.out, "%s: index %s is live\nundo with: returnsync rebuild --undo --entity %s\nremove the old index with: returnsync rebuild --clean --entity %s\n",
		b.first.Name, t.Index, b.first.Name, b.first.Name)
	return nil
}

// builder is a rebuild with its surroundings.
type builder struct {
	*rebuild.Rebuild
	Store *store.DB
	s     *session
	first entity.Definition
	show  *progress.Bar
}

// searchesLearn is longer than a search function goes by what it last read of
// which index is live.
const searchesLearn = 15 * time.Second

// builder opens what a rebuild needs.
func (s *session) builder(ctx context.Context, name string) (*builder, error) {
	var defs wire.Definitions
	var here localCron
	d, err := s.configure(ctx, need{source: true, targets: []any{&defs, &here}})
	if err != nil {
		return nil, err
	}
	db, err := s.migrated(ctx, d)
	if err != nil {
		return nil, err
	}
	first, err := defs.Named(name)
	if err != nil {
		return nil, err
	}
	c, err := s.cron(s.Env, ctx)
	if err != nil {
		return nil, err
	}
	settings, err := s.IndexSettings(ctx)
	if err != nil {
		return nil, err
	}
	b := &builder{Store: db, s: s, first: first, show: progress.New(s.log, s.terminal, "rebuild "+name, s.now)}
	b.Rebuild = &rebuild.Rebuild{
		Store: db, Cron: c, Indices: indices{settings}, Verify: b.verify, Poll: s.poll, Grace: searchesLearn, Log: s.Log,
		Progress: func(words string, r run.Run) { b.show.Set(r.PagesDone, r.PagesTotal, words+", "+stage(r)) },
	}
	return b, nil
}

// audited does something about the entity's indices and keeps its row; do returns
// what it did.
func (b *builder) audited(ctx context.Context, action string, do func(context.Context) (string, error)) error {
	return b.s.audited(ctx, audit.New(b.Store.Pool()), audit.Entry{Action: action, Object: b.first.Name}, func(entry *audit.Entry) (err error) {
		entry.New, err = do(ctx)
		return err
	})
}

// indices is the index's side of a rebuild.
type indices struct{ settings *wire.IndexSettings }

// Prepare implements rebuild.Indices.
func (i indices) Prepare(ctx context.Context, d entity.Definition) error {
	_, err := i.settings.Push(ctx, d, d.Index)
	return err
}

// Delete implements rebuild.Indices.
func (i indices) Delete(ctx context.Context, index string) error {
	return i.settings.Index.DeleteIndex(ctx, index)
}

// verifyRounds is how often a target is compared and mended.
const verifyRounds = 3

// verify compares a target with the source, mends it, and returns what is left.
func (b *builder) verify(ctx context.Context, d entity.Definition) (int64, error) {
	left := int64(0)
	for round := 1; round <= verifyRounds; round++ {
		_, _ = fmt.Fprintf(b.s.log, "comparing %s with the source\n", d.Index)
		o := repairOptions{verifyOptions: verifyOptions{deep: true, entity: d.Name, limit: 10}, wait: true, timeout: time.Hour}
		found, err := b.s.mendAll(ctx, o)
		if err != nil {
			return 0, err
		}
		if left = found; left == 0 {
			return 0, nil
		}
		_, _ = fmt.Fprintf(b.s.log, "%d differences were mended; comparing again\n", found)
	}
	return left, nil
}

// undo makes the newest standby live.
func (b *builder) undo(ctx context.Context) (string, error) {
	list, err := b.targets(ctx)
	if err != nil {
		return "", err
	}
	var back *target.Target
	for i, t := range list {
		if t.Role == target.Standby && (back == nil || later(t.LiveAt, back.LiveAt)) {
			back = &list[i]
		}
	}
	if back == nil {
		return "", fmt.Errorf("%s has no index that stands by: there is nothing to go back to", b.first.Name)
	}
	if err := b.Promote(ctx, b.first, *back); err != nil {
		return "", err
	}
	b.show.End()
	_, _ = fmt.Fprintf(b.s.out, "%s: index %s is live again\n", b.first.Name, back.Index)
	return "index " + back.Index + " is live again", nil
}

// later reports whether a time is after another; nil is before all.
func later(a, b *time.Time) bool { return a != nil && (b == nil || a.After(*b)) }

// remove removes the targets of a role, and those whose removal was cut short.
func (b *builder) remove(ctx context.Context, role target.Role, words string) (string, error) {
	list, err := b.targets(ctx)
	if err != nil {
		return "", err
	}
	var removed []string
	for _, t := range list {
		if t.Role != role && t.Role != target.Dropping {
			continue
		}
		_, _ = fmt.Fprintf(b.s.log, "removing %s; this waits until nobody can be writing to it\n", t.Index)
		if err := b.Drop(ctx, b.first, t); err != nil {
			return "", err
		}
		_, _ = fmt.Fprintf(b.s.out, "%s: index %s is gone\n", b.first.Name, t.Index)
		removed = append(removed, t.Index)
	}
	if len(removed) == 0 {
		return "", fmt.Errorf("%s has no index that %s", b.first.Name, words)
	}
	return "removed " + strings.Join(removed, ", "), nil
}

// targets returns the entity's targets.
func (b *builder) targets(ctx context.Context) ([]target.Target, error) {
	return targetsOf(ctx, b.Store, b.first.Name)
}

// targetsOf returns the targets of an entity.
func targetsOf(ctx context.Context, db *store.DB, name string) ([]target.Target, error) {
	all, err := db.Targets(ctx)
	var list []target.Target
	for _, t := range all {
		if t.Entity == name {
			list = append(list, t)
		}
	}
	return list, err
}

// listTargets prints an entity's indices.
func (s *session) listTargets(ctx context.Context, name string) error {
	var defs wire.Definitions
	d, err := s.configure(ctx, need{targets: []any{&defs}})
	if err != nil {
		return err
	}
	db, err := s.migrated(ctx, d)
	if err != nil {
		return err
	}
	first, err := defs.Named(name)
	if err != nil {
		return err
	}
	list, err := targetsOf(ctx, db, name)
	if err != nil {
		return err
	}
	if len(list) == 0 || len(list) == 1 && list[0].First() {
		_, _ = fmt.Fprintf(s.out, "%s was never rebuilt: its index is %s\n", name, first.Index)
		return nil
	}
	w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "TARGET\tINDEX\tROLE\tMADE (UTC)\tLIVE SINCE (UTC)\tAS OF (UTC)")
	for _, t := range list {
		of, err := t.Definition(first)
		if err != nil {
			return err
		}
		asOf, err := db.AsOf(ctx, of.JobType)
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", t.Name(), of.Index, t.Role, t.CreatedAt.UTC().Format(clock), momentOrDash(t.LiveAt), momentOrDash(asOf))
	}
	return w.Flush()
}

// momentOrDash prints a time that may not be.
func momentOrDash(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return t.UTC().Format(clock)
}
