package flow

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/claim"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/target"
)

// Indices is what a rebuild asks of the index's side. Each call may be repeated.
type Indices interface {
	// Prepare makes an index with a definition's settings and replicas.
	Prepare(ctx context.Context, d entity.Definition) error
	// Delete removes an index and its replicas; one that is not there is no error.
	Delete(ctx context.Context, index string) error
}

// Rebuild builds an entity's index anew beside the live one and makes it live.
//
// All that it knows is in the store: a rebuild that was killed is gone on with by
// the next, from wherever it was. The index is fed by the ticks like the live
// one; what is done here is only to begin it, to look whether it has caught up
// and is right, and to let them change places.
type Rebuild struct {
	Store   *store.DB
	Cron    *Cron
	Indices Indices
	// Verify compares a target with the source, mends what differs and returns how
	// many differences are left.
	Verify func(ctx context.Context, d entity.Definition) (int64, error)
	// Told hears how it comes on.
	Told func(stage string, r run.Run)
	Poll time.Duration
	// Grace is how long after it was last live an index is not removed: searches
	// learn within seconds, not at once, which one is.
	Grace time.Duration
	Log   *slog.Logger
	// Steps is called between any two steps that leave something behind.
	Steps Steps
}

// Run brings a rebuild of d to its end, which is a new live target.
func (r *Rebuild) Run(ctx context.Context, d entity.Definition) (target.Target, error) {
	t, err := r.begin(ctx, d)
	if err != nil {
		return t, err
	}
	built, err := t.Definition(d)
	if err != nil {
		return t, err
	}
	if err := r.Indices.Prepare(ctx, built); err != nil {
		return t, err
	}
	r.Steps.at("index-prepared")
	if err := r.catchUp(ctx, built); err != nil {
		return t, err
	}
	r.Steps.at("caught-up")
	if err := r.verify(ctx, built); err != nil {
		return t, err
	}
	r.Steps.at("verified")
	return t, r.Promote(ctx, d, t)
}

// begin makes the target, or finds the one that is being built.
func (r *Rebuild) begin(ctx context.Context, d entity.Definition) (target.Target, error) {
	t, again, err := r.Store.NewTarget(ctx, d)
	if err != nil {
		return t, err
	}
	if len(t.Name()) > target.MaxName {
		return t, fault.New(fault.Invalid, "long-name", "the name %q is longer than %d letters: give the entity a shorter name", t.Name(), target.MaxName)
	}
	if again {
		same, err := builtFrom(t, d)
		if err == nil && !same {
			err = fault.New(fault.Invalid, "other-definition",
				"target %s is being built from another definition: finish it with that, or give it up with --abort", t.Name())
		}
		if err != nil {
			return t, err
		}
		r.Log.InfoContext(ctx, "a rebuild goes on", "entity", d.Name, "target", t.Name(), "index", t.Index)
	}
	r.Steps.at("target-made")
	return t, nil
}

// builtFrom reports whether a target is being built from a definition; the secret of
// its ids is its own.
func builtFrom(t target.Target, d entity.Definition) (bool, error) {
	of, err := entity.Unpack(t.Packed)
	if err != nil {
		return false, err
	}
	of.Format.IDs = nil
	was, err := entity.Pack(of)
	if err != nil {
		return false, err
	}
	now, err := entity.Pack(d)
	return bytes.Equal(was, now), err
}

// catchUp syncs the target until a sync has begun and ended while we watched, so
// that it is behind by no more than one sync takes.
func (r *Rebuild) catchUp(ctx context.Context, d entity.Definition) error {
	const enough = 2 // the first brings history, the second what happened meanwhile
	for n := 1; n <= enough; n++ {
		if err := r.sync(ctx, d, fmt.Sprintf("sync %d of %d", n, enough)); err != nil {
			return err
		}
	}
	return nil
}

// sync plays syncs of a target until one has ended well. A sync that fails is
// followed by another, as it would be by the next tick.
func (r *Rebuild) sync(ctx context.Context, d entity.Definition, stage string) error {
	for failed := 0; ; {
		started, err := r.Cron.Run(ctx, Tick{Entity: d.Name, Occurrence: "rebuild-" + claim.NewToken(), ByHand: true})
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(started, func(s Started) bool { return s.Entity == d.Name }) {
			return fault.New(fault.Internal, "no-sync", "the sync of %s did not start", d.Name)
		}
		last, err := r.await(ctx, d, stage)
		switch {
		case err != nil:
			return err
		case last.State == run.Synced:
			return nil
		case last.State == run.Failed:
			if failed++; failed == maxStreak {
				return fault.New(fault.Retry, "rebuild-fails", "%d syncs of %s failed, the last (run %d) with: %s", failed, d.Name, last.ID, last.LastError)
			}
		}
	}
}

// await waits until the target's newest claim is free and returns its run.
func (r *Rebuild) await(ctx context.Context, d entity.Definition, stage string) (run.Run, error) {
	for {
		s, err := r.Store.Status(ctx, d)
		if err != nil {
			return run.Run{}, err
		}
		if s.Current != nil {
			r.tell(stage, *s.Current)
		}
		if s.Claim != nil && s.Claim.Status == claim.Free && s.Current == nil && s.Last != nil {
			r.tell(stage, *s.Last)
			return *s.Last, nil
		}
		if s.Claim != nil && claim.Decide(*s.Claim, "") == claim.TakeOver {
			return run.Run{State: run.Interrupted}, nil // the next tick takes over
		}
		if err := r.pause(ctx); err != nil {
			return run.Run{}, err
		}
	}
}

// tell passes on how it comes on.
func (r *Rebuild) tell(stage string, now run.Run) {
	if r.Told != nil {
		r.Told(stage, now)
	}
}

// pause waits a moment.
func (r *Rebuild) pause(ctx context.Context) error { return sleep(ctx, r.Poll) }

// sleep waits for d, unless the context ends first.
func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// verify demands that the target holds what the source does.
func (r *Rebuild) verify(ctx context.Context, d entity.Definition) error {
	left, err := r.Verify(ctx, d)
	if err == nil && left > 0 {
		err = fault.New(fault.Retry, "rebuild-differs", "%d records of %s still differ from the source after they were mended: it does not become live; look with returnsync verify --deep", left, d.Name)
	}
	return err
}

// promoteTries is how often a target is synced once more because the live one has
// got ahead of it.
const promoteTries = 20

// Promote makes a target live, as soon as it is at least as fresh as the one that
// is. Promoting the standby of a rebuild undoes that.
func (r *Rebuild) Promote(ctx context.Context, d entity.Definition, t target.Target) error {
	of, err := t.Definition(d)
	if err != nil {
		return err
	}
	jobTypes := func(t target.Target) (string, error) {
		d, err := t.Definition(d)
		return d.JobType, err
	}
	for try := 1; ; try++ {
		err := r.Store.Promote(ctx, t, jobTypes)
		if fault.CodeOf(err) != "not-fresh" || try == promoteTries {
			if err == nil {
				r.Steps.at("promoted")
				r.Log.InfoContext(ctx, "a target is live", "entity", d.Name, "target", t.Name(), "index", t.Index)
			}
			return err
		}
		if err := r.sync(ctx, of, "the last changes"); err != nil {
			return err
		}
	}
}

// Drop removes a target: it is fed no more, then its index goes, then what is
// known of it. It waits until nobody can be writing to the index, because a
// write would make it anew.
func (r *Rebuild) Drop(ctx context.Context, d entity.Definition, t target.Target) error {
	of, err := t.Definition(d)
	if err != nil {
		return err
	}
	if err := r.Store.Drop(ctx, t, of.JobType); err != nil {
		return err
	}
	r.Steps.at("target-dropping")
	if err := sleep(ctx, r.Grace); err != nil {
		return err
	}
	for {
		quiet, err := r.Store.Quiet(ctx, t)
		if err != nil {
			return err
		}
		if quiet {
			break
		}
		if err := r.pause(ctx); err != nil {
			return err
		}
	}
	if err := r.Indices.Delete(ctx, t.Index); err != nil {
		return err
	}
	r.Steps.at("index-deleted")
	for {
		if done, err := r.Store.Forget(ctx, t); err != nil || done {
			return err
		}
	}
}
