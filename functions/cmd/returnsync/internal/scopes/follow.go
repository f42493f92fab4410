package scopes

import (
	"context"
	"fmt"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/cli"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/progress"
	syncscope "gitlab.com/eshopbox-team/return-sync/shared/scope"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/member"
)

// awaitScope follows a scope until it has ended, and shows its progress.
func awaitScope(ctx context.Context, s *cli.Session, scopes *member.Scopes, from syncscope.Answer) (syncscope.Answer, error) {
	show := progress.New(s.Err, s.Terminal, from.ID, s.Now)
	defer show.End()
	now, fresh := from, true
	work := cli.Work{Name: "the scope " + from.ID, Look: "returnsync scopes show " + from.ID}
	err := s.Await(ctx, work, func() (bool, error) {
		if !fresh {
			if err := scopes.Refresh(ctx); err != nil {
				return false, err
			}
			next, err := scopes.Store.Scope(ctx, from.ID)
			if err != nil {
				return false, err
			}
			now = next.Answer()
		}
		fresh = false
		if now.Run != from.Run {
			return false, fmt.Errorf("%s was started anew by somebody else: see %s", work.Name, work.Look)
		}
		done, total, words := scopeProgress(now)
		show.Set(done, total, words)
		return now.State != syncscope.Syncing, nil
	})
	return now, err
}

// scopeProgress says how far a scope is: in pages, and in words.
func scopeProgress(a syncscope.Answer) (done, total int, words string) {
	for _, m := range a.Details {
		done, total = done+m.PagesDone, total+m.PagesTotal
	}
	return done, total, fmt.Sprintf("%d of %d members, %d of %d pages", a.Failed+a.Synced, len(a.Details), done, total)
}
