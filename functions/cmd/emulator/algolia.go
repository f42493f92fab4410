package main

import (
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia"
)

const algoliaExample = `  go run ./functions/cmd/emulator algolia --port 9200

The Go client (algoliasearch-client-go/v3), any application id:

  client := search.NewClientWithConfig(search.Configuration{
      AppID: "local", APIKey: "admin",
      Hosts: []string{"127.0.0.1:9200"}, Requester: plainHTTP, // sends http:// where the client writes https://
  })

By hand:

  curl -H 'X-Algolia-Application-Id: local' -H 'X-Algolia-API-Key: admin' http://127.0.0.1:9200/1/indexes

Faults at run time, with the admin key: GET and PUT /_emulator/faults, GET /_emulator/stats.`

func algoliaCommand() *cobra.Command {
	var options algolia.Options
	var port int
	var faults string
	command := &cobra.Command{
		Use:     "algolia",
		Short:   "Emulate Algolia's REST API",
		Example: algoliaExample,
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			server := algolia.New(options)
			defer server.Close()
			put := faultDoor{handler: server, path: "/_emulator/faults", header: http.Header{
				"X-Algolia-Application-Id": {"local"}, "X-Algolia-Api-Key": {options.AdminKey},
			}}
			if err := put.apply(faults); err != nil {
				return err
			}
			return serveWeb(c, "Algolia", port, server)
		},
	}
	flags := command.Flags()
	flags.IntVar(&port, "port", algoliaPort, "port on 127.0.0.1; 0 takes a free one")
	flags.StringVar(&options.AdminKey, "admin-key", "admin", "key that may do everything")
	flags.StringVar(&options.SearchKey, "search-key", "search", "key that may search")
	flags.IntVar(&options.RecordLimit, "record-limit", 100_000, "largest record in bytes; the smallest plan has 10000")
	flags.DurationVar(&options.PublishDelay, "publish-delay", 20*time.Millisecond, "how long a write stays invisible")
	flags.Int64Var(&options.Seed, "seed", 0, "decides which calls faults strike")
	flags.StringVar(&faults, "faults", "", "file or JSON of faults to play")
	return command
}
