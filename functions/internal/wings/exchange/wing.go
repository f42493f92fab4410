package exchange

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	function "gitlab.com/eshopbox-team/return-sync/functions/exchange"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/doctor"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange/rest"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange/store"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/judge"
	"gitlab.com/eshopbox-team/return-sync/shared/schedule"
)

// Name is the wing's word, and what people write into target_kind.
const Name = "exchange"

// everybody is a schedule's target that means all partners.
const everybody = "all"

// Wing is the exchange wing.
func Wing() wire.Wing {
	return wire.Wing{
		Name: Name, Title: "Exchange", Settings: settings(), Tables: store.Migrations(), Publisher: publisher,
		Functions: []wire.Function{{Name: function.Name, Open: openExchange}},
		Kinds:     kinds, Findings: findings, Checks: checks,
	}
}

// settings are the names of the environment for the command line's file.
func settings() []wire.Setting {
	return []wire.Setting{
		{Name: "EXCHANGE_ROLE", Help: "primary (publishes slices) or secondary (copies them)"},
		{Name: "EXCHANGE_COMPANY", Help: "UUID of the company that owns this server, as partners know it"},
		{Name: "EXCHANGE_JWT_SECRET", Help: "secret that tokens are signed with, 32 bytes or more"},
		{Name: "EXCHANGE_KEY_SECRET", Help: "secret that seals the partners' keys in our table, 32 bytes or more"},
		{Name: "EXCHANGE_TOKEN_TTL", Help: "how long a token is valid"},
		{Name: "EXCHANGE_REFRESH_TTL", Help: "how long a login can be refreshed"},
		{Name: "EXCHANGE_KEY_OVERLAP", Help: "how long an older key of a partner stays valid beside a new one"},
		{Name: "EXCHANGE_ALLOW_PRIVATE", Help: "true: partners may be at loopback, link-local and private addresses"},
		{Name: "EXCHANGE_LOCK_TRIES", Help: "how often a slice is asked for that is being edited"},
		{Name: "EXCHANGE_LOCK_WAIT", Help: "pause between two such attempts"},
		{Name: "EXCHANGE_AT_ONCE", Help: "how many partners are synced at once"},
		{Name: "EXCHANGE_PERIOD", Help: "how old the last good sync with a partner may be"},
		{Name: "EXCHANGE_PUBLISH", Help: "slices that entities feed: NAME=ENTITY:ACCOUNT, with commas between"},
	}
}

// openExchange opens the function.
func openExchange(ctx context.Context, e *wire.Env) (http.Handler, error) {
	o, err := e.Opened(ctx)
	if err != nil {
		return nil, err
	}
	p, _, err := parts(ctx, o)
	if err != nil {
		return nil, err
	}
	return function.Handler(p)
}

// partnerNamed returns the partner that a schedule's target names: a company's id or
// name.
func partnerNamed(ctx context.Context, tables *store.Store, text string) (exchange.Company, error) {
	all, err := tables.Companies(ctx)
	if err != nil {
		return exchange.Company{}, err
	}
	for _, c := range all {
		if c.ID.String() == text || c.Name == strings.ToLower(text) {
			return c, nil
		}
	}
	return exchange.Company{}, fmt.Errorf("there is no company %q: write a company's id or name, or %s", text, everybody)
}

// kinds opens the kind exchange: its target is a partner, or all of them.
func kinds(_ context.Context, o wire.Opening, start bool) (schedule.Kinds, error) {
	tables := store.New(o.Pool)
	kind := schedule.Kind{Name: Name, Check: func(ctx context.Context, target string) error {
		if target == everybody {
			return nil
		}
		_, err := partnerNamed(ctx, tables, target)
		return err
	}}
	if !start {
		return schedule.Kinds{kind}, nil
	}
	// The server is opened by the first start: the schedules function starts other kinds
	// whether or not the wing's secrets are there.
	kind.Start = func(ctx context.Context, s schedule.Spec, _ string) (string, error) {
		_, partners, err := parts(ctx, o)
		if err != nil {
			return "", fault.Wrap(err, fault.Misconfigured, "exchange-settings", "the exchange's settings are not complete")
		}
		if s.Target == everybody {
			reports, err := partners.SyncAll(ctx, false)
			return said(reports), err
		}
		c, err := partnerNamed(ctx, tables, s.Target)
		if err != nil {
			return "", err
		}
		r, err := partners.Sync(ctx, c, exchange.First, false)
		return said([]exchange.Report{r}), err
	}
	return schedule.Kinds{kind}, nil
}

// said says in a sentence what came of syncs.
func said(reports []exchange.Report) string {
	good, subs := 0, 0
	for _, r := range reports {
		if subs += len(r.Results); r.OK() {
			good++
		}
	}
	return fmt.Sprintf("synced with %d of %d partners, %d subscriptions", good, len(reports), subs)
}

// The kinds of the wing's findings.
const (
	overdue judge.Kind = "partner-overdue"
	failing judge.Kind = "partner-failing"
)

// findings opens the reader of partners that were not synced in their period.
func findings(ctx context.Context, o wire.Opening) (func(context.Context) ([]judge.Further, error), error) {
	var c struct {
		Role   string        `env:"EXCHANGE_ROLE"`
		Period time.Duration `env:"EXCHANGE_PERIOD, default=26h"`
	}
	if err := wire.Configure(ctx, o.Lookup, &c); err != nil {
		return nil, err
	}
	tables := store.New(o.Pool)
	return func(ctx context.Context) ([]judge.Further, error) {
		if c.Role == rest.RolePrimary {
			return nil, nil
		}
		list, err := tables.Overdue(ctx, c.Period)
		var found []judge.Further
		for _, p := range list {
			kind, problem := overdue, fmt.Sprintf("no sync with %s succeeded in the last %s", p.Name, judge.Age(c.Period))
			if p.Error != "" {
				kind, problem = failing, fmt.Sprintf("the last sync with %s failed", p.Name)
			}
			found = append(found, judge.Further{
				Finding: judge.Finding{Kind: kind, Entity: p.Name, Problem: problem, Do: "run: returnsync exchange sync --sub " + p.ID.String()},
				Title:   "Exchange with " + p.Name, Text: problem + ".", Subject: p.Activity,
			})
		}
		return found, err
	}, nil
}

// checks opens doctor's checks: the settings, and each partner's server.
func checks(ctx context.Context, o wire.Opening) ([]doctor.Check, error) {
	_, partners, err := parts(ctx, o)
	settings := doctor.Check{Name: "exchange settings", Run: func(context.Context) []doctor.Finding {
		if err != nil {
			return []doctor.Finding{{Severity: doctor.Fail, Message: err.Error(), Do: "correct the settings EXCHANGE_…"}}
		}
		return []doctor.Finding{{Severity: doctor.OK, Message: "role and secrets are set"}}
	}}
	if err != nil || partners.Settings.Role == rest.RolePrimary {
		return []doctor.Check{settings}, nil
	}
	return []doctor.Check{settings, {Name: "exchange partners", Needs: "exchange tables", Run: partners.examine}}, nil
}

// examine logs in at every partner's server.
func (p *Partners) examine(ctx context.Context) []doctor.Finding {
	all, err := p.Store.Companies(ctx)
	if err != nil {
		return []doctor.Finding{{Severity: doctor.Fail, Message: err.Error()}}
	}
	var found []doctor.Finding
	for _, c := range exchange.PartnersOf(p.Company, all) {
		if _, err := p.login(ctx, c); err != nil {
			found = append(found, doctor.Finding{Severity: doctor.Fail, Message: c.Name + ": " + err.Error(), Do: "check the company's sync_addr and key with: returnsync exchange companies"})
		}
	}
	if found == nil {
		found = []doctor.Finding{{Severity: doctor.OK, Message: "every partner's server answers and is the partner's"}}
	}
	return found
}
