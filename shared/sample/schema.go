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
