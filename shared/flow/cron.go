package flow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"

	"gitlab.com/eshopbox-team/return-sync/shared/claim"
	"gitlab.com/eshopbox-team/return-sync/shared/queue"
	"gitlab.com/eshopbox-team/return-sync/shared/store"
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
	// Entity restricts the tick to one entity; empty means all.
	Entity string
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
	entities := c.Entities
	if t.Entity != "" {
		d, err := c.Entities.Named(t.Entity)
		if err != nil {
			return nil, err
		}
		entities = Entities{d}
	}
	started := make([]Started, 0, len(entities))
	var problems []error
	for _, d := range entities {
		s, err := c.start(ctx, d.Name, d.JobType, t.Occurrence)
		if err != nil {
			c.Log.ErrorContext(ctx, "a sync could not be started", "entity", d.Name, "error", err)
			problems = append(problems, err)
			continue
		}
		started = append(started, s)
	}
	return started, errors.Join(problems...)
}

// start claims an entity's next window and sends its task. The claim comes
// first: a task without a claim would have nothing to stand on, while a claim
// whose task was never sent is found by the next tick and sent again under the
// same name.
func (c *Cron) start(ctx context.Context, name, jobType, occurrence string) (Started, error) {
	row, err := c.Store.Newest(ctx, jobType)
	if err != nil {
		return Started{}, err
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
	err = c.Queue.Send(ctx, queue.Task{Queue: queue.Sync, Name: queue.Name("window/"+row.Token, name+"-window"), Body: body})
	if err == nil {
		c.Steps.at("window-sent")
	}
	return err
}
