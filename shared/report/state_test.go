package report

import (
	"slices"
	"testing"
)

// TestOnlyTheArrowsOfTheDiagramLeadToAState holds Sources to the package's diagram.
func TestOnlyTheArrowsOfTheDiagramLeadToAState(t *testing.T) {
	for state, want := range map[State][]State{
		Due: {Done, Failed}, Requested: {Due}, Ready: {Requested}, Loaded: {Ready},
		Done: {Failed, Loaded}, Failed: {Due, Loaded, Ready, Requested},
	} {
		if got := Sources(state); !slices.Equal(got, want) {
			t.Errorf("%s is reached from %v, want %v", state, got, want)
		}
	}
}
