// Command server is the deployed program. FUNCTION_TARGET picks the function
// that it serves; the configuration comes from the environment, and what is
// missing there is listed all at once. SERVE_WITH=framework hands the serving to
// the Functions Framework's own server, which neither bounds requests nor drains.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/GoogleCloudPlatform/functions-framework-go/funcframework"
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
	if os.Getenv("SERVE_WITH") != "framework" {
		return server.Run(ctx, e, nil)
	}
	var cfg server.Config
	if err := errors.Join(wire.Configure(ctx, e.Lookup, &cfg), cfg.Check()); err != nil {
		return err
	}
	stop() // the framework knows no draining: let signals end the process
	server.Register(context.Background(), e)
	return funcframework.StartHostPort(os.Getenv("HOST"), portOr8080())
}

// portOr8080 returns PORT, or Cloud Run's default.
func portOr8080() string {
	if port := os.Getenv("PORT"); port != "" {
		return port
	}
	return "8080"
}
