package exchange

import (
	"context"
	"fmt"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange/rest"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange/store"
	"gitlab.com/eshopbox-team/return-sync/shared/judge"
)

// The kinds of the wing's findings.
const (
	overdue   judge.Kind = "partner-overdue"
	failing   judge.Kind = "partner-failing"
	unsynced  judge.Kind = "subscription-failing"
	forgotten judge.Kind = "partner-absent" // on a primary: the partner does not sync
)

// findings opens the reader of partners that were not synced in their period, and of
// subscriptions whose last sync failed.
func findings(ctx context.Context, o wire.Opening) (func(context.Context) ([]judge.Further, error), error) {
	var c struct {
		Role   string        `env:"EXCHANGE_ROLE"`
		Period time.Duration `env:"EXCHANGE_PERIOD, default=26h"`
	}
	if err := wire.Configure(ctx, o.Lookup, &c); err != nil {
		return nil, err
	}
	tables := store.New(o.Pool)
	if c.Role == rest.RolePrimary {
		return func(ctx context.Context) ([]judge.Further, error) { return absent(ctx, tables, c.Period) }, nil
	}
	return func(ctx context.Context) ([]judge.Further, error) {
		late, err := lateWith(ctx, tables, c.Period)
		if err != nil {
			return nil, err
		}
		failed, err := failedSubscriptions(ctx, tables)
		return append(late, failed...), err
	}, nil
}

// about is the finding about a partner.
func about(p store.Late, kind judge.Kind, problem, do string) judge.Further {
	return judge.Further{
		Finding: judge.Finding{Kind: kind, Entity: p.Name, Problem: problem, Do: do},
		Title:   "Exchange with " + p.Name, Text: problem + ".", Subject: p.Activity,
	}
}

// lateWith finds the primaries with which no sync succeeded in a period.
func lateWith(ctx context.Context, tables *store.Store, period time.Duration) (found []judge.Further, err error) {
	list, err := tables.Standing.Overdue(ctx, period)
	for _, p := range list {
		kind, problem := overdue, fmt.Sprintf("no sync with %s succeeded in the last %s", p.Name, judge.Age(period))
		if p.Error != "" {
			kind, problem = failing, fmt.Sprintf("the last sync with %s failed", p.Name)
		}
		found = append(found, about(p, kind, problem, "run: returnsync exchange sync --sub "+p.ID.String()))
	}
	return found, err
}

// failedSubscriptions finds, a partner each, active subscriptions whose last sync failed.
func failedSubscriptions(ctx context.Context, tables *store.Store) (found []judge.Further, err error) {
	list, err := tables.Standing.FailedSubscriptions(ctx)
	for _, p := range list {
		problem := fmt.Sprintf("%d subscriptions with %s failed at their last sync", p.Subscriptions, p.Name)
		if p.Subscriptions == 1 {
			problem = fmt.Sprintf("a subscription with %s failed at its last sync", p.Name)
		}
		found = append(found, about(store.Late{ID: p.ID, Name: p.Name}, unsynced, problem, "see why with: returnsync exchange sync --noupdate --sub "+p.ID.String()))
	}
	return found, err
}

// absent finds, on a primary, partners with active subscriptions that did not sync in a
// period.
func absent(ctx context.Context, tables *store.Store, period time.Duration) (found []judge.Further, err error) {
	list, err := tables.Standing.Absent(ctx, period)
	for _, p := range list {
		problem := fmt.Sprintf("%s has not synced a slice in the last %s", p.Name, judge.Age(period))
		found = append(found, about(p, forgotten, problem, "ask the company whether its server runs, and see whether it has a valid key: returnsync exchange keys"))
	}
	return found, err
}
