// Package rebuild builds an entity's index anew beside the live one and makes it
// live.
//
// All progress is in the store: a rebuild whose process died is resumed by the next
// one. Ticks sync the new index as they do the live one. A rebuild only begins it,
// waits until it is up to date, has it verified, and lets the two change places.
package rebuild

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/clock"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/states"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/claim"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/flow"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/ledger"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/target"
)

// Targets is what a rebuild needs of our tables.
type Targets interface {
	// NewTarget makes an entity's next target, or returns the one that is being built,
	// with again.
	NewTarget(ctx context.Context, d entity.Definition) (t target.Target, again bool, err error)
	// Promote makes a target live; code "not-fresh" says that it is behind.
	Promote(ctx context.Context, t target.Target, jobTypes func(target.Target) (string, error)) error
	// Drop ends the syncs of a target that is not live, with its runs and jobs.
	Drop(ctx context.Context, t target.Target, jobType string) error
	// Quiet reports whether no page can be pushing to the target any more.
	Quiet(ctx context.Context, t target.Target) (bool, error)
	// Forget removes a part of a dropped target's rows; done says that none is left.
	Forget(ctx context.Context, t target.Target) (done bool, err error)
}

// Claims is what a rebuild needs of the table of claims.
type Claims interface {
	// Newest returns the newest claim of a job type.
	Newest(ctx context.Context, jobType string) (claim.Row, error)
}

// Runs is what a rebuild needs of the table of runs.
type Runs interface {
	// Windows returns the newest syncs of a target, newest first.
	Windows(ctx context.Context, name string, limit int) ([]run.Run, error)
}

// Ticker starts syncs.
type Ticker interface {
	Run(ctx context.Context, t flow.Tick) ([]flow.Started, error)
}

// Indices is what a rebuild needs of the index's side. Each call may be repeated.
type Indices interface {
	// Prepare makes an index with a definition's settings and replicas.
	Prepare(ctx context.Context, d entity.Definition) error
	// Delete removes an index and its replicas; one that is not there is no error.
	Delete(ctx context.Context, index string) error
}

// Rebuild builds an entity's index anew. It is safe for concurrent use.
type Rebuild struct {
	Targets Targets
	Claims  Claims
	Runs    Runs
	Cron    Ticker
	Indices Indices
	// Verify compares a target with the source, repairs the differences and returns
	// how many are left.
	Verify func(ctx context.Context, d entity.Definition) (int64, error)
	// Progress, if set, is called with each change of the sync under way.
	Progress func(stage string, r run.Run)
	Poll     time.Duration
	// Grace is how long an index is kept after it was last live: searches learn
	// within seconds, not at once, which index is live.
	Grace time.Duration
	Log   *slog.Logger
	Steps states.Steps
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
	r.Steps.At("index-prepared")
	if err := r.catchUp(ctx, built); err != nil {
		return t, err
	}
	r.Steps.At("caught-up")
	if err := r.verify(ctx, built); err != nil {
		return t, err
	}
	r.Steps.At("verified")
	return t, r.Promote(ctx, d, t)
}

// begin makes the target, or returns the one that is being built.
func (r *Rebuild) begin(ctx context.Context, d entity.Definition) (target.Target, error) {
	t, again, err := r.Targets.NewTarget(ctx, d)
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
				"target %s is being built from another definition: finish it with that definition, or abandon it with --abort", t.Name())
		}
		if err != nil {
			return t, err
		}
		r.Log.InfoContext(ctx, "a rebuild is resumed", "entity", d.Name, "target", t.Name(), "index", t.Index)
	}
	r.Steps.At("target-made")
	return t, nil
}

// builtFrom reports whether a target is being built from a definition; its secrets are
// its own.
func builtFrom(t target.Target, d entity.Definition) (bool, error) {
	of, err := entity.Unpack(t.Packed)
	if err != nil {
		return false, err
	}
	of.Format.IDs, of.Hasher = nil, ledger.Hasher{}
	was, err := entity.Pack(of)
	if err != nil {
		return false, err
	}
	now, err := entity.Pack(d)
	return bytes.Equal(was, now), err
}

// catchUp syncs the target twice, so that it is behind by no more than one sync
// takes.
func (r *Rebuild) catchUp(ctx context.Context, d entity.Definition) error {
	const enough = 2 // the first brings history, the second the changes since
	for n := 1; n <= enough; n++ {
		if err := r.sync(ctx, d, fmt.Sprintf("sync %d of %d", n, enough)); err != nil {
			return err
		}
	}
	return nil
}

// maxFailed is how many syncs of a target may fail before the rebuild does.
const maxFailed = 3

// sync plays syncs of a target until one has ended well. A sync that fails is
// followed by another, as by the next tick. Other targets of the entity are not synced:
// the live one would stay ahead of the one that is to replace it.
func (r *Rebuild) sync(ctx context.Context, d entity.Definition, stage string) error {
	for failed := 0; ; {
		if _, err := r.Cron.Run(ctx, flow.Tick{Only: &d, Occurrence: "rebuild-" + claim.NewToken(), ByHand: true}); err != nil {
			return err
		}
		last, err := r.await(ctx, d, stage)
		switch {
		case err != nil:
			return err
		case last.State == run.Synced:
			return nil
		case last.State == run.Failed:
			if failed++; failed == maxFailed {
				return fault.New(fault.Retry, "rebuild-fails", "%d syncs of %s failed, the last (run %d) with: %s", failed, d.Name, last.ID, last.LastError)
			}
		}
	}
}

// await waits until the target's newest claim is free and returns its run.
func (r *Rebuild) await(ctx context.Context, d entity.Definition, stage string) (run.Run, error) {
	for {
		row, err := r.Claims.Newest(ctx, d.JobType)
		if err != nil {
			return run.Run{}, err
		}
		runs, err := r.Runs.Windows(ctx, d.Name, 1)
		if err != nil {
			return run.Run{}, err
		}
		if len(runs) > 0 {
			if r.Progress != nil {
				r.Progress(stage, runs[0])
			}
			if row.Status == claim.Free && runs[0].State.Final() {
				return runs[0], nil
			}
		}
		if claim.Decide(row, "") == claim.TakeOver {
			return run.Run{State: run.Interrupted}, nil // the next tick takes over
		}
		if err := clock.Sleep(ctx, r.Poll); err != nil {
			return run.Run{}, err
		}
	}
}

// verify refuses a target that differs from the source.
func (r *Rebuild) verify(ctx context.Context, d entity.Definition) error {
	left, err := r.Verify(ctx, d)
	if err == nil && left > 0 {
		err = fault.New(fault.Retry, "rebuild-differs", "%d records of %s still differ from the source after a repair: the target does not become live; list them with returnsync verify --deep", left, d.Name)
	}
	return err
}

// promoteTries is how often a target is synced once more because it is behind the
// live one.
const promoteTries = 20

// Promote makes a target live, as soon as it is at least as fresh as the live one.
// Promoting the standby of a rebuild undoes the rebuild.
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
		err := r.Targets.Promote(ctx, t, jobTypes)
		if fault.CodeOf(err) != "not-fresh" || try == promoteTries {
			if err == nil {
				r.Steps.At("promoted")
				r.Log.InfoContext(ctx, "a target is live", "entity", d.Name, "target", t.Name(), "index", t.Index)
			}
			return err
		}
		if err := r.sync(ctx, of, "the last changes"); err != nil {
			return err
		}
	}
}

// Drop removes a target: first its syncs end, then its index is deleted, then its
// rows. It waits until no page can be pushing to the index, because a push would
// create the index again.
func (r *Rebuild) Drop(ctx context.Context, d entity.Definition, t target.Target) error {
	of, err := t.Definition(d)
	if err != nil {
		return err
	}
	if err := r.Targets.Drop(ctx, t, of.JobType); err != nil {
		return err
	}
	r.Steps.At("target-dropping")
	if err := clock.Sleep(ctx, r.Grace); err != nil {
		return err
	}
	for {
		quiet, err := r.Targets.Quiet(ctx, t)
		if err != nil {
			return err
		}
		if quiet {
			break
		}
		if err := clock.Sleep(ctx, r.Poll); err != nil {
			return err
		}
	}
	if err := r.Indices.Delete(ctx, t.Index); err != nil {
		return err
	}
	r.Steps.At("index-deleted")
	for {
		if done, err := r.Targets.Forget(ctx, t); err != nil || done {
			return err
		}
	}
}
