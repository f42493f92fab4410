package store

import (
	"context"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
)

// dialect is what the databases write differently.
type dialect struct {
	name sqldb.Dialect
	now  string // the present time, UTC without a zone
	// later is now plus ? microseconds, earlier is now minus them.
	later, earlier string
	// returning is true where an INSERT returns the ids of its rows.
	returning bool
	words     *strings.Replacer // of NOW, LATER and EARLIER in braces
}

// dialects are the databases that the store serves.
var dialects = map[sqldb.Dialect]dialect{
	sqldb.MySQL: worded(dialect{
		name: sqldb.MySQL, now: "NOW(6)", later: "NOW(6) + INTERVAL ? MICROSECOND", earlier: "NOW(6) - INTERVAL ? MICROSECOND",
	}),
	sqldb.PostgreSQL: worded(dialect{
		name: sqldb.PostgreSQL, now: pgNow, later: pgNow + " + CAST(? AS double precision) * INTERVAL '1 microsecond'",
		earlier: pgNow + " - CAST(? AS double precision) * INTERVAL '1 microsecond'", returning: true,
	}),
}

// worded returns a dialect with its replacer, which is made once.
func worded(d dialect) dialect {
	d.words = strings.NewReplacer("{now}", d.now, "{later}", d.later, "{earlier}", d.earlier)
	return d
}

// pgNow goes on within a transaction, as MySQL's NOW does from statement to statement.
const pgNow = "CAST(clock_timestamp() AT TIME ZONE 'UTC' AS timestamp(6))"

// text fills in a statement: NOW, LATER and EARLIER in braces.
func (d dialect) text(query string) string { return d.words.Replace(query) }

// insert runs an INSERT of some rows and returns their ids in order.
func (s tables) insert(ctx context.Context, tx sqldb.Querier, e sqldb.Execer, rows int, query string, args ...any) ([]int64, error) {
	if s.d.returning {
		return sqldb.Collect(ctx, tx, sqldb.Column[int64], sqldb.Rebind(s.d.name, query+" RETURNING job_id"), args...)
	}
	first, err := sqldb.Insert(ctx, e, query, args...)
	ids := make([]int64, rows)
	for i := range ids { // MySQL numbers the rows of one INSERT in order, without gaps
		ids[i] = first + int64(i)
	}
	return ids, err
}
