package flow

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/queue"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/claim"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/job"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
	"gitlab.com/eshopbox-team/return-sync/shared/window"
)

// maxStreak is how many runs of a job may fail in a row before the job does.
const maxStreak = 3

// Advance plays a job's turn: it begins the next run if the last one has ended,
// and sends the task of the next turn; now is the time of the delivery.
//
// A job's run stands beside the sync of its entity, and both may work at one
// root at the same time. Each looks again after its push, so the index ends on
// the newest content; and each writes the ledger only over what it had read, so
// the one that comes second notices, and leaves the root in doubt.
func (w *Window) Advance(ctx context.Context, t job.Task, now time.Time) (job.Job, error) {
	j, err := w.Store.Job(ctx, t.JobID)
	if err != nil || j.State != job.Running {
		return j, err
	}
	if t.Turn < j.Turn {
		return j, fault.New(fault.Superseded, "old-turn", "job %d is at turn %d; turn %d has been played", j.ID, j.Turn, t.Turn)
	}
	d, err := w.catalog().Named(ctx, j.Entity)
	if hopeless(err) {
		return j, w.closer().failJob(ctx, j.ID, j.Entity, err.Error())
	}
	if err != nil {
		return j, err
	}
	a := &advance{Window: w, job: j, def: d, now: now, resend: t.Resend}
	wait, err := a.play(ctx)
	if err = a.refuse(ctx, err); err != nil || a.job.State.Final() {
		return a.job, err
	}
	a.job.Turn = t.Turn + 1
	// The task before the note: whoever dies between them plays this turn again,
	// and sends the same task.
	if err := sendTurn(ctx, w.Queue, run.RouteTurn, job.Task{JobID: j.ID, Turn: a.job.Turn}, now.Add(wait)); err != nil {
		return a.job, err
	}
	w.Steps.at("turn-sent")
	return a.job, w.Store.Turn(ctx, a.job, wait)
}

// sendTurn sends the task of a job's turn by a route.
func sendTurn(ctx context.Context, q queue.Sender, route string, t job.Task, at time.Time) error {
	body, err := json.Marshal(t)
	if err != nil {
		return err
	}
	label := fmt.Sprintf("job-%d-turn-%d", t.JobID, t.Turn)
	return q.Send(ctx, queue.Task{Route: route, Name: queue.Name("job/"+strconv.FormatInt(t.JobID, 10)+"/"+strconv.FormatInt(t.Turn, 10), label), Body: body, At: at})
}

// advance is one turn under way.
type advance struct {
	*Window
	job    job.Job
	def    entity.Definition
	now    time.Time
	resend bool
	lane   claim.Row // the lane's claim, once the turn holds it
	open   run.Run   // the run that the turn begins or goes on with
}

// play brings the job on and returns how long to wait before the next turn.
func (a *advance) play(ctx context.Context) (time.Duration, error) {
	lane, err := a.Store.Newest(ctx, a.job.Lane(a.def.JobType))
	if err != nil {
		return 0, err
	}
	progress, err := a.Store.Progress(ctx, a.job)
	if err != nil {
		return 0, err
	}
	if progress.Streak >= maxStreak {
		return 0, a.end(ctx, job.Failed, fmt.Sprintf("%d runs failed in a row, the last with: %s", progress.Streak, progress.LastError))
	}
	switch claim.Decide(lane, "") {
	case claim.Busy, claim.Resend:
		return a.goOn(ctx, lane, progress)
	case claim.TakeOver:
		return a.takeOver(ctx, lane)
	}
	if held, err := a.overBudget(ctx); err != nil || held > 0 {
		return held, err
	}
	grant := store.Grant{Token: claim.NewToken(), Lease: a.Config.RunLease}
	if ok, err := a.Store.Claim(ctx, lane, grant); err != nil || !ok {
		return a.Config.JobPause, err
	}
	lane.Token = grant.Token
	a.Steps.at("lane-claimed")
	return a.begin(ctx, lane)
}

// takeOver takes the lane of a run that died.
func (a *advance) takeOver(ctx context.Context, lane claim.Row) (time.Duration, error) {
	grant := store.Grant{Token: claim.NewToken(), Lease: a.Config.RunLease}
	dead, ok, err := a.Store.TakeOver(ctx, lane, grant)
	if err != nil || !ok {
		return a.Config.JobPause, err
	}
	a.Log.WarnContext(ctx, "a job's dead run was taken over; its part is done again", "entity", a.def.Name, "job", a.job.ID, "run", dead)
	lane.Token = grant.Token
	return a.begin(ctx, lane)
}

// goOn looks after a run that is under way: one whose list was not finished is
// listed now, and one whose tasks may be lost gets them again.
func (a *advance) goOn(ctx context.Context, lane claim.Row, p store.JobProgress) (time.Duration, error) {
	if p.Open == nil || p.Open.State == run.Windowing {
		return a.begin(ctx, lane)
	}
	if !a.resend {
		return a.Config.JobPause, nil
	}
	a.lane, a.open = lane, *p.Open
	pages, err := a.Store.OpenPages(ctx, p.Open.ID)
	if err != nil {
		return 0, err
	}
	if len(pages) == 0 {
		pages = []int{1} // all are done: whoever plays one again closes the run
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
	if _, err := a.Store.Claimed(ctx, claim.Task{ID: lane.ID, Token: lane.Token}, a.Config.RunLease); err != nil {
		return 0, err
	}
	r, err := a.Store.BeginJob(ctx, a.job, lane, w)
	if err != nil {
		return 0, err
	}
	a.open = r
	a.Steps.at("job-begun")
	pages, err := a.Store.List(ctx, r, a.def, a.lister(r, a.def))
	if err != nil {
		return 0, err
	}
	a.Steps.at("job-listed")
	if pages == 0 {
		return 0, nil // the run is closed, and the next turn comes at once
	}
	a.Log.InfoContext(ctx, "a job goes on", "entity", a.def.Name, "job", a.job.ID, "run", r.ID, "window", r.Window.String(), "pages", pages)
	all := make([]int, pages)
	for i := range all {
		all[i] = i + 1
	}
	return a.sendPages(ctx, r, all)
}

// window returns what the next run covers; false when the job has come to its
// end. A range that holds too many roots is made shorter, and the job remembers
// the length that fits.
func (a *advance) window(ctx context.Context, lane claim.Row) (window.Window, bool, error) {
	if !a.job.ByTime() {
		return a.job.Window, lane.Watermark == nil, nil
	}
	for {
		w, ok := a.job.Next(lane.Watermark)
		if !ok {
			return w, false, nil
		}
		n, err := a.Source.CountChanged(ctx, a.def, w, 2*job.ChunkRoots+1)
		if err != nil {
			return w, false, err
		}
		var fits bool
		if a.job.Chunk, fits = job.Fit(w.Length(), n); fits {
			return w, true, nil
		}
	}
}

// finish ends a job that has nothing left to do, and frees its lane.
func (a *advance) finish(ctx context.Context, lane claim.Row) error {
	if err := a.end(ctx, job.Done, ""); err != nil {
		return err
	}
	return a.Store.Release(ctx, lane)
}

// end moves the job to a final state.
func (a *advance) end(ctx context.Context, to job.State, note string) error {
	ok, err := a.Store.MoveJob(ctx, a.job.ID, to, note)
	if err != nil || !ok {
		return err
	}
	a.job.State, a.job.Note = to, note
	if to == job.Failed {
		a.Log.ErrorContext(ctx, "a job failed", "entity", a.def.Name, "job", a.job.ID, "kind", a.job.Kind, "reason", note)
	} else {
		a.Log.InfoContext(ctx, "a job is done", "entity", a.def.Name, "job", a.job.ID, "kind", a.job.Kind)
	}
	return nil
}

// sendPages sends the tasks of pages, spaced by the job's rate, and returns when
// it is worth looking again. The turn stands in the tasks' names, so that a
// later turn can send a page again.
func (a *advance) sendPages(ctx context.Context, r run.Run, pages []int) (time.Duration, error) {
	gap := a.gap()
	for i, n := range pages {
		at := time.Time{}
		if gap > 0 {
			at = a.now.Add(time.Duration(i) * gap)
		}
		if err := a.sendPage(ctx, r, pageTask{number: n, route: run.RouteJobPage, at: at, again: a.again()}); err != nil {
			return 0, err
		}
	}
	const longest = time.Minute
	return min(max(a.Config.JobPause, time.Duration(len(pages))*gap), max(longest, a.Config.JobPause)), nil
}

// again tells the names of pages that are sent once more from the first ones.
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
