package flow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/alert"
	"gitlab.com/eshopbox-team/return-sync/shared/heartbeat"
	"gitlab.com/eshopbox-team/return-sync/shared/queue"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/claim"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/job"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/target"
)

// Cron starts syncs. It is safe for concurrent use.
type Cron struct {
	Store    *store.DB
	Queue    queue.Sender
	Entities Entities
	Config   Config
	Log      *slog.Logger
	Steps    Steps
}

// Tick is one call of the scheduler or of a person.
type Tick struct {
	// Occurrence tells two ticks apart: the scheduler's time, the same on every
	// retry of one tick. Empty or made up for a tick by hand.
	Occurrence string
	// Entity restricts the tick to one entity and all its targets, or to the one
	// target that it names; empty means all.
	Entity string
	// JobsOnly leaves the entities alone and only looks after the jobs.
	JobsOnly bool
	// ByHand says that a person ticked. Only what comes by itself is a sign of
	// life of the application.
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
	first, err := c.look(ctx)
	if err != nil {
		return nil, err
	}
	entities, err := c.entities(ctx, t, first.agenda)
	if err != nil {
		return nil, err
	}
	started := make([]Started, 0, len(entities))
	var problems []error
	if first.agenda.Silent > 0 {
		problems = append(problems, c.wake(ctx))
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
	c.beat(ctx, t)
	return started, errors.Join(problems...)
}

// beat gives the application's sign of life. It must not fail a tick that has
// started syncs: a beat that is missed is told by the watcher.
func (c *Cron) beat(ctx context.Context, t Tick) {
	if t.ByHand {
		return
	}
	if err := heartbeat.New(c.Store.Pool()).Beat(ctx, alert.App); err != nil {
		c.Log.WarnContext(ctx, "the heartbeat could not be written", "error", err)
	}
}

// glance is what a tick sees first: the claim of one entity, and what there is
// beside the entities. One statement is most of what an idle tick costs here.
type glance struct {
	row    claim.Row
	agenda store.Agenda
}

// look takes the first glance.
func (c *Cron) look(ctx context.Context) (g glance, err error) {
	if len(c.Entities) == 0 {
		return g, nil
	}
	g.row, g.agenda, err = c.Store.NewestWithAgenda(ctx, c.Entities[0].JobType, c.Config.JobSilence)
	return g, err
}

// entities returns what a tick is about.
func (c *Cron) entities(ctx context.Context, t Tick, a store.Agenda) (Entities, error) {
	catalog := Catalog{Entities: c.Entities, Store: c.Store}
	if t.Entity != "" {
		d, err := catalog.Named(ctx, t.Entity)
		if err != nil {
			return nil, err
		}
		catalog.Entities = Entities{d}
	}
	_, one := target.IDOf(t.Entity)
	switch {
	case t.JobsOnly:
		return nil, nil
	case one, a.Rebuilt == 0:
		return catalog.Entities, nil
	}
	return catalog.Fed(ctx)
}

// wake begins the chain of tasks anew of every job that has gone silent: its
// process died with its task, or the queue was emptied.
func (c *Cron) wake(ctx context.Context) error {
	silent, err := c.Store.SilentJobs(ctx, c.Config.JobSilence)
	if err != nil {
		return err
	}
	problems := []error{}
	for _, j := range silent {
		c.Log.WarnContext(ctx, "a silent job is woken", "entity", j.Entity, "job", j.ID, "turn", j.Turn)
		problems = append(problems, c.Wake(ctx, j.ID))
	}
	return errors.Join(problems...)
}

// Wake begins a running job's chain of tasks, or begins it anew.
func (c *Cron) Wake(ctx context.Context, id int64) error {
	turn, ok, err := c.Store.Kick(ctx, id)
	if err != nil || !ok {
		return err
	}
	c.Steps.at("job-kicked")
	return sendTurn(ctx, c.Queue, run.RouteFirstTurn, job.Task{JobID: id, Turn: turn, Resend: true}, time.Time{})
}

// start claims an entity's next window and sends its task. The claim comes
// first: a task without a claim would have nothing to stand on, while a claim
// whose task was never sent is found by the next tick and sent again under the
// same name.
func (c *Cron) start(ctx context.Context, d entity.Definition, occurrence string, seen glance) (Started, error) {
	row, name := seen.row, d.Name
	if row.JobType != d.JobType {
		var err error
		if row, err = c.Store.Newest(ctx, d.JobType); err != nil {
			return Started{}, err
		}
	}
	decision := claim.Decide(row, occurrence)
	s := Started{Entity: name, Decision: decision.String(), ClaimID: row.ID}
	grant := store.Grant{Token: claim.NewToken(), Occurrence: occurrence, Lease: c.Config.RunLease}
	switch decision {
	case claim.Duplicate:
		s.Message = "this tick has run already"
		return s, nil
	case claim.Busy:
		s.Message = "the last sync is still running"
		return s, nil
	case claim.Take:
		ok, err := c.Store.Claim(ctx, row, grant)
		if err != nil || !ok {
			s.Message = "another tick was faster"
			return s, err
		}
		row.Token = grant.Token
		s.Message = "claimed"
	case claim.TakeOver:
		dead, ok, err := c.Store.TakeOver(ctx, row, grant)
		if err != nil || !ok {
			s.Message = "another tick was faster"
			return s, err
		}
		row.Token = grant.Token
		s.Message = fmt.Sprintf("took over from a sync whose lease ran out (run %d)", dead)
		c.Log.WarnContext(ctx, "a dead sync was taken over; its run is closed as interrupted and its window will be covered again",
			"entity", name, "run", dead, "leaseUntil", row.LeaseUntil)
	case claim.Resend:
		s.Message = "claimed before; its task was sent again"
	}
	c.Steps.at("claimed")
	return s, c.send(ctx, name, row)
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
		c.Steps.at("window-sent")
	}
	return err
}
