package exchange

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

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
var sampleGrains = map[string]int{"acme-rotors": 12_000, "acme-pads": 8_000, "acme-wipers": 500}

// tenant is the account whose returns the demonstration publishes.
const tenant = "amberlane"

// server is one company's server of the demonstration.
type server struct {
	name     string
	id       exchange.ID
	url      string
	tables   *store.Store
	partners *wing.Partners
}

// play is the wing in a stack.
type play struct {
	stack       *rehearsal.Stack
	primary     *server
	secondaries []*server
	closers     []func() error
	reports     []exchange.Report // of the first syncs
	again       []exchange.Report
}

// openPlay starts the primary on the stack's own tables, where returns feed a slice,
// and two secondaries with databases of their own.
func openPlay(ctx context.Context, s *rehearsal.Stack) (_ *rehearsal.Play, err error) {
	p := &play{stack: s}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.close())
		}
	}()
	if p.primary, err = p.start("primary", "abc brakes", s.Store.Pool()); err != nil {
		return nil, err
	}
	for _, name := range []string{"epicor", "whi"} {
		pool, err := p.database(ctx, name)
		if err != nil {
			return nil, err
		}
		one, err := p.start("secondary", name, pool)
		if err != nil {
			return nil, err
		}
		p.secondaries = append(p.secondaries, one)
	}
	return &rehearsal.Play{
		Env: []string{
			"EXCHANGE_ROLE=primary", "EXCHANGE_COMPANY=" + p.primary.id.String(), "EXCHANGE_JWT_SECRET=" + localJWT, "EXCHANGE_KEY_SECRET=" + localKey,
			"EXCHANGE_PUBLISH=acme-returns=returns:" + tenant,
		},
		Begin: p.begin, Run: p.run, Check: p.check, Close: p.close,
		Welcome: func() []string { return []string{"the exchange's primary: " + p.primary.url + "/openapi.json"} },
	}, nil
}

// close ends the servers and their pools, last first.
func (p *play) close() error {
	var problems []error
	for i := len(p.closers) - 1; i >= 0; i-- {
		problems = append(problems, p.closers[i]())
	}
	p.closers = nil
	return errors.Join(problems...)
}

// database makes a secondary's database on the stack's server.
func (p *play) database(ctx context.Context, name string) (*sqldb.DB, error) {
	dsn, err := driver.ParseDSN(p.stack.DSN())
	if err != nil {
		return nil, errors.New("the stack's DSN cannot be read")
	}
	dsn.DBName += "_" + name
	if _, err := p.stack.DB.ExecContext(ctx, "CREATE DATABASE IF NOT EXISTS "+dsn.DBName); err != nil {
		return nil, err
	}
	pool, err := sqldb.Open(sqldb.Settings{DSN: dsn.FormatDSN(), Variable: "DSN", MaxConnections: 4})
	if err != nil {
		return nil, err
	}
	p.closers = append(p.closers, pool.Close)
	db := &sqldb.DB{DB: pool, Log: slog.New(slog.DiscardHandler)}
	_, err = db.Migrate(ctx, syncstore.Migrations(), store.Migrations())
	return db, err
}

// start serves one company's server on loopback.
func (p *play) start(role, name string, pool *sqldb.DB) (*server, error) {
	one := &server{name: name, id: exchange.NewID()}
	parts, partners, err := wing.Open(pool, function.Settings{
		Role: role, Company: one.id.String(), JWTSecret: localJWT, KeySecret: localKey, TokenTTL: 15 * time.Minute, RefreshTTL: time.Hour,
		KeyOverlap: time.Hour, AllowPrivate: true, LockTries: 3, LockWait: time.Second, Lease: 30 * time.Second, AtOnce: 2, Period: time.Hour,
	}, slog.New(slog.DiscardHandler), time.Now, nil)
	if err != nil {
		return nil, err
	}
	handler, err := function.Handler(parts)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	srv := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = srv.Serve(listener) }() // it ends with Close
	p.closers = append(p.closers, srv.Close)
	one.tables, one.partners, one.url = parts.Store, partners, "http://"+listener.Addr().String()
	return one, nil
}

// begin makes companies, keys, slices and subscriptions.
func (p *play) begin(ctx context.Context) error {
	returns := wing.SliceID(p.primary.id, "acme-returns")
	slices := map[string]exchange.ID{"acme-returns": returns}
	if err := p.primary.tables.EnsureSlice(ctx, exchange.Slice{ID: returns, Name: "acme-returns", Type: exchange.DefaultType, AllowSync: true}); err != nil {
		return err
	}
	for name, n := range sampleGrains {
		slices[name] = wing.SliceID(p.primary.id, name)
		if err := p.primary.tables.CreateSlice(ctx, exchange.Slice{ID: slices[name], Name: name, Type: "aces-items", AllowSync: true}); err != nil {
			return err
		}
		if err := p.primary.tables.AddGrains(ctx, slices[name], sample(slices[name], name, n), false); err != nil {
			return err
		}
	}
	for _, s := range p.secondaries {
		if err := p.befriend(ctx, s); err != nil {
			return err
		}
		for name, id := range slices {
			err := p.primary.tables.CreateSubscription(ctx, exchange.Subscription{ID: exchange.NewID(), SliceID: id, CompanyID: s.id, Name: name + " for " + s.name, Active: true})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// befriend makes the primary and a secondary partners.
func (p *play) befriend(ctx context.Context, s *server) error {
	row, key := function.NewKey(s.id)
	return errors.Join(
		p.primary.tables.CreateCompany(ctx, exchange.Company{ID: s.id, Name: s.name, Active: true}),
		p.primary.tables.AddKey(ctx, row, time.Hour),
		s.tables.CreateCompany(ctx, exchange.Company{ID: p.primary.id, Name: p.primary.name, SyncAddr: p.primary.url, Active: true}),
		s.tables.SetSyncKey(ctx, p.primary.id, s.partners.Sealer.Seal(p.primary.id, key)),
	)
}

// sample returns grains of about 300 bytes.
func sample(slice exchange.ID, name string, n int) []exchange.Grain {
	list := make([]exchange.Grain, n)
	for i := range list {
		key := fmt.Sprintf("%s-%06d", name, i)
		payload := fmt.Sprintf(`{"part":%q,"position":%d,"note":"%0240d"}`, key, i%8, i)
		list[i] = exchange.Grain{ID: exchange.GrainID(slice, key, []byte(payload)), Key: key, Source: "sample", Encoding: exchange.EncodingRaw, Payload: payload}
	}
	return list
}

// syncAll syncs every secondary once.
func (p *play) syncAll(ctx context.Context, log io.Writer) ([]exchange.Report, error) {
	var all []exchange.Report
	for _, s := range p.secondaries {
		list, err := s.partners.SyncAll(ctx, false)
		if err != nil {
			return nil, err
		}
		for _, r := range list {
			added := 0
			for _, one := range r.Results {
				added += one.Added
			}
			_, _ = fmt.Fprintf(log, "%s: %d subscriptions, %d grains in %s, %.0f grains/s\n", s.name, len(r.Results), added, r.Duration.Round(time.Millisecond),
				float64(added)/max(r.Duration.Seconds(), 0.001))
		}
		all = append(all, list...)
	}
	return all, nil
}

// run syncs both secondaries, changes some grains on the primary, and syncs again.
func (p *play) run(ctx context.Context, log io.Writer) (err error) {
	if p.reports, err = p.syncAll(ctx, log); err != nil {
		return err
	}
	id := wing.SliceID(p.primary.id, "acme-rotors")
	changed := sample(id, "acme-rotors", 50)
	for i := range changed {
		changed[i].Payload += " "
		changed[i].ID = exchange.GrainID(id, changed[i].Key, []byte(changed[i].Payload))
	}
	if err := p.primary.tables.AddGrains(ctx, id, changed, true); err != nil {
		return err
	}
	p.again, err = p.syncAll(ctx, log)
	return err
}

// figures are the numbers of the summary.
type figures struct {
	Slices          int     `json:"slices"`      // that were compared, on the primary
	Grains          int     `json:"grains"`      // of these
	FromReturns     int     `json:"fromReturns"` // grains of the slice that returns feed
	Copies          int     `json:"copies"`      // slices on the secondaries
	Differences     int     `json:"differences"` // between the sides, re-read
	GrainsPerSecond float64 `json:"grainsPerSecond"`
}

// check reads both sides again, grain by grain, and compares their bytes.
func (p *play) check(ctx context.Context) (any, []string, error) {
	var f figures
	var problems []string
	demand := func(ok bool, format string, args ...any) {
		if !ok {
			problems = append(problems, fmt.Sprintf(format, args...))
		}
	}
	added, seconds := 0, 0.0
	for i, r := range append(append([]exchange.Report{}, p.reports...), p.again...) {
		demand(r.OK(), "a sync failed: %s, %d subscriptions failed", r.Error, r.Failures())
		for _, one := range r.Results {
			if i < len(p.reports) {
				added += one.Added
			} else if one.Outcome == exchange.OutcomeSynced {
				demand(one.Added == 50 && one.Removed == 50, "the second sync of %s changed %d and %d grains, not 50", one.Name, one.Added, one.Removed)
			}
		}
		if i < len(p.reports) {
			seconds += r.Duration.Seconds()
		}
	}
	f.GrainsPerSecond = float64(int(float64(added) / max(seconds, 0.001)))
	slices, err := p.primary.tables.Slices(ctx)
	if err != nil {
		return f, problems, err
	}
	for _, slice := range slices {
		there, err := contents(ctx, p.primary.tables, slice.ID)
		if err != nil {
			return f, problems, err
		}
		f.Slices++
		f.Grains += len(there)
		if slice.Name == "acme-returns" {
			f.FromReturns = len(there)
		}
		for _, s := range p.secondaries {
			here, err := contents(ctx, s.tables, slice.ID)
			if err != nil {
				return f, problems, err
			}
			f.Copies++
			f.Differences += differences(there, here)
		}
	}
	demand(f.Slices >= 4 && f.Grains >= 20_000, "%d slices with %d grains were exchanged; 4 with 20000 are the least", f.Slices, f.Grains)
	demand(f.FromReturns > 0, "no return was published")
	demand(f.Differences == 0, "%d grains differ between the sides", f.Differences)
	own, foreign, err := p.accounts(ctx)
	demand(own && foreign == 0, "the slice of returns lacks returns of %s, or holds %d of others", tenant, foreign)
	return f, problems, err
}

// accounts compares the slice of returns with the source: all items of the account are
// in it, and of other accounts none.
func (p *play) accounts(ctx context.Context) (own bool, foreign int, err error) {
	there, err := contents(ctx, p.primary.tables, wing.SliceID(p.primary.id, "acme-returns"))
	if err != nil {
		return false, 0, err
	}
	mark := `"account":"` + tenant + `"`
	for _, payload := range there {
		if !containsOnce(payload, mark) {
			foreign++
		}
	}
	return len(there) > 0, foreign, nil
}

// containsOnce reports whether a text holds another exactly once.
func containsOnce(text, part string) bool {
	n := 0
	for i := 0; i+len(part) <= len(text); i++ {
		if text[i:i+len(part)] == part {
			n++
		}
	}
	return n == 1
}

// contents reads a slice's grains: everything of a grain by its id.
func contents(ctx context.Context, t *store.Store, slice exchange.ID) (map[exchange.ID]string, error) {
	all := map[exchange.ID]string{}
	var ids []exchange.ID
	for id, err := range t.IDs(ctx, slice, exchange.Whole) {
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	for len(ids) > 0 {
		n := min(len(ids), 500)
		err := t.Read(ctx, slice, ids[:n], func(g exchange.Grain) error {
			all[g.ID] = g.Key + "\x00" + g.Encoding + "\x00" + g.Source + "\x00" + g.Payload
			return nil
		})
		if err != nil {
			return nil, err
		}
		ids = ids[n:]
	}
	return all, nil
}

// differences counts the grains that only one side has, or that differ.
func differences(a, b map[exchange.ID]string) (n int) {
	for id, text := range a {
		if b[id] != text {
			n++
		}
	}
	for id := range b {
		if _, ok := a[id]; !ok {
			n++
		}
	}
	return n
}
