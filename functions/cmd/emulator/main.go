// Command emulator runs one emulator of an outside service on loopback: of
// Algolia, Airtable or Amazon's SP-API (REST), Cloud Tasks or Cloud Scheduler
// (gRPC). Development and tests use it.
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
