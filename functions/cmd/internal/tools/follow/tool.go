// Package follow is following's part of the programs of people: cmd/local follows the
// binlog of its database.
package follow

import (
	"context"
	"fmt"
	"io"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/tool"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/rehearsal"
	wing "gitlab.com/eshopbox-team/return-sync/functions/internal/wings/follow"
	"gitlab.com/eshopbox-team/return-sync/shared/clock"
	"gitlab.com/eshopbox-team/return-sync/shared/doctor"
)

// Tool returns following's part.
func Tool() tool.Tool {
	return tool.Tool{Play: rehearsal.Wing{
		Name: wing.Name, Help: "follow the database's binlog and sync changes when they happen; off with --once", On: true, Binlog: true, Soaks: true, Open: openPlay,
	}}
}

// openPlay takes part where the database writes rows into a binlog.
func openPlay(ctx context.Context, s *rehearsal.Stack) (*rehearsal.Play, error) {
	if why, err := lacking(ctx, s); err != nil || why != "" {
		if err == nil {
			_, _ = fmt.Fprintf(s.Options.Log, "follow is off, and changes wait for the next tick: %s\n", why)
		}
		return nil, err
	}
	return &rehearsal.Play{
		Env:   []string{"FOLLOW_LEASE=5s", "FOLLOW_CHECK_PAUSE=2s"},
		Begin: func(context.Context) error { return nil },
		Run:   func(context.Context, io.Writer) error { return nil },
		Check: func(ctx context.Context) (any, []string, error) { return check(ctx, s) },
	}, nil
}

// lacking says what the database lacks to be followed.
func lacking(ctx context.Context, s *rehearsal.Stack) (string, error) {
	found, err := doctor.BinlogSettings(ctx, s.DB)
	if err != nil {
		return "", fmt.Errorf("ask the database for its binlog: %w", err)
	}
	for _, f := range found {
		if f.Severity == doctor.Fail {
			return f.Message, nil
		}
	}
	return "", nil
}

// gapsClose is how long the comparisons that gaps start may take. One that met a change
// under way is made again.
const gapsClose = 2 * time.Minute

// check reports how following stands once the comparisons have ended.
func check(ctx context.Context, s *rehearsal.Stack) (any, []string, error) {
	state, err := s.Store.Follow.State(ctx)
	for until := time.Now().Add(gapsClose); err == nil && state != nil && len(state.Gaps) > 0 && time.Now().Before(until); {
		if err = clock.Sleep(ctx, 100*time.Millisecond); err == nil {
			state, err = s.Store.Follow.State(ctx)
		}
	}
	if err != nil || state == nil {
		return nil, []string{"the binlog was never followed"}, err
	}
	var problems []string
	if state.Problem != "" {
		problems = append(problems, state.Problem)
	}
	for _, g := range state.Gaps {
		problems = append(problems, "a gap of "+g.Entity+" is open: "+g.Reason)
	}
	return map[string]any{"changes": state.Changes}, problems, nil
}
