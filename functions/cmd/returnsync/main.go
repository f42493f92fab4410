// Command returnsync is the operator's command line: it sets the database up,
// checks entity definitions, says how the syncs are doing, and starts one by
// hand. returnsync help config tells where its settings come from.
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

	"gitlab.com/eshopbox-team/return-sync/functions/internal/progress"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	home, _ := os.UserHomeDir() // without a home there is no file in it
	code := execute(ctx, os.Args[1:], deps{
		env: envconfig.OsLookuper(), home: home,
		out: os.Stdout, log: os.Stderr, terminal: progress.IsTerminal(os.Stderr),
		client: http.DefaultClient, cron: (*wire.Env).Cron,
		now: time.Now, poll: time.Second, user: userName(),
	})
	stop()
	os.Exit(code)
}

// userName returns the name of who runs this, empty if there is none.
func userName() string {
	u, err := user.Current()
	if err != nil {
		return ""
	}
	return u.Username
}
