package health

import (
	"context"
	"fmt"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/judge"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/flow"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/job"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/target"
)

// Beside is what there is of an entity beside its sync: jobs, further indices,
// and what comparisons have found.
type Beside struct {
	Jobs    []Job    `json:"jobs"`              // open, or failed within the last day
	Targets []Target `json:"targets,omitempty"` // of an entity that was rebuilt
	Drift   *Drift   `json:"drift,omitempty"`   // nil before the first comparison
}

// Target is one index of an entity that was rebuilt.
type Target struct {
	Name  string      `json:"name"`
	Role  target.Role `json:"role"`
	Index string      `json:"index"`
	AsOf  *time.Time  `json:"asOf"`
	id    string      // how the command line names it, the first one as well
}

// Drift is what the comparison that runs by itself has found.
type Drift struct {
	Records         int64         `json:"records"`
	Examples        []store.Drift `json:"examples,omitempty"`
	RoundFinishedAt *time.Time    `json:"roundFinishedAt,omitempty"` // of the last whole round
	LastError       string        `json:"lastError,omitempty"`
}

// Budget is how much of the index's operations is used, of all entities.
type Budget struct {
	Day      int64 `json:"day"`
	Month    int64 `json:"month"`
	DayCap   int64 `json:"dayCap,omitempty"`
	MonthCap int64 `json:"monthCap,omitempty"`
}

// budgetOf returns the budget's part, nil where nothing is capped.
func budgetOf(b flow.Budget) *Budget {
	if b.DayCap <= 0 && b.MonthCap <= 0 {
		return nil
	}
	return &Budget{Day: b.Day, Month: b.Month, DayCap: b.DayCap, MonthCap: b.MonthCap}
}

// The bounds of what a report says of jobs.
const (
	jobsShown  = 20
	failedSpan = 24 * time.Hour
)

// besideOf reads what there is beside an entity's sync; live is the definition of
// the target that searches see.
func besideOf(ctx context.Context, db *store.DB, live entity.Definition, now time.Time) (Beside, error) {
	b := Beside{Jobs: []Job{}}
	targets, err := db.Targets(ctx)
	if err != nil {
		return b, err
	}
	name := target.EntityOf(live.Name)
	if err := b.addJobs(ctx, db, name, now); err != nil {
		return b, err
	}
	for _, t := range targets {
		if t.Entity != name || !t.Role.Fed() {
			continue
		}
		if err := b.addTarget(ctx, db, live, t); err != nil {
			return b, err
		}
		if !t.First() {
			if err := b.addJobs(ctx, db, t.Name(), now); err != nil {
				return b, err
			}
		}
	}
	v, err := db.VerifyState(ctx, live.Name)
	if err == nil && v.UpdatedAt != nil {
		b.Drift = &Drift{Records: v.Drift, Examples: v.Examples, RoundFinishedAt: v.RoundFinishedAt, LastError: v.LastError}
	}
	return b, err
}

// standbys returns what is judged of the indices that stand by.
func standbys(ctx context.Context, db *store.DB, targets []Target) ([]judge.Standby, error) {
	var list []judge.Standby
	for _, t := range targets {
		if t.Role != target.Standby {
			continue
		}
		s := judge.Standby{Entity: target.EntityOf(t.Name), Target: t.id, Index: t.Index, Watermark: t.AsOf}
		runs, err := db.Windows(ctx, t.Name, 1)
		if err != nil {
			return nil, err
		}
		if len(runs) == 1 && runs[0].State == run.Failed {
			s.Error = fmt.Sprintf("run %d failed: %s", runs[0].ID, runs[0].LastError)
		}
		list = append(list, s)
	}
	return list, nil
}

// addJobs adds a target's jobs that are open or have lately failed.
func (b *Beside) addJobs(ctx context.Context, db *store.DB, name string, now time.Time) error {
	open, err := db.Jobs(ctx, name, true, jobsShown)
	if err != nil {
		return err
	}
	newest, err := db.Jobs(ctx, name, false, jobsShown)
	if err != nil {
		return err
	}
	for _, j := range newest {
		if j.State == job.Failed && j.ClosedAt != nil && now.Sub(*j.ClosedAt) < failedSpan {
			open = append(open, j)
		}
	}
	for _, j := range open {
		r, err := ReportJob(ctx, db, j)
		if err != nil {
			return err
		}
		b.Jobs = append(b.Jobs, r)
	}
	return nil
}

// addTarget adds one index. The first target's job type is the entity's, which is
// what the job type of the live one begins with.
func (b *Beside) addTarget(ctx context.Context, db *store.DB, live entity.Definition, t target.Target) error {
	first := live
	first.JobType = target.EntityOf(live.JobType)
	d, err := t.Definition(first)
	if err != nil {
		return err
	}
	asOf, err := db.AsOf(ctx, d.JobType)
	b.Targets = append(b.Targets, Target{Name: t.Name(), Role: t.Role, Index: t.Index, AsOf: asOf, id: target.NameOf(t.Entity, t.ID)})
	return err
}

// Job is a job and how far it is.
type Job struct {
	job.Job
	From     *time.Time        `json:"from,omitempty"`
	To       *time.Time        `json:"to,omitempty"`
	Progress store.JobProgress `json:"progress"`
}

// ReportJob reads how far a job is.
func ReportJob(ctx context.Context, db *store.DB, j job.Job) (Job, error) {
	r := Job{Job: j}
	if j.ByTime() {
		r.From, r.To = &j.Window.From, &j.Window.To
	}
	var err error
	r.Progress, err = db.Progress(ctx, j)
	return r, err
}
