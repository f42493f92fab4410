package report

import "gitlab.com/eshopbox-team/return-sync/shared/states"

// State is where a report stands.
type State string

// The states; see the diagram of the package.
const (
	Due       State = "due"
	Requested State = "requested"
	Ready     State = "ready"
	Loaded    State = "loaded"
	Done      State = "done"
	Failed    State = "failed"
)

// diagram is the diagram of the package.
var diagram = states.Diagram[State]{
	Due:       {Requested, Failed},
	Requested: {Ready, Failed},
	Ready:     {Loaded, Failed},
	Loaded:    {Done, Failed},
	Done:      {Due},
	Failed:    {Due, Done},
}

// Sources returns the states from which a verb leads to s, in a stable order.
func Sources(s State) []State { return diagram.Sources(s) }

// Open reports whether work on a report of this state is under way or to come.
func (s State) Open() bool { return s != Done && s != Failed }
