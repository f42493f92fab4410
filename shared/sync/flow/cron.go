package flow

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/alert"
	"gitlab.com/eshopbox-team/return-sync/shared/queue"
	"gitlab.com/eshopbox-team/return-sync/shared/states"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/claim"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
)

// Claims is what a tick needs of the table of claims. ClaimAll and TakeOver return false
// where another tick was faster.
type Claims interface {
	// Newest returns the newest row of a job type. Where there is none, it first inserts
	// one that is free.
	Newest(ctx context.Context, jobType string) (claim.Row, error)
	// NewestOf returns the newest rows of job types and, in the same statement, what else
	// a tick has to look at: entities with several targets, and jobs whose next turn is
	// overdue. Of a job type without a row it returns nothing.
	NewestOf(ctx context.Context, jobTypes []string, silence time.Duration) (map[string]claim.Row, claim.Agenda, error)
	// ClaimAll takes free rows, up to claim.Most; the answers are in their order.
	ClaimAll(ctx context.Context, rows []claim.Row, grants []claim.Grant) ([]bool, error)
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
	rows, agenda, err := c.Claims.NewestOf(ctx, c.asked(t), c.Config.JobSilence)
	if err != nil {
		return nil, err
	}
	entities, err := c.entities(ctx, t, agenda.Rebuilt > 0)
	if err != nil {
		return nil, err
	}
	var problems []error
	if agenda.Silent > 0 && c.Jobs != nil {
		problems = append(problems, c.Jobs.WakeSilent(ctx))
	}
	started := make([]Started, 0, len(entities))
	for chunk := range slices.Chunk(entities, claim.Most) {
		some, err := c.start(ctx, chunk, t.Occurrence, rows)
		started = append(started, some...)
		problems = append(problems, err)
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

// asked returns the job types whose rows a tick reads at once: of all entities, or one
// where the tick is for less.
func (c *Cron) asked(t Tick) []string {
	entities := c.Entities
	if t.JobsOnly || t.Only != nil || t.Entity != "" {
		entities = entities[:1]
	}
	types := make([]string, len(entities))
	for i, d := range entities {
		types[i] = d.JobType
	}
	return types
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

// turn is what a tick does for one entity.
type turn struct {
	Started
	row  claim.Row
	send bool // the claim's task
}

// start claims entities' next windows and sends their task. The claims come first:
// a task without a claim could not prove its right to run, while a claim whose task
// was never sent is found by the next tick, which sends it again. rows are claims that
// the tick has read already; others are read now.
func (c *Cron) start(ctx context.Context, entities entity.List, occurrence string, rows map[string]claim.Row) ([]Started, error) {
	var turns, free []*turn
	var problems []error
	failed := func(d string, err error) {
		c.Log.ErrorContext(ctx, "a sync could not be started", "entity", d, "error", err)
		problems = append(problems, err)
	}
	for _, d := range entities {
		t, decision, err := c.decide(ctx, d, occurrence, rows)
		if err != nil {
			failed(d.Name, err)
			continue
		}
		if turns = append(turns, t); decision == claim.Take {
			free = append(free, t)
		}
	}
	if err := c.take(ctx, free, occurrence); err != nil {
		failed(names(free), err)
		turns = slices.DeleteFunc(turns, func(t *turn) bool { return slices.Contains(free, t) })
	}
	started := make([]Started, len(turns))
	sent := slices.DeleteFunc(slices.Clone(turns), func(t *turn) bool { return !t.send })
	if err := c.send(ctx, sent); err != nil {
		failed(names(sent), err)
		turns = slices.DeleteFunc(turns, func(t *turn) bool { return t.send })
	}
	for i, t := range turns {
		started[i] = t.Started
	}
	return started[:len(turns)], errors.Join(problems...)
}

// names lists the entities of turns.
func names(turns []*turn) string {
	list := make([]string, len(turns))
	for i, t := range turns {
		list[i] = t.Entity
	}
	return strings.Join(list, ", ")
}

// decide says what a tick does for an entity. A row whose lease ran out is taken over
// at once; free ones are taken by take, together.
func (c *Cron) decide(ctx context.Context, d entity.Definition, occurrence string, rows map[string]claim.Row) (*turn, claim.Decision, error) {
	row, ok := rows[d.JobType]
	if !ok {
		var err error
		if row, err = c.Claims.Newest(ctx, d.JobType); err != nil {
			return nil, 0, err
		}
	}
	decision := claim.Decide(row, occurrence)
	t := &turn{Started: Started{Entity: d.Name, Decision: decision.String(), ClaimID: row.ID}, row: row}
	switch decision {
	case claim.Duplicate:
		t.Message = "this tick has run already"
	case claim.Busy:
		t.Message = "the last sync is still running"
	case claim.TakeOver:
		grant := c.grant(occurrence)
		dead, ok, err := c.Claims.TakeOver(ctx, row, grant)
		if err != nil {
			return nil, 0, err
		}
		if !ok {
			t.Message = faster
			return t, decision, nil
		}
		t.row.Token, t.send = grant.Token, true
		t.Message = fmt.Sprintf("took over from a sync whose lease ran out (run %d)", dead)
		c.Log.WarnContext(ctx, "a dead sync was taken over; its run is closed as interrupted and its window will be covered again",
			"entity", d.Name, "run", dead, "leaseUntil", row.LeaseUntil)
	case claim.Resend:
		t.Message, t.send = "claimed before; its task was sent again", true
	}
	return t, decision, nil
}

// faster is what a tick says that lost the race for a claim.
const faster = "another tick was faster"

// grant returns a grant with a fresh token.
func (c *Cron) grant(occurrence string) claim.Grant {
	return claim.Grant{Token: claim.NewToken(), Occurrence: occurrence, Lease: c.Config.RunLease}
}

// take takes free rows.
func (c *Cron) take(ctx context.Context, free []*turn, occurrence string) error {
	if len(free) == 0 {
		return nil
	}
	rows, grants := make([]claim.Row, len(free)), make([]claim.Grant, len(free))
	for i, t := range free {
		rows[i], grants[i] = t.row, c.grant(occurrence)
	}
	taken, err := c.Claims.ClaimAll(ctx, rows, grants)
	if err != nil {
		return err
	}
	for i, t := range free {
		if t.Message = faster; taken[i] {
			t.row.Token, t.send, t.Message = grants[i].Token, true, "claimed"
		}
	}
	return nil
}

// send sends one task for all claims.
func (c *Cron) send(ctx context.Context, turns []*turn) error {
	if len(turns) == 0 {
		return nil
	}
	c.Steps.At("claimed")
	tasks := make([]claim.Task, len(turns))
	for i, t := range turns {
		tasks[i] = claim.TaskOf(t.row)
	}
	err := sendWindows(ctx, c.Queue, turns[0].Entity, tasks)
	if err == nil {
		c.Steps.At("window-sent")
	}
	return err
}

// sendWindows sends the window task of claims. The name holds their tokens, so the same
// claims have one task however often it is sent. of is shown in the name.
func sendWindows(ctx context.Context, to queue.Sender, of string, tasks []claim.Task) error {
	body, err := claim.Body(tasks)
	if err != nil {
		return err
	}
	key := "window"
	for _, t := range tasks {
		key += "/" + t.Token
	}
	return to.Send(ctx, queue.Task{Route: run.RouteWindow, Name: queue.Name(key, of+"-window"), Body: body})
}
