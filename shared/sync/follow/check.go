package follow

import (
	"context"
	"fmt"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/clock"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
)

// check compares the targets with gaps until each is clean.
func (o *owner) check(ctx context.Context) error {
	for {
		list, err := o.Gaps.Gaps(ctx)
		if err != nil {
			return err
		}
		for _, g := range list {
			if err := o.fill(ctx, g); err != nil {
				return err
			}
		}
		if len(list) == 0 {
			select {
			case <-o.checks:
				continue
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		if err := clock.Sleep(ctx, o.Config.CheckPause); err != nil {
			return err
		}
	}
}

// gathered is how many roots that differ are stored together.
const gathered = 1000

// fill compares a target, has the roots that differ synced, and compares again, until a
// comparison finds none.
func (o *owner) fill(ctx context.Context, g Gap) error {
	list, err := o.Definitions.Fed(ctx, g.Entity)
	if err != nil || len(list) == 0 {
		o.Log.WarnContext(ctx, "a target with a gap is not fed any more", "entity", g.Entity, "error", err)
		_, err := o.Gaps.Filled(ctx, o.token, g)
		return err
	}
	for pause := time.Duration(0); ; pause = min(2*pause+time.Second, o.Config.CheckPause) {
		differing, synced, err := o.compare(ctx, list[0])
		if ctx.Err() != nil {
			return ctx.Err()
		}
		g.Found, g.Error = g.Found+int64(len(differing)), ""
		if err != nil {
			g.Error = err.Error()
			o.Log.WarnContext(ctx, "the comparison after a gap failed; it is tried again", "entity", g.Entity, "error", err)
		}
		if err := o.Gaps.Compared(ctx, o.token, g); err != nil {
			return err
		}
		if err == nil && (!synced || len(differing) == 0) {
			filled, err := o.Gaps.Filled(ctx, o.token, g)
			if err == nil && filled {
				o.Log.InfoContext(ctx, "a comparison is clean; the gap is filled", "entity", g.Entity, "reason", g.Reason, "found", g.Found)
			}
			return err // another gap came meanwhile, or none is left
		}
		if err != nil {
			pause = o.Config.CheckPause
		}
		if err := clock.Sleep(ctx, pause); err != nil {
			return err
		}
		if err := o.settle(ctx, g.Entity, differing); err != nil {
			return err
		}
	}
}

// compare compares a target and stores the roots that differ. It returns them, up to a
// limit.
func (o *owner) compare(ctx context.Context, d entity.Definition) (differing []uint64, synced bool, err error) {
	var some, all []uint64
	flush := func() error {
		if len(some) == 0 {
			return nil
		}
		ids := distinct(some)
		if len(all) < mostRoots {
			all = append(all, ids...)
		}
		some = nil
		err := o.Hints.Commit(ctx, o.token, Hint{Roots: map[string][]uint64{d.Name: ids}})
		o.wake(d.Name)
		return err
	}
	synced, err = o.Checker.Check(ctx, d, func(root uint64) error {
		if some = append(some, root); len(some) < gathered {
			return nil
		}
		return flush()
	})
	if err == nil {
		err = flush()
	}
	if err != nil {
		return all, synced, fmt.Errorf("the comparison of %s: %w", d.Name, err)
	}
	return distinct(all), synced, nil
}

// settle waits until the roots that a comparison found have been synced.
func (o *owner) settle(ctx context.Context, name string, roots []uint64) error {
	for len(roots) > 0 {
		part := roots[:min(len(roots), gathered)]
		busy, err := o.Checker.Busy(ctx, name, part)
		if err != nil {
			return err
		}
		if len(busy) == 0 {
			roots = roots[len(part):]
			continue
		}
		if err := clock.Sleep(ctx, 200*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}
