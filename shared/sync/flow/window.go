package flow

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"gitlab.com/eshopbox-team/return-sync/shared/queue"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/claim"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/page"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
	"gitlab.com/eshopbox-team/return-sync/shared/window"
)

// Clock is the source's side of a window.
type Clock interface {
	// Now returns the source database's clock in UTC.
	Now(ctx context.Context) (time.Time, error)
	// EachChanged calls fn with the ids of changed roots, in batches.
	EachChanged(ctx context.Context, d entity.Definition, args map[string][]any, fn func([]uint64) error) error
	// CountChanged returns how many roots changed in a window, at most limit.
	CountChanged(ctx context.Context, d entity.Definition, w window.Window, limit int64) (int64, error)
}

// Window fixes windows and cuts pages. It is safe for concurrent use.
type Window struct {
	Store    *store.DB
	Source   Clock
	Queue    queue.Sender
	Entities Entities
	Config   Config
	Log      *slog.Logger
	Steps    Steps
	// Apart says that the source's tables are on another server than our own.
	Apart bool
}

// Run plays a window task. A delivery that comes again finds the run that the
// first began, with its window and its change list, and goes on from there.
func (w *Window) Run(ctx context.Context, t claim.Task) (run.Run, error) {
	d, err := w.catalog().Job(ctx, t.JobType)
	if err != nil {
		return run.Run{}, err
	}
	if r, idle, err := w.idle(ctx, t, d); err != nil || idle {
		return r, err
	}
	row, err := w.Store.Claimed(ctx, t, w.Config.RunLease)
	if err != nil {
		return run.Run{}, err
	}
	now, unknown := w.Source.Now(ctx)
	if hopeless(unknown) {
		now = row.Now // the run is there to keep the reason
	} else if unknown != nil {
		return run.Run{}, unknown
	}
	if row.Watermark != nil && now.Before(*row.Watermark) {
		w.Log.WarnContext(ctx, "the source database's clock is behind the watermark: it was set back, or another server answers",
			"entity", d.Name, "now", now, "watermark", row.Watermark)
	}
	r, err := w.Store.Begin(ctx, d.Name, row, window.Next(row.Watermark, d.FirstFrom, now, d.Overlap))
	if err != nil {
		return r, err
	}
	w.Steps.at("begun")
	if r.State == run.Synced { // an idle run whose process died before it gave the claim back
		return r, w.Store.Conclude(ctx, r)
	}
	if unknown != nil {
		return w.closer().refuse(ctx, r, unknown)
	}
	pages, err := w.Store.List(ctx, r, d, w.lister(r, d))
	if err != nil {
		return w.closer().refuse(ctx, r, err)
	}
	w.Steps.at("listed")
	w.Log.InfoContext(ctx, "the window is fixed", "entity", d.Name, "run", r.ID, "window", r.Window.String(), "pages", pages)
	if err := w.send(ctx, r, pages); err != nil {
		return w.closer().refuse(ctx, r, err)
	}
	w.Steps.at("pages-sent")
	return w.Store.Run(ctx, r.ID)
}

// probed is how far back the look may reach that finds a tick idle: further back
// there is so much that listing it is no more expensive than looking.
const probed = 2 * time.Hour

// idle closes the claim of a tick that has nothing to do, which most ticks have
// not, at the cost of three statements. It reports false when there is something,
// or when that is not known cheaply.
func (w *Window) idle(ctx context.Context, t claim.Task, d entity.Definition) (run.Run, bool, error) {
	end, ago, ok := t.Since()
	if !ok || ago < 0 || ago > probed {
		return run.Run{}, false, nil
	}
	since := end.Add(-d.Overlap)
	var here *time.Time
	if !w.Apart {
		here = &since
	}
	p, err := w.Store.Probe(ctx, t, d, here)
	if err != nil || !p.Held || p.Begun || p.Doubts || p.Changed || p.Claim.Watermark == nil {
		return run.Run{}, false, err
	}
	now := p.Claim.Now
	if w.Apart {
		if now, err = w.Source.Now(ctx); err != nil {
			return run.Run{}, false, later(err)
		}
		n, err := w.Source.CountChanged(ctx, d, window.Window{From: since, To: now}, 1)
		if err != nil || n > 0 {
			return run.Run{}, false, later(err)
		}
	}
	if now.Before(*p.Claim.Watermark) {
		return run.Run{}, false, nil
	}
	r, err := w.Store.CloseIdle(ctx, d.Name, p.Claim, window.Next(p.Claim.Watermark, d.FirstFrom, now, d.Overlap))
	if err == nil {
		w.Log.InfoContext(ctx, "nothing has changed", "entity", d.Name, "run", r.ID, "window", r.Window.String())
	}
	return r, true, err
}

// later drops a hopeless error of the idle check: the run that follows meets it
// again, and keeps it.
func later(err error) error {
	if hopeless(err) {
		return nil
	}
	return err
}

// lister returns how to ask a source on another server, nil for one on ours.
func (w *Window) lister(r run.Run, d entity.Definition) store.Lister {
	if !w.Apart {
		return nil
	}
	args := map[string][]any{"from": {r.Window.From}, "to": {r.Window.To}}
	return func(ctx context.Context, add func([]uint64) error) error {
		return w.Source.EachChanged(ctx, d, args, add)
	}
}

// send sends the tasks of all pages. A page that is done already answers its
// task at once, and a task that was sent before has the same name.
func (w *Window) send(ctx context.Context, r run.Run, pages int) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(w.Config.EnqueueSenders)
	for n := 1; n <= pages; n++ {
		group.Go(func() error { return w.sendPage(ctx, r, pageTask{number: n, route: run.RoutePage}) })
	}
	return group.Wait()
}

// pageTask is one page's task to send.
type pageTask struct {
	number int
	route  string
	at     time.Time // zero is now
	again  string    // tells its name from that of an earlier task of the page
}

// sendPage sends one page's task.
func (w *Window) sendPage(ctx context.Context, r run.Run, p pageTask) error {
	body, err := json.Marshal(page.Task{RunID: r.ID, Page: p.number})
	if err != nil {
		return err
	}
	name := queue.Name("page/"+r.Token+"/"+strconv.Itoa(p.number)+p.again, fmt.Sprintf("%s-run-%d-page-%d", r.Entity, r.ID, p.number))
	err = w.Queue.Send(ctx, queue.Task{Route: p.route, Name: name, Body: body, At: p.at})
	if err == nil {
		w.Steps.at("page-sent")
	}
	return err
}

// catalog returns the definitions.
func (w *Window) catalog() Catalog { return Catalog{Entities: w.Entities, Store: w.Store} }
