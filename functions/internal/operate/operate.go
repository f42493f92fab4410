// Package operate does what people may change, and keeps a row of sync_audit of
// each act: who, by which door, what, from what to what, and what came of it. The
// row belongs to the act and not to the door, so that the console, the command
// line and the functions that people call leave the same.
//
// What happens by itself, such as a tick, a schedule's start or a page, is no act:
// the run log tells of it.
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
	"gitlab.com/eshopbox-team/return-sync/shared/sync/ledger"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/member"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rework"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/target"
)

// Actor is who acts.
type Actor struct {
	Who string // an address, a token's subject, or a user of a machine; may be empty
	Via string // one of store's ViaConsole, ViaCLI ...
}

// String says who asks for a job.
func (a Actor) String() string { return a.Via + ": " + a.who() }

// who is the actor in the audit.
func (a Actor) who() string { return cmp.Or(a.Who, "unknown") }

// Store is the tables that acts are noted in.
type Store interface {
	Audited(ctx context.Context, a audit.Entry, do func(*audit.Entry) error) error
}

// Audited does an act and keeps its row: the door of everything below, and of acts
// that only one caller has. do completes the row with what it learns.
func Audited(ctx context.Context, db Store, by Actor, a audit.Entry, do func(*audit.Entry) error) error {
	a.Who, a.Via = by.who(), by.Via
	return db.Audited(ctx, a, do)
}

// Waker begins a job's chain of tasks.
type Waker interface {
	Wake(ctx context.Context, id int64) error
}

// Acts does what people ask for.
type Acts struct {
	Store    *store.DB
	Entities entity.List
	// Ticker starts syncs; nil where nothing is started.
	Ticker member.Ticker
	// Jobs begins jobs at once; without it the next tick does.
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

// Said says what a tick did.
func Said(started []flow.Started) string {
	var said []string
	for _, s := range started {
		said = append(said, s.Entity+": "+s.Message)
	}
	return strings.Join(said, "; ")
}

// catalog knows the entities and their targets.
func (a Acts) catalog() target.Catalog { return target.Catalog{Entities: a.Entities, Store: a.Store} }

// move changes a job's state by do and returns the job as it was.
func (a Acts) move(ctx context.Context, by Actor, entry audit.Entry, id int64, to rework.State, do func(rework.Job) (bool, error)) (j rework.Job, err error) {
	entry.Object = fmt.Sprint("job ", id)
	err = Audited(ctx, audit.New(a.Store.Pool()), by, entry, func(entry *audit.Entry) error {
		var err error
		if j, err = a.Store.Job(ctx, id); err != nil {
			return err
		}
		entry.Object, entry.Old, entry.New = j.String(), string(j.State), string(to)
		ok, err := do(j)
		if err == nil && !ok {
			err = fault.New(fault.Invalid, "job-elsewhere", "%v is %s: that cannot be changed so", j, j.State)
		}
		return err
	})
	return j, err
}

// PauseJob sends no more pages of a job.
func (a Acts) PauseJob(ctx context.Context, by Actor, id int64) (rework.Job, error) {
	return a.move(ctx, by, audit.Entry{Action: PauseJob}, id, rework.Paused, func(j rework.Job) (bool, error) {
		return a.Store.MoveJob(ctx, j.ID, rework.Paused, "")
	})
}

// ResumeJob lets a paused job go on.
func (a Acts) ResumeJob(ctx context.Context, by Actor, id int64) (rework.Job, error) {
	return a.move(ctx, by, audit.Entry{Action: ResumeJob}, id, rework.Running, func(j rework.Job) (bool, error) {
		ok, err := a.Store.MoveJob(ctx, j.ID, rework.Running, "")
		if err == nil && ok {
			err = a.wake(ctx, j.ID)
		}
		return ok, err
	})
}

// CancelJob ends a job for good.
func (a Acts) CancelJob(ctx context.Context, by Actor, id int64) (rework.Job, error) {
	return a.move(ctx, by, audit.Entry{Action: CancelJob}, id, rework.Cancelled, func(j rework.Job) (bool, error) {
		def, err := a.catalog().Named(ctx, j.Entity)
		if err != nil {
			return false, err
		}
		return a.Store.CancelJob(ctx, j, def.JobType)
	})
}

// wake begins a job's chain, if that is done from here.
func (a Acts) wake(ctx context.Context, id int64) error {
	if a.Jobs == nil {
		return nil
	}
	return a.Jobs.Wake(ctx, id)
}

// Parked is parked records of an entity.
type Parked struct {
	Def     entity.Definition
	Records ledger.Journal // their ids by root
}

// count returns how many records there are.
func (p Parked) count() (n int) {
	for _, ids := range p.Records {
		n += len(ids)
	}
	return n
}

// RetryParked sends parked records of an entity once more, by a job. named is what
// was asked for, in words, and choose finds the records.
func (a Acts) RetryParked(ctx context.Context, by Actor, entry audit.Entry, choose func() (Parked, error)) (j rework.Job, n int, err error) {
	entry.Action = RetryParked
	err = Audited(ctx, audit.New(a.Store.Pool()), by, entry, func(entry *audit.Entry) error {
		p, err := choose()
		if err != nil {
			return err
		}
		r, err := rework.NewRepairs(ctx, a.Store, p.Def, run.Record, by.String())
		if err != nil {
			return err
		}
		for root, ids := range p.Records {
			if err := r.Add(ctx, root, ids...); err != nil {
				return err
			}
		}
		if j, err = r.Start(ctx); err != nil {
			return err
		}
		n = p.count()
		entry.New = Retried(n, j)
		return a.wake(ctx, j.ID)
	})
	return j, n, err
}

// Retried says how many records a job tries again.
func Retried(n int, j rework.Job) string {
	what := "records are"
	if n == 1 {
		what = "record is"
	}
	return fmt.Sprintf("%d %s tried again by job %d", n, what, j.ID)
}

// Backfill has a range of history synced again by make, which a person has asked
// for.
func (a Acts) Backfill(ctx context.Context, by Actor, object string, begin func() (rework.Job, error)) (j rework.Job, err error) {
	err = Audited(ctx, audit.New(a.Store.Pool()), by, audit.Entry{Action: Backfill, Object: object}, func(entry *audit.Entry) error {
		var err error
		if j, err = begin(); j.ID != 0 {
			entry.Object, entry.New = j.Entity, fmt.Sprintf("%v of %v", j, j.Window)
		}
		return err
	})
	return j, err
}
