// Package exchange joins the exchange wing to the product: its function, its
// tables, its schedules, findings and checks. It alone opens the wing's technologies.
package exchange

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	function "gitlab.com/eshopbox-team/return-sync/functions/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/clock"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange/rest"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange/store"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange/websocket"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/httpcall"
	"gitlab.com/eshopbox-team/return-sync/shared/states"
)

// Partners syncs with partners' servers. It implements the function's Syncer.
type Partners struct {
	Store    *store.Store
	Sealer   *exchange.Sealer
	HTTP     *http.Client
	Settings function.Settings
	Company  exchange.ID // ours
	Log      *slog.Logger
	Now      func() time.Time
	Socket   websocket.Config
	Steps    states.Steps
	// Progress, if not nil, is called while grains come, of several partners at once.
	Progress func(exchange.Progress)
}

// The times of a session.
const (
	// longest is how long one sync with a partner may take.
	longest = time.Hour
	// patient is how long an answer of a primary is awaited. Hashing a slice of a million
	// grains is part of one.
	patient = time.Minute
)

// Sync implements the function's Syncer. It refuses a partner that is switched off,
// another sync with the partner, and a server that is no secondary.
func (p *Partners) Sync(ctx context.Context, partner exchange.Company, sub exchange.ID, test bool) (exchange.Report, error) {
	switch {
	case p.Settings.Role != rest.RoleSecondary:
		return exchange.Report{}, fault.New(fault.Forbidden, "wrong-server-role", "resource is not allowed with this server-role")
	case !partner.Active:
		return exchange.Report{}, fault.New(fault.Superseded, "company-inactive", "the company %q is switched off", partner.Name)
	case partner.SyncAddr == "":
		return exchange.Report{}, fault.New(fault.Invalid, "no-address", "the company %q has no sync_addr", partner.Name)
	}
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	req := exchange.Request{Partner: partner, Sub: sub, Test: test}
	if test { // such a run writes nothing, and so can run beside another
		return p.run(ctx, p.Store.Rights.Copies(), req), nil
	}
	copies, err := p.Store.Rights.Hold(ctx, partner.ID, p.Settings.Lease)
	if err != nil {
		return exchange.Report{}, err
	}
	ctx, stop := copies.Renewed(ctx)
	defer stop()
	p.Steps.At("held")
	report := p.run(ctx, copies, req)
	prune(context.WithoutCancel(ctx), p.Store, p.Log)
	p.Steps.At("kept")
	return report, nil
}

// prune removes old activities. A failure is no failure of the sync before it.
func prune(ctx context.Context, tables *store.Store, log *slog.Logger) {
	if err := tables.Activities.Prune(ctx); err != nil {
		log.WarnContext(ctx, "old activities could not be removed; the next sync tries again", "error", err)
	}
}

// run connects and syncs. A connection that fails is the report's error and an
// activity.
func (p *Partners) run(ctx context.Context, copies *store.Copies, req exchange.Request) exchange.Report {
	start := p.Now()
	side := &exchange.Secondary{
		Local: copies, Copy: copies, Journal: p.Store.Activities, Log: p.Log, Now: p.Now, Sleep: clock.Sleep, LockTries: p.Settings.LockTries, LockWait: p.Settings.LockWait,
		Steps: p.Steps, Progress: p.Progress,
	}
	client, err := p.login(ctx, req.Partner)
	if err != nil {
		return side.Unconnected(ctx, req, start, err)
	}
	address, token := client.Session()
	conn, err := websocket.Dial(ctx, p.HTTP, address, token, p.Socket)
	if errors.Is(err, websocket.ErrNoUpgrade) {
		p.Log.InfoContext(ctx, "the primary does not upgrade; the sync goes on by single calls", "partner", req.Partner.Name)
		return side.Sync(ctx, client, req)
	}
	if err != nil {
		return side.Unconnected(ctx, req, start, err)
	}
	peer, err := exchange.Open(ctx, conn, patient)
	if err == nil && peer.Begin.Server != req.Partner.ID {
		err = strange(req.Partner, peer.Begin.Server)
	}
	if err != nil {
		conn.Close(err)
		return side.Unconnected(ctx, req, start, err)
	}
	report := side.Sync(ctx, peer, req)
	if report.Error == "" {
		err = peer.End(ctx)
	} else {
		err = errors.New(report.Error)
	}
	conn.Close(err)
	return report
}

// login logs in at a partner's server and demands that it is the partner's.
func (p *Partners) login(ctx context.Context, partner exchange.Company) (*rest.Client, error) {
	sealed, err := p.Store.Companies.SyncKey(ctx, partner.ID)
	if err != nil {
		return nil, err
	}
	if sealed == nil {
		return nil, fault.New(fault.Misconfigured, "no-key", "the company %q has no sync_api_key: set the key that the partner gave you", partner.Name)
	}
	key, err := p.Sealer.Open(partner.ID, sealed)
	if err != nil {
		return nil, err
	}
	client, err := rest.Open(ctx, partner.SyncAddr, key, rest.Config{HTTP: p.HTTP, Company: p.Company, Retry: httpcall.Policy{
		Attempts: 3, First: 500 * time.Millisecond, Most: 5 * time.Second, Attempt: patient,
	}})
	if err == nil && client.Server.Role != rest.RolePrimary {
		err = fault.New(fault.Invalid, "wrong-server-role", "the server at the company's sync_addr is no primary")
	}
	if err == nil && client.Server.ID != partner.ID {
		err = strange(partner, client.Server.ID)
	}
	return client, err
}

// strange is the error of a server that is not the partner's.
func strange(partner exchange.Company, id exchange.ID) error {
	return fault.New(fault.Invalid, "wrong-server", "the server at the sync_addr of %q is company %s, not %s", partner.Name, id, partner.ID)
}

// SyncAll syncs with all active partners that have an address, several at once.
func (p *Partners) SyncAll(ctx context.Context, test bool) ([]exchange.Report, error) {
	all, err := p.Store.Companies.List(ctx)
	if err != nil {
		return nil, err
	}
	return exchange.EachPartner(ctx, exchange.PartnersOf(p.Company, all), p.Settings.AtOnce, func(ctx context.Context, c exchange.Company) exchange.Report {
		r, err := p.Sync(ctx, c, exchange.First, test)
		if err != nil {
			r = exchange.NewReport(exchange.Request{Partner: c, Test: test})
			r.Error = err.Error()
		}
		return r
	}), nil
}

// Sessions serves a primary's sessions over websockets. It implements the function's
// Session.
type Sessions struct {
	Primary *exchange.Primary
	Store   *store.Store
	Socket  websocket.Config
	Log     *slog.Logger
	Now     func() time.Time

	mu   sync.Mutex
	open map[exchange.ID]int // sessions by company
}

// sessionsACompany is how many sessions a company has at once: one for a sync, and some
// whose end this side has not noticed yet. One company cannot keep the others out.
const sessionsACompany = 4

// enter counts a session, unless the company has too many. leave ends the counting.
func (s *Sessions) enter(company exchange.ID) (leave func(), ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[company] >= sessionsACompany {
		return nil, false
	}
	if s.open == nil {
		s.open = map[exchange.ID]int{}
	}
	s.open[company]++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.open[company]--; s.open[company] == 0 {
			delete(s.open, company)
		}
	}, true
}

// Serve implements the function's Session.
func (s *Sessions) Serve(w http.ResponseWriter, r *http.Request, company exchange.ID) {
	leave, ok := s.enter(company)
	if !ok {
		http.Error(w, `{"error":{"code":"too-many-sessions","message":"the company has too many sessions at once; wait for their end"}}`, http.StatusTooManyRequests)
		return
	}
	defer leave()
	conn, err := websocket.Accept(w, r, s.Socket)
	if err != nil { // the library has answered
		s.Log.WarnContext(r.Context(), "a session could not begin", "company", company, "error", err)
		return
	}
	err = s.Primary.Serve(r.Context(), conn, company, s.Now())
	if err != nil {
		s.Log.WarnContext(r.Context(), "a session broke off", "company", company, "error", err)
	}
	conn.Close(err)
	prune(context.WithoutCancel(r.Context()), s.Store, s.Log)
}
