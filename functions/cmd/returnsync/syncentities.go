package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/operate"
	syncscope "gitlab.com/eshopbox-team/return-sync/shared/scope"
	"gitlab.com/eshopbox-team/return-sync/shared/scope/scopestore"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/member"
)

// entitiesOptions are what the flags say.
type entitiesOptions struct {
	entities      []string
	instance      string
	unlessSyncing string
	json, wait    bool
	timeout       time.Duration
}

// syncEntities is the command that syncs entities and keeps statuses of it.
func (a *app) syncEntities() *cobra.Command {
	var o entitiesOptions
	cmd := &cobra.Command{
		Use: syncscope.SyncEntities, Aliases: names(syncscope.SyncEntities)[1:], Args: cobra.NoArgs,
		Short: "Sync some or all entities, in the name of a scope's member",
		Long: `sync-entities ticks entities, as sync does, and keeps a status of each. With
--instance it reports to every scope that is syncing and has that member.

Exit codes: 0 all is well; 1 the command failed, or with --wait a sync did.`,
		Example: `  returnsync sync-entities --entity returns --instance morning
  returnsync sync-entities --unless-syncing nightly --wait`,
		RunE: a.run(func(ctx context.Context, s *session, _ []string) error { return s.syncEntities(ctx, o) }),
	}
	cmd.Flags().StringSliceVar(&o.entities, "entity", nil, "this entity alone; several times for several")
	cmd.Flags().StringVar(&o.instance, "instance", "", "the member to do it for")
	cmd.Flags().StringVar(&o.unlessSyncing, "unless-syncing", "", "do nothing while this scope is syncing")
	cmd.Flags().BoolVar(&o.json, "json", false, "print JSON, for programs")
	cmd.Flags().BoolVar(&o.wait, "wait", false, "follow the syncs until they have ended")
	cmd.Flags().DurationVar(&o.timeout, "timeout", 30*time.Minute, "how long to wait with --wait")
	addSettings(cmd.Flags(), onSync)
	return cmd
}

// request translates the flags.
func (o entitiesOptions) request() (syncscope.Request, error) {
	r := syncscope.Request{InstanceID: syncscope.ID(o.instance)}
	for _, name := range o.entities {
		r.Options.Entities = append(r.Options.Entities, syncscope.Item{Entity: name})
	}
	if o.timeout <= 0 {
		return r, fmt.Errorf("--timeout is %v; want more than 0", o.timeout)
	}
	if o.unlessSyncing == "" {
		return r, nil
	}
	r.When = syncscope.When{Scope: syncscope.ID(o.unlessSyncing), IsNot: syncscope.States{syncscope.Syncing}}
	return r, syncscope.CheckID(o.unlessSyncing, "--unless-syncing")
}

// syncEntities syncs entities and, if asked to, follows them.
func (s *session) syncEntities(ctx context.Context, o entitiesOptions) error {
	r, err := o.request()
	if err != nil {
		return err
	}
	scopes, err := s.scopesWrite(ctx)
	if err != nil {
		return err
	}
	done, err := operate.ScopeActs{Flow: scopes}.SyncEntities(ctx, s.actor(), r)
	if err != nil {
		return err
	}
	if o.wait {
		ctx, cancel := context.WithTimeout(ctx, o.timeout)
		defer cancel()
		if err := s.awaitStatuses(ctx, scopes, &done); err != nil {
			return err
		}
	}
	if o.json {
		err = printJSON(s.out, done)
	} else if _, _ = fmt.Fprintln(s.out, done.Message); done.Started {
		err = s.printStatuses(done.Statuses, false)
	}
	for _, one := range done.Statuses {
		if err == nil && one.State == syncscope.Failed {
			err = fmt.Errorf("%s failed: %s", one.Entity, oneLine(one.Error))
		}
	}
	return err
}

// awaitStatuses follows the statuses of a call until all have ended.
func (s *session) awaitStatuses(ctx context.Context, scopes *member.Scopes, done *member.EntitiesDone) error {
	for running(done.Statuses) {
		select {
		case <-ctx.Done():
			return fmt.Errorf("the wait ended before the syncs did; they go on by themselves: look with returnsync statuses list")
		case <-time.After(s.poll):
		}
		if err := scopes.Refresh(ctx); err != nil {
			return err
		}
		for i, one := range done.Statuses {
			list, err := scopes.Store.Statuses(ctx, scopestore.StatusFilter{ID: one.ID, Limit: 1})
			if err != nil {
				return err
			}
			if len(list) == 0 {
				return fmt.Errorf("the status %s was deleted while it was waited for", one.ID)
			}
			done.Statuses[i] = list[0].Answer()
		}
	}
	return nil
}

// running reports whether a status has not ended.
func running(all []syncscope.StatusAnswer) bool {
	for _, one := range all {
		if one.State == syncscope.Syncing {
			return true
		}
	}
	return false
}
