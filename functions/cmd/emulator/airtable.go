package main

import (
	"fmt"
	"regexp"
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/airtable"
)

const airtableExample = `  go run ./functions/cmd/emulator airtable --port 9400

The page with the bases: http://127.0.0.1:9400/

The official JavaScript client (npm airtable):

  const base = new Airtable({apiKey: 'patLocal', endpointUrl: 'http://127.0.0.1:9400'}).base('appLocalSYNCbase1');

By hand:

  curl -H 'Authorization: Bearer patLocal' http://127.0.0.1:9400/v0/meta/bases

Faults at run time: GET and PUT /_emulator/faults, GET /_emulator/stats.`

// baseID is the form of a base's id.
var baseID = regexp.MustCompile(`^app[A-Za-z0-9]{14}$`)

func airtableCommand() *cobra.Command {
	var options airtable.Options
	var port int
	var faults, base string
	command := &cobra.Command{
		Use:     "airtable",
		Short:   "Emulate Airtable's Web API, with a page that shows the bases",
		Example: airtableExample,
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if !baseID.MatchString(base) {
				return fmt.Errorf("--base is %q: write app and 14 letters or digits", base)
			}
			options.Bases = []airtable.Base{{ID: base, Name: airtable.DefaultBase.Name}}
			server := airtable.New(options)
			defer server.Close()
			if err := (faultDoor{handler: server, path: "/_emulator/faults"}).apply(faults); err != nil {
				return err
			}
			return serveWeb(c, "Airtable", port, server)
		},
	}
	flags := command.Flags()
	flags.IntVar(&port, "port", airtablePort, "port on 127.0.0.1; 0 takes a free one")
	flags.StringVar(&options.Token, "token", "patLocal", "personal access token")
	flags.StringVar(&base, "base", airtable.DefaultBase.ID, "id of the base that exists from the start")
	flags.IntVar(&options.Rate, "rate", 5, "requests of a base in any second; -1: no limit")
	flags.DurationVar(&options.Penalty, "penalty", 30*time.Second, "how long a base refuses requests after one too many")
	flags.Int64Var(&options.Seed, "seed", 0, "decides which calls faults strike")
	flags.StringVar(&faults, "faults", "", "file or JSON of faults to play")
	return command
}
