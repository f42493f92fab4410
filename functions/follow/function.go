// Package follow is the function that syncs changes when they happen.
//
// Who calls it: nobody. One instance runs all the time, and it works without requests; a
// request is answered with how following stands, for the platform's probes and for people.
//
// What it does: reads the source's binlog, stores the roots that its rows name as
// unconfirmed, and syncs these roots at once. After a gap in the log it compares the
// entities and syncs what differs.
//
// A second call: is answered the same. A second instance waits until the first one's
// lease ends.
package follow

import (
	"context"
	"log/slog"
	"net/http"
	"sync"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/edge"
)

// Name is the function's name.
const Name = "FollowChanges"

// Parts are what the function works with.
type Parts struct {
	Follow func(ctx context.Context)                // follows until ctx ends
	State  func(ctx context.Context) (State, error) // how following stands
	Log    *slog.Logger
}

// State is the answer to a request.
type State struct {
	Following bool     `json:"following"` // by this instance or another one
	CaughtUp  string   `json:"caughtUp,omitempty"`
	Changes   int64    `json:"changes"` // roots that were stored, ever
	Gaps      []string `json:"gaps"`    // entities of which changes may have been missed
	Problem   string   `json:"problem,omitempty"`
}

// Serve begins to follow, until the function is closed, and returns its handler.
func Serve(ctx context.Context, e *wire.Env, p Parts) http.Handler {
	// Opening ends; following goes on until the function is closed.
	following, stop := context.WithCancel(context.WithoutCancel(ctx))
	var done sync.WaitGroup
	done.Go(func() { p.Follow(following) })
	e.Closing(func() error {
		stop()
		done.Wait()
		return nil
	})
	return Handler(p)
}

// Handler answers requests.
func Handler(p Parts) http.Handler {
	return edge.HandleTask(p.Log, func(r *http.Request) (any, error) { return p.State(r.Context()) }, http.MethodGet, http.MethodPost)
}
