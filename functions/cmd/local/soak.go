package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/rehearsal"
)

// soakEvery is how often a soak ticks.
const soakEvery = 2 * time.Second

// soakLine is the time between two lines of progress of a soak.
const soakLine = 15 * time.Second

// soak plays a soak and prints its report as JSON on the last line.
func soak(ctx context.Context, stack *rehearsal.Stack, o options, out, log io.Writer) error {
	_, _ = fmt.Fprintf(log, "soaking for %v with seed %d; %v changes a second, a tick every %v\n", o.soak, o.seed, o.churn, soakEvery)
	if err := runWings(ctx, stack, log); err != nil {
		return stoppedOr(ctx, err)
	}
	var shown time.Time
	report, err := stack.Soak(ctx, o.soak, o.churn, func(r rehearsal.SoakReport) {
		if time.Since(shown) >= soakLine {
			shown = time.Now()
			_, _ = fmt.Fprintln(log, r)
		}
	})
	if err != nil {
		report.Problems = append(report.Problems, err.Error())
		report.OK = false
	}
	parts, err := stack.CheckWings(ctx)
	if err != nil {
		return stoppedOr(ctx, err)
	}
	report.Problems = append(report.Problems, rehearsal.WingProblems(parts)...)
	report.OK = report.OK && len(report.Problems) == 0
	line, err := json.Marshal(report)
	if err == nil {
		line, err = rehearsal.WithWings(line, parts)
	}
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(out, "%s\n", line)
	if !report.OK {
		return stoppedOr(ctx, errUnsound)
	}
	return nil
}
