package doctor

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/window"
)

// countAtMost bounds the counts.
const countAtMost = 1000

// The tables that a query reads, and the columns that it compares with a parameter.
var (
	tableForm  = regexp.MustCompile("(?i)\\b(?:FROM|JOIN)\\s+(?:`?(\\w+)`?\\s*\\.\\s*)?`?(\\w+)`?")
	columnForm = regexp.MustCompile("(?i)(?:`([^`]+)`|(\\w+))(?:\\s+AS\\s+\\w+(?:\\s*\\(\\d\\))?)?\\s*\\)*\\s*(?:>=?|\\bBETWEEN\\b)\\s*((?:\\w+\\s*\\(\\s*)*)\\?")
	turnedForm = regexp.MustCompile("(?i)\\?(\\s*\\))*\\s*<=?\\s*((?:\\w+\\s*\\(\\s*)*)(?:\\w+\\.)?(?:`([^`]+)`|(\\w+))")
	// A statement that converts zones knows that its stamps are not in UTC.
	zoneForm = regexp.MustCompile(`(?i)\bCONVERT_TZ\b`)
)

// stamp is a column that changes are found by.
type stamp struct {
	schema, table, column string
	nullable, kept        bool // kept: the database writes it at every update
	plain                 bool // compared with the parameter itself, not with its day or its second
	kind                  string
	digits                int // behind the second
}

// Stamps checks the columns that a definition finds changes by: a row without a stamp is
// never synced, and a row with a stamp in the future is synced late.
func Stamps(ctx context.Context, db *sql.DB, d entity.Definition, now time.Time) []Finding {
	text, _ := d.Changed.Bind(map[string][]any{"from": {now}, "to": {now}})
	stamps, err := readStamps(ctx, db, text)
	if err != nil {
		return blind("the columns of changed.sql", err, "")
	}
	if len(stamps) == 0 {
		return one(Info, d.Source+"/changed.sql: the column that is compared with :from could not be determined", "check yourself that it is set in every row")
	}
	var found []Finding
	for _, s := range stamps {
		f, err := s.look(ctx, db)
		if err != nil {
			return blind("stamps of "+s.table, err, "")
		}
		var local []Finding
		if !zoneForm.MatchString(text) {
			local, err = s.localTime(ctx, db)
		}
		if err != nil {
			return blind("stamps of "+s.table, err, "")
		}
		found = slices.Concat(found, f, s.resolution(d), local)
	}
	ahead, err := lookAhead(ctx, db, d, now)
	if err != nil {
		return blind("stamps in the future", err, "")
	}
	return orOK(append(found, ahead...), "%s: every row has a stamp, and none is ahead of the database's clock", d.Name)
}

// comparedColumns returns what may be columns that a statement compares with its first
// parameter: true if with the parameter itself, false if with its day, its second or such.
func comparedColumns(text string) map[string]bool {
	columns := map[string]bool{}
	for _, m := range columnForm.FindAllStringSubmatch(text, -1) {
		column := cmp.Or(m[1], m[2])
		columns[column] = columns[column] || m[3] == ""
	}
	for _, m := range turnedForm.FindAllStringSubmatch(text, -1) {
		column := cmp.Or(m[3], m[4])
		columns[column] = columns[column] || m[1]+m[2] == ""
	}
	return columns
}

// readStamps returns the stamps of a changed.sql: the columns of its tables that it
// compares with a parameter.
func readStamps(ctx context.Context, db *sql.DB, text string) ([]stamp, error) {
	columns := comparedColumns(text)
	var list []stamp
	for _, m := range tableForm.FindAllStringSubmatch(text, -1) {
		for _, column := range slices.Sorted(maps.Keys(columns)) {
			s := stamp{schema: m[1], table: m[2], column: column, plain: columns[column]}
			err := db.QueryRowContext(ctx, `SELECT table_schema, is_nullable = 'YES', LOWER(extra) LIKE '%on update%', LOWER(data_type), COALESCE(datetime_precision, 6)
				FROM information_schema.columns WHERE table_schema = COALESCE(NULLIF(?, ''), DATABASE()) AND table_name = ? AND column_name = ?`,
				s.schema, s.table, s.column).Scan(&s.schema, &s.nullable, &s.kept, &s.kind, &s.digits)
			if errors.Is(err, sql.ErrNoRows) {
				continue
			}
			if err != nil {
				return nil, err
			}
			if strings.HasSuffix(s.kind, "int") {
				s.digits = 0 // seconds since 1970, or days
			}
			if !slices.Contains(list, s) {
				list = append(list, s)
			}
		}
	}
	return list, nil
}

// look counts the rows of one table without a stamp.
func (s stamp) look(ctx context.Context, db *sql.DB) ([]Finding, error) {
	var found []Finding
	if s.nullable {
		var n int
		err := db.QueryRowContext(ctx, fmt.Sprintf("SELECT COUNT(*) FROM (SELECT 1 FROM `%s`.`%s` WHERE `%s` IS NULL LIMIT %d) AS few",
			s.schema, s.table, s.column, countAtMost)).Scan(&n)
		if err != nil {
			return nil, err
		}
		if n > 0 {
			found = append(found, Finding{
				Severity: Fail, Message: fmt.Sprintf("%s rows of %s have no %s: no window ever finds them", atLeast(n), s.table, s.column),
				Do: fmt.Sprintf("have its owner set it (UPDATE %s SET %s = NOW(6) WHERE %s IS NULL) and make it NOT NULL", s.table, s.column, s.column),
			})
		}
	}
	if !s.kept {
		found = append(found, Finding{
			Severity: Info, Message: fmt.Sprintf("%s.%s is not kept by the database: an update that leaves it unchanged is missed", s.table, s.column),
			Do: fmt.Sprintf("have its owner add ON UPDATE CURRENT_TIMESTAMP(6), or make sure that every writer sets %s", s.column),
		})
	}
	return found, nil
}

// atLeast prints a count that stops at countAtMost.
func atLeast(n int) string {
	if n >= countAtMost {
		return fmt.Sprintf("%d or more", n)
	}
	return fmt.Sprint(n)
}

// Stamps in the future: up to the slack the clocks may differ; up to the zone it may be a
// local time.
const (
	aheadSlack = time.Minute
	aheadZone  = 14*time.Hour + 10*time.Minute
	india      = 5*time.Hour + 30*time.Minute
)

// lookAhead looks for roots with stamps ahead of the database's clock.
func lookAhead(ctx context.Context, db *sql.DB, d entity.Definition, now time.Time) ([]Finding, error) {
	n, err := countAfter(ctx, db, d, now.Add(aheadSlack), countAtMost)
	if err != nil || n == 0 {
		return nil, err
	}
	far, err := countAfter(ctx, db, d, now.Add(aheadZone), 1)
	if err != nil {
		return nil, err
	}
	f := Finding{Severity: Warn, Do: "a change is synced when its stamp has passed, so these are late by that time; have the writer set stamps in UTC (SET time_zone = '+00:00', or let the database stamp)"}
	if far > 0 {
		f.Message = fmt.Sprintf("%s roots of %s carry stamps in the future, some by more than any time zone: a wrong clock or a wrong year", atLeast(n), d.Name)
		return []Finding{f}, nil
	}
	most, err := farthest(ctx, db, d, now)
	if err != nil {
		return nil, err
	}
	f.Message = fmt.Sprintf("%s roots of %s have stamps up to %v ahead of the database's clock", atLeast(n), d.Name, most)
	switch {
	case (most - india).Abs() <= 10*time.Minute:
		f.Message += ": that is India's local time (+05:30) written where UTC belongs"
	case most >= 20*time.Minute:
		f.Message += ": as a local time written where UTC belongs would (India's is 5h30m ahead)"
	}
	return []Finding{f}, nil
}

// farthest returns how far ahead the newest stamp is, to the minute.
func farthest(ctx context.Context, db *sql.DB, d entity.Definition, now time.Time) (time.Duration, error) {
	low, high := aheadSlack, aheadZone // there is a stamp after low, none after high
	for high-low > time.Minute {
		middle := low + (high-low)/2
		n, err := countAfter(ctx, db, d, now.Add(middle), 1)
		if err != nil {
			return 0, err
		}
		if n > 0 {
			low = middle
		} else {
			high = middle
		}
	}
	return high.Round(time.Minute), nil
}

// aheadMost is how far ahead a stamp is looked for: a year that somebody mistyped, and
// still a date that every date function takes.
const aheadMost = 10 * 365 * 24 * time.Hour

// countAfter counts roots that changed.sql finds from a time on, up to most.
func countAfter(ctx context.Context, db *sql.DB, d entity.Definition, from time.Time, most int) (n int, err error) {
	text, args := d.Changed.Bind(map[string][]any{"from": {from}, "to": {from.Add(aheadMost)}})
	err = db.QueryRowContext(ctx, fmt.Sprintf("SELECT COUNT(*) FROM (SELECT DISTINCT %s FROM (%s) AS changed LIMIT %d) AS few", strings.Join(d.RootColumns(), ", "), text, most), args...).Scan(&n)
	return n, err
}

// newest returns up to n roots that changed lately. Its windows grow until they hold enough;
// each is a range of the index.
func newest(ctx context.Context, r Reader, d entity.Definition, now time.Time, n int) ([]uint64, error) {
	for back := time.Hour; ; back *= 6 {
		w := window.Window{From: now.Add(-back), To: now}
		if epoch := time.Unix(0, 0).UTC(); w.From.Before(epoch) { // date functions take no earlier one
			w.From = epoch
		}
		ids, err := r.ChangedIn(ctx, d, w, n)
		if err != nil || len(ids) >= n || back >= 50*365*24*time.Hour {
			return ids, err
		}
	}
}

// rootNames returns how messages name roots: by their keys where they have some.
func rootNames(ctx context.Context, r Reader, d entity.Definition, roots []uint64) (func(uint64) string, error) {
	names, err := r.RootNames(ctx, d, roots)
	return func(root uint64) string {
		if name, ok := names[root]; ok {
			return strconv.Quote(name)
		}
		return strconv.FormatUint(root, 10)
	}, err
}
