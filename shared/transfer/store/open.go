package store

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
)

// Address is where a PostgreSQL database is.
type Address struct {
	Host, Name, User, Password string
	Port                       uint16
	Connections                int // at most; 0 means 40
}

// OpenPostgreSQL returns a pool. It does not connect. Sessions are in UTC.
func OpenPostgreSQL(a Address) (*sql.DB, error) {
	config, err := pgx.ParseConfig("")
	if err != nil {
		return nil, errors.New("the environment variables of PostgreSQL (PG...) are wrong: unset them")
	}
	config.Host, config.Port, config.Database, config.User, config.Password = a.Host, a.Port, a.Name, a.User, a.Password
	config.Fallbacks = nil // the environment's, which name another server
	config.RuntimeParams["timezone"] = "UTC"
	pool := stdlib.OpenDB(*config)
	if a.Connections == 0 {
		a.Connections = 40
	}
	pool.SetMaxOpenConns(a.Connections)
	pool.SetMaxIdleConns(a.Connections)
	return pool, nil
}

// migrateLock is the number of the advisory lock that makes migrating processes take
// turns on PostgreSQL.
const migrateLock = 0x7472616e7366 // "transf"

// Migrate brings the tables up to date. From two processes at once it is safe.
func Migrate(ctx context.Context, db *sql.DB, d sqldb.Dialect, log *slog.Logger) error {
	list := Migrations(d)
	if d == sqldb.MySQL {
		_, err := (&sqldb.DB{DB: db, Log: log}).Migrate(ctx, list)
		return err
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return sqldb.Outage(err, "connect for the migrations")
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock($1)", int64(migrateLock)); err != nil {
		return sqldb.Outage(err, "take the lock of migrations")
	}
	defer func() {
		_, _ = conn.ExecContext(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", int64(migrateLock))
	}()
	provider, err := goose.NewProvider(goose.DialectPostgres, db, list.Files, goose.WithTableName(list.Table))
	if err == nil {
		_, err = provider.Up(ctx)
	}
	return sqldb.Outage(err, "migrate the schema")
}
