package rework

import (
	"context"
	"maps"
	"slices"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/ledger"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/window"
)

// RepairTables is what gathering roots needs of our tables.
type RepairTables struct {
	Clock  DatabaseClock
	Jobs   RepairJobs
	Ledger Discarder
}

// DatabaseClock is the clock of our own database.
type DatabaseClock interface {
	Now(ctx context.Context) (time.Time, error)
}

// RepairJobs is the table of jobs.
type RepairJobs interface {
	CreateJob(ctx context.Context, j Job) (Job, error)
	Job(ctx context.Context, id int64) (Job, error)
	MoveJob(ctx context.Context, id int64, to State, note string) (bool, error)
	// AddJobRoots adds roots to a job; the records of suspects are sent whatever the
	// ledger says.
	AddJobRoots(ctx context.Context, j Job, roots []uint64, suspects ledger.Journal) error
}

// Discarder removes what the ledger cannot read.
type Discarder interface {
	// DiscardLedger removes the ledger's row of a root that cannot be read.
	DiscardLedger(ctx context.Context, entity string, root uint64) error
}

// Repairs gathers roots into a job that syncs those roots and no others. It is for
// one goroutine. Before Start nothing runs, and nothing but the job is written: a
// comparison that is under way leaves unconfirmed roots unjudged, so gathering must
// not make any.
type Repairs struct {
	tables RepairTables
	def    entity.Definition
	job    Job
	open   ledger.Journal // roots, and of them the records that the index is wrong about
	packed [][]byte       // what was gathered before, gatherAtOnce roots each
	broken []uint64       // roots whose rows of the ledger cannot be read
}

// gatherAtOnce is how many roots are written together.
const gatherAtOnce = 1000

// NewRepairs begins a job of a kind, run.Repair or run.Record; by names the
// person or the program that asks.
func NewRepairs(ctx context.Context, tables RepairTables, d entity.Definition, kind run.Kind, by string) (*Repairs, error) {
	now, err := tables.Clock.Now(ctx)
	if err != nil {
		return nil, err
	}
	j, err := tables.Jobs.CreateJob(ctx, Job{
		Entity: d.Name, Kind: kind, State: Paused, Window: window.Window{From: now, To: now}, Note: "it is being prepared", By: by,
	})
	return &Repairs{tables: tables, def: d, job: j, open: ledger.Journal{}}, err
}

// Add adds a root. Its records with these ids are sent whatever the ledger says,
// the others if they differ from it. Root 0 stands for an unknown root: its records
// are deleted.
func (r *Repairs) Add(_ context.Context, root uint64, ids ...string) error {
	r.open.Add(root, ids...)
	if len(r.open) == gatherAtOnce {
		// Packed, because millions of records may be wrong.
		r.packed, r.open = append(r.packed, r.open.Pack()), ledger.Journal{}
	}
	return nil
}

// Forget removes the ledger's row of a root, which cannot be read, and sends all
// the root's records.
func (r *Repairs) Forget(ctx context.Context, root uint64) error {
	r.broken = append(r.broken, root)
	return r.Add(ctx, root)
}

// write writes what was gathered.
func (r *Repairs) write(ctx context.Context) error {
	for _, root := range r.broken {
		if err := r.tables.Ledger.DiscardLedger(ctx, r.def.Name, root); err != nil {
			return err
		}
	}
	for _, packed := range append(r.packed, r.open.Pack()) {
		known, err := ledger.UnpackJournal(packed)
		if err != nil {
			return err
		}
		roots := slices.Collect(maps.Keys(known))
		maps.DeleteFunc(known, func(_ uint64, ids []string) bool { return len(ids) == 0 })
		if err := r.tables.Jobs.AddJobRoots(ctx, r.job, roots, known); err != nil {
			return err
		}
	}
	return nil
}

// Start sets the job running and returns it as it then is. Waker.Wake sends its
// first turn; otherwise the next tick does.
func (r *Repairs) Start(ctx context.Context) (Job, error) {
	if err := r.write(ctx); err != nil {
		return r.job, err
	}
	if _, err := r.tables.Jobs.MoveJob(ctx, r.job.ID, Running, ""); err != nil {
		return r.job, err
	}
	return r.tables.Jobs.Job(ctx, r.job.ID)
}
