// Package states holds what is common to everything that goes from state to state: a
// diagram of arrows, and the hook between two steps.
package states

import (
	"cmp"
	"slices"
)

// Diagram lists, for every state, the states to which a verb leads. A state without
// arrows is final.
type Diagram[S cmp.Ordered] map[S][]S

// Sources returns the states from which a verb leads to s, in a stable order: a
// conditional UPDATE over them refuses any other change.
func (d Diagram[S]) Sources(s S) []S {
	var from []S
	for state, to := range d {
		if slices.Contains(to, s) {
			from = append(from, state)
		}
	}
	slices.Sort(from)
	return from
}

// Final reports whether no arrow leaves a state.
func (d Diagram[S]) Final(s S) bool { return len(d[s]) == 0 }
