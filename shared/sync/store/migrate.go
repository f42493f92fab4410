package store

import (
	"context"

	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
)

// Migrate brings the schema up to date, then those of the further lists, and returns
// what it applied.
func (db *DB) Migrate(ctx context.Context, further ...sqldb.List) ([]sqldb.Migration, error) {
	return db.sql.Migrate(ctx, append([]sqldb.List{Migrations()}, further...)...)
}

// SchemaVersions returns the version that the database has and the one that
// this program knows.
func (db *DB) SchemaVersions(ctx context.Context) (have, want int64, err error) {
	return db.sql.SchemaVersions(ctx, Migrations())
}

// Schema is SchemaVersions for a database that may never have been migrated:
// its version is then 0.
func (db *DB) Schema(ctx context.Context) (have, want int64, err error) {
	return db.sql.Schema(ctx, Migrations())
}
