package sample

import (
	"context"
	"database/sql"
	_ "embed"
	"fmt"
	"strings"
)

//go:embed schema.sql
var schema string

// Migrate creates the source tables order_return and order_return_item where
// they are absent. Tables that are there already are left as they are.
func Migrate(ctx context.Context, db *sql.DB) error {
	for statement := range strings.SplitSeq(schema, ";\n") {
		if strings.TrimSpace(statement) == "" {
			continue
		}
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("sample: create the source tables: %w", err)
		}
	}
	return nil
}

// Analyze lets the server count the source tables anew. It does so by itself some
// seconds after a table has grown; until then it takes the table for empty and
// plans to scan it for every page.
func Analyze(ctx context.Context, db *sql.DB) error {
	if _, err := db.ExecContext(ctx, "ANALYZE TABLE order_return, order_return_item"); err != nil {
		return fmt.Errorf("sample: analyze the source tables: %w", err)
	}
	return nil
}
