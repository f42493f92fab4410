// Package wings joins the wings beside sync to the deployed program: one line a wing.
//
// A wing's package below this one opens the wing's parts, so it may import the wing's
// technologies, as wire does for sync. A wing consists of its folders, its file of rights
// (shared/grants/tables), its Terraform files and two lines: one here, and one in
// functions/cmd/internal/tools for the programs of people, which hold emulators that the
// deployed program must not hold. Removing these removes the wing.
package wings

import (
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wings/exchange"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wings/follow"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wings/reports"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wings/transfer"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
)

// All returns the known wings.
func All() []wire.Wing {
	return []wire.Wing{
		reports.Wing(),
		exchange.Wing(),
		follow.Wing(),
		transfer.Wing(),
	}
}

// Queues returns the names of the queues of all wings, sync's among them.
func Queues() []string {
	names := wire.Queues()
	for _, w := range All() {
		for _, q := range w.Queues {
			names = append(names, q.Name)
		}
	}
	return names
}
