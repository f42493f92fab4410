package follow

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"gitlab.com/eshopbox-team/return-sync/shared/clock"
	"gitlab.com/eshopbox-team/return-sync/shared/states"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/claim"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/target"
)

// Follower follows the source's log. Run is for one goroutine.
type Follower struct {
	Source      Source
	Owners      Owners
	Hints       Hints
	Gaps        Gaps
	Checker     Checker
	Runs        RootsRuns
	Pages       Pages
	Entities    entity.List // of the files: what they follow counts for all of their targets
	Definitions Definitions
	Config      Config
	Log         *slog.Logger
	Steps       states.Steps
}

// Run follows until ctx ends: as the owner, or waiting to become it.
func (f *Follower) Run(ctx context.Context) {
	for ctx.Err() == nil {
		token := claim.NewToken()
		from, ok, err := f.Owners.Take(ctx, token, f.Config.Lease)
		switch {
		case err != nil && ctx.Err() == nil:
			f.Log.WarnContext(ctx, "following cannot begin yet", "error", err)
		case ok:
			f.Log.InfoContext(ctx, "following begins", "position", string(from))
			if err := f.own(ctx, token, from); err != nil && ctx.Err() == nil {
				f.Log.WarnContext(ctx, "following was interrupted and begins again", "error", err)
			}
		}
		_ = clock.Sleep(ctx, f.Config.Lease/10) // ctx is looked at next
	}
}

// own follows while the lease is held, and gives it back.
func (f *Follower) own(ctx context.Context, token string, from Position) error {
	o := &owner{
		Follower: f, token: token, position: from, wakes: map[string]chan struct{}{}, checks: make(chan struct{}, 1),
		lanes: make(chan entity.Definition), watches: watchesOf(f.Entities),
	}
	holding, stop := context.WithCancel(ctx)
	defer stop()
	group, holding := errgroup.WithContext(holding)
	// What is under way ends before the lease does, so that no two owners push.
	last := time.AfterFunc(f.Config.Lease*4/5, stop)
	defer last.Stop()
	group.Go(func() error { return o.keep(holding, last) })
	group.Go(func() error { return o.read(holding) })
	group.Go(func() error { return o.check(holding) })
	group.Go(func() error {
		runs, holding := errgroup.WithContext(holding)
		for {
			select {
			case d := <-o.lanes:
				runs.Go(func() error { return o.run(holding, d) })
			case <-holding.Done():
				return errors.Join(holding.Err(), runs.Wait())
			}
		}
	})
	err := group.Wait()
	after, cancel := context.WithTimeout(context.WithoutCancel(ctx), f.Config.Lease/5)
	defer cancel()
	return errors.Join(err, f.Owners.Free(after, token))
}

// owner is the work of one process that holds the lease.
type owner struct {
	*Follower
	token    string
	position Position // behind which the log is read; read's own
	watches  []Watch
	checks   chan struct{} // wakes check
	lanes    chan entity.Definition

	mu    sync.Mutex
	fed   map[string][]string      // the targets of an entity, by its name
	wakes map[string]chan struct{} // wakes the runs of a target
	pulse Pulse
}

// watchesOf returns the columns that definitions follow, each once.
func watchesOf(list entity.List) []Watch {
	var all []Watch
	seen := map[Watch]bool{}
	for _, d := range list {
		for _, w := range d.Follow {
			if !seen[w] {
				seen[w] = true
				all = append(all, w)
			}
		}
	}
	return all
}

// keep renews the lease and looks for targets that come and go.
func (o *owner) keep(ctx context.Context, last *time.Timer) error {
	if err := o.find(ctx); err != nil {
		return err
	}
	for {
		if err := clock.Sleep(ctx, o.Config.Lease/5); err != nil {
			return err
		}
		o.mu.Lock()
		p := o.pulse
		o.pulse = Pulse{Problem: p.Problem}
		o.mu.Unlock()
		// Stopped meanwhile, because the lease counts from the database's answer at the latest.
		if err := o.Owners.Keep(ctx, o.token, o.Config.Lease, p); err != nil {
			return err
		}
		if last.Stop() {
			last.Reset(o.Config.Lease * 3 / 5)
		}
		if err := o.find(ctx); err != nil {
			o.Log.WarnContext(ctx, "the fed targets could not be read", "error", err)
		}
	}
}

// find reads which targets are fed and begins to sync new ones.
func (o *owner) find(ctx context.Context) error {
	list, err := o.Definitions.Fed(ctx, "")
	if err != nil {
		return err
	}
	fed := map[string][]string{}
	for _, d := range list {
		base := target.Parse(d.Name).Base
		from, err := o.Entities.Named(base)
		if err != nil || len(from.Follow) == 0 {
			continue
		}
		fed[base] = append(fed[base], d.Name)
		o.mu.Lock()
		_, known := o.wakes[d.Name]
		if !known {
			o.wakes[d.Name] = make(chan struct{}, 1)
			o.wakes[d.Name] <- struct{}{} // what an owner before this one has stored
		}
		o.mu.Unlock()
		if known {
			continue
		}
		select {
		case o.lanes <- d:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	o.mu.Lock()
	o.fed = fed
	o.mu.Unlock()
	return nil
}

// named returns the targets of a watch.
func (o *owner) named(watch int) []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	var names []string
	for _, d := range o.Entities {
		for _, w := range d.Follow {
			if w == o.watches[watch] {
				names = append(names, o.fed[d.Name]...)
			}
		}
	}
	return names
}

// wake has the runs of a target begin.
func (o *owner) wake(name string) {
	o.mu.Lock()
	wake := o.wakes[name]
	o.mu.Unlock()
	select {
	case wake <- struct{}{}:
	default: // awake, or unknown
	}
}

// note adds to what the next renewal says.
func (o *owner) note(change func(*Pulse)) {
	o.mu.Lock()
	change(&o.pulse)
	o.mu.Unlock()
}

// ready waits until the fed targets are known.
func (o *owner) ready(ctx context.Context) error {
	for {
		o.mu.Lock()
		known := o.fed != nil
		o.mu.Unlock()
		if known {
			return nil
		}
		if err := clock.Sleep(ctx, 5*time.Millisecond); err != nil {
			return err
		}
	}
}

// again is the pause before the log is opened again.
const again = time.Second

// read reads the log and stores what it says.
func (o *owner) read(ctx context.Context) error {
	if err := o.ready(ctx); err != nil {
		return err
	}
	lost := ""
	if o.position == "" {
		lost = "following began here; what was deleted before is not known"
	}
	for {
		err := o.stream(ctx, lost)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err == nil { // a table was altered
			lost = ""
			continue
		}
		var l *Lost
		if errors.As(err, &l) {
			// From here on nothing is missed; a comparison finds what was.
			lost, o.position = l.Reason, ""
			o.Log.ErrorContext(ctx, "the log was lost; a comparison finds what was missed", "reason", l.Reason)
			continue
		}
		if o.position != "" {
			lost = ""
		}
		o.note(func(p *Pulse) { p.Problem = fmt.Sprint(err) })
		o.Log.WarnContext(ctx, "the log cannot be read; it is tried again", "error", err)
		if err := clock.Sleep(ctx, again); err != nil {
			return err
		}
	}
}

// stream reads the log from the owner's position until an error, or without one until a
// followed table may have been altered. lost says why changes before the log's present end
// may have been missed.
func (o *owner) stream(ctx context.Context, lost string) error {
	r, err := o.Source.Open(ctx, o.position, o.watches)
	if err != nil {
		return err
	}
	defer r.Close()
	o.note(func(p *Pulse) { p.Problem = r.Refused() })
	b := newBatch()
	if o.position == "" {
		for w := range o.watches {
			b.add(Event{Gaps: map[int]string{w: lost}})
		}
		b.add(Event{End: r.Start()})
		if err := o.store(ctx, r, b); err != nil {
			return err
		}
	}
	events := make(chan Event, 256)
	reading, stop := context.WithCancel(ctx)
	defer stop()
	group, reading := errgroup.WithContext(reading)
	group.Go(func() error {
		defer close(events)
		for {
			e, err := r.Next(reading)
			if errors.Is(err, ErrAltered) {
				return nil
			}
			if err != nil {
				return err
			}
			select {
			case events <- e:
			case <-reading.Done():
				return reading.Err()
			}
		}
	})
	group.Go(func() error { return o.drain(reading, r, b, events) })
	return group.Wait()
}

// savePosition is how often a position is saved that nothing was stored before.
const savePosition = time.Second

// drain stores entries as they come. What comes while one part is stored is the next part,
// so a busy log is stored in larger parts.
func (o *owner) drain(ctx context.Context, r Reader, b *batch, events <-chan Event) error {
	save := time.NewTicker(savePosition)
	defer save.Stop()
	for {
		due := false
		select {
		case e, ok := <-events:
			if !ok { // Next's error says why, or what was read before a table was altered is stored
				if b.end == "" {
					return nil
				}
				return o.store(ctx, r, b)
			}
			due = o.take(b, e) || due
		case <-save.C:
			due = true
		case <-ctx.Done():
			return ctx.Err()
		}
		for more := true; more && !b.full(); {
			select {
			case e, ok := <-events:
				if more = ok; ok {
					due = o.take(b, e) || due
				}
			default:
				more = false
			}
		}
		if due && b.end != "" {
			if err := o.store(ctx, r, b); err != nil {
				return err
			}
		}
	}
}

// take adds an entry to the batch and reports whether it is to be stored at once.
func (o *owner) take(b *batch, e Event) bool {
	if e.Idle {
		o.note(func(p *Pulse) { p.CaughtUp = true })
		return true
	}
	b.add(e)
	return e.End != "" && !b.ended.empty()
}

// store stores a batch's ended transactions and wakes who works on them.
func (o *owner) store(ctx context.Context, r Reader, b *batch) error {
	h := b.take(o.named)
	if len(h.Roots)+len(h.Gaps) > 0 { // what a statement altered is visible later, too
		if err := r.Visible(ctx, h.Position); err != nil {
			return err
		}
	}
	o.Steps.At("hinted")
	if err := o.Hints.Commit(ctx, o.token, h); err != nil {
		return err
	}
	o.Steps.At("hints-stored")
	o.position = h.Position
	n := 0
	for name, ids := range h.Roots {
		n += len(ids)
		o.wake(name)
	}
	o.note(func(p *Pulse) { p.Changes += int64(n); p.CaughtUp = true })
	if len(h.Gaps) > 0 {
		o.Log.WarnContext(ctx, "changes may have been missed; a comparison begins", "gaps", h.Gaps)
		select {
		case o.checks <- struct{}{}:
		default:
		}
	}
	return nil
}
