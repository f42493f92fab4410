package reports

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"time"

	wing "gitlab.com/eshopbox-team/return-sync/functions/internal/wings/reports"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/airtable"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/spapi"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/report"
	"gitlab.com/eshopbox-team/return-sync/shared/report/flow"
	"gitlab.com/eshopbox-team/return-sync/shared/report/store"
)

// soakEnv is the environment of a soak's function: leases short enough that a death
// shows.
var soakEnv = []string{"REPORT_LEASE=15s"}

// flaky is a service that fails while it is bad: one request in eight, in turn with 503,
// with 429, and with a connection that breaks off.
type flaky struct {
	http.Handler
	bad   atomic.Bool
	count atomic.Int64
}

// ServeHTTP implements http.Handler.
func (f *flaky) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if n := f.count.Add(1); f.bad.Load() && n%8 == 0 {
		switch n / 8 % 3 {
		case 0:
			http.Error(w, "out of order", http.StatusServiceUnavailable)
		case 1:
			w.Header().Set("Retry-After", "1")
			http.Error(w, "too many", http.StatusTooManyRequests)
		default:
			panic(http.ErrAbortHandler)
		}
		return
	}
	f.Handler.ServeHTTP(w, r)
}

// misbehave switches the faults of all services on or off. Amazon's limits are so low
// that each 429 costs a minute, so its faults are counted.
func (p *play) misbehave(_ context.Context, on bool) error {
	p.vendors.api.bad.Store(on)
	p.bad.Store(on)
	amazon, tables := spapi.Faults{}, airtable.Faults{}
	if on {
		amazon.Rules = []spapi.Fault{
			{Kind: "expiredToken", Probability: 0.1}, {Kind: "expiredURL", Probability: 0.2, Max: 3}, {Kind: "serverError", Probability: 0.05},
			{Kind: "rateLimit", Route: "getReport", Probability: 0.05}, {Kind: "resetApplied", Route: "createReport", Probability: 0.2, Max: 1},
			{Kind: "cancelled", Pattern: "ORDERS", Probability: 0.3, Max: 1},
		}
		tables.Rules = []airtable.Fault{
			{Kind: "rateLimit", Probability: 0.02, Max: 2}, {Kind: "serverError", Probability: 0.03}, {Kind: "reset", Probability: 0.02}, {Kind: "resetApplied", Probability: 0.03},
		}
	}
	return errors.Join(p.vendors.amazon.SetFaults(amazon), p.vendors.airtable.SetFaults(tables))
}

// The pace of a soak. Amazon takes 15 orders at once and one a minute then.
const (
	churnEvery  = 1500 * time.Millisecond
	mostAmazon  = 6
	churnDates  = 6
	cutEvery    = 4 * time.Second
	personEvery = 5 * time.Second
)

// churn starts reports of all types and dates again and again, while people edit the
// SYNC base and the connections of MongoDB are cut.
func (p *play) churn(ctx context.Context) (err error) {
	o := p.opening()
	defer func() { err = errors.Join(err, o.Close()) }()
	starter, err := wing.Starter(ctx, o)
	if err != nil {
		return err
	}
	dice := rand.New(rand.NewPCG(uint64(p.stack.Options.Seed), 18))
	amazon := 0
	var lastCut, lastEdit time.Time
	for pause(ctx, churnEvery) == nil {
		now := time.Now().UTC()
		if p.bad.Load() && p.vendors.cutter != nil && now.Sub(lastCut) > cutEvery {
			lastCut = now
			p.cuts += p.vendors.cutter.cut()
		}
		if now.Sub(lastEdit) > personEvery {
			lastEdit = now
			if err := p.editByHand(ctx, dice); err != nil {
				return err
			}
		}
		d := p.list[dice.IntN(len(p.list))]
		if d.Source.Kind == "spapi" {
			if amazon++; amazon > mostAmazon {
				continue
			}
		}
		if err := startOne(ctx, starter, d, report.Date(dice.IntN(churnDates)), now); err != nil && ctx.Err() == nil {
			return err
		}
	}
	return nil
}

// startOne starts a type's report of some days ago, or a run of a real-time type. One
// that has failed waits for settle.
func startOne(ctx context.Context, starter *flow.Starter, d report.Definition, ago report.Date, now time.Time) error {
	if d.RealTime {
		_, err := starter.Start(ctx, d.Name, 0, now.Truncate(time.Second), now)
		return err
	}
	k := report.DatedKey(d.Name, report.Zone(0).Today(now)-1-ago)
	_, err := starter.Run(ctx, k, 0, now)
	if fault.CodeOf(err) == "report-failed" {
		return nil
	}
	return err
}

// settle ends a soak: what failed is retried as a person would, the report that reads
// the warehouse is fetched anew, and the base comes in step.
func (p *play) settle(ctx context.Context) (err error) {
	if p.started.IsZero() {
		return nil
	}
	o := p.opening()
	defer func() { err = errors.Join(err, o.Close()) }()
	starter, err := wing.Starter(ctx, o)
	if err != nil {
		return err
	}
	if err := p.wait(ctx, io.Discard); err != nil {
		return err
	}
	list, err := p.tables.Reports(ctx, store.Filter{Limit: 10_000})
	if err != nil {
		return err
	}
	for _, r := range list {
		if r.State == report.Failed {
			if _, _, err := p.tables.Operate(ctx, r.Key, report.Retry); err != nil {
				return err
			}
		}
		if r.State == report.Failed || r.Type == "returns_by_status" {
			if _, err := starter.Run(ctx, r.Key, r.Zone, time.Now().UTC()); err != nil {
				return fmt.Errorf("starting %s again: %w", r.Key, err)
			}
		}
	}
	return errors.Join(p.wait(ctx, io.Discard), p.roundBase(ctx))
}
