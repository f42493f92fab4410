// Package tools joins the wings beside sync to the programs of people: one line a wing.
package tools

import (
	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/tool"
	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/tools/exchange"
	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/tools/follow"
	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/tools/reports"
	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/tools/transfer"
)

// All returns the tools of the known wings.
func All() []tool.Tool {
	return []tool.Tool{
		reports.Tool(),
		exchange.Tool(),
		follow.Tool(),
		transfer.Tool(),
	}
}
