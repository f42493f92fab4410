package flow

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/states"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/account"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/claim"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/closing"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/destination"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/ledger"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/owner"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/page"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/source"
)

// Pages is what the process step needs of the table of pages to take a page and to
// leave it. Here and below, a page that is no longer the caller's, and a run that has
// been closed, are errors of kind fault.Superseded.
type Pages interface {
	// TakePage takes a page with a fresh token and a lease; its state is another
	// than page.Taken if an earlier delivery has ended it.
	TakePage(ctx context.Context, t page.Task, token string, lease time.Duration) (page.Held, error)
	// PutBack leaves a page to the next delivery; GiveUp ends it as failed.
	PutBack(ctx context.Context, p page.Held, reason string) error
	GiveUp(ctx context.Context, p page.Held, reason string) (run.Run, error)
}

// Outcomes is where a page writes what it pushes and what came of it.
type Outcomes interface {
	// WriteJournal writes what is about to be pushed.
	WriteJournal(ctx context.Context, p page.Held, j ledger.Journal) error
	// Finish writes a page's outcome in one transaction and returns the run.
	Finish(ctx context.Context, p page.Held, o account.Outcome) (run.Run, error)
}

// Publisher closes runs whose pages are all done.
type Publisher interface {
	// Publish closes a run as synced and moves the watermark; code "unbalanced"
	// says that its account does not add up.
	Publish(ctx context.Context, r run.Run) error
}

// Names finds definitions by the name of an entity or a target.
type Names interface {
	Named(ctx context.Context, name string) (entity.Definition, error)
	// Fixed is Named, and fixes how the index's records are written before the first one.
	Fixed(ctx context.Context, name string) (entity.Definition, error)
}

// Renewer keeps claims.
type Renewer interface {
	// Renew keeps a claim alive when its lease is more than half used up.
	Renew(ctx context.Context, claimID int64, token string, lease time.Duration) error
}

// PageRoots reads change lists.
type PageRoots interface {
	// Changed returns the page's roots.
	Changed(ctx context.Context, runID int64, page int) ([]uint64, error)
	// Prune removes a bounded part of the change lists of runs that closed long ago.
	Prune(ctx context.Context, entity string, keepDays int) error
}

// Ledger is what is known of a page's roots.
type Ledger interface {
	// Known returns their rows of the ledger, and Doubts what is unconfirmed.
	Known(ctx context.Context, entity string, roots []uint64) (map[uint64]ledger.Row, error)
	Doubts(ctx context.Context, entity string, roots []uint64) (map[uint64]ledger.Unconfirmed, error)
}

// Owners decides which root a record belongs to (package owner).
type Owners interface {
	// Plan plans a push of roots in the page's account. write, called before the push,
	// stores which roots own records now.
	Plan(ctx context.Context, d entity.Definition, p owner.Page, roots []uint64, rows source.Rows) (write func() error, err error)
	// Check finds records that other roots took over during the push, such as an item
	// that was moved to another return. The next run pushes them.
	Check(ctx context.Context, d entity.Definition, p owner.Page) error
}

// Rows is what the process step needs of the source.
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
	Pages interface {
		Pages
		Outcomes
	}
	Ledger      Ledger
	Owners      Owners
	Changes     PageRoots
	Claims      Renewer
	Runs        Publisher
	Definitions Names
	Closer      closing.Closer
	Source      Rows
	Index       destination.Index
	// Room bounds how many pages hold records at once, by its capacity; nil is no bound.
	// Where an index answers late, each page in it waits with its records in memory.
	Room   chan struct{}
	Config Config
	Log    *slog.Logger
	Steps  states.Steps
}

// margin is how long before its lease ends a holder stops working, so that none of
// its requests is under way when a successor begins.
const margin = 5 * time.Second

// Run plays a page task; now is the time of the delivery. The delivery that ends
// the last page closes the run. A delivery that finds its page ended checks whether
// the run is still to be closed.
func (p *Process) Run(ctx context.Context, t page.Task, now time.Time) (run.Run, error) {
	// Counted from before the page is taken, so that work ends before the lease; the
	// margin is smaller where leases are short, as in tests.
	limited, cancel := context.WithTimeout(ctx, p.Config.PageLease-min(margin, p.Config.PageLease/4))
	defer cancel()
	held, err := p.Pages.TakePage(ctx, t, claim.NewToken(), p.Config.PageLease)
	if err != nil {
		return held.Run, err
	}
	p.Steps.At("page-taken")
	r := held.Run
	if held.State == page.Taken {
		if r, err = p.work(limited, held, now); err != nil {
			return r, err
		}
		p.Steps.At("page-ended")
	}
	return p.close(ctx, r)
}

// work works on a held page until the page is done, is put back for another attempt, or
// is given up. A page that another delivery has taken over meanwhile
// (fault.Superseded) is left to that delivery.
func (p *Process) work(ctx context.Context, held page.Held, now time.Time) (run.Run, error) {
	held.Tries = p.Config.PageAttempts
	r, err := p.sync(ctx, held, now)
	if err == nil {
		return r, nil
	}
	// The context may be what ended; the page must be left all the same.
	after, cancel := context.WithTimeout(context.WithoutCancel(ctx), closing.KeepTime)
	defer cancel()
	switch {
	case closing.Hopeless(err):
		if _, failed := p.Pages.GiveUp(after, held, err.Error()); failed != nil {
			return held.Run, failed
		}
		return p.Closer.Refuse(ctx, held.Run, err)
	case !fault.Retryable(err): // another delivery or run has taken over
		return held.Run, err
	case held.Attempts >= p.Config.PageAttempts:
		p.Log.ErrorContext(ctx, "a page ran out of attempts", "entity", held.Run.Entity, "run", held.Run.ID, "page", held.Number, "attempts", held.Attempts, "error", err)
		return p.Pages.GiveUp(after, held, err.Error())
	}
	return held.Run, errors.Join(err, p.Pages.PutBack(after, held, err.Error()))
}

// sync brings the index in line with a page's roots and writes the page's outcome.
func (p *Process) sync(ctx context.Context, held page.Held, now time.Time) (run.Run, error) {
	d, err := p.Definitions.Fixed(ctx, held.Run.Entity)
	if err != nil {
		return held.Run, err
	}
	acc := account.New(d, now)
	if held.Copied {
		acc.Copy()
	}
	roots, err := p.open(ctx, held, d, acc)
	if err != nil {
		return held.Run, err
	}
	p.Steps.At("page-read")
	if err := p.push(ctx, attempt{held, d, acc}, roots); err != nil {
		return held.Run, err
	}
	p.Steps.At("pushed")
	return p.Pages.Finish(ctx, held, acc.Close())
}

// open enters the page's roots, with all that is known of them, into the account.
// First it renews the run's claim, which then outlives the page's lease (see
// Config.Check): no successor can push the same roots while this holder may still
// be pushing.
func (p *Process) open(ctx context.Context, held page.Held, d entity.Definition, acc *account.Page) (roots []uint64, err error) {
	if err = p.Claims.Renew(ctx, held.Run.ClaimID, held.Run.Token, p.Config.RunLease); err != nil {
		return nil, err
	}
	if roots, err = p.Changes.Changed(ctx, held.Run.ID, held.Number); err != nil {
		return nil, err
	}
	known := account.Known{Attempt: held.Journal}
	if known.Ledger, err = p.Ledger.Known(ctx, d.Name, roots); err != nil {
		return nil, err
	}
	if known.Unconfirmed, err = p.Ledger.Doubts(ctx, d.Name, roots); err != nil {
		return nil, err
	}
	acc.Open(roots, known)
	return roots, nil
}

// attempt is one attempt at a page.
type attempt struct {
	held    page.Held
	def     entity.Definition
	account *account.Page
}

// maxPushes is how often a page pushes a root that changes during every push. The
// root is then left unconfirmed, and the next run pushes it again.
const maxPushes = 3

// push pushes the records of roots that differ from the ledger.
//
// The journal is written before a push and the ledger after it, so at every moment
// one of the two knows what the index may hold. After each push comes an optimistic
// re-read: the roots that changed meanwhile are read and pushed again. The writer
// that pushes a record last re-reads the record after that push, and so the index
// ends on the newest content.
func (p *Process) push(ctx context.Context, a attempt, roots []uint64) error {
	if a.held.Run.Kind == run.Window && a.def.TrustVersions {
		var err error
		if roots, err = p.skipUnchanged(ctx, a, roots); err != nil {
			return err
		}
	}
	since, err := p.quietSince(ctx, a)
	if err != nil {
		return err
	}
	for n := 1; len(roots) > 0; n++ {
		if n > maxPushes {
			a.account.Unconfirmed(roots)
			return nil
		}
		pushed, versions, err := p.send(ctx, a, roots)
		if err != nil || len(pushed) == 0 {
			return err
		}
		if err := p.Owners.Check(ctx, a.def, a.account); err != nil {
			return err
		}
		if roots, err = p.reread(ctx, a.def, pushed, versions, since); err != nil {
			return err
		}
	}
	return nil
}

// send reads the records of roots and pushes what differs. It returns the roots of
// which something was pushed, none if the index holds all already, and the versions
// that were read. Only meanwhile are the records in memory.
func (p *Process) send(ctx context.Context, a attempt, roots []uint64) (pushed []uint64, versions map[uint64]uint64, err error) {
	if p.Room != nil {
		select {
		case p.Room <- struct{}{}:
			defer func() { <-p.Room }()
		case <-ctx.Done():
			return nil, nil, fault.Wrap(ctx.Err(), fault.Retry, "pages-waiting", "the page's time ended before the pages ahead had sent their records")
		}
	}
	rows, err := p.Source.Rows(ctx, a.def, roots)
	if err != nil {
		return nil, nil, err
	}
	if !a.held.Copied {
		defer rows.Bodies.Free() // the account reads none once they are sent
	}
	if len(rows.Warnings) > 0 {
		p.Log.WarnContext(ctx, "the server warns of a definition's rows.sql", "entity", a.def.Name, "run", a.held.Run.ID, "page", a.held.Number, "warnings", rows.Warnings)
	}
	writeOwners, err := p.Owners.Plan(ctx, a.def, a.account, roots, rows)
	if err != nil {
		return nil, nil, err
	}
	versions = rows.Versions // the rest is held by the account, until it is sent
	if pushed = a.account.Planned(); len(pushed) == 0 {
		return nil, nil, nil
	}
	if err := p.Pages.WriteJournal(ctx, a.held, a.account.Journal()); err != nil {
		return nil, nil, err
	}
	if err := writeOwners(); err != nil {
		return nil, nil, err
	}
	p.Steps.At("journaled")
	// Records that the index refuses are parked by the account.
	answer, err := p.Index.Push(ctx, a.def.Index, a.account.Ops())
	if err != nil {
		return nil, nil, err
	}
	p.Steps.At("sent")
	return pushed, versions, a.account.Pushed(answer)
}

// skipUnchanged returns the roots that are to be read: all of the page but those
// whose rows are at the version that the ledger describes. Windows overlap, so most
// of a window's roots may be unchanged, and versions cost the database a third of
// what the rows do.
//
// It is for definitions with entity.Definition.TrustVersions only, and not for jobs:
// people start jobs because they distrust the ledger.
func (p *Process) skipUnchanged(ctx context.Context, a attempt, roots []uint64) ([]uint64, error) {
	certain := a.account.Certain()
	if len(certain) == 0 {
		return roots, nil
	}
	now, err := p.Source.Versions(ctx, a.def, certain)
	if err != nil {
		return nil, err
	}
	return a.account.Skip(now), nil
}

// reread returns the pushed roots whose rows are no longer what was read. It
// compares versions, which cost the database a third of what the rows do. Unless
// since is zero, it asks only for the roots that changed since then.
func (p *Process) reread(ctx context.Context, d entity.Definition, pushed []uint64, read map[uint64]uint64, since time.Time) ([]uint64, error) {
	if !since.IsZero() {
		changed, err := p.Source.ChangedSince(ctx, d, since, pushed)
		if err != nil {
			return nil, err
		}
		pushed = slices.DeleteFunc(pushed, func(root uint64) bool { return !changed[root] })
	}
	if len(pushed) == 0 {
		return nil, nil
	}
	now, err := p.Source.Versions(ctx, d, pushed)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(pushed, func(root uint64) bool { return now[root] == read[root] }), nil
}

// quietSince returns T: a root unchanged since T was not modified during the push;
// zero if unknown, or of no use. It must be called before the rows are read.
//
// T is the overlap before now, for the reason that a window reaches back by it: a
// change that this read does not see was stamped by a transaction that is still
// open, and no transaction takes longer. It holds for definitions whose writers
// stamp every change (entity.Definition.TrustVersions). It is of use for history: of
// the roots of a first sync or a backfill next to none has changed lately, of a
// usual window's roots most have.
func (p *Process) quietSince(ctx context.Context, a attempt) (time.Time, error) {
	r := a.held.Run
	if !a.def.TrustVersions || r.Kind == run.Follow || r.Kind == run.Window && r.Window.Length() <= 2*a.def.Overlap {
		return time.Time{}, nil
	}
	now := r.Window.To // by the same clock, and before now
	if r.Kind != run.Window {
		var err error
		if now, err = p.Source.Now(ctx); err != nil {
			return time.Time{}, err
		}
	}
	return now.Add(-a.def.Overlap), nil
}

// close closes the run if this was its last page. A run is synced only when the
// index has published everything: until then the answer is retryable, and the next
// delivery continues to wait.
func (p *Process) close(ctx context.Context, r run.Run) (run.Run, error) {
	if !r.Settled() {
		return r, nil
	}
	if r.PagesFailed > 0 { // what the other pages pushed stays; the next window lists it again
		return p.Closer.Fail(ctx, r, r.LastError)
	}
	d, err := p.Definitions.Named(ctx, r.Entity)
	if err != nil {
		return p.Closer.Refuse(ctx, r, err)
	}
	if r.LastTaskID > 0 {
		if err := p.Index.Wait(ctx, d.Index, r.LastTaskID); err != nil {
			return p.Closer.Refuse(ctx, r, err)
		}
	}
	p.Steps.At("published")
	err = p.Runs.Publish(ctx, r)
	switch {
	case fault.CodeOf(err) == "unbalanced":
		return p.Closer.Fail(ctx, r, err.Error())
	case fault.KindOf(err) == fault.Superseded:
		return p.Closer.Runs.Run(ctx, r.ID)
	case err != nil:
		return r, err
	}
	p.Steps.At("closed")
	if r.Kind == run.Follow { // many a second: package follow folds them, with their lists
		return p.Closer.Runs.Run(ctx, r.ID)
	}
	p.Log.InfoContext(ctx, "the run is synced", "entity", r.Entity, "run", r.ID, "asOf", r.Window.To, "account", r.Counts.String())
	if err := p.Changes.Prune(ctx, r.Entity, p.Config.KeepDays); err != nil {
		p.Log.WarnContext(ctx, "old change lists could not be pruned", "error", err)
	}
	return p.Closer.Runs.Run(ctx, r.ID)
}
