// Package tool is what a wing beside sync adds to the programs of people: commands of
// returnsync and a part of cmd/local. Neither is in the deployed program, because the
// part of cmd/local brings emulators.
package tool

import (
	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/cli"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/rehearsal"
)

// Tool is a wing's part of the programs of people. A package functions/cmd/internal/tools/NAME
// returns it, and one line of package tools joins it.
type Tool struct {
	// Commands are the wing's commands of returnsync; nil for none.
	Commands func(*cli.App) []*cobra.Command
	// Play is the wing's part of cmd/local; without Open the wing has none.
	Play rehearsal.Wing
}
