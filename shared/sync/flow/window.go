package flow

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/queue"
	"gitlab.com/eshopbox-team/return-sync/shared/states"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/claim"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/closing"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/page"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rootlist"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/window"
)

// TaskClaims is what the window step needs of the table of claims. Here and in
// WindowRuns, a claim that has ended or was taken over is an error of kind
// fault.Superseded.
type TaskClaims interface {
	// Probe checks in one statement whether there is anything to do for claims, up to
	// claim.Most. The answers are in the order of the questions.
	Probe(ctx context.Context, looks []claim.Look) ([]claim.Probe, error)
	// Claimed returns a task's claim with a renewed lease.
	Claimed(ctx context.Context, t claim.Task, lease time.Duration) (claim.Row, error)
}

// WindowRuns is what the window step needs of the table of runs.
type WindowRuns interface {
	// Begin returns the claim's run: a new one over w, or the one that was begun.
	Begin(ctx context.Context, entity string, c claim.Row, w window.Window) (run.Run, error)
	// CloseIdle writes a run without pages for each claim and moves the watermarks to
	// their ends. It returns the first run's id, and how many claims were closed: those
	// that are another's now are left out.
	CloseIdle(ctx context.Context, idle []claim.Idle) (first, closed int64, err error)
	// Conclude gives back the claim of a synced run and moves the watermark.
	Conclude(ctx context.Context, r run.Run) error
}

// ChangeList is where a run's changed roots are listed.
type ChangeList interface {
	// List writes the change list and its pages, once, and returns how many pages
	// there are; an empty list closes the run.
	List(ctx context.Context, r run.Run, d entity.Definition, lister rootlist.Lister) (pages int, err error)
}

// JobTypes finds definitions by job type.
type JobTypes interface {
	// Job returns the definition of an entity or a target, by which changes are listed.
	Job(ctx context.Context, jobType string) (entity.Definition, error)
}

// Clock is what the window step needs of the source.
type Clock interface {
	// Now returns the source database's clock in UTC.
	Now(ctx context.Context) (time.Time, error)
	// EachChanged calls fn with the ids of changed roots, in batches, in order and each
	// once, and returns what else there was.
	EachChanged(ctx context.Context, d entity.Definition, args map[string][]any, fn func([]uint64) error) (rootlist.Listed, error)
}

// Window fixes windows and cuts pages. It is safe for concurrent use.
type Window struct {
	Claims      TaskClaims
	Runs        WindowRuns
	Changes     ChangeList
	Definitions JobTypes
	Closer      closing.Closer
	Source      Clock
	Queue       queue.Sender
	Config      Config
	Log         *slog.Logger
	Steps       states.Steps
	// Apart says that the source's tables are on another server than our own.
	Apart bool
}

// Play plays a window task and returns its answer: of one claim the run, of several what
// became of them.
func (w *Window) Play(ctx context.Context, tasks []claim.Task) (any, error) {
	if len(tasks) > 1 {
		return w.several(ctx, tasks)
	}
	began, err := w.Run(ctx, tasks[0])
	if err != nil {
		return nil, err
	}
	return began.Answer(), nil
}

// Run plays the window task of one claim. A second delivery finds the run that the first
// began, with its window and its change list, and continues from there.
func (w *Window) Run(ctx context.Context, t claim.Task) (run.Run, error) {
	d, err := w.Definitions.Job(ctx, t.JobType)
	if fault.KindOf(err) == fault.NotFound {
		// The tick that claimed the window knows the definition. This instance is older, or
		// has not noticed the files yet; if nobody plays the task, the claim stays held
		// until its lease ends.
		return run.Run{}, fault.Wrap(err, fault.Retry, fault.CodeOf(err), "this instance does not know the definition of the task yet")
	}
	if err != nil {
		return run.Run{}, err
	}
	if r, idle, err := w.idle(ctx, t, d); err != nil || idle {
		return r, err
	}
	row, err := w.Claims.Claimed(ctx, t, w.Config.RunLease)
	if err != nil {
		return run.Run{}, err
	}
	now, noClock := w.Source.Now(ctx)
	switch {
	case noClock == nil:
	case closing.Hopeless(noClock):
		now = row.Now // the run is begun to keep the reason
	default:
		return run.Run{}, noClock
	}
	if row.Watermark != nil && now.Before(*row.Watermark) {
		w.Log.WarnContext(ctx, "the source database's clock is behind the watermark: it was set back, or another server answers",
			"entity", d.Name, "now", now, "watermark", row.Watermark)
	}
	r, err := w.Runs.Begin(ctx, d.Name, row, window.Next(row.Watermark, d.FirstFrom, now, d.Overlap))
	if err != nil {
		return r, err
	}
	w.Steps.At("begun")
	if r.State == run.Synced { // an idle run whose process died before it gave the claim back
		return r, w.Runs.Conclude(ctx, r)
	}
	if noClock != nil {
		return w.Closer.Refuse(ctx, r, noClock)
	}
	pages, err := ListChanges(ctx, w.Changes, w.Source, r, d)
	if err != nil {
		return w.Closer.Refuse(ctx, r, err)
	}
	w.Steps.At("listed")
	w.Log.InfoContext(ctx, "the window is fixed", "entity", d.Name, "run", r.ID, "window", r.Window.String(), "pages", pages)
	if err := w.send(ctx, r, pages); err != nil {
		return w.Closer.Refuse(ctx, r, err)
	}
	w.Steps.At("pages-sent")
	return w.Closer.Runs.Run(ctx, r.ID)
}

// Looked says what became of the claims of one task.
type Looked struct {
	Idle int64 `json:"idle"` // closed, because nothing has changed
	Sent int   `json:"sent"` // given a window task each
}

// several plays the window task of several claims: the idle ones are closed together, and
// each of the others gets a task of its own. A second delivery finds neither the claims
// that were closed nor, at the queue, a new name for the tasks that were sent. What goes
// wrong for one claim is left to its own task, so that no other claim waits for it.
func (w *Window) several(ctx context.Context, tasks []claim.Task) (out Looked, err error) {
	var looks []claim.Look
	var busy []claim.Task
	entities := map[string]string{} // by token
	for _, t := range tasks {
		if _, twice := entities[t.Token]; twice {
			continue
		}
		d, unknown := w.Definitions.Job(ctx, t.JobType)
		entities[t.Token] = d.Name
		if look, ok := w.look(t, d); ok && unknown == nil {
			looks = append(looks, look)
		} else {
			busy = append(busy, t)
		}
	}
	limited, cancel := context.WithTimeout(ctx, w.Config.together())
	defer cancel()
	idle, others, err := w.probe(limited, looks)
	if err == nil && len(idle) > 0 {
		_, out.Idle, err = w.Runs.CloseIdle(limited, idle)
		w.Steps.At("idle-closed")
	}
	if err != nil {
		w.Log.WarnContext(ctx, "several entities could not be asked together whether anything has changed: each is asked alone", "entities", len(looks), "error", err)
		out.Idle, others = 0, nil
		for _, l := range looks {
			others = append(others, l.Task)
		}
	}
	w.Log.InfoContext(ctx, "several entities were asked together", "idle", out.Idle, "changed", len(busy)+len(others))
	for _, t := range append(busy, others...) {
		if err := sendWindows(ctx, w.Queue, entities[t.Token], []claim.Task{t}); err != nil {
			// No run keeps a reason for all of them, so the task is not given up.
			return out, fault.Wrap(err, fault.Retry, fault.CodeOf(err), "the task of one of several claims could not be sent")
		}
		out.Sent++
	}
	w.Steps.At("windows-sent")
	return out, nil
}

// idleReach is the maximum age of the watermark for the idle check; older windows
// are listed directly.
const idleReach = 2 * time.Hour

// look returns the question whether a claim is idle. False means that there is no cheap
// way to ask.
//
// The check asks changed.sql about a window that some run could really have, from the
// task's watermark to the time of the claim. A date without end would be simpler, but
// date functions in a definition may answer NULL or 0 for it, and nothing would ever be
// found again.
func (w *Window) look(t claim.Task, d entity.Definition) (claim.Look, bool) {
	end, ago, ok := t.Since()
	if !ok || ago < 0 || ago > idleReach || w.Apart {
		return claim.Look{}, false
	}
	next := window.Next(&end, d.FirstFrom, end.Add(ago), d.Overlap)
	return claim.Look{Task: t, Def: d, Window: next}, true
}

// probe asks whether claims are idle. Others are those of which something changed, or of
// which that cannot be said cheaply; a claim that is no longer the task's is in neither
// list.
func (w *Window) probe(ctx context.Context, looks []claim.Look) (idle []claim.Idle, others []claim.Task, err error) {
	if len(looks) == 0 {
		return nil, nil, nil
	}
	probes, err := w.Claims.Probe(ctx, looks)
	if err != nil {
		return nil, nil, err
	}
	for i, p := range probes {
		l := looks[i]
		end, _, _ := l.Task.Since()
		switch {
		case !p.Held && !p.Unknown:
		case p.Unknown || p.Begun || p.Unconfirmed || p.Changed || p.Claim.Watermark == nil || p.Claim.Watermark.Before(end) || l.Window.To.Before(*p.Claim.Watermark) || p.Claim.Now.Before(l.Window.To):
			others = append(others, l.Task)
		default:
			// The task's times are cut to the second; the claim's watermark is exact.
			idle = append(idle, claim.Idle{Entity: l.Def.Name, Claim: p.Claim, Window: window.Next(p.Claim.Watermark, l.Def.FirstFrom, l.Window.To, l.Def.Overlap)})
		}
	}
	return idle, others, nil
}

// idle closes the claim when nothing changed, the common case, with three
// statements and no transaction. It returns false when something changed, or when
// that cannot be said cheaply: the window is then listed.
func (w *Window) idle(ctx context.Context, t claim.Task, d entity.Definition) (run.Run, bool, error) {
	look, ok := w.look(t, d)
	if !ok {
		return run.Run{}, false, nil
	}
	idle, _, err := w.probe(ctx, []claim.Look{look})
	if err != nil || len(idle) == 0 {
		return run.Run{}, false, err
	}
	r := run.Run{Entity: d.Name, Kind: run.Window, State: run.Synced, ClaimID: t.ID, Token: t.Token, Window: idle[0].Window}
	var closed int64
	if r.ID, closed, err = w.Runs.CloseIdle(ctx, idle); err == nil && closed == 0 {
		err = fault.New(fault.Superseded, "superseded", "the window task belongs to a claim that has ended or was taken over; nothing to do")
	}
	if err == nil {
		w.Log.InfoContext(ctx, "nothing has changed", "entity", d.Name, "run", r.ID, "window", r.Window.String())
	}
	return r, true, err
}

// ListChanges lists the changed roots of a run's window. The source is asked by a statement
// of its own, on whatever server our tables are: one that also writes would make errors of
// values that do not fit, where one that reads only warns, and one bad row would stop all.
func ListChanges(ctx context.Context, changes ChangeList, source Clock, r run.Run, d entity.Definition) (pages int, err error) {
	return changes.List(ctx, r, d, func(ctx context.Context, add func([]uint64) error) (rootlist.Listed, error) {
		return source.EachChanged(ctx, d, map[string][]any{"from": {r.Window.From}, "to": {r.Window.To}}, add)
	})
}

// send sends the tasks of all pages. A page that is done already answers its
// task at once, and a task that was sent before has the same name.
func (w *Window) send(ctx context.Context, r run.Run, pages int) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(w.Config.EnqueueSenders)
	for n := 1; n <= pages; n++ {
		group.Go(func() error {
			task, err := PageTask(r, n, "")
			if err != nil {
				return err
			}
			if err = w.Queue.Send(ctx, task); err == nil {
				w.Steps.At("page-sent")
			}
			return err
		})
	}
	return group.Wait()
}

// PageTask returns the task of one page of a run, for the queue of syncs. resend
// makes its name another one than that of an earlier task of the page.
func PageTask(r run.Run, n int, resend string) (queue.Task, error) {
	body, err := json.Marshal(page.Task{RunID: r.ID, Page: n})
	name := queue.Name("page/"+r.Token+"/"+strconv.Itoa(n)+resend, fmt.Sprintf("%s-run-%d-page-%d", r.Entity, r.ID, n))
	return queue.Task{Route: run.RoutePage, Name: name, Body: body}, err
}
