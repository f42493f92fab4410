package health

import (
	"context"
	"fmt"
	"slices"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/judge"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rework"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/target"
)

// Upkeep is an entity's work next to its sync: jobs, further indices, and the findings
// of comparisons.
type Upkeep struct {
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

// Drift is the finding of the hourly comparison.
type Drift struct {
	Records         int64         `json:"records"`
	Examples        []store.Drift `json:"examples,omitempty"`
	RoundFinishedAt *time.Time    `json:"roundFinishedAt,omitempty"` // of the last whole round
	LastError       string        `json:"lastError,omitempty"`
}

// Budget is the used part of the operations budget, of all entities.
type Budget struct {
	Day      int64 `json:"day"`
	Month    int64 `json:"month"`
	DayCap   int64 `json:"dayCap,omitempty"`
	MonthCap int64 `json:"monthCap,omitempty"`
}

// budgetOf returns the budget's part, nil without a cap.
func budgetOf(b rework.Budget) *Budget {
	if b.DayCap <= 0 && b.MonthCap <= 0 {
		return nil
	}
	return &Budget{Day: b.Day, Month: b.Month, DayCap: b.DayCap, MonthCap: b.MonthCap}
}

// The bounds of a report's jobs.
const (
	jobsShown  = 20
	failedSpan = 24 * time.Hour
)

// upkeepOf reads an entity's work next to its sync; live is the definition of the target
// that searches see.
func upkeepOf(ctx context.Context, db *store.DB, live entity.Definition, now time.Time) (Upkeep, error) {
	b := Upkeep{Jobs: []Job{}}
	targets, err := db.Targets.Targets(ctx)
	if err != nil {
		return b, err
	}
	name := target.Parse(live.Name).Base
	if err := b.addJobs(ctx, db, name, now); err != nil {
		return b, err
	}
	targets = slices.DeleteFunc(targets, func(t target.Target) bool { return t.Entity != name || !t.Role.Fed() })
	if !slices.ContainsFunc(targets, func(t target.Target) bool { return !t.First() }) {
		targets = nil // it was never rebuilt
	}
	for _, t := range targets {
		if err := b.addTarget(ctx, db, live, t); err != nil {
			return b, err
		}
		if !t.First() {
			if err := b.addJobs(ctx, db, t.Name(), now); err != nil {
				return b, err
			}
		}
	}
	v, err := db.Comparisons.VerifyState(ctx, live.Name)
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
		s := judge.Standby{Entity: target.Parse(t.Name).Base, Target: t.id, Index: t.Index, Watermark: t.AsOf}
		runs, err := db.Runs.Windows(ctx, t.Name, 1)
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
func (b *Upkeep) addJobs(ctx context.Context, db *store.DB, name string, now time.Time) error {
	open, err := db.Jobs.Newest(ctx, name, true, jobsShown)
	if err != nil {
		return err
	}
	newest, err := db.Jobs.Newest(ctx, name, false, jobsShown)
	if err != nil {
		return err
	}
	for _, j := range newest {
		if j.State == rework.Failed && j.ClosedAt != nil && now.Sub(*j.ClosedAt) < failedSpan {
			open = append(open, j)
		}
	}
	reported, err := ReportJobs(ctx, db, open)
	b.Jobs = append(b.Jobs, reported...)
	return err
}

// addTarget adds one index. The first target's job type is the entity's, and begins the
// job type of each later one.
func (b *Upkeep) addTarget(ctx context.Context, db *store.DB, live entity.Definition, t target.Target) error {
	first := live
	first.JobType = target.Parse(live.JobType).Base
	d, err := t.Definition(first)
	if err != nil {
		return err
	}
	asOf, err := db.Claims.AsOf(ctx, d.JobType)
	b.Targets = append(b.Targets, Target{Name: t.Name(), Role: t.Role, Index: t.Index, AsOf: asOf, id: target.Key{Base: t.Entity, ID: t.ID}.String()})
	return err
}

// Job is a job and its progress.
type Job struct {
	rework.Job
	From     *time.Time        `json:"from,omitempty"`
	To       *time.Time        `json:"to,omitempty"`
	Progress store.JobProgress `json:"progress"`
}

// ReportJob reads a job's progress.
func ReportJob(ctx context.Context, db *store.DB, j rework.Job) (Job, error) {
	list, err := ReportJobs(ctx, db, []rework.Job{j})
	return list[0], err
}

// ReportJobs reads the progress of jobs, with one query for all.
func ReportJobs(ctx context.Context, db *store.DB, jobs []rework.Job) ([]Job, error) {
	progress, err := db.Jobs.ProgressOf(ctx, jobs)
	list := make([]Job, len(jobs))
	for i, j := range jobs {
		list[i] = Job{Job: j, Progress: progress[j.ID]}
		if j.ByTime() {
			list[i].From, list[i].To = &j.Window.From, &j.Window.To
		}
	}
	return list, err
}
