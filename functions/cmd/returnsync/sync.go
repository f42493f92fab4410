package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/operate"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/progress"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/claim"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/flow"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/target"
)

const syncHelp = `sync ticks now, as Cloud Scheduler does every 15 minutes: it claims the next
window of every entity, or of one, and sends its task. Where a sync is under way
already it starts no second one.

With CRON_URL it calls the cron function there; without, it ticks in this process
and needs the database and the queues (SOURCE_DSN, TASKS_LOCATION, WINDOW_URL).

With --wait it follows each run in our own tables until the run has ended, prints
its account, and fails if a run failed or was interrupted. A run that somebody
else had started is followed too. Ending the wait does not end the run.`

// sync is the command that starts syncs.
func (a *app) sync() *cobra.Command {
	var o syncOptions
	cmd := &cobra.Command{
		Use:   "sync",
		Short: "Start a sync now, and follow it",
		Long:  syncHelp,
		Example: `  returnsync sync --entity returns --wait
  returnsync sync --wait --timeout 1h
  CRON_TOKEN=$(gcloud auth print-identity-token --include-email --audiences=$CRON_URL --impersonate-service-account=$ACCOUNT) returnsync sync --cron-url $CRON_URL`,
		Args: cobra.NoArgs,
		RunE: a.run(func(ctx context.Context, s *session, _ []string) error { return s.sync(ctx, o) }),
	}
	cmd.Flags().StringVar(&o.entity, "entity", "", "this entity alone")
	cmd.Flags().BoolVar(&o.wait, "wait", false, "follow the run until it has ended")
	cmd.Flags().DurationVar(&o.timeout, "timeout", 30*time.Minute, "how long to wait with --wait")
	addSettings(cmd.Flags(), onSync)
	return cmd
}

// syncOptions are what the flags say.
type syncOptions struct {
	entity  string
	wait    bool
	timeout time.Duration
}

// sync ticks and, if asked to, waits.
func (s *session) sync(ctx context.Context, o syncOptions) error {
	if o.timeout <= 0 {
		return fmt.Errorf("--timeout is %v; want more than 0", o.timeout)
	}
	tick, db, entities, err := s.prepare(ctx, o)
	if err != nil {
		return err
	}
	started, err := s.startSync(ctx, tick, db, o.entity)
	for _, one := range started {
		_, _ = fmt.Fprintf(s.out, "%s: %s\n", one.Entity, one.Message)
	}
	if !o.wait {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	problems := []error{err}
	for _, one := range started {
		problems = append(problems, s.await(ctx, db, entities, one))
	}
	return errors.Join(problems...)
}

// startSync ticks. The cron function keeps the row of a tick that is played there.
func (s *session) startSync(ctx context.Context, tick ticker, db *store.DB, name string) ([]flow.Started, error) {
	if _, isRemote := s.Lookup.Lookup("CRON_URL"); isRemote {
		return tick(ctx, name)
	}
	return operate.Acts{Store: db, Ticker: tick}.StartEntity(ctx, s.actor(), flow.Tick{Entity: name})
}

// ticker plays a tick for an entity, for all without a name.
type ticker func(ctx context.Context, entity string) ([]flow.Started, error)

// prepare opens what a tick, and the wait after it, need: our own tables unless
// somebody else ticks and nobody waits.
func (s *session) prepare(ctx context.Context, o syncOptions) (ticker, *store.DB, entity.List, error) {
	var remote remoteCron
	var defs wire.Definitions
	var here localCron
	_, isRemote := s.Lookup.Lookup("CRON_URL")
	if isRemote && !o.wait {
		err := wire.Configure(ctx, s.Lookup, &remote)
		return s.remoteTick(remote), nil, nil, err
	}
	n := need{targets: []any{&remote, &defs}}
	if !isRemote {
		n = need{source: true, targets: []any{&defs, &here}}
	}
	d, err := s.configure(ctx, n)
	if err != nil {
		return nil, nil, nil, err
	}
	entities, err := definitions(defs, o.entity)
	if err != nil {
		return nil, nil, nil, err
	}
	db, err := s.migrated(ctx, d)
	if err != nil || isRemote {
		return s.remoteTick(remote), db, entities, err
	}
	tick, err := s.localTick(ctx)
	return tick, db, entities, err
}

// localCron is what a tick in this process needs beside the database; package
// wire reads it, and it stands here to be missed together with the rest.
type localCron struct {
	Location  string `env:"TASKS_LOCATION, required"`
	WindowURL string `env:"WINDOW_URL, required"`
}

// localTick returns the tick that this process plays itself.
func (s *session) localTick(ctx context.Context) (ticker, error) {
	c, err := s.cron(s.Env, ctx)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, entity string) ([]flow.Started, error) {
		return c.Run(ctx, flow.Tick{Entity: entity, Occurrence: "manual-" + claim.NewToken(), ByHand: true})
	}, nil
}

// await follows the run of an entity's claim and prints its account.
func (s *session) await(ctx context.Context, db *store.DB, entities entity.List, started flow.Started) error {
	name := started.Entity // a target's, where the entity was rebuilt
	d, err := target.Catalog{Entities: entities, Store: db}.Named(ctx, name)
	if err != nil {
		return err
	}
	show := progress.New(s.log, s.terminal, name, s.now)
	r, err := follower{store: db, entity: d, claim: started.ClaimID, poll: s.poll, each: showing(show)}.follow(ctx)
	show.End()
	if err != nil {
		return err
	}
	took := time.Duration(0)
	if r.ClosedAt != nil {
		took = r.ClosedAt.Sub(r.CreatedAt)
	}
	_, _ = fmt.Fprintf(s.out, "%s: run %d %s in %s: %v\n", name, r.ID, r.State, age(took), r.Counts)
	if r.State != run.Synced {
		return fmt.Errorf("run %d of %s ended %s: %s: nothing is lost, the next run covers its window again", r.ID, name, r.State, orNone(r.LastError))
	}
	return nil
}
