package flow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/alert"
	"gitlab.com/eshopbox-team/return-sync/shared/queue"
	"gitlab.com/eshopbox-team/return-sync/shared/states"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/claim"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
)

// Claims is what a tick needs of the table of claims. Claim and TakeOver return false
// when another tick was faster.
type Claims interface {
	// Newest returns the newest row of a job type. Where there is none, it first inserts
	// one that is free.
	Newest(ctx context.Context, jobType string) (claim.Row, error)
	// NewestWithAgenda is Newest and, in the same statement, what else a tick has to look
	// at: entities with several targets, and jobs whose next turn is overdue.
	NewestWithAgenda(ctx context.Context, jobType string, silence time.Duration) (claim.Row, claim.Agenda, error)
	Claim(ctx context.Context, r claim.Row, g claim.Grant) (bool, error)
	// TakeOver also closes the dead claim's run as interrupted, and returns its id.
	TakeOver(ctx context.Context, r claim.Row, g claim.Grant) (dead int64, ok bool, err error)
}

// Definitions finds what is synced: entities, and the targets of their rebuilds.
type Definitions interface {
	// Fed returns what a tick syncs: all targets of all entities, or of the entity that
	// name says, or the one target that name says.
	Fed(ctx context.Context, name string) (entity.List, error)
}

// Heart keeps the application's heartbeat.
type Heart interface {
	// Beat writes the heartbeat of that name.
	Beat(ctx context.Context, name string) error
}

// Waker starts the chains of tasks of silent jobs again.
type Waker interface {
	WakeSilent(ctx context.Context) error
}

// Cron starts syncs. It is safe for concurrent use.
type Cron struct {
	Claims   Claims
	Entities entity.List
	// Definitions is asked where a tick has a name, or an entity has several targets.
	Definitions Definitions
	Heart       Heart // nil where no heartbeat is kept
	Jobs        Waker // nil where there are no jobs
	Queue       queue.Sender
	Config      Config
	Log         *slog.Logger
	Steps       states.Steps
}

// Tick is one call of the scheduler or of a person.
type Tick struct {
	// Occurrence is the tick's idempotency key: the scheduler's time, the same on
	// every retry of one tick. Empty or made up for a tick by hand.
	Occurrence string
	// Entity restricts the tick to one entity and all its targets, or to the one
	// target that it names; empty means all.
	Entity string
	// Only restricts the tick to this one target. The first target of an entity has the
	// entity's name, so Entity would start the syncs of the others too.
	Only *entity.Definition
	// JobsOnly starts no sync and only restarts silent jobs.
	JobsOnly bool
	// ByHand marks a person's tick, which gives no heartbeat.
	ByHand bool
}

// Started says what a tick did for one entity.
type Started struct {
	Entity   string `json:"entity"`
	Decision string `json:"decision"`
	ClaimID  int64  `json:"claimId"`
	Message  string `json:"message"`
}

// Run plays the tick for each entity. One entity's error does not stop another's
// sync; the errors come back together, and repeating the tick is safe.
func (c *Cron) Run(ctx context.Context, t Tick) ([]Started, error) {
	if len(c.Entities) == 0 {
		return nil, nil
	}
	first, agenda, err := c.Claims.NewestWithAgenda(ctx, c.Entities[0].JobType, c.Config.JobSilence)
	if err != nil {
		return nil, err
	}
	entities, err := c.entities(ctx, t, agenda.Rebuilt > 0)
	if err != nil {
		return nil, err
	}
	started := make([]Started, 0, len(entities))
	var problems []error
	if agenda.Silent > 0 && c.Jobs != nil {
		problems = append(problems, c.Jobs.WakeSilent(ctx))
	}
	for _, d := range entities {
		s, err := c.start(ctx, d, t.Occurrence, first)
		if err != nil {
			c.Log.ErrorContext(ctx, "a sync could not be started", "entity", d.Name, "error", err)
			problems = append(problems, err)
			continue
		}
		started = append(started, s)
	}
	if !t.ByHand && c.Heart != nil {
		// A missed heartbeat must not fail a tick that has started syncs: the watcher
		// reports it.
		if err := c.Heart.Beat(ctx, alert.App); err != nil {
			c.Log.WarnContext(ctx, "the heartbeat could not be written", "error", err)
		}
	}
	return started, errors.Join(problems...)
}

// entities returns the definitions that a tick syncs.
func (c *Cron) entities(ctx context.Context, t Tick, rebuilt bool) (entity.List, error) {
	switch {
	case t.JobsOnly:
		return nil, nil
	case t.Only != nil:
		return entity.List{*t.Only}, nil
	case t.Entity == "" && !rebuilt:
		return c.Entities, nil
	}
	return c.Definitions.Fed(ctx, t.Entity)
}

// start claims an entity's next window and sends its task. The claim comes first:
// a task without a claim could not prove its right to run, while a claim whose task
// was never sent is found by the next tick, which sends it under the same name. row
// is a claim that the tick has read already; of another job type it is read anew.
func (c *Cron) start(ctx context.Context, d entity.Definition, occurrence string, row claim.Row) (Started, error) {
	if row.JobType != d.JobType {
		var err error
		if row, err = c.Claims.Newest(ctx, d.JobType); err != nil {
			return Started{}, err
		}
	}
	decision := claim.Decide(row, occurrence)
	s := Started{Entity: d.Name, Decision: decision.String(), ClaimID: row.ID}
	grant := claim.Grant{Token: claim.NewToken(), Occurrence: occurrence, Lease: c.Config.RunLease}
	switch decision {
	case claim.Duplicate:
		s.Message = "this tick has run already"
		return s, nil
	case claim.Busy:
		s.Message = "the last sync is still running"
		return s, nil
	case claim.Take:
		ok, err := c.Claims.Claim(ctx, row, grant)
		if err != nil || !ok {
			s.Message = "another tick was faster"
			return s, err
		}
		row.Token = grant.Token
		s.Message = "claimed"
	case claim.TakeOver:
		dead, ok, err := c.Claims.TakeOver(ctx, row, grant)
		if err != nil || !ok {
			s.Message = "another tick was faster"
			return s, err
		}
		row.Token = grant.Token
		s.Message = fmt.Sprintf("took over from a sync whose lease ran out (run %d)", dead)
		c.Log.WarnContext(ctx, "a dead sync was taken over; its run is closed as interrupted and its window will be covered again",
			"entity", d.Name, "run", dead, "leaseUntil", row.LeaseUntil)
	case claim.Resend:
		s.Message = "claimed before; its task was sent again"
	}
	c.Steps.At("claimed")
	return s, c.send(ctx, d.Name, row)
}

// send sends the window task of a claimed row. The name holds the claim's token,
// so the same claim has one task however often it is sent.
func (c *Cron) send(ctx context.Context, name string, row claim.Row) error {
	body, err := json.Marshal(claim.TaskOf(row))
	if err != nil {
		return err
	}
	err = c.Queue.Send(ctx, queue.Task{Route: run.RouteWindow, Name: queue.Name("window/"+row.Token, name+"-window"), Body: body})
	if err == nil {
		c.Steps.At("window-sent")
	}
	return err
}
