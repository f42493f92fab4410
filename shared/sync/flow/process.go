package flow

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/claim"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/destination"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/page"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/source"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/target"
)

// Rows is the source's side of a page.
type Rows interface {
	// Rows returns the current records of the roots, from one moment.
	Rows(ctx context.Context, d entity.Definition, ids []uint64) (source.Rows, error)
	// Versions returns the roots' versions as they are now.
	Versions(ctx context.Context, d entity.Definition, ids []uint64) (map[uint64]uint64, error)
	// Now returns the source database's clock.
	Now(ctx context.Context) (time.Time, error)
	// ChangedSince returns which of the roots changed at a time or later.
	ChangedSince(ctx context.Context, d entity.Definition, since time.Time, ids []uint64) (map[uint64]bool, error)
}

// Process works pages off. It is safe for concurrent use.
type Process struct {
	Store    *store.DB
	Source   Rows
	Index    destination.Index
	Entities Entities
	Config   Config
	Log      *slog.Logger
	Steps    Steps
}

// margin is how long before its lease ends a holder stops working, so that no
// request of its own is under way when a successor begins.
const margin = 5 * time.Second

// Run plays a page task; now is the time of the delivery. Whoever ends the last
// page closes the run, and a delivery that finds its page ended looks whether
// that is still to be done.
func (p *Process) Run(ctx context.Context, t page.Task, now time.Time) (run.Run, error) {
	// Counted from before the page is taken, so that work ends before the lease.
	limited, cancel := context.WithTimeout(ctx, p.Config.PageLease-p.margin())
	defer cancel()
	held, err := p.Store.TakePage(ctx, t, claim.NewToken(), p.Config.PageLease)
	if err != nil {
		return held.Run, err
	}
	p.Steps.at("page-taken")
	r := held.Run
	if held.State == page.Taken {
		if r, err = p.work(limited, held, now); err != nil {
			return r, err
		}
		p.Steps.at("page-ended")
	}
	return p.close(ctx, r)
}

// work brings a held page to its end: done, put back, or given up.
func (p *Process) work(ctx context.Context, held store.Page, now time.Time) (run.Run, error) {
	held.Tries = p.Config.PageAttempts
	d, err := p.definition(ctx, held.Run.Entity)
	if hopeless(err) {
		return p.giveUp(ctx, held, err)
	}
	if err != nil {
		return held.Run, err
	}
	outcome, err := p.fill(ctx, held, newBook(d, now))
	if err == nil {
		p.Steps.at("pushed")
		var r run.Run
		if r, err = p.Store.Finish(ctx, held, outcome); err == nil {
			return r, nil
		}
	}
	if hopeless(err) {
		return p.giveUp(ctx, held, err)
	}
	if !fault.Retryable(err) {
		return held.Run, err
	}
	// The context may be what ended; the page must be left all the same.
	after, cancelAfter := context.WithTimeout(context.WithoutCancel(ctx), keepTime)
	defer cancelAfter()
	if held.Attempts >= p.Config.PageAttempts {
		p.Log.ErrorContext(ctx, "a page ran out of attempts", "entity", d.Name, "run", held.Run.ID, "page", held.Number, "attempts", held.Attempts, "error", err)
		return p.Store.GiveUp(after, held, err.Error())
	}
	return held.Run, errors.Join(err, p.Store.PutBack(after, held, err.Error()))
}

// definition returns what a page is filled by. How an index's records are written is
// fixed here, before the first is pushed.
func (p *Process) definition(ctx context.Context, name string) (entity.Definition, error) {
	if _, rebuilt := target.IDOf(name); rebuilt {
		return p.catalog().Named(ctx, name)
	}
	d, err := p.Entities.Named(name)
	if err != nil {
		return d, err
	}
	return p.Store.FixFirst(ctx, d)
}

// catalog returns the definitions.
func (p *Process) catalog() Catalog { return Catalog{Entities: p.Entities, Store: p.Store} }

// margin is smaller where leases are short, as in tests.
func (p *Process) margin() time.Duration { return min(margin, p.Config.PageLease/4) }

// close closes the run if this was its last page. A run is called synced only
// when the index has published everything: until then the answer is retryable,
// and the delivery that comes again waits on.
func (p *Process) close(ctx context.Context, r run.Run) (run.Run, error) {
	if !r.Settled() {
		return r, nil
	}
	if r.PagesFailed > 0 {
		return p.closer().fail(ctx, r, r.LastError)
	}
	d, err := p.catalog().Named(ctx, r.Entity)
	if err != nil {
		return p.closer().refuse(ctx, r, err)
	}
	if r.LastTaskID > 0 {
		if err := p.Index.Wait(ctx, d.Index, r.LastTaskID); err != nil {
			return p.closer().refuse(ctx, r, err)
		}
	}
	p.Steps.at("published")
	err = p.Store.Publish(ctx, r)
	switch {
	case fault.CodeOf(err) == "unbalanced":
		return p.closer().fail(ctx, r, err.Error())
	case fault.KindOf(err) == fault.Superseded:
		return p.Store.Run(ctx, r.ID)
	case err != nil:
		return r, err
	}
	p.Steps.at("closed")
	p.Log.InfoContext(ctx, "the run is synced", "entity", r.Entity, "run", r.ID, "asOf", r.Window.To, "account", r.Counts.String())
	if err := p.Store.Prune(ctx, r.Entity, p.Config.KeepDays); err != nil {
		p.Log.WarnContext(ctx, "old change lists could not be pruned", "error", err)
	}
	return p.Store.Run(ctx, r.ID)
}
