// Command returnsync is the operator's command line: it sets the database up, checks
// entity definitions, reports how the syncs are doing, and starts them by hand. See
// returnsync help config for the places of its settings.
package main

import (
	"context"
	"net/http"
	"os"
	"os/signal"
	"os/user"
	"syscall"
	"time"

	"github.com/sethvargo/go-envconfig"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/cli"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/progress"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wings"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	home, _ := os.UserHomeDir() // without a home there is no file in it
	code := execute(ctx, os.Args[1:], cli.Deps{
		Environment: envconfig.OsLookuper(), Home: home,
		Out: os.Stdout, Err: os.Stderr, Terminal: progress.IsTerminal(os.Stderr),
		Client: http.DefaultClient, OpenCron: (*wire.Env).Cron,
		Now: time.Now, Poll: time.Second, User: userName(), Wings: wings.All(),
	})
	stop()
	os.Exit(code)
}

// userName returns the name of this machine's user, empty if there is none.
func userName() string {
	u, err := user.Current()
	if err != nil {
		return ""
	}
	return u.Username
}
