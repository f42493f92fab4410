package exchange

import (
	"context"
	"fmt"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/doctor"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange/rest"
)

// checks opens doctor's checks: the settings, the own company, and each partner's server
// or, on a primary, each partner's key.
func checks(ctx context.Context, o wire.Opening) ([]doctor.Check, error) {
	_, partners, err := parts(ctx, o)
	settings := doctor.Check{Name: "exchange settings", Run: func(context.Context) []doctor.Finding {
		if err != nil {
			return []doctor.Finding{{Severity: doctor.Fail, Message: err.Error(), Do: "correct the settings EXCHANGE_…"}}
		}
		return []doctor.Finding{{Severity: doctor.OK, Message: "the role is " + partners.Settings.Role + " and the secrets are set"}}
	}}
	if err != nil {
		return []doctor.Check{settings}, nil
	}
	run := partners.examine
	if partners.Settings.Role == rest.RolePrimary {
		run = partners.examineKeys
	}
	return []doctor.Check{settings, {Name: "exchange partners", Needs: "exchange tables", Run: run}}, nil
}

// apart is how far a partner's clock may be from ours: tokens are valid for minutes.
const apart = 30 * time.Second

// examine logs in at every partner's server: it has to answer, be a primary, be the
// partner's, take our key, and have about our time.
func (p *Partners) examine(ctx context.Context) []doctor.Finding {
	all, err := p.Store.Companies.List(ctx)
	if err != nil {
		return []doctor.Finding{{Severity: doctor.Fail, Message: err.Error()}}
	}
	var found []doctor.Finding
	add := func(severity doctor.Severity, c exchange.Company, problem, do string) {
		found = append(found, doctor.Finding{Severity: severity, Message: c.Name + ": " + problem, Do: do})
	}
	partners := exchange.PartnersOf(p.Company, all)
	for _, c := range partners {
		client, err := p.login(ctx, c)
		if err != nil {
			add(doctor.Fail, c, err.Error(), "check the company's sync_addr and key with: returnsync exchange companies")
			continue
		}
		if off := client.Date.Sub(p.Now()); !client.Date.IsZero() && off.Abs() > apart {
			add(doctor.Warn, c, fmt.Sprintf("the server's clock is %s from ours", off.Round(time.Second)), "set both machines' clocks by NTP")
		}
	}
	if found == nil {
		found = []doctor.Finding{{Severity: doctor.OK, Message: fmt.Sprintf("%d partners: each server answers, is a primary, is the partner's, takes our key and has our time", len(partners))}}
	}
	return found
}

// examineKeys finds partners that cannot log in here.
func (p *Partners) examineKeys(ctx context.Context) []doctor.Finding {
	list, err := p.Store.Standing.Keyless(ctx)
	if err != nil {
		return []doctor.Finding{{Severity: doctor.Fail, Message: err.Error()}}
	}
	var found []doctor.Finding
	for _, name := range list {
		found = append(found, doctor.Finding{
			Severity: doctor.Warn, Message: name + " has subscriptions and no valid key: its server cannot log in",
			Do: "let the company's administrator ask for a key: POST /v1/apikey",
		})
	}
	if found == nil {
		found = []doctor.Finding{{Severity: doctor.OK, Message: "every partner with subscriptions has a valid key"}}
	}
	return found
}
