package index

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/cli"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/operate"
)

// syncOptions are the flags of record sync.
type syncOptions struct {
	cli.JobOptions
	entity string
}

// recordSyncCmd is the command that syncs single roots.
func recordSyncCmd(a *cli.App) *cobra.Command {
	var o syncOptions
	cmd := &cobra.Command{
		Use:   "sync ROOT...",
		Short: "Sync the records of single roots now",
		Long: `sync opens a job that reads the rows of these roots and pushes what differs from what was
last pushed, whatever their stamps say. Name roots by their numbers, or by their keys where
an entity has other keys: several columns with commas between, bytes in hexadecimal. The
functions do the work.`,
		Args:        cli.Args,
		Annotations: cli.Failure(map[string]string{}, "with --wait the job did not end done"),
		Example:     "  returnsync record sync 4711 4712 --wait\n  returnsync record sync --entity listings 'acme,A-17'",
		RunE:        a.Run(func(ctx context.Context, s *cli.Session, args []string) error { return syncRoots(ctx, s, args, o) }),
	}
	f := cmd.Flags()
	f.StringVar(&o.entity, "entity", "returns", "the entity")
	cli.JSONFlag(f, &o.JSON)
	o.Add(f, time.Hour)
	cli.AddSettings(f, cli.OnSync)
	return cmd
}

// syncRoots opens the job.
func syncRoots(ctx context.Context, s *cli.Session, named []string, o syncOptions) error {
	if err := o.Check(); err != nil {
		return err
	}
	d, db, list, err := s.LiveTables(ctx, true, o.entity)
	if err != nil {
		return err
	}
	source, err := s.Env.Source(d.Wired())
	if err != nil {
		return err
	}
	roots := make([]uint64, len(named))
	for i, name := range named {
		if roots[i], err = source.RootNamed(ctx, list[0], name); err != nil {
			return err
		}
	}
	j, err := operate.Acts{Store: db}.SyncRoots(ctx, s.Actor(), list[0], named, roots)
	if err != nil {
		return err
	}
	return s.Launch(ctx, db, j, o.JobOptions)
}
