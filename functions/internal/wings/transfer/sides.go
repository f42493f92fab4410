package transfer

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/clock"
	"gitlab.com/eshopbox-team/return-sync/shared/clock/ntp"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/odoo"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/sidetable"
)

// The kinds of sides.
const (
	rehearsal = "rehearsal" // both are tables in the database of the jobs
	withOdoo  = "odoo"      // online is an Odoo; studio is a table, since no SQL Server is reached
)

// sideConfig says what stands on both sides, for the service and for the functions.
type sideConfig struct {
	Kind     string `env:"TRANSFER_SIDES"`
	URL      string `env:"TRANSFER_ONLINE_URL"`
	Database string `env:"TRANSFER_ONLINE_DATABASE"`
	User     string `env:"TRANSFER_ONLINE_USER"`
	Password string `env:"TRANSFER_ONLINE_PASSWORD"`
}

// check says what is wrong, in the words behind the setting's name; empty for nothing.
func (c sideConfig) check() string {
	switch c.Kind {
	case rehearsal:
		return ""
	case withOdoo:
		if c.URL == "" || c.Database == "" || c.User == "" || c.Password == "" {
			return "= odoo needs the address, the database, the user and the password of the online side"
		}
		return ""
	case "":
		return "is missing: this build holds no side for SQL Server; odoo reaches Odoo and keeps studio in a table, rehearsal keeps both sides in tables of the database of the jobs"
	}
	return "want rehearsal or odoo"
}

// sides are both systems.
type sides struct{ studio, online transfer.System }

// openSides opens both systems. It does not connect.
func openSides(c sideConfig, flows transfer.Flows, t *sideTables) (sides, error) {
	if problem := c.check(); problem != "" {
		return sides{}, fmt.Errorf("the sides: %s", problem)
	}
	s := sides{studio: rehearsed{t, sidetable.Open(t.db, t.dialect, transfer.Studio, time.Now)}}
	if c.Kind == rehearsal {
		s.online = rehearsed{t, sidetable.Open(t.db, t.dialect, transfer.Online, time.Now)}
		return s, nil
	}
	online, err := openOdoo(c, flows)
	s.online = online
	return s, err
}

// openOdoo opens Odoo. It does not connect.
func openOdoo(c sideConfig, flows transfer.Flows) (*odoo.Side, error) {
	return odoo.Open(odoo.Config{
		URL: c.URL, Database: c.Database, User: c.User, Password: c.Password, Fields: flows.FieldsOn(transfer.Online), Attempts: readAttempts,
		HTTP: &http.Client{Timeout: callTimeout}, Now: time.Now,
	})
}

// CheckOnline logs in to Odoo and asks for the models and fields that the flows name.
func (c Config) CheckOnline(ctx context.Context) error { return checkOnline(ctx, c.Sides, c.Flows) }

// checkOnline logs in to Odoo and asks for the models and fields that flows name.
func checkOnline(ctx context.Context, c sideConfig, flows transfer.Flows) error {
	if c.Kind != withOdoo {
		return errors.New("the online side is a table: there is no Odoo to ask (sides = odoo)")
	}
	side, err := openOdoo(c, flows)
	if err != nil {
		return err
	}
	return side.Check(ctx)
}

// The bounds of calls to Odoo; the worker's own bound is the shorter one.
const (
	readAttempts = 3
	callTimeout  = time.Minute
)

// sideTables is the database of rehearsed sides.
type sideTables struct {
	db      *sql.DB
	dialect sqldb.Dialect
	log     *slog.Logger

	mu   sync.Mutex
	made bool
}

// make makes the tables, once.
func (t *sideTables) make(ctx context.Context) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.made {
		return nil
	}
	err := sidetable.Migrate(ctx, t.db, t.dialect, t.log)
	t.made = err == nil
	return err
}

// rehearsed is a side in a table, which the first call makes.
type rehearsed struct {
	tables *sideTables
	*sidetable.Side
}

// Read implements transfer.System.
func (r rehearsed) Read(ctx context.Context, model string, id int64) (transfer.Record, error) {
	if err := r.tables.make(ctx); err != nil {
		return transfer.Record{}, err
	}
	return r.Side.Read(ctx, model, id)
}

// Find implements transfer.System.
func (r rehearsed) Find(ctx context.Context, model string, foreign int64) (transfer.Record, error) {
	if err := r.tables.make(ctx); err != nil {
		return transfer.Record{}, err
	}
	return r.Side.Find(ctx, model, foreign)
}

// Search implements transfer.System.
func (r rehearsed) Search(ctx context.Context, model string, q transfer.Query) ([]transfer.Record, error) {
	if err := r.tables.make(ctx); err != nil {
		return nil, err
	}
	return r.Side.Search(ctx, model, q)
}

// Write implements transfer.System.
func (r rehearsed) Write(ctx context.Context, w transfer.Write) (transfer.Written, error) {
	if err := r.tables.make(ctx); err != nil {
		return transfer.Written{}, err
	}
	return r.Side.Write(ctx, w)
}

// guardOf returns the guard over this machine's clock. Without servers of time nothing
// is compared.
func guardOf(bound time.Duration, servers []string, log *slog.Logger) *clock.Guard {
	g := &clock.Guard{Bound: bound, Every: clock.DefaultEvery, Recheck: clock.DefaultRecheck, Lock: clock.DefaultLock, Now: time.Now, Log: log}
	for _, address := range servers {
		g.Sources.Times = append(g.Sources.Times, ntp.Server{Address: address})
	}
	return g
}

// owner names this process beside the lease.
func owner(instance string) string {
	host, _ := os.Hostname() // for people; without a name the process number stands alone
	return fmt.Sprintf("%s %s process %d", instance, host, os.Getpid())
}
