package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/console"
	"gitlab.com/eshopbox-team/return-sync/functions/cron"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/rehearsal"
	"gitlab.com/eshopbox-team/return-sync/functions/search"
	"gitlab.com/eshopbox-team/return-sync/shared/sample"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
)

// keepRunning syncs at once, prints the addresses, and then shows every run while
// the scheduler ticks and the warehouse changes rows.
func keepRunning(ctx context.Context, stack *rehearsal.Stack, o options, out, log io.Writer) error {
	for _, d := range stack.Entities {
		// A run that fails is shown, and the next tick tries again.
		if _, err := syncWithBar(ctx, stack, d.Name, "syncing", log); err != nil {
			return fmt.Errorf("%s: %w", d.Name, err)
		}
	}
	if err := runWings(ctx, stack, log); err != nil {
		return err
	}
	_, plays := stack.Plays()
	if err := stack.Watch(ctx); err != nil {
		return err
	}
	config, err := writeConfig(ctx, stack, o)
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(config) }()
	if err := welcome(ctx, stack, o, out); err != nil {
		return err
	}
	for _, p := range plays {
		if p.Welcome != nil {
			for _, line := range p.Welcome() {
				_, _ = fmt.Fprintln(out, "  "+line)
			}
		}
	}
	_, _ = fmt.Fprintf(out, `  operate   go build -o returnsync ./functions/cmd/returnsync
            export RETURN_SYNC_CONFIG=%s
            ./returnsync status
            (go run would end every exit code but 0 as 1)

`, config)
	var background sync.WaitGroup
	defer background.Wait()
	if o.churn > 0 {
		warehouse := sample.NewWarehouse(stack.DB, o.seed)
		background.Go(func() {
			for ctx.Err() == nil {
				if err := warehouse.Run(ctx, o.churn); err != nil && ctx.Err() == nil {
					_, _ = fmt.Fprintln(log, "the warehouse waits:", err)
				}
				pause(ctx, time.Second)
			}
		})
		for _, p := range plays {
			if p.Churn != nil {
				background.Go(func() {
					if err := p.Churn(ctx); err != nil && ctx.Err() == nil {
						_, _ = fmt.Fprintln(log, "the changes of a wing stopped:", err)
					}
				})
			}
		}
	}
	return follow(ctx, stack, out)
}

// welcome prints what to open and how to ask.
func welcome(ctx context.Context, stack *rehearsal.Stack, o options, out io.Writer) error {
	var account string
	if err := stack.DB.QueryRowContext(ctx, `SELECT account_slug FROM order_return
		GROUP BY account_slug ORDER BY COUNT(*) DESC, account_slug LIMIT 1`).Scan(&account); err != nil {
		return fmt.Errorf("there is no return to search for: %w", err)
	}
	token, err := stack.Identity.Sign(account, time.Now().Add(24*time.Hour))
	if err != nil {
		return err
	}
	hand, err := stack.HandToken()
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(out, `
Return-sync is running. A tick every %v, %v changes a second; Ctrl-C stops all of it.

  portal    %s
  console   %s
  search    curl -H 'Authorization: Bearer %s' \
              '%s?query=&hitsPerPage=3'
            (the token is for account %s)
  tick now  curl -X POST -H 'Authorization: Bearer %s' \
              '%s'
            (the token holds for half an hour or more)
  database  %s
  index     %s  application %s, admin key %q, search key %q
  tasks     %s (gRPC)    scheduler  %s (gRPC)
  metrics   curl -H 'Authorization: Bearer %s' '%s/metrics'
            (testdata/metrics has a configuration of Prometheus, alert rules, a dashboard of Grafana)
`, o.every, o.churn, stack.PortalURL(), stack.ConsoleURL(), token, stack.URL(search.Function.Name), account, hand, stack.URL(cron.Function.Name), stack.DSN(),
		stack.AlgoliaURL(), rehearsal.AppID, rehearsal.AdminKey, rehearsal.SearchKey, stack.TasksAddress(), stack.SchedulerAddress(), rehearsal.MetricsToken, stack.URL(console.Function.Name))
	welcomeOthers(stack, out)
	return nil
}

// welcomeOthers prints where the entities of further definitions are searched.
func welcomeOthers(stack *rehearsal.Stack, out io.Writer) {
	for _, d := range stack.Entities {
		switch {
		case d.Name == entityName:
		case slices.Contains(rehearsal.Searched(stack), d.Name):
			_, _ = fmt.Fprintf(out, "  %-9s %s\n            search at %s/entities/%s\n", d.Name, rehearsal.PageURL(stack, d.Name), stack.URL(search.Function.Name), d.Name)
		default:
			_, _ = fmt.Fprintf(out, "  %-9s synced to index %s, not searched: that needs account in entity.yaml, and settings.json\n", d.Name, d.Index)
		}
	}
}

// followedEvery is the least time between two lines about an entity's runs of following,
// which are several a second.
const followedEvery = 10 * time.Second

// follow prints a line for every run that closes, until ctx ends.
func follow(ctx context.Context, stack *rehearsal.Stack, out io.Writer) error {
	last, followed, waiting := map[string]int64{}, map[string]time.Time{}, false
	for {
		var problem error
		for _, d := range stack.Entities {
			runs, err := stack.Store.Runs.Newest(ctx, d.Name, 10)
			problem = errors.Join(problem, err)
			for _, r := range slices.Backward(runs) {
				if r.ID <= last[d.Name] || !r.State.Final() {
					continue
				}
				last[d.Name] = r.ID
				if r.Kind == run.Follow && r.State == run.Synced {
					if time.Since(followed[d.Name]) < followedEvery {
						continue
					}
					followed[d.Name] = time.Now()
				}
				_, _ = fmt.Fprintln(out, line(r))
			}
		}
		if problem != nil && ctx.Err() == nil && !waiting {
			_, _ = fmt.Fprintln(out, "the database does not answer; waiting for it:", problem)
		}
		waiting = problem != nil
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(500 * time.Millisecond):
		}
	}
}

// pause waits, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// line describes a closed run in one line. Only a synced run of a window makes the index
// as of its window's end; any other run leaves the index as it was. The runs of following
// within an hour are one run, with the counts of all.
func line(r run.Run) string {
	if r.Kind == run.Follow && r.State == run.Synced {
		return fmt.Sprintf("%s followed since %s  %v", r.Entity, r.CreatedAt.Format("15:04:05"), r.Counts)
	}
	end := "as of"
	if r.Kind != run.Window || r.State != run.Synced {
		end = "up to"
	}
	text := fmt.Sprintf("%s run %-4d %-11s %s %s  %v", r.Entity, r.ID, r.State, end, r.Window.To.Format("15:04:05"), r.Counts)
	if r.LastError != "" {
		text += "  " + r.LastError
	}
	return text
}
