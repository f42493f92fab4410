package doctor

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Database is a database to examine. The sessions of its pool are in UTC.
type Database struct {
	Name    string // source or state
	Setting string // the setting with its address
	SQL     *sql.DB
	// Refused, if set, turns the error of the first answer into a sentence with the
	// remedy.
	Refused func(error) error
}

// Reach checks whether a database answers, and whether its kind and version are supported.
func Reach(ctx context.Context, d Database) []Finding {
	var version, name string
	if err := d.SQL.QueryRowContext(ctx, "SELECT VERSION(), DATABASE()").Scan(&version, &name); err != nil {
		if d.Refused != nil {
			err = d.Refused(err)
		}
		return one(Fail, err.Error(), "correct "+d.Setting+" or the network to the server; without it nothing works")
	}
	s, message, do := judgeVersion(version)
	return one(s, fmt.Sprintf("%s, database %s%s", version, name, message), do)
}

// The oldest supported versions: every statement is tested on them.
const (
	mariaLeast = 10_011
	mysqlLeast = 8_000
	mysqlAlive = 8_004 // 8.0 gets no more fixes
)

// judgeVersion judges the answer of VERSION().
func judgeVersion(version string) (s Severity, message, do string) {
	number := versionNumber(version)
	maria := strings.Contains(strings.ToLower(version), "maria")
	switch {
	case number == 0:
		return Warn, ": a version that cannot be read", "use MariaDB 10.11 or later, or MySQL 8.0 or later"
	case maria && number < mariaLeast:
		return Warn, ": older than MariaDB 10.11, on which this is tested", "upgrade the server"
	case maria:
		return OK, "", ""
	case number < mysqlLeast:
		return Fail, ": older than MySQL 8.0, and cannot run the statements", "upgrade the server"
	case number < mysqlAlive:
		return Info, ": MySQL 8.0 gets no more fixes from its maker", "plan the upgrade to 8.4"
	}
	return OK, "", ""
}

// versionNumber returns 10011 for 10.11.6-MariaDB, 0 for a text that is no version.
func versionNumber(version string) int {
	parts := strings.FieldsFunc(version, func(r rune) bool { return r < '0' || r > '9' })
	if len(parts) < 2 || version[0] < '0' || version[0] > '9' {
		return 0
	}
	major, err1 := strconv.Atoi(parts[0])
	minor, err2 := strconv.Atoi(parts[1])
	if err1 != nil || err2 != nil || major > 1000 || minor > 999 {
		return 0
	}
	return major*1000 + minor
}

// The limits for the difference of clocks.
const (
	skewWarn = 30 * time.Second
	skewFail = 5 * time.Minute
)

// Clock compares the database's clock with this machine's. Windows use the database's, so
// a difference loses no change; but lateness, tokens and leases are then wrong.
func Clock(ctx context.Context, d Database, now func() time.Time) []Finding {
	var seconds float64
	before := now()
	if err := d.SQL.QueryRowContext(ctx, "SELECT UNIX_TIMESTAMP(NOW(6))").Scan(&seconds); err != nil {
		return blind("the clock", err, "")
	}
	after := now()
	theirs := time.UnixMicro(int64(seconds * 1e6))
	ours := before.Add(after.Sub(before) / 2)
	skew := theirs.Sub(ours).Round(time.Millisecond)
	const do = "synchronise both clocks (NTP); if other databases agree with each other, only this machine's clock is wrong"
	switch away := skew.Abs(); {
	case away > skewFail:
		return one(Fail, fmt.Sprintf("the database's clock is %v off from this machine's", skew), do)
	case away > skewWarn:
		return one(Warn, fmt.Sprintf("the database's clock is %v off from this machine's", skew), do)
	}
	return one(OK, fmt.Sprintf("the database's clock and this machine's differ by %v", skew), "")
}

// Zone checks whether sessions are in UTC: ours, and those of the writers, which have the
// server's zone unless they set their own.
func Zone(ctx context.Context, d Database) []Finding {
	var session, server string
	var ours, theirs int
	err := onOne(ctx, d.SQL, func(conn *sql.Conn) error {
		if err := conn.QueryRowContext(ctx, "SELECT @@session.time_zone, @@global.time_zone, TIMESTAMPDIFF(MINUTE, UTC_TIMESTAMP(), NOW())").Scan(&session, &server, &ours); err != nil {
			return err
		}
		if _, err := conn.ExecContext(ctx, "SET time_zone = @@global.time_zone"); err != nil {
			return err
		}
		return conn.QueryRowContext(ctx, "SELECT TIMESTAMPDIFF(MINUTE, UTC_TIMESTAMP(), NOW())").Scan(&theirs)
	})
	if err != nil {
		return blind("the time zone", err, "")
	}
	if ours != 0 {
		return one(Fail, fmt.Sprintf("our sessions are %v off from UTC (time_zone %s) although they set +00:00", minutes(ours), session),
			"look for a proxy or an init_connect between us and the server that sets time_zone")
	}
	if theirs != 0 {
		return one(Warn, fmt.Sprintf("the server's zone is %s, %v off from UTC: a writer that does not set its session's zone writes DATETIME columns in that zone", server, minutes(theirs)),
			"SET GLOBAL time_zone = '+00:00' (in Cloud SQL the flag default_time_zone), or make sure that every writer sets its session's zone; see the check of stamps")
	}
	return one(OK, "our sessions and the server's are in UTC", "")
}

// minutes prints an offset.
func minutes(n int) time.Duration { return time.Duration(n) * time.Minute }

// onOne runs fn on one connection and restores its time zone afterwards.
func onOne(ctx context.Context, db *sql.DB, fn func(*sql.Conn) error) (err error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	var zone string
	if err := conn.QueryRowContext(ctx, "SELECT @@session.time_zone").Scan(&zone); err != nil {
		return err
	}
	defer func() {
		_, restored := conn.ExecContext(context.WithoutCancel(ctx), "SET time_zone = ?", zone)
		if err == nil {
			err = restored
		}
	}()
	return fn(conn)
}
