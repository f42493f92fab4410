package main

import (
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/spapi"
)

const spapiExample = `  go run ./functions/cmd/emulator spapi --port 9300

An access token, and a report:

  curl -d grant_type=refresh_token -d client_id=local-client -d client_secret=local-secret \
       -d refresh_token=local-refresh http://127.0.0.1:9300/auth/o2/token
  curl -H 'x-amz-access-token: TOKEN' -H 'Content-Type: application/json' \
       -d '{"reportType":"GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL","marketplaceIds":["A1PA6795UKMFR9"]}' \
       http://127.0.0.1:9300/reports/2021-06-30/reports

Faults at run time: GET and PUT /_emulator/faults, GET /_emulator/stats.`

func spapiCommand() *cobra.Command {
	var options spapi.Options
	var port int
	var faults string
	command := &cobra.Command{
		Use:     "spapi",
		Short:   "Emulate the reports of Amazon's Selling Partner API",
		Example: spapiExample,
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			server := spapi.New(options)
			defer server.Close()
			if err := (faultDoor{handler: server, path: "/_emulator/faults"}).apply(faults); err != nil {
				return err
			}
			return serveWeb(c, "SP-API", port, server)
		},
	}
	flags := command.Flags()
	flags.IntVar(&port, "port", spapiPort, "port on 127.0.0.1; 0 takes a free one")
	flags.StringVar(&options.ClientID, "client-id", "local-client", "client of the token endpoint")
	flags.StringVar(&options.ClientSecret, "client-secret", "local-secret", "its secret")
	flags.StringVar(&options.RefreshToken, "refresh-token", "local-refresh", "refresh token")
	flags.DurationVar(&options.Queue, "queue", 200*time.Millisecond, "how long a report is IN_QUEUE")
	flags.DurationVar(&options.Work, "work", 300*time.Millisecond, "how long a report is IN_PROGRESS")
	flags.IntVar(&options.Rows, "rows", 200, "rows of a report")
	flags.BoolVar(&options.Unlimited, "unlimited", false, "answer without Amazon's limits")
	flags.Int64Var(&options.Seed, "seed", 0, "decides which calls faults strike")
	flags.StringVar(&faults, "faults", "", "file or JSON of faults to play")
	return command
}
