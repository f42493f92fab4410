package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"path"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
)

// List is an ordered list of migrations with a table of its own that notes which are
// applied, so that each wing can bring its schema.
type List struct {
	Files fs.FS  // 00001_name.sql ... at its root; numbers may be left out
	Table string // of versions
}

// Migration is one applied step of a schema.
type Migration struct {
	Version int64
	File    string
}

// migrateLock is the name of the lock that makes migrating processes take turns;
// migrateWait is how long one waits, in seconds.
const (
	migrateLock = "return-sync-migrate"
	migrateWait = 120
)

// Migrate brings the schemas of some lists up to date, one list after the other, and
// returns what it applied. Running it twice, or from two processes at once, is safe.
func (db *DB) Migrate(ctx context.Context, lists ...List) ([]Migration, error) {
	applied := []Migration{}
	for _, l := range lists {
		provider, err := goose.NewProvider(goose.DialectMySQL, db.DB, l.Files, goose.WithSessionLocker(sessionLock{}), goose.WithTableName(l.Table))
		if err != nil {
			return applied, Outage(err, "prepare the migrations")
		}
		if err := db.prepareVersions(ctx, l.Table); err != nil {
			return applied, Outage(err, "prepare the table of migrations")
		}
		results, err := provider.Up(ctx)
		for _, r := range results {
			applied = append(applied, Migration{Version: r.Source.Version, File: r.Source.Path})
		}
		if err != nil {
			return applied, Outage(err, "migrate the schema")
		}
	}
	return applied, nil
}

// Newest returns the version that a list brings a schema to.
func (l List) Newest() (int64, error) {
	files, err := fs.Glob(l.Files, "*.sql") // their names sort by version
	if err != nil || len(files) == 0 {
		return 0, errors.Join(err, fs.ErrNotExist)
	}
	return goose.NumericComponent(path.Base(files[len(files)-1]))
}

// SchemaVersions returns the version of a list's schema in the database and the one
// that the list brings it to.
func (db *DB) SchemaVersions(ctx context.Context, l List) (have, want int64, err error) {
	if want, err = l.Newest(); err != nil {
		return 0, 0, err
	}
	err = db.QueryRowContext(ctx, "SELECT COALESCE(MAX(version_id), 0) FROM "+l.Table).Scan(&have)
	return have, want, Outage(err, "read the schema's version; run: returnsync migrate")
}

// Schema is SchemaVersions for a database that may never have been migrated: its
// version is then 0.
func (db *DB) Schema(ctx context.Context, l List) (have, want int64, err error) {
	have, want, err = db.SchemaVersions(ctx, l)
	if IsNoTable(err) {
		return 0, want, nil
	}
	return have, want, err
}

// prepareVersions makes the table of versions under the lock. The library would make
// it in two steps before it takes the lock; another process that reads it in between,
// or after a crash there, finds a table that it takes for broken.
func (db *DB) prepareVersions(ctx context.Context, table string) (err error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	lock := sessionLock{}
	if err := lock.SessionLock(ctx, conn); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.SessionUnlock(context.WithoutCancel(ctx), conn)) }()
	versions, err := database.NewStore(goose.DialectMySQL, table)
	if err != nil {
		return err
	}
	var tables, rows int
	err = conn.QueryRowContext(ctx, "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?", table).Scan(&tables)
	if err == nil && tables == 0 {
		err = versions.CreateVersionTable(ctx, conn)
	}
	if err == nil {
		err = conn.QueryRowContext(ctx, "SELECT COUNT(*) FROM "+table).Scan(&rows)
	}
	if err == nil && rows == 0 {
		err = versions.Insert(ctx, conn, database.InsertRequest{Version: 0})
	}
	return err
}

// sessionLock is goose's locker by MySQL's named locks, which a connection that dies
// gives back.
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
