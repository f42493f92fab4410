// Command server is the deployed program. FUNCTION_TARGET picks the function that it
// serves; the configuration comes from the environment, and what is missing there is listed
// all at once.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/sethvargo/go-envconfig"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/server"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wings"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "server:", err)
		os.Exit(1)
	}
}

// run serves until the process is asked to end.
func run() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	e, err := wire.NewEnv(ctx, envconfig.OsLookuper(), wings.All())
	if err != nil {
		return err
	}
	return server.Run(ctx, e, nil)
}
