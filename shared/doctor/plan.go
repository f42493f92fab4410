package doctor

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
)

// largeScan is the least number of rows whose full scan is too slow for every window or
// page.
const largeScan = 100_000

// smallScan is the largest number of rows whose full scan is the better plan.
const smallScan = 5_000

// Fits checks a definition against the database.
func Fits(ctx context.Context, d entity.Definition, check func(context.Context, entity.Definition) error) []Finding {
	if err := check(ctx, d); err != nil {
		return one(Fail, err.Error(), "correct the definition, or grant SELECT on its tables; then run: returnsync entities check "+d.Name)
	}
	return one(OK, d.Name+": both queries are valid and permitted", "")
}

// Plans reads the database's plans of a definition's queries and reports full scans of
// tables: changed.sql runs for every window, rows.sql for every page.
func Plans(ctx context.Context, db *sql.DB, d entity.Definition, now time.Time) []Finding {
	changed, args := d.Changed.Bind(map[string][]any{"from": {now.Add(-d.Overlap - 15*time.Minute)}, "to": {now}})
	found, err := scans(ctx, db, query{d.Source + "/changed.sql", "SELECT DISTINCT " + strings.Join(d.RootColumns(), ", ") + " FROM (" + changed + ") AS changed", args})
	if err != nil {
		return blind("the plan of changed.sql", err, "")
	}
	rows, args := d.Rows.Bind(map[string][]any{"ids": d.Samples(1, 10)})
	more, err := scans(ctx, db, query{d.Source + "/rows.sql", rows, args})
	if err != nil {
		return blind("the plan of rows.sql", err, "")
	}
	return orOK(append(found, more...), "%s: both queries find their rows by an index", d.Name)
}

// query is a statement with its file.
type query struct {
	file, text string
	args       []any
}

// scans are the findings about full scans in the plan of a query.
func scans(ctx context.Context, db *sql.DB, q query) ([]Finding, error) {
	plan, err := table(ctx, db, "EXPLAIN FORMAT=TRADITIONAL "+q.text, q.args...)
	if err != nil {
		return nil, err
	}
	var found []Finding
	for _, step := range plan {
		if f, bad := judgeStep(q.file, step); bad {
			found = append(found, f)
		}
	}
	return found, nil
}

// judgeStep judges one row of EXPLAIN. A server scans a small table although an index
// fits, because that is faster; without a fitting index the query becomes slow as the
// table grows.
func judgeStep(file string, step map[string]string) (Finding, bool) {
	name, how := step["table"], strings.ToUpper(step["type"])
	if name == "" || strings.HasPrefix(name, "<") || how != "ALL" && how != "INDEX" {
		return Finding{}, false
	}
	rows, _ := strconv.ParseFloat(step["rows"], 64)
	usable := step["possible_keys"] != ""
	f := Finding{Severity: Warn, Message: fmt.Sprintf("%s reads all of %s (about %.0f rows) each time", file, name, rows)}
	switch {
	case usable && rows <= smallScan:
		return Finding{}, false
	case usable:
		f.Message += ", although there is an index (" + step["possible_keys"] + ")"
		f.Do = "run ANALYZE TABLE on it; if that does not help, check the condition: a function around the column prevents the use of the index"
	default:
		f.Message += ": no index fits its condition"
		f.Do = "create one that begins with the column of the condition (for changed.sql that with :from, such as updated_at)"
	}
	if rows >= largeScan {
		f.Severity = Fail
	}
	return f, true
}
