// Package worker works transfer jobs off. One process holds the lease; inside it some
// threads run jobs, and never two of one pair of records.
//
//	for { retries that are due become new
//	      load a package of roots      -> none: end the run after the debounce
//	      threads take its roots       -> each: children first, then the job itself
//	      archive what is finished }
//
// A worker that dies leaves its jobs in progress. The next holder of the lease takes them
// up again, and Decide sees from the records how far the other one came.
package worker

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
)

// Settings are those of a worker.
type Settings struct {
	Threads     Threads
	Debounce    time.Duration // how old a job must be, so that a burst of changes ends in its newest
	Throttle    time.Duration // the least time that a job occupies its thread; 0 is off
	LockTimeout time.Duration // how long a job waits for another one of its records
	CallTimeout time.Duration // of one call to a side
	Lease       time.Duration // how long a dead process keeps others from working
	RunLimit    int           // runs of a job whose failures may pass
	RetryAfter  time.Duration // before the second run; it doubles with each further one, up to an hour
	ArchiveAt   int           // roots moved to the archive at once
	Protocol    bool          // copies of finished jobs go to the online side
	// ProtocolThrottle is the least time of a batch of the protocol.
	ProtocolThrottle time.Duration
}

// Defaults are the settings of an installation that names none.
func Defaults() Settings {
	return Settings{
		Threads: Threads{Threads: 1, Package: 20}, Debounce: 5 * time.Second, LockTimeout: 10 * time.Second, CallTimeout: 30 * time.Second,
		Lease: 20 * time.Second, RunLimit: 5, RetryAfter: 10 * time.Second, ArchiveAt: 100, Protocol: true,
	}
}

// Jobs is what a worker needs of the table of jobs.
type Jobs interface {
	transfer.Leases
	transfer.Queue
	transfer.Protocol
}

// Guard says whether the clocks permit work.
type Guard interface {
	Allow(ctx context.Context) bool
}

// Parts are what a worker works with.
type Parts struct {
	Jobs           Jobs
	Studio, Online transfer.System
	Flows          transfer.Flows
	Guard          Guard // nil permits
	Settings       Settings
	Notes          transfer.Notes // nil: Settings.Threads counts alone
	Owner          string         // of the lease, for people
	Now            func() time.Time
	Log            *slog.Logger
	// Worked is called after a package with finished jobs; nil for nothing.
	Worked func()
}

// Worker works jobs off. Its methods are safe for concurrent use, but for Run and
// RunProtocol, of which a process has one at a time each.
type Worker struct {
	Parts
	pairs    pairs
	keeper   keeper
	requests requests
}

// New returns a worker.
func New(p Parts) *Worker {
	w := &Worker{Parts: p}
	w.pairs.held = map[string]chan struct{}{}
	w.keeper = keeper{jobs: p.Jobs, owner: p.Owner, ttl: p.Settings.Lease, log: p.Log}
	return w
}

// Pace is how many jobs run at once.
func (w *Worker) Pace() Pace { return Pace{Configured: w.Settings.Threads, Notes: w.Notes} }

// system returns a side.
func (w *Worker) system(s transfer.Side) transfer.System {
	if s == transfer.Studio {
		return w.Studio
	}
	return w.Online
}

// requests remembers when work was asked for last.
type requests struct {
	mu   sync.Mutex
	last time.Time
}

// Requested notes that jobs may have come: a run ends only after their debounce.
func (w *Worker) Requested() {
	w.requests.mu.Lock()
	defer w.requests.mu.Unlock()
	w.requests.last = w.Now()
}

// settled reports whether every job is old enough to have been seen that came before the
// last request.
func (w *Worker) settled() bool {
	w.requests.mu.Lock()
	defer w.requests.mu.Unlock()
	return w.Now().Sub(w.requests.last) > w.Settings.Debounce+w.Settings.Debounce/10
}

// Result is what a run did.
type Result struct {
	Held   bool // another process holds the lease otherwise
	Locked bool // the clocks do not permit work
	Jobs   int64
}

// Run works off what there is, until nothing is left, stop is closed or ctx ends. Jobs
// that have begun are ended unless ctx ends.
func (w *Worker) Run(ctx context.Context, stop <-chan struct{}) (done Result, err error) {
	if w.Guard != nil && !w.Guard.Allow(ctx) {
		return Result{Locked: true}, nil
	}
	h, err := w.keeper.enter(ctx)
	if err != nil || h == nil {
		return done, err
	}
	defer h.leave()
	done.Held = true
	w.sign(ctx, transfer.NoteWorker, transfer.Sign{Running: true})
	defer func() {
		err = h.because(err)
		w.signed(ctx, transfer.NoteWorker, done.Jobs, err)
	}()
	for {
		n, err := w.turn(h, stop)
		done.Jobs += n
		switch {
		case err != nil:
			return done, err
		case stopped(stop), ctx.Err() != nil:
			return done, nil
		case n > 0:
		case w.settled():
			return done, nil
		default:
			pause(h.ctx, stop, max(w.Settings.Debounce/20, time.Millisecond))
		}
		if w.Guard != nil && !w.Guard.Allow(ctx) { // before each package: a person may have asked for a reading
			done.Locked = true
			return done, nil
		}
	}
}

// sign says in a note what a part does. A note that cannot be left stops no work.
func (w *Worker) sign(ctx context.Context, name transfer.NoteName, s transfer.Sign) {
	if w.Notes == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), w.Settings.CallTimeout)
	defer cancel()
	if err := transfer.Leave(ctx, w.Notes, name, s); err != nil {
		w.Log.WarnContext(ctx, "a sign of the transfer worker could not be left", "error", err)
	}
}

// signed says that a part's run ended, unless another process has taken over.
func (w *Worker) signed(ctx context.Context, name transfer.NoteName, jobs int64, err error) {
	s := transfer.Sign{Jobs: jobs}
	if err != nil {
		s.Error = err.Error()
	}
	if !errors.Is(err, transfer.ErrLost) {
		w.sign(ctx, name, s)
	}
}

// turn works one package off and returns how many roots it held.
func (w *Worker) turn(h *hold, stop <-chan struct{}) (int64, error) {
	if _, err := w.Jobs.Due(h.ctx); err != nil {
		return 0, err
	}
	threads, _, err := w.Pace().Now(h.ctx)
	if err != nil {
		return 0, err
	}
	list, err := w.Jobs.Package(h.ctx, threads.Package, w.Settings.Debounce)
	if err != nil || len(list) == 0 {
		return 0, err
	}
	p := &pack{Worker: w, hold: h, children: map[int64][]transfer.Job{}}
	roots := make(chan transfer.Job, len(list))
	for _, j := range list {
		if j.ParentID == nil {
			roots <- j
		} else {
			p.children[*j.ParentID] = append(p.children[*j.ParentID], j)
		}
	}
	n := int64(len(roots))
	close(roots)
	var wait sync.WaitGroup
	for range threads.Threads {
		wait.Go(func() { p.drain(roots, stop) })
	}
	wait.Wait()
	if err := p.first(); err != nil {
		return n, err
	}
	err = w.archive(h)
	if w.Worked != nil {
		w.Worked()
	}
	return n, err
}

// archive moves finished jobs until fewer than a full part are left.
func (w *Worker) archive(h *hold) error {
	for {
		n, err := w.Jobs.Archive(h.ctx, w.Settings.ArchiveAt)
		if err != nil || n < int64(w.Settings.ArchiveAt) {
			return err
		}
	}
}

// pack is a package that is being worked off.
type pack struct {
	*Worker
	hold     *hold
	children map[int64][]transfer.Job // by the parent's id

	mu     sync.Mutex
	failed error
}

// drain runs roots until there are none, or until work has to stop.
func (p *pack) drain(roots <-chan transfer.Job, stop <-chan struct{}) {
	for j := range roots {
		if stopped(stop) || p.hold.ctx.Err() != nil || p.first() != nil {
			return
		}
		begun := p.Now()
		if _, err := p.run(p.hold.ctx, j, nil); err != nil {
			p.fail(err)
			return
		}
		if rest := p.Settings.Throttle - p.Now().Sub(begun); p.Settings.Throttle > 0 && rest > 0 {
			pause(p.hold.ctx, stop, rest)
		}
	}
}

// fail keeps the first error that ended a thread.
func (p *pack) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failed = errors.Join(p.failed, err)
}

// first returns the error that ended a thread.
func (p *pack) first() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.failed
}

// stopped reports whether a channel is closed; nil never is.
func stopped(stop <-chan struct{}) bool {
	select {
	case <-stop:
		return true
	default:
		return false
	}
}

// pause waits for d, the end of ctx or stop.
func pause(ctx context.Context, stop <-chan struct{}, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	case <-stop:
	}
}
