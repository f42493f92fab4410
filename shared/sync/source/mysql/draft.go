package mysql

import (
	"context"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
)

// Describe reads the schema of a table, as entity.Draft needs it; an unknown table is an
// error of kind fault.NotFound.
func (s *Source) Describe(ctx context.Context, table string) (entity.DraftTable, error) {
	t := entity.DraftTable{Name: table}
	var err error
	t.Columns, err = sqldb.Collect(ctx, s.db, func(row sqldb.Row) (c entity.DraftColumn, err error) {
		err = row.Scan(&c.Name, &c.Type, &c.Full, &c.Nullable, &c.Key, &c.Kept, &c.JSON)
		return c, err
	}, `SELECT c.column_name, LOWER(c.data_type), LOWER(c.column_type), c.is_nullable = 'YES',
			COALESCE((SELECT k.ordinal_position FROM information_schema.key_column_usage k WHERE k.constraint_name = 'PRIMARY'
				AND k.table_schema = c.table_schema AND k.table_name = c.table_name AND k.column_name = c.column_name), 0),
			LOWER(c.extra) LIKE '%on update%', LOWER(c.data_type) = 'json'
		FROM information_schema.columns c WHERE c.table_schema = DATABASE() AND c.table_name = ? ORDER BY c.ordinal_position`, table)
	if err != nil {
		return t, sqldb.Source(err)
	}
	if len(t.Columns) == 0 {
		return t, fault.New(fault.NotFound, "unknown-table", "the database of SOURCE_DSN has no table %s that its user may read: correct the name, or grant SELECT on it to that user", table)
	}
	s.findJSON(ctx, &t)
	return t, nil
}

// findJSON marks MariaDB's JSON columns, which are texts with a constraint. A view
// answers in another form and has none.
func (s *Source) findJSON(ctx context.Context, t *entity.DraftTable) {
	var name, text string
	if err := s.db.QueryRowContext(ctx, "SHOW CREATE TABLE `"+strings.ReplaceAll(t.Name, "`", "``")+"`").Scan(&name, &text); err != nil {
		return
	}
	for i, c := range t.Columns {
		t.Columns[i].JSON = c.JSON || strings.Contains(strings.ToLower(text), "json_valid(`"+strings.ToLower(c.Name)+"`)")
	}
}
