package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// The default ports.
const (
	algoliaPort          = 9200
	spapiPort            = 9300
	airtablePort         = 9400
	tasksPort            = 8123
	schedulerPort        = 8124
	tasksControlPort     = 9123
	schedulerControlPort = 9124
)

// newCommand returns the command with its emulators. Addresses go to
// out, failed deliveries to log.
func newCommand(out, log io.Writer) *cobra.Command {
	root := &cobra.Command{
		Use:   "emulator algolia|tasks|scheduler|airtable|spapi",
		Short: "Run an emulator of an outside service on loopback",
		Long: `Run an emulator of an outside service until Ctrl-C.

The emulators keep everything in memory and listen on 127.0.0.1 only. --faults
takes a file or the JSON itself and makes them fail as the real services do.`,
		Example: `  go run ./functions/cmd/emulator algolia --record-limit 10000
  go run ./functions/cmd/emulator tasks --faults '{"duplicate":0.1,"lose_response":0.05}'
  go run ./functions/cmd/emulator scheduler --every 10s`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.SetOut(out)
	root.SetErr(log)
	root.SetFlagErrorFunc(explainFlag)
	root.AddCommand(algoliaCommand(), tasksCommand(), schedulerCommand(), airtableCommand(), spapiCommand())
	return root
}

// explainFlag explains the absence of --host.
func explainFlag(_ *cobra.Command, err error) error {
	if strings.Contains(err.Error(), "--host") {
		return errors.New("there is no --host: the emulators have no authentication and listen on 127.0.0.1 only; use --port")
	}
	return fmt.Errorf("%w; --help lists the flags", err)
}
