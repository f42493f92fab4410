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
	"path/filepath"
	"strings"
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
	code := execute(ctx, arguments(os.Args), cli.Deps{
		Environment: envconfig.OsLookuper(), Home: home,
		Out: cli.NewScreen(os.Stdout, os.LookupEnv), Err: os.Stderr, Terminal: progress.IsTerminal(os.Stderr),
		Client: http.DefaultClient, OpenCron: (*wire.Env).Cron,
		Now: time.Now, Poll: time.Second, User: userName(), Wings: wings.All(),
	})
	stop()
	os.Exit(code)
}

// arguments returns the command line behind the program's name. Under the name
// sandpiper, a link to this program, the commands are those of the exchange.
func arguments(args []string) []string {
	if strings.TrimSuffix(filepath.Base(args[0]), ".exe") == "sandpiper" {
		return append([]string{"exchange"}, args[1:]...)
	}
	return args[1:]
}

// userName returns the name of this machine's user, empty if there is none.
func userName() string {
	u, err := user.Current()
	if err != nil {
		return ""
	}
	return u.Username
}
