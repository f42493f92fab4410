package reports

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/rehearsal"
	wing "gitlab.com/eshopbox-team/return-sync/functions/internal/wings/reports"
	"gitlab.com/eshopbox-team/return-sync/shared/clock"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/airtable"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/spapi"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/report"
	"gitlab.com/eshopbox-team/return-sync/shared/report/airtable/base"
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
	bad           atomic.Bool
	count, struck atomic.Int64
}

// ServeHTTP implements http.Handler.
func (f *flaky) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if n := f.count.Add(1); f.bad.Load() && n%8 == 0 {
		f.struck.Add(1)
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

// misbehave switches the faults of all services on or off. Those that cost half a minute
// or an order at Amazon are counted, so that a soak ends.
func (p *play) misbehave(_ context.Context, on bool) error {
	p.vendors.api.bad.Store(on)
	p.bad.Store(on)
	amazon, tables := spapi.Faults{}, airtable.Faults{}
	if on {
		amazon.Rules = []spapi.Fault{
			{Kind: "expiredToken", Probability: 0.1}, {Kind: "expiredURL", Probability: 0.2, Max: 3}, {Kind: "serverError", Probability: 0.05},
			{Kind: "rateLimit", Route: "getReport", Probability: 0.05}, {Kind: "resetApplied", Route: "createReport", Probability: 0.2, Max: 1},
			{Kind: "cancelled", Pattern: "ORDERS", Probability: 0.3, Max: 1}, {Kind: "truncated", Probability: 0.2, Max: 2},
		}
		tables.Rules = []airtable.Fault{
			{Kind: "rateLimit", Probability: 0.02, Max: 2}, {Kind: "serverError", Probability: 0.03}, {Kind: "reset", Probability: 0.02}, {Kind: "resetApplied", Probability: 0.03},
		}
	}
	return errors.Join(p.vendors.amazon.SetFaults(amazon), p.vendors.airtable.SetFaults(tables))
}

// faults counts what struck, by service and kind.
func (p *play) faults() map[string]int {
	all := map[string]int{"api": int(p.vendors.api.struck.Load()), "mongodb.cut": int(p.cuts.Load())}
	for kind, n := range p.vendors.amazon.Stats().Faults {
		all["amazon."+string(kind)] = n
	}
	for kind, n := range p.vendors.airtable.Stats().Faults {
		all["airtable."+string(kind)] = n
	}
	kills := p.stack.Kills()
	for _, step := range flowSteps {
		all["killed."+step] = kills[step]
	}
	maps.DeleteFunc(all, func(_ string, n int) bool { return n == 0 })
	return all
}

// The pace of a soak. Amazon takes 15 orders at once, and one a minute then.
const (
	churnEvery  = 1500 * time.Millisecond
	mostAmazon  = 6
	amazonEvery = 2 * time.Minute // beyond those
	churnDates  = 6
	amazonDates = 3 // Airtable takes 50 rows a second
	cutEvery    = 4 * time.Second
	personEvery = 5 * time.Second
	killEvery   = 8 * time.Second
)

// churner is what changes the wing's sides during a soak.
type churner struct {
	*play
	starter *flow.Starter
	dice    *rand.Rand
	began   time.Time
	orders  int // at Amazon
	last    map[string]time.Time
}

// churn starts reports of all types and dates again and again. Meanwhile people edit the
// SYNC base, MongoDB's connections are cut, and processes are killed.
func (p *play) churn(ctx context.Context) (err error) {
	o := p.opening()
	defer func() { err = errors.Join(err, o.Close()) }()
	starter, err := wing.Starter(ctx, o)
	if err != nil {
		return err
	}
	c := &churner{play: p, starter: starter, dice: rand.New(rand.NewPCG(uint64(p.stack.Options.Seed), 18)), began: time.Now(), last: map[string]time.Time{}}
	for clock.Sleep(ctx, churnEvery) == nil {
		if err := c.turn(ctx); err != nil && ctx.Err() == nil {
			return err
		}
	}
	return nil
}

// turn makes one round of changes.
func (c *churner) turn(ctx context.Context) error {
	if c.bad.Load() && c.vendors.proxy != nil && c.due("cut", cutEvery) {
		c.cuts.Add(int64(c.vendors.proxy.cut()))
	}
	if c.bad.Load() && c.due("kill", killEvery) {
		c.stack.Strike(rehearsal.Blow{Step: flowSteps[c.dice.IntN(len(flowSteps))]})
	}
	if c.due("person", personEvery) {
		if err := c.editByHand(ctx); err != nil {
			return err
		}
	}
	return c.startOne(ctx, time.Now().UTC())
}

// due reports whether something is to be done again.
func (c *churner) due(what string, every time.Duration) bool {
	now := time.Now()
	if now.Sub(c.last[what]) < every {
		return false
	}
	c.last[what] = now
	return true
}

// startOne starts a type's report of some days ago, or a run of a real-time type. One
// that has failed waits for settle.
func (c *churner) startOne(ctx context.Context, now time.Time) error {
	d, dates := c.list[c.dice.IntN(len(c.list))], churnDates
	if d.Source.Kind == "spapi" {
		if c.orders >= mostAmazon+int(now.Sub(c.began)/amazonEvery) {
			return nil
		}
		c.orders++
		dates = amazonDates
	}
	if d.RealTime {
		_, err := c.starter.Start(ctx, d.Name, 0, now.Truncate(time.Second), now)
		return err
	}
	k := report.DatedKey(d.Name, report.Zone(0).Today(now)-1-report.Date(c.dice.IntN(dates)))
	_, err := c.starter.Run(ctx, k, 0, now)
	if fault.CodeOf(err) == "report-failed" {
		return nil
	}
	return err
}

// editByHand is a person at work in the SYNC base: sets a type's Repeat after N days, to
// so many that no report is that old, and retries a report that failed.
func (c *churner) editByHand(ctx context.Context) error {
	name := c.list[c.dice.IntN(len(c.list))].Name
	for _, one := range []struct {
		table, formula string
		fields         map[string]any
	}{
		{base.TypesTable, "{Name}='" + name + "'", map[string]any{repeatField: 300 + c.dice.IntN(60)}},
		{base.ReportsTable, "{Fail}", map[string]any{"Fail": nil, "Last Updated": nil}},
	} {
		records, err := c.airtableRecords(ctx, one.table, one.formula)
		if err != nil || len(records) == 0 {
			continue // the base is out of order just now, for people too
		}
		if _, err := c.vendors.airtable.Edit(airtable.Edit{Base: airtableBase, Table: one.table, Record: records[0].ID, Fields: one.fields}); err != nil {
			return err
		}
	}
	return nil
}

// settle ends a soak: what waits continues at once, what failed is retried as a person
// would, the report that reads the warehouse is fetched anew, and the base comes in step.
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
	if err := p.finish(ctx, starter); err != nil {
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
		if r.State != report.Done || r.Type == "returns_by_status" {
			if _, err := starter.Run(ctx, r.Key, r.Zone, time.Now().UTC()); err != nil {
				return fmt.Errorf("starting %s again: %w", r.Key, err)
			}
		}
	}
	return errors.Join(p.finish(ctx, starter), p.roundBase(ctx))
}

// hastenEvery is how often a soak's end continues the reports that wait. The pauses after
// faults grow to minutes.
const hastenEvery = 5 * time.Second

// finish waits until no report is under way, and continues those that wait.
func (p *play) finish(ctx context.Context, starter *flow.Starter) error {
	waiting, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- p.wait(waiting, io.Discard) }()
	for {
		select {
		case err := <-ended:
			return err
		case <-time.After(hastenEvery):
		}
		list, err := p.tables.Reports(ctx, store.Filter{Limit: 10_000})
		if err != nil {
			return err
		}
		for _, r := range slices.DeleteFunc(list, func(r report.Report) bool { return r.NextAt == nil || r.NextAt.Before(r.Now.Add(hastenEvery)) }) {
			if _, err := starter.Run(ctx, r.Key, r.Zone, time.Now().UTC()); err != nil && fault.CodeOf(err) != "report-failed" {
				return err
			}
		}
	}
}
