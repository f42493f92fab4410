package follow

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/clock"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/page"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
)

// Pages works pages off, as the process function does (flow.Process).
type Pages interface {
	// Run plays one delivery of a page. The delivery that ends the last page closes the run.
	Run(ctx context.Context, t page.Task) (run.Run, error)
}

// The pauses after a roots run that failed.
const (
	firstPause = time.Second
	lastPause  = time.Minute
)

// run syncs a target's roots as they are stored, one run after the other.
func (o *owner) run(ctx context.Context, d entity.Definition) error {
	o.mu.Lock()
	wake := o.wakes[d.Name]
	o.mu.Unlock()
	for pause := firstPause; ; {
		select {
		case <-wake:
		case <-ctx.Done():
			return ctx.Err()
		}
		err := o.play(ctx, d)
		switch {
		case err == nil:
			pause = firstPause
			continue
		case ctx.Err() != nil || fault.KindOf(err) == fault.Superseded:
			return err
		}
		// The roots stay unconfirmed, so the next tick covers them as well.
		o.Log.WarnContext(ctx, "a roots run did not succeed; its roots are tried again", "entity", d.Name, "after", pause, "error", err)
		if err := clock.Sleep(ctx, pause); err != nil {
			return err
		}
		pause = min(2*pause, lastPause)
		o.wake(d.Name)
	}
}

// play plays one roots run. If it was full, the next one follows at once.
func (o *owner) play(ctx context.Context, d entity.Definition) error {
	r, err := o.Runs.BeginRoots(ctx, o.token, d, o.Config)
	if err != nil || r.PagesTotal == 0 {
		return err
	}
	o.Steps.At("roots-begun")
	total := r.PagesTotal
	for n := 1; n <= total; n++ {
		if r, err = o.page(ctx, page.Task{RunID: r.ID, Page: n}); err != nil {
			return err
		}
	}
	if r.State != run.Synced {
		return fmt.Errorf("run %d ended %s: %s", r.ID, r.State, r.LastError)
	}
	o.Steps.At("roots-synced")
	if total*o.Config.PageRoots >= o.Config.RunRoots {
		o.wake(d.Name)
	}
	return o.Runs.Fold(ctx, r)
}

// page works a page off, with pauses between the attempts: a page that is out of attempts
// ends its run. The last page's attempts also wait for the index.
func (o *owner) page(ctx context.Context, t page.Task) (run.Run, error) {
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, 5*time.Second) {
		r, err := o.Pages.Run(ctx, t)
		if err == nil || !fault.Retryable(err) || ctx.Err() != nil {
			return r, err
		}
		wait := pause
		var f *fault.Error
		if errors.As(err, &f) && f.After > 0 {
			wait = f.After
		}
		if err := clock.Sleep(ctx, wait); err != nil {
			return r, err
		}
	}
}
