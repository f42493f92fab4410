package flow_test

import (
	"testing"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/destination/destinationtest"
)

// TestTheIndexOfTheTests holds the fake to the contract of the real indices.
func TestTheIndexOfTheTests(t *testing.T) {
	destinationtest.Run(t, func(*testing.T) destinationtest.Bench {
		x := &index{records: map[string]string{}, refuse: map[string]string{"bad": "too large"}}
		return destinationtest.Bench{Index: x, Refused: destinationtest.Save("bad", 2), Records: func(*testing.T) map[string]string { return x.content() }}
	})
}
