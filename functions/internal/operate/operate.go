// Package operate has the acts of people: each change that a person may make, with a row
// of sync_audit for each (actor, program, action, old and new value, outcome). The row
// belongs to the act, so the console, the command line and the functions that people call
// leave the same rows and refuse the same mistakes in the same words.
//
// Work without a person, such as a tick, a schedule's start or a page, is no act: the run
// log records it.
package operate

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/audit"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/claim"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/flow"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/member"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rework"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/target"
)

// Actor is the person who acts.
type Actor struct {
	Who string // an address, a token's subject, or a user of a machine; may be empty
	Via string // one of store's ViaConsole, ViaCLI ...
}

// String names the actor as the author of a job.
func (a Actor) String() string { return a.Via + ": " + a.who() }

// who names the actor in the audit.
func (a Actor) who() string { return cmp.Or(a.Who, "unknown") }

// Store keeps the rows of the audit.
type Store interface {
	Audited(ctx context.Context, a audit.Entry, do func(*audit.Entry) error) error
}

// Audited does an act and keeps its row; acts of one caller alone use it directly. do
// completes the row with the old and the new value.
func Audited(ctx context.Context, db Store, by Actor, a audit.Entry, do func(*audit.Entry) error) error {
	a.Who, a.Via = by.who(), by.Via
	return db.Audited(ctx, a, do)
}

// Waker begins a job's chain of tasks.
type Waker interface {
	// Wake sends the first task of the job with this id.
	Wake(ctx context.Context, id int64) error
}

// Acts are the acts on entities, jobs, parked records and schedules.
type Acts struct {
	Store    *store.DB
	Entities entity.List
	// Ticker starts syncs; nil if the caller starts none.
	Ticker member.Ticker
	// Jobs begins jobs at once; nil leaves them to the next tick.
	Jobs Waker
}

// The names of acts, as they stand in the audit.
const (
	StartEntity  = "start-entity"
	StartScope   = "start-scope"
	SyncEntities = "sync-entities"
	DeleteScope  = "delete-scope"
	DeleteStatus = "delete-status"
	PauseJob     = "pause-job"
	ResumeJob    = "resume-job"
	CancelJob    = "cancel-job"
	RetryParked  = "retry-parked"
	SyncRoots    = "sync-roots"
	DropParked   = "drop-parked"
	AddSchedule  = "add-schedule"
	EditSchedule = "edit-schedule"
	DropSchedule = "delete-schedule"
	FireSchedule = "fire-schedule"
	ApplyRows    = "apply-schedules"
	Backfill     = "backfill"
	Repair       = "repair"
	Rebuild      = "rebuild"
	UndoRebuild  = "undo-rebuild"
	CleanRebuild = "clean-rebuild"
	AbortRebuild = "abort-rebuild"
	PushSettings = "push-settings"
)

// StartEntity plays a tick by hand: of an entity, or of all of them.
func (a Acts) StartEntity(ctx context.Context, by Actor, t flow.Tick) (started []flow.Started, err error) {
	t.Occurrence, t.ByHand = cmp.Or(t.Occurrence, by.Via+"-"+claim.NewToken()), true
	err = Audited(ctx, audit.New(a.Store.Pool()), by, audit.Entry{Action: StartEntity, Object: cmp.Or(t.Entity, "all entities")}, func(entry *audit.Entry) (err error) {
		started, err = a.Ticker.Run(ctx, t)
		entry.New = Said(started)
		return err
	})
	return started, err
}

// Said reports the result of a tick in words.
func Said(started []flow.Started) string {
	var said []string
	for _, s := range started {
		said = append(said, s.Entity+": "+s.Message)
	}
	return strings.Join(said, "; ")
}

// catalog knows the entities and their targets.
func (a Acts) catalog() target.Catalog {
	return target.Catalog{Entities: a.Entities, Store: a.Store.Targets}
}

// move is a change of a job's state.
type move struct {
	action, verb string
	to           rework.State
}

// do changes a job's state by change and returns the job as it was.
func (m move) do(ctx context.Context, a Acts, by Actor, id int64, change func(rework.Job) (bool, error)) (j rework.Job, err error) {
	entry := audit.Entry{Action: m.action, Object: fmt.Sprint("job ", id)}
	err = Audited(ctx, audit.New(a.Store.Pool()), by, entry, func(entry *audit.Entry) error {
		var err error
		if j, err = a.Store.Jobs.Job(ctx, id); err != nil {
			return err
		}
		entry.Object, entry.Old, entry.New = j.String(), string(j.State), string(m.to)
		ok, err := change(j)
		if err == nil && !ok {
			already := ""
			if j.State == m.to {
				already = "already "
			}
			err = fault.New(fault.Invalid, "job-elsewhere", "cannot %s: %v is %s%s", m.verb, j, already, j.State)
		}
		return err
	})
	return j, err
}

// PauseJob sends no more pages of a job.
func (a Acts) PauseJob(ctx context.Context, by Actor, id int64) (rework.Job, error) {
	return move{PauseJob, "pause", rework.Paused}.do(ctx, a, by, id, func(j rework.Job) (bool, error) {
		return a.Store.Jobs.MoveJob(ctx, j.ID, rework.Paused, "")
	})
}

// ResumeJob continues a paused job.
func (a Acts) ResumeJob(ctx context.Context, by Actor, id int64) (rework.Job, error) {
	return move{ResumeJob, "resume", rework.Running}.do(ctx, a, by, id, func(j rework.Job) (bool, error) {
		ok, err := a.Store.Jobs.MoveJob(ctx, j.ID, rework.Running, "")
		if err == nil && ok {
			err = a.wake(ctx, j.ID)
		}
		return ok, err
	})
}

// CancelJob ends a job for good.
func (a Acts) CancelJob(ctx context.Context, by Actor, id int64) (rework.Job, error) {
	return move{CancelJob, "cancel", rework.Cancelled}.do(ctx, a, by, id, func(j rework.Job) (bool, error) {
		def, err := a.catalog().Named(ctx, j.Entity)
		if err != nil {
			return false, err
		}
		return a.Store.Jobs.CancelJob(ctx, j, def.JobType)
	})
}

// wake begins a job's chain, unless that is left to the next tick.
func (a Acts) wake(ctx context.Context, id int64) error {
	if a.Jobs == nil {
		return nil
	}
	return a.Jobs.Wake(ctx, id)
}
