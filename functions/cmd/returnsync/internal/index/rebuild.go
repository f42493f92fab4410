package index

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/cli"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/operate"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/progress"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/audit"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/join"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rebuild"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/target"
)

const rebuildHelp = `rebuild builds a second index of an entity next to the live one, and then switches
searches over to it:

  1. It makes the second index with the settings and replicas of the definition.
  2. The functions sync it from the beginning of history. From now on every tick
     feeds both indices.
  3. It compares the second index with the source, record by record, and repairs
     differences.
  4. When the second index is at least as fresh as the live one, it becomes live. One
     row changes, so no search sees an empty or partial index.
  5. The old index stays and is kept up to date: rebuild undo makes it live again,
     rebuild clean removes it.

Changed settings and changed definitions are rolled out this way. The second index
uses the definition that this program reads (see --entities-dir), and keeps it
whatever is deployed.

To resume a rebuild that was stopped, run rebuild again; rebuild abort gives
it up and removes the second index. Until then the index service holds each record twice. The
first sync costs an operation a record.

It needs ALGOLIA_ADMIN_KEY (rights: settings, editSettings, addObject, deleteIndex,
browse, search), the source's database and the queues.`

// rebuildOptions are the flags.
type rebuildOptions struct {
	entity                   string
	undo, clean, abort, list bool
	timeout                  time.Duration
}

// rebuildCmd is the command that builds an index anew.
func rebuildCmd(a *cli.App) *cobra.Command {
	var o rebuildOptions
	cmd := &cobra.Command{
		Use:   "rebuild",
		Short: "Build an index anew and make it live, without a gap",
		Long:  rebuildHelp,
		Example: `  returnsync rebuild --entity returns
  returnsync rebuild list
  returnsync rebuild undo
  returnsync rebuild clean`,
		Args: cli.Args,
		RunE: a.Run(func(ctx context.Context, s *cli.Session, _ []string) error { return runRebuild(ctx, s, o) }),
	}
	f := cmd.Flags()
	f.StringVar(&o.entity, "entity", "returns", "the entity whose index is built")
	f.BoolVar(&o.list, "list", false, "list the entity's indices and change nothing")
	f.BoolVar(&o.undo, "undo", false, "make the previously live index live again")
	f.BoolVar(&o.clean, "clean", false, "remove the indices that are no longer live")
	f.BoolVar(&o.abort, "abort", false, "give up the rebuild under way")
	f.DurationVar(&o.timeout, "timeout", 24*time.Hour, "how long it may take")
	cmd.MarkFlagsMutuallyExclusive("list", "undo", "clean", "abort")
	for _, old := range []string{"list", "undo", "clean", "abort"} {
		f.Lookup(old).Hidden = true // the verbs below replace the flags
	}
	cli.AddSettings(f, cli.OnSync)
	cmd.AddCommand(
		verb(a, "list", "List an entity's indices, and change nothing", func(o *rebuildOptions) { o.list = true }),
		verb(a, "undo", "Make the previously live index live again", func(o *rebuildOptions) { o.undo = true }),
		verb(a, "clean", "Remove the indices that are no longer live", func(o *rebuildOptions) { o.clean = true }),
		verb(a, "abort", "Give up the rebuild under way, and remove its index", func(o *rebuildOptions) { o.abort = true }),
	)
	return cmd
}

// verb is one of the commands about the indices that rebuild made.
func verb(a *cli.App, name, short string, choose func(*rebuildOptions)) *cobra.Command {
	var o rebuildOptions
	choose(&o)
	cmd := &cobra.Command{
		Use: name, Short: short, Args: cli.Args, Example: "  returnsync rebuild " + name + " --entity returns",
		RunE: a.Run(func(ctx context.Context, s *cli.Session, _ []string) error { return runRebuild(ctx, s, o) }),
	}
	f := cmd.Flags()
	f.StringVar(&o.entity, "entity", "returns", "the entity whose indices are meant")
	f.DurationVar(&o.timeout, "timeout", 24*time.Hour, "how long it may take")
	cli.AddSettings(f, cli.OnSync)
	return cmd
}

// runRebuild does what the flags ask for.
func runRebuild(ctx context.Context, s *cli.Session, o rebuildOptions) error {
	if err := cli.Positive("--timeout", o.timeout); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	if o.list {
		return listTargets(ctx, s, o.entity)
	}
	b, err := openBuilder(ctx, s, o.entity)
	if err != nil {
		return err
	}
	defer b.show.End()
	switch {
	case o.undo:
		return b.audited(ctx, operate.UndoRebuild, b.undo)
	case o.clean:
		return b.audited(ctx, operate.CleanRebuild, func(ctx context.Context) (string, error) { return b.remove(ctx, target.Standby, "is no longer live") })
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
		return fmt.Errorf("%w\nthe live index is unchanged: run rebuild again to resume, or rebuild abort to give up", err)
	}
	b.show.End()
	_, _ = fmt.Fprintf(s.Out, "%s: index %s is live\nto undo: returnsync rebuild undo --entity %s\nto remove the old index: returnsync rebuild clean --entity %s\n",
		b.first.Name, t.Index, b.first.Name, b.first.Name)
	return nil
}

// builder is a rebuild with its surroundings.
type builder struct {
	*rebuild.Rebuild
	db    *store.DB
	s     *cli.Session
	first entity.Definition
	show  *progress.Bar
}

// searchesLearn is longer than a search function keeps its last answer on which index is
// live.
const searchesLearn = 15 * time.Second

// openBuilder opens the surroundings of a rebuild.
func openBuilder(ctx context.Context, s *cli.Session, name string) (*builder, error) {
	var defs wire.Definitions
	d, err := s.Configure(ctx, true, &defs, &cli.LocalCron{})
	if err != nil {
		return nil, err
	}
	db, err := s.Migrated(ctx, d)
	if err != nil {
		return nil, err
	}
	first, err := defs.Named(name)
	if err != nil {
		return nil, err
	}
	c, err := s.OpenCron(s.Env, ctx)
	if err != nil {
		return nil, err
	}
	settings, err := s.Env.IndexSettings(ctx)
	if err != nil {
		return nil, err
	}
	b := &builder{db: db, s: s, first: first, show: progress.New(s.Err, s.Terminal, "rebuild "+name, s.Now)}
	b.Rebuild = join.Rebuild(&rebuild.Rebuild{
		Cron: c, Indices: indices{settings}, Verify: b.verify, Poll: s.Poll, Grace: searchesLearn, Log: s.Env.Log,
		Progress: func(words string, r run.Run) { b.show.Set(r.PagesDone, r.PagesTotal, words+", "+cli.Stage(r)) },
	}, db)
	return b, nil
}

// audited does an act on the entity's indices and keeps its row; do returns the result in
// words.
func (b *builder) audited(ctx context.Context, action string, do func(context.Context) (string, error)) error {
	return b.s.Audited(ctx, audit.New(b.db.Pool()), audit.Entry{Action: action, Object: b.first.Name}, func(entry *audit.Entry) (err error) {
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

// verifyRounds is how often a target is compared and repaired.
const verifyRounds = 3

// verify compares a target with the source, repairs it, and returns how many differences
// are left.
func (b *builder) verify(ctx context.Context, d entity.Definition) (int64, error) {
	left := int64(0)
	for round := 1; round <= verifyRounds; round++ {
		_, _ = fmt.Fprintf(b.s.Err, "comparing %s with the source\n", d.Index)
		o := repairOptions{VerifyOptions: VerifyOptions{deep: true, entity: d.Name, Limit: 10}, Wait: cli.Wait{Wait: true, Timeout: time.Hour}}
		found, err := repairQuietly(ctx, b.s, o)
		if err != nil {
			return 0, err
		}
		if left = found; left == 0 {
			return 0, nil
		}
		_, _ = fmt.Fprintf(b.s.Err, "%d differences were repaired; comparing again\n", found)
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
		return "", fmt.Errorf("%s has no earlier index to go back to: see returnsync rebuild list --entity %s", b.first.Name, b.first.Name)
	}
	if err := b.Promote(ctx, b.first, *back); err != nil {
		return "", err
	}
	b.show.End()
	_, _ = fmt.Fprintf(b.s.Out, "%s: index %s is live again\n", b.first.Name, back.Index)
	return "index " + back.Index + " is live again", nil
}

// later reports whether a time is after another; nil is before all.
func later(a, b *time.Time) bool { return a != nil && (b == nil || a.After(*b)) }

// remove removes the targets of a role, and those whose earlier removal was interrupted.
// words describe the role.
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
		_, _ = fmt.Fprintf(b.s.Err, "removing %s; this waits until no function can write to it any more\n", t.Index)
		if err := b.Drop(ctx, b.first, t); err != nil {
			return "", err
		}
		_, _ = fmt.Fprintf(b.s.Out, "%s: index %s is removed\n", b.first.Name, t.Index)
		removed = append(removed, t.Index)
	}
	if len(removed) == 0 {
		return "", fmt.Errorf("%s has no index that %s", b.first.Name, words)
	}
	return "removed " + strings.Join(removed, ", "), nil
}

// targets returns the entity's targets.
func (b *builder) targets(ctx context.Context) ([]target.Target, error) {
	return targetsOf(ctx, b.db, b.first.Name)
}

// targetsOf returns the targets of an entity.
func targetsOf(ctx context.Context, db *store.DB, name string) ([]target.Target, error) {
	all, err := db.Targets.Targets(ctx)
	var list []target.Target
	for _, t := range all {
		if t.Entity == name {
			list = append(list, t)
		}
	}
	return list, err
}

// listTargets prints an entity's indices.
func listTargets(ctx context.Context, s *cli.Session, name string) error {
	db, entities, err := s.Known(ctx, name)
	if err != nil {
		return err
	}
	first := entities[0]
	list, err := targetsOf(ctx, db, name)
	if err != nil {
		return err
	}
	if len(list) == 0 || len(list) == 1 && list[0].First() {
		_, _ = fmt.Fprintf(s.Out, "%s was never rebuilt: its index is %s\n", name, first.Index)
		return nil
	}
	var rows [][]any
	for _, t := range list {
		of, err := t.Definition(first)
		if err != nil {
			return err
		}
		asOf, err := db.Claims.AsOf(ctx, of.JobType)
		if err != nil {
			return err
		}
		rows = append(rows, []any{t.Name(), of.Index, t.Role, t.CreatedAt, t.LiveAt, asOf})
	}
	return cli.Table(s.Out, "TARGET\tINDEX\tROLE\tMADE (UTC)\tLIVE SINCE (UTC)\tAS OF (UTC)", rows, func(row []any) []any { return row })
}
