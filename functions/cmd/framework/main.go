// Command framework serves the functions with the Functions Framework's own server, which
// neither bounds requests nor drains. FUNCTION_TARGET picks one function; without the
// variable all are served. The images do not hold this program: what the framework links
// makes the linker keep every method of every type, a quarter of the program's size.
package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"sync"

	"github.com/GoogleCloudPlatform/functions-framework-go/funcframework"
	"github.com/GoogleCloudPlatform/functions-framework-go/functions"
	"github.com/sethvargo/go-envconfig"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/server"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wings"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "framework:", err)
		os.Exit(1)
	}
}

// run serves until the process ends: the framework knows no draining.
func run(ctx context.Context) error {
	e, err := wire.NewEnv(ctx, envconfig.OsLookuper(), wings.All())
	if err != nil {
		return err
	}
	var cfg server.Config
	if err := errors.Join(wire.Configure(ctx, e.Lookup, &cfg), cfg.Check()); err != nil {
		return err
	}
	register(ctx, e)
	return funcframework.StartHostPort(cfg.Host, cfg.Port)
}

// register registers every function with the framework under its name, which the framework
// allows once a process. A function's parts are opened by its first request: the framework
// may serve only one function, and the others need not be configured.
func register(ctx context.Context, e *wire.Env) {
	for _, f := range server.Functions() {
		opened := sync.OnceValues(func() (http.Handler, error) { return f.Serve(ctx, e) })
		functions.HTTP(f.Name, server.Health(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h, err := opened()
			if err != nil {
				e.Log.ErrorContext(r.Context(), "the function cannot be opened", "function", f.Name, "error", err)
				http.Error(w, "the function is not configured; the log has the details", http.StatusInternalServerError)
				return
			}
			h.ServeHTTP(w, r)
		})).ServeHTTP)
	}
}
