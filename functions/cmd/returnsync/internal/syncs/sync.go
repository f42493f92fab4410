// Package syncs is the commands about the syncs themselves: start one, see how they are
// doing, and read their runs and the run log.
package syncs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/cli"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/progress"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/flow"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/target"
)

// Commands returns the commands of this group.
func Commands(a *cli.App) []*cobra.Command {
	return []*cobra.Command{statusCmd(a), syncCmd(a), runsCmd(a), logsCmd(a)}
}

const syncHelp = `sync plays a tick now, as Cloud Scheduler does every 15 minutes: it claims the next
window of every entity, or of one, and sends its task. An entity with a sync under
way gets no second one.

With CRON_URL the cron function plays the tick; without it, this process does, and
needs the databases and the queues (SOURCE_DSN, TASKS_LOCATION, WINDOW_URL).

With --wait it follows each run in our own tables until the run has ended, prints
its account, and fails if a run failed or was interrupted. That includes a run that
somebody else started. The run continues when the wait ends early.`

// syncOptions are the flags.
type syncOptions struct {
	cli.Wait
	entity string
}

// syncCmd is the command that starts syncs.
func syncCmd(a *cli.App) *cobra.Command {
	var o syncOptions
	cmd := &cobra.Command{
		Use:   "sync",
		Short: "Start a sync now, and follow it",
		Long:  syncHelp,
		Example: `  returnsync sync --entity returns --wait
  returnsync sync --wait --timeout 1h
  CRON_TOKEN=$(gcloud auth print-identity-token --include-email --audiences=$CRON_URL --impersonate-service-account=$ACCOUNT) returnsync sync --cron-url $CRON_URL`,
		Args: cli.Args,
		RunE: a.Run(func(ctx context.Context, s *cli.Session, _ []string) error { return startSyncs(ctx, s, o) }),
	}
	cmd.Flags().StringVar(&o.entity, "entity", "", "this entity alone")
	o.Add(cmd.Flags(), 30*time.Minute)
	cli.AddSettings(cmd.Flags(), cli.OnSync)
	return cmd
}

// startSyncs plays a tick and, if asked to, follows its runs.
func startSyncs(ctx context.Context, s *cli.Session, o syncOptions) error {
	if err := o.Check(); err != nil {
		return err
	}
	tick, err := s.OpenTick(ctx, o.entity, o.Wait.Wait)
	if err != nil {
		return err
	}
	started, err := tick.Start(ctx, s.Actor(), o.entity)
	for _, one := range started {
		_, _ = fmt.Fprintf(s.Out, "%s: %s\n", one.Entity, one.Message)
	}
	if !o.Wait.Wait {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	problems := []error{err}
	for _, one := range started {
		problems = append(problems, follow(ctx, s, tick, one))
	}
	return errors.Join(problems...)
}

// follow follows the run of an entity's claim and prints its account.
func follow(ctx context.Context, s *cli.Session, tick cli.Tick, started flow.Started) error {
	name := started.Entity // a target's, where the entity was rebuilt
	d, err := target.Catalog{Entities: tick.Entities, Store: tick.Store.Targets}.Named(ctx, name)
	if err != nil {
		return err
	}
	show := progress.New(s.Err, s.Terminal, name, s.Now)
	r, err := ended(ctx, s, tick, claimed{entity: d, id: started.ClaimID}, func(r run.Run) { show.Set(r.PagesDone, r.PagesTotal, cli.Stage(r)) })
	show.End()
	if err != nil {
		return err
	}
	took := time.Duration(0)
	if r.ClosedAt != nil {
		took = r.ClosedAt.Sub(r.CreatedAt)
	}
	_, _ = fmt.Fprintf(s.Out, "%s: run %d %s in %s: %v\n", name, r.ID, r.State, cli.Age(took), r.Counts)
	if r.State != run.Synced {
		return fmt.Errorf("run %d of %s ended %s: %s: no change is dropped, the next run covers its window again", r.ID, name, r.State, cli.OrNone(r.LastError))
	}
	return nil
}

// claimed is the claim whose run is followed.
type claimed struct {
	entity entity.Definition
	id     int64
}

// ended follows the run of a claim in our own tables and returns it when it has ended. Each
// look is given to each: the zero run before the run began.
func ended(ctx context.Context, s *cli.Session, tick cli.Tick, c claimed, each func(run.Run)) (r run.Run, err error) {
	token := ""
	work := cli.Work{Name: "the sync of " + c.entity.Name, Look: "returnsync status"}
	err = s.Await(ctx, work, func() (bool, error) {
		if token == "" {
			status, err := tick.Store.Facts.Status(ctx, c.entity)
			if err != nil {
				return false, err
			}
			if status.Claim == nil || status.Claim.ID != c.id {
				return false, fmt.Errorf("the claim of %s is not in our tables here: is STATE_DSN (or SOURCE_DSN) the database that the cron function uses?", c.entity.Name)
			}
			token = status.Claim.Token
		}
		found, err := tick.Store.Runs.RunOf(ctx, token)
		if err != nil {
			return false, err
		}
		if found == nil {
			return false, stillClaimed(ctx, tick, c, token, each)
		}
		r = *found
		each(r)
		return r.State.Final(), nil
	})
	return r, err
}

// stillClaimed makes sure that a claim without a run is still the entity's newest: a claim
// that was taken over before its run began never gets one.
func stillClaimed(ctx context.Context, tick cli.Tick, c claimed, token string, each func(run.Run)) error {
	status, err := tick.Store.Facts.Status(ctx, c.entity)
	if err != nil {
		return err
	}
	if status.Claim == nil || status.Claim.ID != c.id || status.Claim.Token != token {
		return fmt.Errorf("the claim of %s was taken over before its run began: see returnsync status", c.entity.Name)
	}
	each(run.Run{})
	return nil
}
