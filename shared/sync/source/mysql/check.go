package mysql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/record"
)

// Check asks the database whether a definition fits, without reading a row: the database
// must accept both queries, rows.sql must give columns for a record and for
// entity.yaml's names, and changed.sql the one column _root. The error names each
// definition file and quotes the database's own message.
func (s *Source) Check(ctx context.Context, d entity.Definition) error {
	return errors.Join(s.checkChanged(ctx, d), s.checkRows(ctx, d), s.checkRoots(ctx, d))
}

// checkChanged checks changed.sql as it is used: as a table of another query.
func (s *Source) checkChanged(ctx context.Context, d entity.Definition) error {
	file := d.Source + "/changed.sql"
	at := time.Unix(0, 0).UTC()
	text, args := d.Changed.Bind(map[string][]any{"from": {at}, "to": {at}})
	columns, err := s.columnsOf(ctx, "SELECT * FROM ("+text+") AS changed LIMIT 0", args)
	if err != nil {
		return broken(err, file)
	}
	if err := checkRootColumns(d, file, columns); err != nil {
		return err
	}
	list := rootList(d)
	return broken(s.explain(ctx, "SELECT DISTINCT "+list+" FROM ("+text+") AS changed ORDER BY "+list, args), file)
}

// checkRootColumns checks that a statement gives the columns of a root and no others, and
// their types.
func checkRootColumns(d entity.Definition, file string, columns []*sql.ColumnType) error {
	want := d.RootColumns()
	if !slices.Equal(names(columns), want) {
		if len(want) == 1 {
			return fmt.Errorf("%s gives the columns %q: want the one column %q, the id of a root", file, names(columns), record.RootColumn)
		}
		return fmt.Errorf("%s gives the columns %q: want %q, the key of a root", file, names(columns), want)
	}
	for i, c := range columns {
		kind := entity.Number
		if d.Keyed() {
			kind = d.Key[i]
		}
		if err := checkRootType(kind, c); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	return nil
}

// checkRootType compares a kind of entity.yaml with a column's type.
func checkRootType(kind entity.Part, c *sql.ColumnType) error {
	name := c.DatabaseTypeName()
	is := entity.Text
	switch {
	case strings.Contains(name, "INT") || name == "YEAR":
		is = entity.Number
	case strings.HasSuffix(name, "BINARY") || strings.HasSuffix(name, "BLOB") || name == "BIT" || name == "GEOMETRY":
		is = entity.Binary
	}
	if is == kind {
		return nil
	}
	if kind == entity.Number {
		return fmt.Errorf("%s is a %s: want an integer, the id of a root; for another key say rootType: %s in entity.yaml", c.Name(), name, is)
	}
	return fmt.Errorf("%s is a %s, and rootType says %s: say %s", c.Name(), name, kind, is)
}

// checkRows checks rows.sql and the names in entity.yaml that refer to its columns.
func (s *Source) checkRows(ctx context.Context, d entity.Definition) error {
	file := d.Source + "/rows.sql"
	text, args := d.Rows.Bind(noKey(d))
	columns, err := s.columnsOf(ctx, "SELECT * FROM ("+text+") AS current_rows LIMIT 0", args)
	if err != nil {
		return broken(err, file)
	}
	if _, err := PlanOf(columns, d); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if d.Keyed() {
		roots := slices.DeleteFunc(slices.Clone(columns), func(c *sql.ColumnType) bool { return !slices.Contains(d.RootColumns(), c.Name()) })
		slices.SortFunc(roots, func(a, b *sql.ColumnType) int { return strings.Compare(a.Name(), b.Name()) })
		if err := checkRootColumns(d, file, roots); err != nil {
			return err
		}
	}
	if err := s.explain(ctx, text, args); err != nil {
		return broken(err, file)
	}
	return checkNames(d, names(columns))
}

// checkNames refuses names in entity.yaml without a column: they would have no effect,
// unnoticed.
func checkNames(d entity.Definition, columns []string) error {
	file := d.Source + "/entity.yaml"
	var problems []error
	if d.Account != "" && !slices.Contains(columns, d.Account) {
		problems = append(problems, fmt.Errorf("%s: account %q is no column of rows.sql, so no search could find a record", file, d.Account))
	}
	for name := range d.Types {
		if !slices.Contains(columns, name) {
			problems = append(problems, fmt.Errorf("%s: types: %q is no column of rows.sql", file, name))
		}
	}
	slices.SortFunc(problems, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(problems...)
}

// columnsOf runs a query that gives no rows and returns its columns.
func (s *Source) columnsOf(ctx context.Context, text string, args []any) ([]*sql.ColumnType, error) {
	rows, err := s.db.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.ColumnTypes()
	return columns, errors.Join(err, rows.Err())
}

// explain has the database plan a query. The plan itself does not matter here.
func (s *Source) explain(ctx context.Context, text string, args []any) error {
	_, err := s.columnsOf(ctx, "EXPLAIN "+text, args)
	return err
}

// names returns the columns' names in order.
func names(columns []*sql.ColumnType) []string {
	list := make([]string, len(columns))
	for i, c := range columns {
		list[i] = c.Name()
	}
	return list
}
