// Command emulator runs one emulator of an outside service on loopback: of
// Algolia (REST), Cloud Tasks or Cloud Scheduler (gRPC). Development and tests
// use it; functions/cmd/local starts all of them together.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := newCommand(os.Stdout, os.Stderr).ExecuteContext(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "emulator:", err)
		os.Exit(1)
	}
}
