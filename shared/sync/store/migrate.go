package store

import (
	"context"

	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
)

// Migrate brings the schema up to date and returns what it applied.
func (db *DB) Migrate(ctx context.Context) ([]sqldb.Migration, error) {
	return db.sql.Migrate(ctx, Migrations())
}

// SchemaVersions returns the version that the database has and the one that
// this program knows.
func (db *DB) SchemaVersions(ctx context.Context) (have, want int64, err error) {
	if want, err = Migrations().Newest(); err != nil {
		return 0, 0, err
	}
	err = db.sql.QueryRowContext(ctx, "SELECT COALESCE(MAX(version_id), 0) FROM sync_schema").Scan(&have)
	return have, want, sqldb.Outage(err, "read the schema's version; run: returnsync migrate")
}

// Schema is SchemaVersions for a database that may never have been migrated:
// its version is then 0.
func (db *DB) Schema(ctx context.Context) (have, want int64, err error) {
	have, want, err = db.SchemaVersions(ctx)
	if sqldb.IsNoTable(err) {
		return 0, want, nil
	}
	return have, want, err
}
