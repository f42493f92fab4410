package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/progress"
	syncscope "gitlab.com/eshopbox-team/return-sync/shared/scope"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/member"
)

// awaitScope follows a scope until it has ended, and shows its progress.
func (s *session) awaitScope(ctx context.Context, scopes *member.Scopes, from syncscope.Answer) (syncscope.Answer, error) {
	show := progress.New(s.log, s.terminal, from.ID, s.now)
	defer show.End()
	for now := from; ; {
		if now.Run != from.Run {
			return now, fmt.Errorf("the scope %s was started anew by somebody else: look with returnsync scopes show %s", from.ID, from.ID)
		}
		if now.State != syncscope.Syncing {
			return now, nil
		}
		done, total, words := scopeProgress(now)
		show.Set(done, total, words)
		select {
		case <-ctx.Done():
			return now, toldScope(ctx, from.ID, ctx.Err())
		case <-time.After(s.poll):
		}
		err := scopes.Refresh(ctx)
		if err == nil {
			var next syncscope.Scope
			next, err = scopes.Store.Scope(ctx, from.ID)
			now = next.Answer()
		}
		if err != nil {
			return now, toldScope(ctx, from.ID, err)
		}
	}
}

// scopeProgress says how far a scope is: in pages, and in words.
func scopeProgress(a syncscope.Answer) (done, total int, words string) {
	for _, m := range a.Details {
		done, total = done+m.PagesDone, total+m.PagesTotal
	}
	return done, total, fmt.Sprintf("%d of %d members, %d of %d pages", a.Failed+a.Synced, len(a.Details), done, total)
}

// toldScope says of a wait that ended early that the scope goes on.
func toldScope(ctx context.Context, id string, err error) error {
	switch ctx.Err() {
	case nil:
		return err
	case context.DeadlineExceeded:
		return fmt.Errorf("the scope %s did not end within --timeout; it goes on by itself: look with returnsync scopes show %s", id, id)
	}
	return errors.New("the wait was stopped; the scope goes on by itself: look with returnsync scopes show " + id)
}
