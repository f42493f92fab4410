package rework

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/queue"
	"gitlab.com/eshopbox-team/return-sync/shared/states"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/claim"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/closing"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/flow"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/target"
	"gitlab.com/eshopbox-team/return-sync/shared/window"
)

// Table is what a turn needs of our tables about jobs.
type Table interface {
	Backfills
	Chains
	// Job returns a job; an unknown one is an error of kind fault.NotFound.
	Job(ctx context.Context, id int64) (Job, error)
	// Progress returns how far a job has come.
	Progress(ctx context.Context, j Job) (Progress, error)
	// MoveJob changes a job's state; false says that the diagram has no such arrow.
	MoveJob(ctx context.Context, id int64, to State, note string) (bool, error)
	// Turn writes that a turn was played, and when the next one is due.
	Turn(ctx context.Context, j Job, wait time.Duration) error
}

// Lanes is what a turn needs of the table of claims about its lane; see flow.Claims
// and flow.TaskClaims.
type Lanes interface {
	Newest(ctx context.Context, lane string) (claim.Row, error)
	Claim(ctx context.Context, r claim.Row, g claim.Grant) (bool, error)
	TakeOver(ctx context.Context, r claim.Row, g claim.Grant) (dead int64, ok bool, err error)
	Claimed(ctx context.Context, t claim.Task, lease time.Duration) (claim.Row, error)
	// Release gives a lane back; its watermark stays.
	Release(ctx context.Context, r claim.Row) error
}

// LaneRuns is what a turn needs of the table of runs.
type LaneRuns interface {
	Spending
	// BeginJob returns the lane's run: a new one over w, or the one that was begun.
	BeginJob(ctx context.Context, j Job, lane claim.Row, w window.Window) (run.Run, error)
}

// LanePages is what a turn needs of the table of pages.
type LanePages interface {
	// OpenPages returns the pages of a run that have not ended, in order.
	OpenPages(ctx context.Context, runID int64) ([]int, error)
}

// Source is what a turn needs of the source.
type Source interface {
	flow.Clock
	// CountChanged returns how many roots changed in a window, at most limit.
	CountChanged(ctx context.Context, d entity.Definition, w window.Window, limit int64) (int64, error)
}

// Jobs plays the turns of jobs. It is safe for concurrent use.
type Jobs struct {
	Table    Table
	Lanes    Lanes
	Runs     LaneRuns
	Changes  flow.ChangeList
	Pages    LanePages
	Targets  target.Table
	Closer   closing.Closer
	Source   Source
	Queue    queue.Sender
	Entities entity.List
	Config   flow.Config
	Log      *slog.Logger
	Steps    states.Steps
}

// maxStreak is how many runs of a job may fail in a row before the job does.
const maxStreak = 3

// Advance plays a job's turn: it begins the next run if the last one has ended,
// and sends the task of the next turn; now is the time of the delivery.
//
// A job's run and the sync of its entity may push one root at the same time. Each
// re-reads after its push, so the index ends on the newest content. Each writes the
// ledger only over the row that it had read, so the later writer detects the other
// and leaves the root unconfirmed.
func (s *Jobs) Advance(ctx context.Context, t Task, now time.Time) (Job, error) {
	j, err := s.Table.Job(ctx, t.JobID)
	if err != nil || j.State != Running {
		return j, err
	}
	if t.Turn < j.Turn {
		return j, fault.New(fault.Superseded, "old-turn", "job %d is at turn %d; turn %d has been played", j.ID, j.Turn, t.Turn)
	}
	d, err := target.Catalog{Entities: s.Entities, Store: s.Targets}.Named(ctx, j.Entity)
	if closing.Hopeless(err) {
		return j, s.Closer.FailJob(ctx, j.ID, j.Entity, err.Error())
	}
	if err != nil {
		return j, err
	}
	a := &advance{Jobs: s, job: j, def: d, now: now, resend: t.Resend}
	wait, err := a.play(ctx)
	if err = a.refuse(ctx, err); err != nil || a.job.State.Final() {
		return a.job, err
	}
	a.job.Turn = t.Turn + 1
	// The task before the row: if the process dies in between, this turn is played
	// again and sends the same task.
	if err := sendTurn(ctx, s.Queue, run.RouteTurn, Task{JobID: j.ID, Turn: a.job.Turn}, now.Add(wait)); err != nil {
		return a.job, err
	}
	s.Steps.At("turn-sent")
	return a.job, s.Table.Turn(ctx, a.job, wait)
}

// sendTurn sends the task of a job's turn.
func sendTurn(ctx context.Context, q queue.Sender, route string, t Task, at time.Time) error {
	body, err := json.Marshal(t)
	if err != nil {
		return err
	}
	label := fmt.Sprintf("job-%d-turn-%d", t.JobID, t.Turn)
	return q.Send(ctx, queue.Task{Route: route, Name: queue.Name("job/"+strconv.FormatInt(t.JobID, 10)+"/"+strconv.FormatInt(t.Turn, 10), label), Body: body, At: at})
}

// advance is one turn under way.
type advance struct {
	*Jobs
	job    Job
	def    entity.Definition
	now    time.Time
	resend bool
	lane   claim.Row // the lane's claim, once the turn holds it
	open   run.Run   // the run that the turn begins or continues
}

// play brings the job on and returns how long to wait before the next turn.
func (a *advance) play(ctx context.Context) (time.Duration, error) {
	lane, err := a.Lanes.Newest(ctx, a.job.Lane(a.def.JobType))
	if err != nil {
		return 0, err
	}
	progress, err := a.Table.Progress(ctx, a.job)
	if err != nil {
		return 0, err
	}
	if progress.Streak >= maxStreak {
		return 0, a.end(ctx, Failed, fmt.Sprintf("%d runs failed in a row, the last with: %s", progress.Streak, progress.LastError))
	}
	switch claim.Decide(lane, "") {
	case claim.Busy, claim.Resend:
		return a.resume(ctx, lane, progress)
	case claim.TakeOver:
		return a.takeOver(ctx, lane)
	}
	if held, err := a.overBudget(ctx); err != nil || held > 0 {
		return held, err
	}
	grant := claim.Grant{Token: claim.NewToken(), Lease: a.Config.RunLease}
	if ok, err := a.Lanes.Claim(ctx, lane, grant); err != nil || !ok {
		return a.Config.JobPause, err
	}
	lane.Token = grant.Token
	a.Steps.At("lane-claimed")
	return a.begin(ctx, lane)
}

// takeOver takes the lane of a run that died.
func (a *advance) takeOver(ctx context.Context, lane claim.Row) (time.Duration, error) {
	grant := claim.Grant{Token: claim.NewToken(), Lease: a.Config.RunLease}
	dead, ok, err := a.Lanes.TakeOver(ctx, lane, grant)
	if err != nil || !ok {
		return a.Config.JobPause, err
	}
	a.Log.WarnContext(ctx, "a job's dead run was taken over; its part is done again", "entity", a.def.Name, "job", a.job.ID, "run", dead)
	lane.Token = grant.Token
	return a.begin(ctx, lane)
}

// resume continues a run that is under way: it lists a run whose list was not
// finished, and sends the tasks that may be lost again.
func (a *advance) resume(ctx context.Context, lane claim.Row, p Progress) (time.Duration, error) {
	if p.Open == nil || p.Open.State == run.Windowing {
		return a.begin(ctx, lane)
	}
	if !a.resend {
		return a.Config.JobPause, nil
	}
	a.lane, a.open = lane, *p.Open
	pages, err := a.Pages.OpenPages(ctx, p.Open.ID)
	if err != nil {
		return 0, err
	}
	if len(pages) == 0 {
		pages = []int{1} // all are done: the delivery of any page closes the run
	}
	return a.sendPages(ctx, *p.Open, pages)
}

// begin fixes the next run's window, lists it and sends its pages. Empty chunks
// are done one after the other.
func (a *advance) begin(ctx context.Context, lane claim.Row) (time.Duration, error) {
	a.lane = lane
	w, ok, err := a.window(ctx, lane)
	if err != nil {
		return 0, err
	}
	if !ok {
		return 0, a.finish(ctx, lane)
	}
	if _, err := a.Lanes.Claimed(ctx, claim.Task{ID: lane.ID, Token: lane.Token}, a.Config.RunLease); err != nil {
		return 0, err
	}
	r, err := a.Runs.BeginJob(ctx, a.job, lane, w)
	if err != nil {
		return 0, err
	}
	a.open = r
	a.Steps.At("job-begun")
	pages, err := flow.ListChanges(ctx, a.Changes, a.Source, r, a.def)
	if err != nil {
		return 0, err
	}
	a.Steps.At("job-listed")
	if pages == 0 {
		return 0, nil // the run is closed, and the next turn comes at once
	}
	a.Log.InfoContext(ctx, "a job continues", "entity", a.def.Name, "job", a.job.ID, "run", r.ID, "window", r.Window.String(), "pages", pages)
	all := make([]int, pages)
	for i := range all {
		all[i] = i + 1
	}
	return a.sendPages(ctx, r, all)
}

// window returns the window of the next run; false when nothing of the job is
// left. A range with too many roots is shortened, and the job keeps the length that
// fits.
func (a *advance) window(ctx context.Context, lane claim.Row) (window.Window, bool, error) {
	if !a.job.ByTime() {
		return a.job.Window, lane.Watermark == nil, nil
	}
	for {
		w, ok := a.job.Next(lane.Watermark)
		if !ok {
			return w, false, nil
		}
		n, err := a.Source.CountChanged(ctx, a.def, w, 2*ChunkRoots+1)
		if err != nil {
			return w, false, err
		}
		var fits bool
		if a.job.Chunk, fits = Fit(w.Length(), n); fits {
			return w, true, nil
		}
	}
}

// finish ends a job that has nothing left to do, and frees its lane.
func (a *advance) finish(ctx context.Context, lane claim.Row) error {
	if err := a.end(ctx, Done, ""); err != nil {
		return err
	}
	return a.Lanes.Release(ctx, lane)
}

// end moves the job to a final state.
func (a *advance) end(ctx context.Context, to State, note string) error {
	ok, err := a.Table.MoveJob(ctx, a.job.ID, to, note)
	if err != nil || !ok {
		return err
	}
	a.job.State, a.job.Note = to, note
	if to == Failed {
		a.Log.ErrorContext(ctx, "a job failed", "entity", a.def.Name, "job", a.job.ID, "kind", a.job.Kind, "reason", note)
	} else {
		a.Log.InfoContext(ctx, "a job is done", "entity", a.def.Name, "job", a.job.ID, "kind", a.job.Kind)
	}
	return nil
}

// sendPages sends the tasks of pages, spaced by the job's rate, and returns how
// long the next turn waits. The turn stands in the tasks' names, so that a
// later turn can send a page again.
func (a *advance) sendPages(ctx context.Context, r run.Run, pages []int) (time.Duration, error) {
	gap := a.gap()
	for i, n := range pages {
		at := time.Time{}
		if gap > 0 {
			at = a.now.Add(time.Duration(i) * gap)
		}
		task, err := flow.PageTask(r, n, a.again())
		if err != nil {
			return 0, err
		}
		task.Route, task.At = run.RouteJobPage, at
		if err := a.Queue.Send(ctx, task); err != nil {
			return 0, err
		}
		a.Steps.At("page-sent")
	}
	const longest = time.Minute
	return min(max(a.Config.JobPause, time.Duration(len(pages))*gap), max(longest, a.Config.JobPause)), nil
}

// again returns what makes the names of pages that are sent once more other ones.
func (a *advance) again() string {
	if !a.resend {
		return ""
	}
	return "/" + strconv.FormatInt(a.job.Turn, 10)
}

// gap is the time between two pages of a job with a rate. It stays well below a
// run's lease, so that a slow run is not taken for a dead one.
func (a *advance) gap() time.Duration {
	if a.job.Rate <= 0 {
		return 0
	}
	return min(time.Duration(a.def.PageSize)*time.Second/time.Duration(a.job.Rate), a.Config.RunLease/3)
}

// refuse ends a job's turn at an error: a hopeless one ends the job, closes its
// open run and frees its lane.
func (a *advance) refuse(ctx context.Context, err error) error {
	if !closing.Hopeless(err) {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closing.KeepTime)
	defer cancel()
	if a.open.ID != 0 {
		if _, err := a.Closer.Fail(ctx, a.open, err.Error()); err != nil {
			return err
		}
	}
	if err := a.Lanes.Release(ctx, a.lane); err != nil {
		return err
	}
	return a.end(ctx, Failed, err.Error())
}
