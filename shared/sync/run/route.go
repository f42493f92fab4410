package run

// The routes of the sync wing's tasks, by what is sent.
const (
	RouteWindow  = "window"   // a claimed window, to the window function
	RoutePage    = "page"     // a page of a window, to the process function
	RouteJobPage = "job-page" // a page of a job, few at a time, to the process function
	RouteTurn    = "turn"     // a job's next turn, to the window function
	// RouteFirstTurn is a turn that begins a job's chain of tasks. Its senders may
	// use the queue of windows alone.
	RouteFirstTurn = "first-turn"
)
