// Package wiretest opens the product for tests over a real, migrated database: its
// queues and scheduler are addresses at which nobody listens.
package wiretest

import (
	"log/slog"
	"maps"
	"net"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwt"
	"github.com/sethvargo/go-envconfig"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/tasks"
	"gitlab.com/eshopbox-team/return-sync/shared/identity/identitytest"
	"gitlab.com/eshopbox-team/return-sync/shared/localdb/localdbtest"
	"gitlab.com/eshopbox-team/return-sync/shared/queue/cloudtasks"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
)

// Secret signs the tokens of tests; it guards nothing.
const Secret = "a-secret-of-this-test-that-guards-nothing"

// Location is where the queues of tests are.
const Location = "projects/p/locations/l"

// Product is the opened product.
type Product struct {
	Env *wire.Env
	DB  *store.DB
	// DSN is that of the source and of our own tables.
	DSN string
}

// Open opens the product with further settings of the environment, WINGS among them,
// where these wings are known.
func Open(t testing.TB, settings map[string]string, known ...wire.Wing) Product {
	t.Helper()
	dsn := localdbtest.New(t)
	env := map[string]string{
		"SOURCE_DSN": dsn, "STATE_DSN": dsn, "TASKS_LOCATION": Location,
		"CLOUD_TASKS_EMULATOR_HOST": "127.0.0.1:1", "CLOUD_SCHEDULER_EMULATOR_HOST": "127.0.0.1:1", "SCHEDULES_URL": "http://127.0.0.1:1/s",
		"WINDOW_URL": "http://127.0.0.1:1/w", "PROCESS_URL": "http://127.0.0.1:1/p", "JWT_SECRET": Secret, "HOST": "127.0.0.1",
	}
	maps.Copy(env, settings)
	e := &wire.Env{Log: slog.New(slog.DiscardHandler), Wings: known, Lookup: envconfig.MapLookuper(env)}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	db, err := e.Store(wire.Databases{SourceDSN: dsn, MaxConnections: 4})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Migrate(t.Context(), wire.WingTables(known)...); err != nil {
		t.Fatal(err)
	}
	return Product{e, db, dsn}
}

// Opening is what a wing opens its parts with.
func (p Product) Opening() wire.Opening { return wire.Opening{Env: p.Env, Pool: p.DB.Pool()} }

// OperatorToken returns a token of ann, who has a role: operator or reader.
func OperatorToken(t testing.TB, role string) string {
	t.Helper()
	return identitytest.Sign(t, Secret, jwt.NewBuilder().Subject("ann").Audience([]string{"return-sync-operators"}).Claim("roles", role).Expiration(time.Now().Add(time.Hour)), nil)
}

// Queues starts an emulator of Cloud Tasks with some queues, and returns its host:port for
// CLOUD_TASKS_EMULATOR_HOST.
func Queues(t testing.TB, names ...string) string {
	t.Helper()
	server := tasks.New(tasks.Options{})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.Serve(l) }() // ends with Close
	t.Cleanup(func() { _ = server.Close() })
	sender, err := cloudtasks.Open(t.Context(), cloudtasks.Config{Parent: Location, Emulator: l.Addr().String()}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = sender.Close() }()
	for _, name := range names {
		if err := sender.EnsureQueue(t.Context(), name, nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	return l.Addr().String()
}
