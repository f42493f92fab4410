package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migration is one applied step of the schema.
type Migration struct {
	Version int64
	File    string
}

// migrateLock is the name of the lock that two processes migrating at once take
// turns by; migrateWait is how long one waits, in seconds.
const (
	migrateLock = "return-sync-migrate"
	migrateWait = 120
)

// versionTable is where the applied migrations are noted.
const versionTable = "sync_schema"

// prepareVersions makes the table of migrations under the lock. The library
// would make it in two steps before it takes the lock, and another process that
// looks in between, or after a death there, finds a table that it takes for
// broken.
func (db *DB) prepareVersions(ctx context.Context) (err error) {
	conn, err := db.sql.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	lock := sessionLock{}
	if err := lock.SessionLock(ctx, conn); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.SessionUnlock(context.WithoutCancel(ctx), conn)) }()
	versions, err := database.NewStore(goose.DialectMySQL, versionTable)
	if err != nil {
		return err
	}
	var tables, rows int
	err = conn.QueryRowContext(ctx, "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?", versionTable).Scan(&tables)
	if err == nil && tables == 0 {
		err = versions.CreateVersionTable(ctx, conn)
	}
	if err == nil {
		err = conn.QueryRowContext(ctx, "SELECT COUNT(*) FROM "+versionTable).Scan(&rows)
	}
	if err == nil && rows == 0 {
		err = versions.Insert(ctx, conn, database.InsertRequest{Version: 0})
	}
	return err
}

// Migrate brings the schema up to date and returns what it applied. Running it
// twice, or from two processes at once, is safe.
func (db *DB) Migrate(ctx context.Context) ([]Migration, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	provider, err := goose.NewProvider(goose.DialectMySQL, db.sql, files, goose.WithSessionLocker(sessionLock{}), goose.WithTableName(versionTable))
	if err != nil {
		return nil, outage(err, "prepare the migrations")
	}
	if err := db.prepareVersions(ctx); err != nil {
		return nil, outage(err, "prepare the table of migrations")
	}
	results, err := provider.Up(ctx)
	applied := make([]Migration, 0, len(results))
	for _, r := range results {
		applied = append(applied, Migration{Version: r.Source.Version, File: r.Source.Path})
	}
	return applied, outage(err, "migrate the schema")
}

// SchemaVersions returns the version that the database has and the one that
// this program knows.
func (db *DB) SchemaVersions(ctx context.Context) (have, want int64, err error) {
	entries, err := migrations.ReadDir("migrations")
	if err != nil {
		return 0, 0, err
	}
	// Their names sort by version, and numbers may be left out.
	if want, err = goose.NumericComponent(entries[len(entries)-1].Name()); err != nil {
		return 0, 0, err
	}
	err = db.sql.QueryRowContext(ctx, "SELECT COALESCE(MAX(version_id), 0) FROM sync_schema").Scan(&have)
	return have, want, outage(err, "read the schema's version; run: returnsync migrate")
}

// sessionLock is goose's locker by MySQL's named locks, which a connection that
// dies gives back.
type sessionLock struct{}

// SessionLock waits for the lock.
func (sessionLock) SessionLock(ctx context.Context, conn *sql.Conn) error {
	var got sql.NullInt64
	if err := conn.QueryRowContext(ctx, "SELECT GET_LOCK(?, ?)", migrateLock, migrateWait).Scan(&got); err != nil {
		return err
	}
	if got.Int64 != 1 {
		return fmt.Errorf("another process has been migrating for %d s: wait for it, or end it", migrateWait)
	}
	return nil
}

// SessionUnlock gives the lock back.
func (sessionLock) SessionUnlock(ctx context.Context, conn *sql.Conn) error {
	var released sql.NullInt64
	err := conn.QueryRowContext(ctx, "SELECT RELEASE_LOCK(?)", migrateLock).Scan(&released)
	if err == nil && released.Int64 != 1 {
		err = errors.New("the migration lock was lost while migrating")
	}
	return err
}
