package exchange

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/cli"
	function "gitlab.com/eshopbox-team/return-sync/functions/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/audit"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange/store"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// switchCommand is returnsync exchange switch.
func switchCommand(a *cli.App) *cobra.Command {
	cmd := &cobra.Command{
		Use: "switch NAME on|off", Short: "Switch a subscription or a company on or off", Args: cli.Args,
		Long: `switch sets the active flag of a subscription or of a company, by its name or by the
company's id. Off on a primary ends what the partner may copy; off on a secondary ends
its own syncs. What was copied stays.`,
		Example: "  returnsync exchange switch acme-rotors off\n  returnsync exchange switch \"abc brakes\" on",
	}
	cmd.RunE = a.Run(func(ctx context.Context, s *cli.Session, args []string) error {
		if args[1] != "on" && args[1] != "off" {
			return fault.New(fault.Invalid, "bad-flag", "%q is neither on nor off", args[1])
		}
		db, err := s.Tables(ctx)
		if err != nil {
			return err
		}
		acts := function.Acts{Store: store.New(db.Pool()), Audit: audit.New(db.Pool())}
		companies, err := acts.Store.Companies.List(ctx)
		if err != nil {
			return err
		}
		subs, err := acts.Store.Subscriptions.List(ctx, nil)
		if err != nil {
			return err
		}
		choice, err := exchange.Choose(args[0], companies, subs)
		if err != nil {
			return err
		}
		change, id := acts.SwitchCompany, choice.Company
		if choice.Sub != exchange.First {
			change, id = acts.SwitchSubscription, choice.Sub
		}
		name, err := change(ctx, s.Actor(), id, args[1] == "on")
		if err == nil {
			_, _ = fmt.Fprintf(s.Out, "%s is %s\n", name, args[1])
		}
		return err
	})
	return cmd
}
