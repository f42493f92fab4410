package doctor

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
)

// day is the resolution of a DATE column.
const day = 24 * time.Hour

// resolution reports stamps that are coarser than the windows which find them.
func (s stamp) resolution(d entity.Definition) []Finding {
	column := s.table + "." + s.column
	switch {
	case s.kind == "date" && s.plain && d.Overlap < day:
		return one(Fail, fmt.Sprintf("%s is a DATE, and the overlap of %s is %v: a window that begins within a day does not find what changed on that day", column, d.Name, d.Overlap),
			"set overlap: 25h or more in "+d.Source+"/entity.yaml, or find changes by a column with the time of day")
	case s.unit() != "" && d.TrustVersions:
		return one(Warn, fmt.Sprintf("%s keeps stamps to %s, and %s trusts versions: a second change within that time may be skipped", column, s.unit(), d.Name),
			"make the column DATETIME(6) or TIMESTAMP(6), let another column be the version, or take trustVersions out of "+d.Source+"/entity.yaml")
	case s.unit() != "":
		return one(Info, fmt.Sprintf("%s keeps stamps to %s: a second change within that time is found by the next window, not by the re-read after a push", column, s.unit()), "")
	}
	return nil
}

// unit returns the least time between two stamps that the column tells apart; empty for
// a microsecond.
func (s stamp) unit() string {
	switch {
	case s.kind == "date":
		return "the day"
	case strings.HasSuffix(s.kind, "int"):
		return "the second or the day"
	case s.digits == 0:
		return "the second"
	case s.digits < 6:
		return fmt.Sprintf("%d digits of a second", s.digits)
	}
	return ""
}

// localTime reports stamps that triggers or writers may set in another zone than UTC: a
// DATETIME holds the clock of the session that wrote it.
func (s stamp) localTime(ctx context.Context, db *sql.DB) ([]Finding, error) {
	if s.kind != "datetime" {
		return nil, nil
	}
	var zone string
	var ahead sql.NullInt64
	// Where writers do not set a zone, their sessions have the server's.
	err := db.QueryRowContext(ctx, "SELECT @@global.time_zone, TIMESTAMPDIFF(MINUTE, UTC_TIMESTAMP(), CONVERT_TZ(UTC_TIMESTAMP(), '+00:00', @@global.time_zone))").Scan(&zone, &ahead)
	if err != nil || ahead.Valid && ahead.Int64 == 0 {
		return nil, err
	}
	triggers, err := s.triggers(ctx, db)
	if err != nil {
		return nil, err
	}
	by := "a writer that sets no time zone"
	if len(triggers) > 0 {
		by = "the trigger " + strings.Join(triggers, " and ")
	}
	return one(Warn, fmt.Sprintf("%s.%s is a DATETIME, and the server's time zone is %s: %s stamps it in that zone, and windows are in UTC", s.table, s.column, zone, by),
		"stamp with UTC_TIMESTAMP(6), or convert in changed.sql: CONVERT_TZ(:from, '+00:00', 'the zone')"), nil
}

// triggers returns the triggers that set the stamp, as far as the account may see them.
func (s stamp) triggers(ctx context.Context, db *sql.DB) ([]string, error) {
	rows, err := table(ctx, db, `SELECT trigger_name AS name, action_statement AS text FROM information_schema.triggers
		WHERE event_object_schema = ? AND event_object_table = ?`, s.schema, s.table)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, row := range rows {
		if strings.Contains(strings.ToLower(row["text"]), strings.ToLower("NEW."+s.column)) {
			names = append(names, row["name"])
		}
	}
	return names, nil
}
