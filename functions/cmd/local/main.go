// Command local runs the whole product on this machine: a private database with
// sample returns, emulators of Google's and Algolia's services, and every
// function, fed by a simulated warehouse. It needs nothing but Go.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/rehearsal"
)

func main() {
	rehearsal.Child()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := newCommand(os.Stdout, os.Stderr).ExecuteContext(ctx)
	stop()
	if err == nil || errors.Is(err, errStopped) {
		return
	}
	fmt.Fprintln(os.Stderr, "local:", err)
	os.Exit(1)
}

// errStopped is the end that the user asked for.
var errStopped = errors.New("stopped")
