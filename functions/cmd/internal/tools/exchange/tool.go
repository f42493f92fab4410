// Package exchange is the exchange wing's part of the programs of people: the commands
// returnsync exchange, and cmd/local --exchange with a primary and two secondaries.
package exchange

import (
	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/tool"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/rehearsal"
)

// Tool returns the wing's part.
func Tool() tool.Tool {
	return tool.Tool{Commands: commands, Play: rehearsal.Wing{
		Name: "exchange", Help: "also exchange slices, one of them fed by returns, between a primary and two secondaries", Open: openPlay, Soaks: true,
	}}
}
