package transfer

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/clock"
	"gitlab.com/eshopbox-team/return-sync/shared/clock/ntp"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/sidetable"
)

// rehearsal is the kind of sides that are tables in the database of the jobs.
const rehearsal = "rehearsal"

// sideConfig says what stands on both sides, for the service and for the functions.
type sideConfig struct {
	Kind string `env:"TRANSFER_SIDES"`
	studioConfig
	onlineConfig
}

// check says what is wrong, in the words behind the setting's name; empty for nothing.
func (c sideConfig) check() string {
	switch c.Kind {
	case rehearsal:
		return ""
	case "":
		return "is missing: systems are a SQL Server and an Odoo; rehearsal keeps both sides in tables of the database of the jobs"
	case systems:
		if list := c.missing(); len(list) > 0 {
			return "= systems wants also " + strings.Join(list, ", ")
		}
		return ""
	}
	return "want systems or rehearsal"
}

// sides are both systems.
type sides struct {
	studio, online transfer.System
	close          func() error
}

// openSides opens both systems. It does not connect.
func openSides(c sideConfig, flows transfer.Flows, t *sideTables) (sides, error) {
	if problem := c.check(); problem != "" {
		return sides{}, fmt.Errorf("the sides: %s", problem)
	}
	if c.Kind == systems {
		return openSystems(c, flows)
	}
	studio, online := sidetable.Open(t.db, t.dialect, transfer.Studio, time.Now), sidetable.Open(t.db, t.dialect, transfer.Online, time.Now)
	return sides{studio: rehearsed{t, studio}, online: rehearsed{t, online}, close: func() error { return nil }}, nil
}

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
