package mysql

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/record"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/source"
)

// Rows returns the current records of the roots, read in one statement.
func (s *Source) Rows(ctx context.Context, d entity.Definition, ids []uint64) (source.Rows, error) {
	out := source.Rows{Versions: make(map[uint64]uint64, len(ids)), Records: make([]source.Record, 0, 3*len(ids)), Bodies: &source.Bodies{}}
	if len(ids) == 0 {
		return out, nil
	}
	named, err := s.name(ctx, d, ids)
	if err != nil || len(named.values) == 0 {
		return out, err
	}
	if err := s.readRows(ctx, d, named, &out); err != nil {
		return source.Rows{}, err
	}
	return out, named.settleRows(ctx, &out)
}

// readRows reads the rows of named roots. A connection of its own lets it ask for the
// server's warnings.
func (s *Source) readRows(ctx context.Context, d entity.Definition, named *named, out *source.Rows) error {
	text, args := d.Rows.Bind(map[string][]any{"ids": named.values})
	var plan *record.Plan
	nameless := map[uint64]bool{}
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return sqldb.Source(err)
	}
	defer func() { _ = conn.Close() }()
	err = sqldb.EachText(ctx, conn, func(columns []*sql.ColumnType, row [][]byte) (err error) {
		if plan == nil {
			if plan, err = PlanOf(columns, d); err != nil {
				return wrongRow{error: err}
			}
		}
		root, err := named.root(plan, row)
		if err != nil {
			return wrongRow{error: err}
		}
		r := source.Record{Root: root, ID: plan.ID(row)}
		out.Versions[root] += plan.Version(row)
		if r.ID == "" {
			if nameless[root] {
				return nil
			}
			nameless[root], r.ID = true, source.Nameless(root)
		}
		if body, err := plan.Append(out.Bodies.Room(), row); err != nil {
			r.Problem = err.Error()
		} else {
			r.Body = out.Bodies.Keep(body)
		}
		out.Records = append(out.Records, r)
		return nil
	}, text, args...)
	if err == nil {
		out.Warnings, err = warnings(ctx, conn)
	}
	return broken(err, d.Source+"/rows.sql")
}

// Versions returns the present versions of the roots. It runs the same query for the
// version columns alone, which the database merges into a lookup.
func (s *Source) Versions(ctx context.Context, d entity.Definition, ids []uint64) (map[uint64]uint64, error) {
	out := make(map[uint64]uint64, len(ids))
	if len(ids) == 0 {
		return out, nil
	}
	columns, err := s.versionColumns(ctx, d)
	if err != nil {
		return nil, err
	}
	named, err := s.name(ctx, d, ids)
	if err != nil || len(named.values) == 0 {
		return out, err
	}
	text, args := d.Rows.Bind(map[string][]any{"ids": named.values})
	bare := d
	bare.Format = record.Format{} // versions come without the account
	var plan *record.Plan
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return nil, sqldb.Source(err)
	}
	defer func() { _ = conn.Close() }()
	err = sqldb.EachText(ctx, conn, func(types []*sql.ColumnType, row [][]byte) (err error) {
		if plan == nil {
			if plan, err = PlanOf(types, bare); err != nil {
				return wrongRow{error: err}
			}
		}
		root, err := named.root(plan, row)
		if err != nil {
			return wrongRow{error: err}
		}
		out[root] += plan.Version(row)
		return nil
	}, "SELECT "+columns+" FROM ("+text+") AS current_rows", args...)
	if err != nil {
		return nil, broken(err, d.Source+"/rows.sql")
	}
	return out, named.settleVersions(ctx, out)
}

// versionColumns returns the select list of Versions.
func (s *Source) versionColumns(ctx context.Context, d entity.Definition) (string, error) {
	columns, err := s.Columns(ctx, d)
	if err != nil {
		return "", err
	}
	list := append(d.RootColumns(), record.IDField)
	for _, c := range columns {
		if strings.HasPrefix(c.Name(), record.VersionPrefix) {
			list = append(list, "`"+strings.ReplaceAll(c.Name(), "`", "``")+"`")
		}
	}
	return strings.Join(list, ", "), nil
}

// Columns returns the columns of a definition's rows.sql, asked of the database once a
// definition.
func (s *Source) Columns(ctx context.Context, d entity.Definition) ([]*sql.ColumnType, error) {
	if c, ok := s.columns.Load(d.Source); ok {
		return c.([]*sql.ColumnType), nil
	}
	text, args := d.Rows.Bind(noKey(d))
	rows, err := s.db.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, broken(err, d.Source+"/rows.sql")
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.ColumnTypes()
	if err != nil {
		return nil, broken(err, d.Source+"/rows.sql")
	}
	s.columns.Store(d.Source, columns)
	return columns, rows.Err()
}

// PlanOf returns the plan for the columns of a definition's query.
func PlanOf(columns []*sql.ColumnType, d entity.Definition) (*record.Plan, error) {
	list := make([]record.Column, len(columns))
	for i, c := range columns {
		list[i] = record.Column{Name: c.Name(), Kind: d.Types[c.Name()], Type: c.DatabaseTypeName()}
		if list[i].Kind != record.Auto || isControl(c.Name()) {
			continue
		}
		kind, err := record.KindOf(c.DatabaseTypeName())
		if err != nil {
			return nil, fmt.Errorf("column %q: %w", c.Name(), err)
		}
		list[i].Kind = kind
	}
	p, err := record.NewPlan(list, d.Format)
	if err == nil && p.KeyColumns() != len(d.RootColumns()) {
		err = fmt.Errorf("a root has %d columns, and rootType says %d: want %s", p.KeyColumns(), len(d.RootColumns()), strings.Join(d.RootColumns(), ", "))
	}
	return p, err
}

// warnings returns what the server warned of in the last statement of a connection. The
// driver does not count warnings, so the question costs a statement.
func warnings(ctx context.Context, conn *sql.Conn) ([]string, error) {
	return sqldb.Collect(ctx, conn, func(row sqldb.Row) (string, error) {
		var level, message string
		var code int
		err := row.Scan(&level, &code, &message)
		return fmt.Sprintf("%s (%d)", message, code), err
	}, "SHOW WARNINGS LIMIT 3")
}

// isControl reports a column that is not a field, so that its type does not matter.
func isControl(name string) bool {
	return strings.HasPrefix(name, record.RootColumn) || strings.HasPrefix(name, record.VersionPrefix)
}
