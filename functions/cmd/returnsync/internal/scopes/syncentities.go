package scopes

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/cli"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/operate"
	syncscope "gitlab.com/eshopbox-team/return-sync/shared/scope"
	"gitlab.com/eshopbox-team/return-sync/shared/scope/scopestore"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/member"
)

// entitiesOptions are the flags.
type entitiesOptions struct {
	cli.Wait
	entities      []string
	instance      string
	unlessSyncing string
	json          bool
}

// syncEntitiesCmd is the command that syncs entities and keeps a status of each.
func syncEntitiesCmd(a *cli.App, use string) *cobra.Command {
	var o entitiesOptions
	cmd := &cobra.Command{
		Use: use, Args: cli.Args,
		Short: "Sync some or all entities, in the name of a scope's member",
		Long: `It plays a tick of entities, as returnsync sync does, and keeps a status of each. With
--instance it reports to every scope that is syncing and has that member. A start
without a scope's bookkeeping: returnsync sync.`,
		Annotations: cli.Failure(map[string]string{}, "with --wait a sync failed"),
		Example: `  returnsync scopes sync --entity returns --instance morning
  returnsync scopes sync --unless-syncing nightly --wait`,
		RunE: a.Run(func(ctx context.Context, s *cli.Session, _ []string) error { return syncEntities(ctx, s, o) }),
	}
	cmd.Flags().StringSliceVar(&o.entities, "entity", nil, "this entity alone; repeat it for several entities")
	cmd.Flags().StringVar(&o.instance, "instance", "", "the member in whose name they are synced")
	cmd.Flags().StringVar(&o.unlessSyncing, "unless-syncing", "", "do nothing while this scope is syncing")
	cli.JSONFlag(cmd.Flags(), &o.json)
	o.Add(cmd.Flags(), 30*time.Minute)
	cli.AddSettings(cmd.Flags(), cli.OnSync)
	return cmd
}

// request translates the flags.
func (o entitiesOptions) request() (syncscope.Request, error) {
	r := syncscope.Request{InstanceID: syncscope.ID(o.instance)}
	for _, name := range o.entities {
		r.Options.Entities = append(r.Options.Entities, syncscope.Item{Entity: name})
	}
	if err := o.Check(); err != nil {
		return r, err
	}
	if o.unlessSyncing == "" {
		return r, nil
	}
	r.When = syncscope.When{Scope: syncscope.ID(o.unlessSyncing), IsNot: syncscope.States{syncscope.Syncing}}
	return r, syncscope.CheckID(o.unlessSyncing, "--unless-syncing")
}

// syncEntities syncs entities and, if asked to, follows them.
func syncEntities(ctx context.Context, s *cli.Session, o entitiesOptions) error {
	r, err := o.request()
	if err != nil {
		return err
	}
	scopes, err := forStarting(ctx, s)
	if err != nil {
		return err
	}
	done, err := operate.ScopeActs{Flow: scopes}.SyncEntities(ctx, s.Actor(), r)
	if err != nil {
		return err
	}
	if o.Wait.Wait {
		ctx, cancel := context.WithTimeout(ctx, o.Timeout)
		defer cancel()
		if err := awaitStatuses(ctx, s, scopes, &done); err != nil {
			return err
		}
	}
	if o.json {
		err = cli.JSON(s.Out, done)
	} else if _, _ = fmt.Fprintln(s.Out, done.Message); done.Started {
		err = cli.Table(s.Out, statusHead, done.Statuses, statusRow)
	}
	for _, one := range done.Statuses {
		if err == nil && one.State == syncscope.Failed {
			err = fmt.Errorf("%s failed: %s", one.Entity, cli.OneLine(one.Error))
		}
	}
	return err
}

// awaitStatuses follows the statuses of a call until all have ended.
func awaitStatuses(ctx context.Context, s *cli.Session, scopes *member.Scopes, done *member.EntitiesDone) error {
	fresh := true
	return s.Await(ctx, cli.Work{Name: "the work of scopes sync", Look: "returnsync scopes statuses list"}, func() (bool, error) {
		if !fresh {
			if err := readAgain(ctx, scopes, done); err != nil {
				return false, err
			}
		}
		fresh = false
		running := func(one syncscope.StatusAnswer) bool { return one.State == syncscope.Syncing }
		return !slices.ContainsFunc(done.Statuses, running), nil
	})
}

// readAgain brings the statuses of a call up to date.
func readAgain(ctx context.Context, scopes *member.Scopes, done *member.EntitiesDone) error {
	if err := scopes.Refresh(ctx); err != nil {
		return err
	}
	for i, one := range done.Statuses {
		list, err := scopes.Store.Statuses(ctx, scopestore.StatusFilter{ID: one.ID, Limit: 1})
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return fmt.Errorf("the status %s was deleted during the wait", one.ID)
		}
		done.Statuses[i] = list[0].Answer()
	}
	return nil
}
