package binlog

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/go-mysql-org/go-mysql/mysql"
	"github.com/go-mysql-org/go-mysql/replication"

	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/follow"
)

// table is a followed table as information_schema describes it.
type table struct {
	schema, name string // in small letters
	columns      []column
	watches      []watched
}

// column is a column of a table.
type column struct {
	name     string // in small letters
	kind     string // such as bigint
	unsigned bool
}

// watched is a watch on a table: its number, and the name of its column.
type watched struct {
	number int
	column string
}

// wholeKinds are the types whose values can be roots.
var wholeKinds = []string{"tinyint", "smallint", "mediumint", "int", "bigint"}

// columns reads the columns of the watched tables. A watch that fits no column is refused,
// in words.
func (l *Log) columns(ctx context.Context, watches []follow.Watch) (map[string]*table, string, error) {
	tables, problems := map[string]*table{}, []string{}
	for number, w := range watches {
		schema, name, ok := strings.Cut(w.Table, ".")
		if !ok {
			schema, name = l.dsn.DBName, schema
		}
		// The server compares names as its file system does. Rows of a table whose name
		// differs in letters' case alone are hints too many, which cost a sync of their roots.
		key := strings.ToLower(schema + "." + name)
		t := tables[key]
		if t == nil {
			t = &table{schema: strings.ToLower(schema), name: strings.ToLower(name)}
			err := sqldb.Each(ctx, l.pool, func(row sqldb.Row) error {
				var c column
				var full string
				err := row.Scan(&c.name, &c.kind, &full)
				c.unsigned = strings.Contains(full, "unsigned")
				t.columns = append(t.columns, c)
				return err
			}, `SELECT LOWER(COLUMN_NAME), LOWER(DATA_TYPE), LOWER(COLUMN_TYPE) FROM information_schema.COLUMNS
				WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? ORDER BY ORDINAL_POSITION`, schema, name)
			if err != nil {
				return nil, "", sqldb.Outage(err, "read the columns of "+w.Table)
			}
			tables[key] = t
		}
		t.watches = append(t.watches, watched{number, strings.ToLower(w.Column)})
		switch at := t.at(strings.ToLower(w.Column)); {
		case len(t.columns) == 0:
			problems = append(problems, fmt.Sprintf("follow: the table %s is not there, or the account may not read it", w.Table))
		case at < 0:
			problems = append(problems, fmt.Sprintf("follow: %s has no column %s", w.Table, w.Column))
		case !slices.Contains(wholeKinds, t.columns[at].kind):
			problems = append(problems, fmt.Sprintf("follow: %s.%s is a %s; roots are whole numbers", w.Table, w.Column, t.columns[at].kind))
		}
	}
	return tables, strings.Join(problems, "; "), nil
}

// Check says which watches fit no column, nil if all fit.
func (l *Log) Check(ctx context.Context, watches []follow.Watch) error {
	_, refused, err := l.columns(ctx, watches)
	if err == nil && refused != "" {
		err = fmt.Errorf("%s", refused)
	}
	return err
}

// at returns the place of a column, -1 without one.
func (t *table) at(name string) int {
	return slices.IndexFunc(t.columns, func(c column) bool { return c.name == name })
}

// locate returns the place of a column in rows of the log, and whether its values are
// unsigned.
func (t *table) locate(of *replication.TableMapEvent, name string) (at int, unsigned bool, err error) {
	if names := of.ColumnNameString(); len(names) > 0 {
		at = slices.IndexFunc(names, func(s string) bool { return strings.EqualFold(s, name) })
	} else if at = t.at(name); at >= 0 && int(of.ColumnCount) < len(t.columns) {
		return 0, false, fmt.Errorf("the rows have other columns than the table has now")
	}
	if at < 0 || at >= len(of.ColumnType) || !whole(of.ColumnType[at]) {
		return 0, false, fmt.Errorf("the rows have no whole number in column %s", name)
	}
	if signs := of.UnsignedMap(); signs != nil {
		return at, signs[at], nil
	}
	if i := t.at(name); i >= 0 {
		return at, t.columns[i].unsigned, nil
	}
	return 0, false, fmt.Errorf("the table has no column %s", name)
}

// whole reports whether a type of the log is a whole number.
func whole(kind byte) bool {
	switch kind {
	case mysql.MYSQL_TYPE_TINY, mysql.MYSQL_TYPE_SHORT, mysql.MYSQL_TYPE_INT24, mysql.MYSQL_TYPE_LONG, mysql.MYSQL_TYPE_LONGLONG:
		return true
	}
	return false
}

// rootOf returns the root that a value names; false for a negative one. The library gives
// signed values of the column's width.
func rootOf(kind byte, value any, unsigned bool) (uint64, bool) {
	var v int64
	mask := ^uint64(0)
	switch n := value.(type) {
	case int8:
		v, mask = int64(n), 0xff
	case int16:
		v, mask = int64(n), 0xffff
	case int32:
		if v, mask = int64(n), 0xffff_ffff; kind == mysql.MYSQL_TYPE_INT24 {
			mask = 0xff_ffff
		}
	case int64:
		v = n
	default:
		return 0, false
	}
	if unsigned {
		return uint64(v) & mask, true
	}
	return uint64(v), v >= 0
}
