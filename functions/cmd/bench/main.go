// Command bench measures the speed and the cost of the whole product, next to the limit
// of the same work on the same machine in the same run: figures of different runs and
// machines do not compare.
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
	if err := limitChild(os.Getenv(workEnv), os.Stdout); !errors.Is(err, errNoChild) {
		exit(err)
	}
	profileChild(os.Getenv(profileEnv), os.Getenv("FUNCTION_TARGET"))
	rehearsal.Child()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := newCommand(os.Stdout, os.Stderr).ExecuteContext(ctx)
	if err != nil && ctx.Err() != nil {
		err = errors.New("stopped")
	}
	stop()
	exit(err)
}

// exit ends the process.
func exit(err error) {
	if err == nil {
		os.Exit(0)
	}
	fmt.Fprintln(os.Stderr, "bench:", err)
	os.Exit(1)
}
