// Package follow joins following the source's binlog (shared/sync/follow) to the
// product. It is a part of sync that an installation chooses as it does a wing: WINGS names
// it, and nothing of it runs anywhere else.
package follow

import (
	"context"
	"fmt"
	"net/http"
	"time"

	function "gitlab.com/eshopbox-team/return-sync/functions/follow"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/flow"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/follow"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/join"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/page"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/verify"
)

// Name is the wing's word.
const Name = "follow"

// Wing is following.
func Wing() wire.Wing {
	return wire.Wing{
		Name: Name, Title: "Follow", Settings: settings(), Functions: []wire.Function{{Name: function.Name, Open: open}},
		Findings: findings, Alerts: kinds, Checks: checks,
	}
}

// settings are the names of the environment for the command line's file.
func settings() []wire.Setting {
	return []wire.Setting{
		{Name: "FOLLOW_LEASE", Help: "how long an instance that died keeps others from following the binlog"},
		{Name: "FOLLOW_RUN_ROOTS", Help: "most roots of a roots run"},
		{Name: "FOLLOW_PAGE_ROOTS", Help: "roots of a page of a roots run"},
		{Name: "FOLLOW_CHECK_PAUSE", Help: "least time between two comparisons of an entity after gaps in the binlog"},
	}
}

// open opens the function's parts.
func open(ctx context.Context, e *wire.Env) (http.Handler, error) {
	f := &follow.Follower{Log: e.Log, Steps: e.Steps}
	var db wire.Databases
	var defs wire.Definitions
	if err := wire.Configure(ctx, e.Lookup, &db, &defs, &f.Config); err != nil {
		return nil, err
	}
	if err := f.Config.Check(); err != nil {
		return nil, err
	}
	entities, err := defs.Load()
	if err != nil {
		return nil, err
	}
	f.Entities = entities
	state, err := e.Store(db)
	if err != nil {
		return nil, err
	}
	process, err := e.Process(ctx)
	if err != nil {
		return nil, err
	}
	v, err := e.Verifier(ctx, db, state, false)
	if err != nil {
		return nil, err
	}
	log, err := wire.Binlog(e, db)
	if err != nil {
		return nil, err
	}
	f.Source, f.Pages, f.Checker = log, pages{process}, checker{v}
	return function.Serve(ctx, e, function.Parts{Follow: join.Follower(f, state).Run, Log: e.Log, State: func(ctx context.Context) (function.State, error) {
		s, err := state.Follow.State(ctx)
		if err != nil || s == nil {
			return function.State{Gaps: []string{}}, err
		}
		answer := function.State{Following: s.Held, Changes: s.Changes, Problem: s.Problem, Gaps: []string{}}
		if s.CaughtUpAt != nil {
			answer.CaughtUp = s.CaughtUpAt.UTC().Format(time.RFC3339)
		}
		for _, g := range s.Gaps {
			answer.Gaps = append(answer.Gaps, g.Entity)
		}
		return answer, nil
	}}), nil
}

// pages works pages off in this process. It implements follow.Pages.
type pages struct{ process *flow.Process }

// Run implements follow.Pages.
func (p pages) Run(ctx context.Context, t page.Task) (run.Run, error) {
	return p.process.Run(ctx, t, time.Now())
}

// checker compares source and ledger: what the log did not say, the ledger does not know.
// It implements follow.Checker.
type checker struct{ verifier verify.Verifier }

// checkRoots is how many roots a comparison reads at once: following has little memory and
// no haste.
const checkRoots = 250

// Check implements follow.Checker.
func (c checker) Check(ctx context.Context, d entity.Definition, each func(root uint64) error) (synced bool, err error) {
	_, err = c.verifier.Run(ctx, d, verify.Options{AtOnce: checkRoots, Workers: 1, Each: func(found verify.Difference) error { return each(found.Root) }})
	if verify.NeverSynced(err) {
		return false, nil
	}
	if err != nil {
		return true, fmt.Errorf("compare source and ledger: %w", err)
	}
	return true, nil
}

// Busy implements follow.Checker.
func (c checker) Busy(ctx context.Context, entity string, roots []uint64) (map[uint64]bool, error) {
	return c.verifier.State.Busy(ctx, entity, roots)
}
