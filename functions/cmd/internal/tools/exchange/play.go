package exchange

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync/atomic"

	driver "github.com/go-sql-driver/mysql"

	function "gitlab.com/eshopbox-team/return-sync/functions/exchange"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/rehearsal"
	wing "gitlab.com/eshopbox-team/return-sync/functions/internal/wings/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange/store"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	syncstore "gitlab.com/eshopbox-team/return-sync/shared/sync/store"
)

// The secrets of the demonstration; they guard nothing.
const (
	localJWT = "a-secret-of-the-local-exchange-only-"
	localKey = "a-key-secret-of-the-local-exchange--"
)

// sampleGrains is how many grains the slices by hand have; the slice of returns adds
// its own.
var sampleGrains = map[string]int{rotors: 12_000, "acme-pads": 8_000, "acme-wipers": 500}

// The slices that have names of their own: the one that changes, and the one of returns.
const (
	rotors  = "acme-rotors"
	returns = "acme-returns"
)

// tenant is the account whose returns the demonstration publishes.
const tenant = "amberlane"

// play is the wing in a stack. The primary is the stack's own function, which shares its
// tables with sync, so that returns feed a slice; each secondary is a further process of
// the same function, with a database of its own.
type play struct {
	stack       *rehearsal.Stack
	line        *line // between the secondaries and the primary
	sealer      *exchange.Sealer
	primary     *server
	secondaries []*server
	slices      map[string]exchange.ID // by name
	grains      map[string]int         // of the slices by hand
	closers     []func() error
	first       []exchange.Report // of the first syncs
	problems    []string          // that the run found
	soaked      atomic.Bool
	soak        soakFigures
}

// newPlay returns the wing's part of a stack, with slices of so many grains.
func newPlay(s *rehearsal.Stack, grains map[string]int) (*play, error) {
	sealer, err := exchange.NewSealer(localKey)
	if err != nil {
		return nil, err
	}
	p := &play{stack: s, sealer: sealer, grains: grains}
	p.primary = &server{name: "abc brakes", id: exchange.NewID(), url: s.URL(function.Name), tables: store.New(s.Store.Pool())}
	if p.line, err = openLine(p.primary.url); err != nil {
		return nil, err
	}
	p.closers = append(p.closers, p.line.close)
	return p, nil
}

// openPlay opens the wing's part of a stack.
func openPlay(_ context.Context, s *rehearsal.Stack) (*rehearsal.Play, error) {
	p, err := newPlay(s, sampleGrains)
	if err != nil {
		return nil, err
	}
	return p.registered(), nil
}

// registered returns the play as a stack plays it.
func (p *play) registered() *rehearsal.Play {
	return &rehearsal.Play{
		Env:   append(p.env("primary", p.primary.id), "EXCHANGE_PUBLISH="+returns+"=returns:"+tenant),
		Begin: p.begin, Run: p.run, Check: p.check, Misbehave: p.misbehave, Churn: p.churn, Settle: p.settle, Close: p.close,
		Welcome: func() []string { return []string{"the exchange's primary: " + p.primary.url + "/openapi.json"} },
	}
}

// env returns the environment of a company's server.
func (p *play) env(role string, company exchange.ID) []string {
	env := []string{
		"EXCHANGE_ROLE=" + role, "EXCHANGE_COMPANY=" + company.String(), "EXCHANGE_JWT_SECRET=" + localJWT, "EXCHANGE_KEY_SECRET=" + localKey,
		"EXCHANGE_ALLOW_PRIVATE=true", "EXCHANGE_LOCK_WAIT=1s",
	}
	if p.stack.Options.Steps { // so short that a death shows
		env = append(env, "EXCHANGE_LEASE=3s", "EXCHANGE_LOCK_WAIT=200ms")
	}
	return env
}

// close ends the line and the pools, last first.
func (p *play) close() error {
	var problems []error
	for _, end := range slices.Backward(p.closers) {
		problems = append(problems, end())
	}
	p.closers = nil
	return errors.Join(problems...)
}

// database makes a secondary's database on the stack's server.
func (p *play) database(ctx context.Context, name string) (*sqldb.DB, string, error) {
	dsn, err := driver.ParseDSN(p.stack.DSN())
	if err != nil {
		return nil, "", errors.New("the stack's DSN cannot be read")
	}
	dsn.DBName += "_" + name
	if _, err := p.stack.DB.ExecContext(ctx, "CREATE DATABASE IF NOT EXISTS "+dsn.DBName); err != nil {
		return nil, "", err
	}
	pool, err := sqldb.Open(sqldb.Settings{DSN: dsn.FormatDSN(), Variable: "DSN", MaxConnections: 4})
	if err != nil {
		return nil, "", err
	}
	p.closers = append(p.closers, pool.Close)
	db := &sqldb.DB{DB: pool, Log: slog.New(slog.DiscardHandler)}
	_, err = db.Migrate(ctx, syncstore.Migrations(), store.Migrations())
	return db, dsn.FormatDSN(), err
}

// begin starts the secondaries and makes companies, keys, slices and subscriptions.
func (p *play) begin(ctx context.Context) error {
	p.slices = map[string]exchange.ID{returns: wing.SliceID(p.primary.id, returns)}
	if err := p.primary.tables.Slices.EnsureSlice(ctx, exchange.Slice{ID: p.slices[returns], Name: returns, Type: exchange.DefaultType, AllowSync: true}); err != nil {
		return err
	}
	for name, n := range p.grains {
		p.slices[name] = wing.SliceID(p.primary.id, name)
		if err := p.primary.tables.Slices.CreateSlice(ctx, exchange.Slice{ID: p.slices[name], Name: name, Type: "aces-items", AllowSync: true}); err != nil {
			return err
		}
		if err := p.primary.tables.Grains.AddGrains(ctx, p.slices[name], invented(p.slices[name], name, n), false); err != nil {
			return err
		}
	}
	for _, name := range []string{"epicor", "whi"} {
		if err := p.join(ctx, name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// join starts a secondary that subscribes to every slice.
func (p *play) join(ctx context.Context, name string) error {
	db, dsn, err := p.database(ctx, name)
	if err != nil {
		return err
	}
	s := &server{name: name, id: exchange.NewID(), tables: store.New(db)}
	if err := p.befriend(ctx, s); err != nil {
		return err
	}
	for _, slice := range slices.Sorted(maps.Keys(p.slices)) {
		err := p.primary.tables.Subscriptions.CreateSubscription(ctx, exchange.Subscription{
			ID: exchange.NewID(), SliceID: p.slices[slice], CompanyID: s.id, Name: slice + " for " + s.name, Active: true,
		})
		if err != nil {
			return err
		}
	}
	s.url, err = rehearsal.Further(ctx, p.stack, function.Name+"-"+name, function.Name, append(p.env("secondary", s.id), "STATE_DSN="+dsn))
	p.secondaries = append(p.secondaries, s)
	return err
}

// befriend makes the primary and a secondary partners.
func (p *play) befriend(ctx context.Context, s *server) error {
	row, key := function.NewKey(s.id)
	hash, err := function.HashPassword(adminPassword)
	if err != nil {
		return err
	}
	err = errors.Join(
		p.primary.tables.Companies.CreateCompany(ctx, exchange.Company{ID: s.id, Name: s.name, Active: true}),
		p.primary.tables.Keys.AddKey(ctx, row, 0),
		s.tables.Companies.CreateCompany(ctx, exchange.Company{ID: s.id, Name: s.name, Active: true}),
		s.tables.Companies.CreateCompany(ctx, exchange.Company{ID: p.primary.id, Name: p.primary.name, SyncAddr: p.line.url, Active: true}),
		s.tables.Companies.SetSyncKey(ctx, p.primary.id, p.sealer.Seal(p.primary.id, key)),
	)
	if err == nil {
		_, err = s.tables.Users.CreateUser(ctx, store.User{Username: adminName, Password: hash, Active: true, Role: 110, CompanyID: s.id})
	}
	return err
}

// invented returns grains of about 300 bytes.
func invented(slice exchange.ID, name string, n int) []exchange.Grain {
	list := make([]exchange.Grain, n)
	for i := range list {
		list[i] = grain(slice, name, i, "")
	}
	return list
}

// grain returns one grain of a sample. Another note is other content, and so another grain.
func grain(slice exchange.ID, name string, i int, note string) exchange.Grain {
	key := fmt.Sprintf("%s-%06d", name, i)
	payload := fmt.Sprintf(`{"part":%q,"position":%d,"note":"%0240d%s"}`, key, i%8, i, note)
	return exchange.Grain{ID: exchange.GrainID(slice, key, []byte(payload)), Key: key, Source: "sample", Encoding: exchange.EncodingRaw, Payload: payload}
}

// changes is how many grains the run changes between its two syncs.
const changes = 50

// run syncs both secondaries, changes some grains on the primary, and syncs again.
func (p *play) run(ctx context.Context, log io.Writer) (err error) {
	if p.first, err = p.syncAll(ctx, log); err != nil {
		return err
	}
	changed := make([]exchange.Grain, changes)
	for i := range changed {
		changed[i] = grain(p.slices[rotors], rotors, i, "changed")
	}
	if err := p.primary.tables.Grains.AddGrains(ctx, p.slices[rotors], changed, true); err != nil {
		return err
	}
	again, err := p.syncAll(ctx, log)
	for _, r := range again {
		for _, one := range r.Results {
			if strings.HasPrefix(one.Name, rotors) && (one.Added != changes || one.Removed != changes) {
				p.problems = append(p.problems, fmt.Sprintf("the second sync of %s changed %d and %d grains, not %d", one.Name, one.Added, one.Removed, changes))
			}
		}
	}
	return err
}

// syncAll syncs every secondary once.
func (p *play) syncAll(ctx context.Context, log io.Writer) ([]exchange.Report, error) {
	var all []exchange.Report
	for _, s := range p.secondaries {
		r, err := s.sync(ctx, p.primary.id)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
		added := 0
		for _, one := range r.Results {
			added += one.Added
		}
		_, _ = fmt.Fprintf(log, "%s: %d subscriptions, %d grains in %s, %.0f grains/s\n", s.name, len(r.Results), added, r.Duration.Round(1e6), float64(added)/max(r.Duration.Seconds(), 0.001))
		all = append(all, r)
	}
	return all, nil
}
