package wire

import (
	"context"

	"gitlab.com/eshopbox-team/return-sync/shared/queue"
	"gitlab.com/eshopbox-team/return-sync/shared/queue/cloudtasks"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
)

// The queues of the sync wing, by the names that terraform/queues.tf gives them.
const (
	QueueSync       = "returnSync"           // one task a run: fix the window, cut the pages
	QueueProcessing = "returnSyncProcessing" // one task a page
	QueueBackfill   = "returnSyncBackfill"   // pages of jobs, few at a time, and the jobs' own turns
)

// Queues returns the names of the queues of all wings.
func Queues() []string { return []string{QueueSync, QueueProcessing, QueueBackfill} }

// Addresses are the environment's addresses of the functions that queues call.
type Addresses struct {
	// Window is the window function's, Process the process function's.
	Window  string `env:"WINDOW_URL"`
	Process string `env:"PROCESS_URL"`
}

// routes returns the routes of the sync wing.
func (a Addresses) routes() queue.Routes {
	window := func(name string) queue.Route { return queue.Route{Queue: name, URL: a.Window, Setting: "WINDOW_URL"} }
	process := func(name string) queue.Route { return queue.Route{Queue: name, URL: a.Process, Setting: "PROCESS_URL"} }
	return queue.Routes{
		run.RouteWindow:    window(QueueSync),
		run.RoutePage:      process(QueueProcessing),
		run.RouteJobPage:   process(QueueBackfill),
		run.RouteTurn:      window(QueueBackfill),
		run.RouteFirstTurn: window(QueueSync),
	}
}

// queue opens the queues with the routes to them.
func (e *Env) queue(ctx context.Context, c cloudtasks.Config, a Addresses) (*cloudtasks.Sender, error) {
	s, err := cloudtasks.Open(ctx, c, a.routes())
	if err == nil {
		e.closing(s.Close)
	}
	return s, err
}
