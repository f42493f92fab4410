package flow

import (
	"context"
	"maps"
	"slices"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/job"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/ledger"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
	"gitlab.com/eshopbox-team/return-sync/shared/window"
)

// Repairs gathers roots into a job that syncs them, and them alone. It is for one
// goroutine. Before Start nothing runs, and nothing but the job is written: who
// gathers while a comparison goes on must not put roots in doubt, for it leaves
// those that are in doubt unjudged.
type Repairs struct {
	store  *store.DB
	def    entity.Definition
	job    job.Job
	open   ledger.Journal // roots, and of them the records that the index is wrong about
	packed [][]byte       // what was gathered before, gatherAtOnce roots each
	broken []uint64       // roots whose rows of the ledger cannot be read
}

// gatherAtOnce is how many roots are written together.
const gatherAtOnce = 1000

// NewRepairs begins a job of a kind, run.Repair or run.Record; by says who asks.
func NewRepairs(ctx context.Context, db *store.DB, d entity.Definition, kind run.Kind, by string) (*Repairs, error) {
	now, err := db.Now(ctx)
	if err != nil {
		return nil, err
	}
	j, err := db.CreateJob(ctx, job.Job{
		Entity: d.Name, Kind: kind, State: job.Paused, Window: window.Window{From: now, To: now}, Note: "it is being prepared", By: by,
	})
	return &Repairs{store: db, def: d, job: j, open: ledger.Journal{}}, err
}

// Add adds a root; of its records those with ids are sent whatever the ledger
// says, and the others if they differ from it. A root that nobody knows is 0:
// its records are deleted.
func (r *Repairs) Add(_ context.Context, root uint64, ids ...string) error {
	r.open.Add(root, ids...)
	if len(r.open) == gatherAtOnce {
		// Packed, because millions of records may be wrong.
		r.packed, r.open = append(r.packed, r.open.Pack()), ledger.Journal{}
	}
	return nil
}

// Forget has the ledger's row of a root thrown away, which cannot be read, and
// all its records sent.
func (r *Repairs) Forget(ctx context.Context, root uint64) error {
	r.broken = append(r.broken, root)
	return r.Add(ctx, root)
}

// write writes what was gathered.
func (r *Repairs) write(ctx context.Context) error {
	for _, root := range r.broken {
		if err := r.store.DiscardLedger(ctx, r.def.Name, root); err != nil {
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
		if err := r.store.AddJobRoots(ctx, r.job, roots, known); err != nil {
			return err
		}
	}
	return nil
}

// Start lets the job run. It returns the job as it then is; whoever can sends its
// first turn (Cron.Wake), and else the next tick does.
func (r *Repairs) Start(ctx context.Context) (job.Job, error) {
	if err := r.write(ctx); err != nil {
		return r.job, err
	}
	if _, err := r.store.MoveJob(ctx, r.job.ID, job.Running, ""); err != nil {
		return r.job, err
	}
	return r.store.Job(ctx, r.job.ID)
}
