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

// largeScan is from how many rows on a scan is too much for every window or page.
const largeScan = 100_000

// smallScan is up to how many rows a scan is the better plan.
const smallScan = 5_000

// Fits asks whether a definition fits the database, as its own check says.
func Fits(ctx context.Context, d entity.Definition, check func(context.Context, entity.Definition) error) []Finding {
	if err := check(ctx, d); err != nil {
		return one(Fail, err.Error(), "mend the definition, or grant SELECT on the tables that it reads; returnsync entities check "+d.Name)
	}
	return one(OK, d.Name+": both queries are understood and may be read", "")
}

// Plans has the database plan a definition's queries and looks for tables that
// they read from end to end: changed.sql runs for every window, rows.sql for
// every page.
func Plans(ctx context.Context, db *sql.DB, d entity.Definition, now time.Time) []Finding {
	changed, args := d.Changed.Bind(map[string][]any{"from": {now.Add(-d.Overlap - 15*time.Minute)}, "to": {now}})
	found, err := scans(ctx, db, query{d.Source + "/changed.sql", "SELECT DISTINCT _root FROM (" + changed + ") AS changed", args})
	if err != nil {
		return blind("the plan of changed.sql", err, "")
	}
	ids := make([]any, 10)
	for i := range ids {
		ids[i] = i + 1
	}
	rows, args := d.Rows.Bind(map[string][]any{"ids": ids})
	more, err := scans(ctx, db, query{d.Source + "/rows.sql", rows, args})
	if err != nil {
		return blind("the plan of rows.sql", err, "")
	}
	return orOK(append(found, more...), "%s: both queries find their rows by an index", d.Name)
}

// query is a statement and where it was read.
type query struct {
	file, text string
	args       []any
}

// scans are the findings about tables that a query reads from end to end.
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

// judgeStep judges one row of EXPLAIN. A small table is read from end to end
// although it has an index, because that is faster; one without an index for the
// purpose will be slow when it has grown.
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
		f.Do = "run ANALYZE TABLE on it; if that does not help, look at the condition: a function around the column hides the index"
	default:
		f.Message += ": no index fits its condition"
		f.Do = "create one that begins with the column of the condition (for changed.sql that with :from, such as updated_at)"
	}
	if rows >= largeScan {
		f.Severity = Fail
	}
	return f, true
}
