package follow

import (
	"context"
	"fmt"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/judge"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
)

// The kinds of the wing's findings.
const (
	silent  judge.Kind = "reader-silent"  // nobody follows
	failing judge.Kind = "reader-failing" // the binlog cannot be read, or not all of it
	behind  judge.Kind = "reader-behind"  // the binlog is longer than it is read
	gap     judge.Kind = "gap-open"       // changes may have been missed
)

// kinds are all of them.
var kinds = []judge.Kind{silent, failing, behind, gap}

// The ages from which on something needs a person.
const (
	silentAfter = 2 * time.Minute
	behindAfter = 5 * time.Minute
)

// findings opens the reader of what is wrong with following.
func findings(_ context.Context, o wire.Opening) (func(context.Context) ([]judge.Further, error), error) {
	tables := store.NewFollow(o.Pool)
	return func(ctx context.Context) ([]judge.Further, error) {
		s, err := tables.State(ctx)
		if err != nil {
			return nil, err
		}
		return judged(s), nil
	}, nil
}

// judged returns the findings of a state; nil is the state before the first start.
func judged(s *store.Following) []judge.Further {
	const ticks = "Ticks go on meanwhile; only hard deletes wait for a comparison."
	if s == nil {
		return []judge.Further{{Finding: judge.Finding{Kind: silent, Problem: "the binlog was never followed here", Do: "deploy the function follow, or take follow out of WINGS"},
			Title: "The binlog is not followed", Text: "The function follow has never run. " + ticks}}
	}
	var found []judge.Further
	for _, g := range s.Gaps {
		problem := fmt.Sprintf("changes may have been missed %s ago (%s); a comparison works on it, and %d roots were wrong so far", judge.Age(s.Now.Sub(g.FirstAt)), g.Reason, g.Found)
		if g.Error != "" {
			problem = "changes may have been missed (" + g.Reason + ") and the comparison fails: " + g.Error
		}
		found = append(found, judge.Further{
			Finding: judge.Finding{Kind: gap, Entity: g.Entity, Problem: judge.OneLine(problem), Do: "wait for the comparison, or run: returnsync repair --deep --wait --entity " + g.Entity},
			Title:   "Changes of " + g.Entity + " may have been missed", Text: "The binlog had a gap. A comparison finds and syncs what was missed.",
		})
	}
	switch {
	case !s.Held && s.Now.Sub(s.UpdatedAt) > silentAfter:
		found = append(found, judge.Further{
			Finding: judge.Finding{Kind: silent, Problem: "nobody follows the binlog since " + judge.Age(s.Now.Sub(s.UpdatedAt)), Do: "see why in the logs of the function follow, and start it again"},
			Title:   "The binlog is not followed", Text: "The function follow sends no heartbeat. " + ticks,
		})
	case s.Problem != "":
		found = append(found, judge.Further{
			Finding: judge.Finding{Kind: failing, Problem: judge.OneLine("the binlog cannot be followed: " + s.Problem), Do: "see what the server lacks with: returnsync doctor"},
			Title:   "The binlog cannot be followed", Text: "The function follow cannot read the binlog, or not all of it. " + ticks,
		})
	case s.CaughtUpAt != nil && s.Now.Sub(*s.CaughtUpAt) > behindAfter:
		found = append(found, judge.Further{
			Finding: judge.Finding{Kind: behind, Problem: "following is behind the binlog since " + judge.Age(s.Now.Sub(*s.CaughtUpAt)), Do: "wait if rows change in bulk; else give the function follow more processor"},
			Title:   "Following is behind the binlog", Text: "Changes come faster than the function follow reads them. " + ticks,
		})
	}
	return found
}
