package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/claim"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
)

// follower follows the run of an entity's newest claim in our own tables.
type follower struct {
	store  *store.DB
	entity entity.Definition
	claim  int64 // the id of the claimed row
	poll   time.Duration
	each   func(run.Run) // called at every look; the zero run before it began
}

// follow returns the run when it has ended.
func (f follower) follow(ctx context.Context) (run.Run, error) {
	row, err := f.newest(ctx)
	if err != nil {
		return run.Run{}, f.told(ctx, err)
	}
	for {
		r, err := f.look(ctx, row)
		if err != nil {
			return r, f.told(ctx, err)
		}
		f.each(r)
		if r.ID != 0 && r.State.Final() {
			return r, nil
		}
		select {
		case <-ctx.Done():
			return r, f.told(ctx, ctx.Err())
		case <-time.After(f.poll):
		}
	}
}

// newest reads the claim. One that is not there was made in another database.
func (f follower) newest(ctx context.Context) (claim.Row, error) {
	s, err := f.store.Status(ctx, f.entity)
	if err != nil {
		return claim.Row{}, err
	}
	if s.Claim == nil || s.Claim.ID != f.claim {
		return claim.Row{}, fmt.Errorf("the claim of %s is not in our tables here: is STATE_DSN (or SOURCE_DSN) the database that the cron function uses?", f.entity.Name)
	}
	return *s.Claim, nil
}

// look returns the claim's run as it is, the zero run before it began. A claim
// that was given to another before it began a run has none to wait for.
func (f follower) look(ctx context.Context, row claim.Row) (run.Run, error) {
	r, err := f.store.RunOf(ctx, row.Token)
	if err != nil {
		return run.Run{}, err
	}
	if r != nil {
		return *r, nil
	}
	now, err := f.newest(ctx)
	if err == nil && now.Token != row.Token {
		err = fmt.Errorf("the claim of %s was taken over before its run began: look with returnsync status", f.entity.Name)
	}
	return run.Run{}, err
}

// told says of a wait that ended early that the run goes on.
func (f follower) told(ctx context.Context, err error) error {
	switch ctx.Err() {
	case nil:
		return err
	case context.DeadlineExceeded:
		return fmt.Errorf("the sync of %s did not end within --timeout; it goes on by itself: look with returnsync status", f.entity.Name)
	default:
		return errors.New("the wait was stopped; the sync goes on by itself: look with returnsync status")
	}
}
