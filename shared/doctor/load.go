package doctor

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	driver "github.com/go-sql-driver/mysql"
)

// MySQL's error numbers for a missing privilege, and for a statement that the server does
// not know.
const (
	needsPrivilege = 1227
	syntaxError    = 1064
)

// mysqlError returns the number of a server's error, 0 for another.
func mysqlError(err error) uint16 {
	var my *driver.MySQLError
	if errors.As(err, &my) {
		return my.Number
	}
	return 0
}

// Transactions compares the longest open transaction with the overlap of the windows. A
// row that is committed later than the overlap after its stamp is missed by every window.
func Transactions(ctx context.Context, d Database, overlap time.Duration) []Finding {
	var thread, seconds sql.NullInt64
	err := onOne(ctx, d.SQL, func(conn *sql.Conn) error {
		// trx_started is in the zone of the server's machine.
		if _, err := conn.ExecContext(ctx, "SET time_zone = 'SYSTEM'"); err != nil {
			return err
		}
		err := conn.QueryRowContext(ctx, `SELECT trx_mysql_thread_id, TIMESTAMPDIFF(SECOND, trx_started, NOW())
			FROM information_schema.innodb_trx ORDER BY trx_started LIMIT 1`).Scan(&thread, &seconds)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	})
	if mysqlError(err) == needsPrivilege {
		return one(Info, "open transactions cannot be seen: the account lacks PROCESS", "run doctor as an account with PROCESS, to compare the longest one with the overlap of "+overlap.String())
	}
	if err != nil {
		return blind("open transactions", err, "")
	}
	open := time.Duration(seconds.Int64) * time.Second
	do := fmt.Sprintf("find its client (SHOW PROCESSLIST, id %d) and end it, or raise overlap in entity.yaml above its age", thread.Int64)
	switch {
	case open >= overlap:
		return one(Fail, fmt.Sprintf("a transaction has been open for %v, longer than the overlap of %v: its changes will be missed", open, overlap),
			do+"; then compare: returnsync verify")
	case open >= overlap/2:
		return one(Warn, fmt.Sprintf("a transaction has been open for %v; from %v on, its changes are missed", open, overlap), do)
	}
	return one(OK, fmt.Sprintf("the longest open transaction is %v old; the overlap is %v", open, overlap), "")
}

// The limits for the lag of a replica.
const (
	lagWarn = time.Minute
	lagFail = 15 * time.Minute
)

// Replica checks whether a database is a replica, and its lag. Our own tables cannot be on
// a replica.
func Replica(ctx context.Context, d Database, writes bool) []Finding {
	var readOnly bool
	if err := d.SQL.QueryRowContext(ctx, "SELECT @@global.read_only").Scan(&readOnly); err != nil {
		return blind("whether it is read only", err, "")
	}
	if readOnly && writes {
		return one(Fail, "the server is read only, and our own tables are on it", "point "+d.Setting+" at the primary")
	}
	status, err := table(ctx, d.SQL, "SHOW REPLICA STATUS")
	if mysqlError(err) == syntaxError {
		status, err = table(ctx, d.SQL, "SHOW SLAVE STATUS")
	}
	switch {
	case mysqlError(err) == needsPrivilege:
		return one(Info, "the account cannot see whether this is a replica: it lacks REPLICATION CLIENT (MariaDB: REPLICA MONITOR)", "if it is a replica, grant the privilege to the account that runs doctor")
	case err != nil:
		return blind("replication", err, "")
	case len(status) == 0:
		return one(OK, "no replica", "")
	}
	return judgeReplica(status[0])
}

// judgeReplica judges the row of SHOW REPLICA STATUS; the names of its columns depend on
// the server's version.
func judgeReplica(row map[string]string) []Finding {
	lag, ok := first(row, "Seconds_Behind_Source", "Seconds_Behind_Master")
	seconds, err := strconv.Atoi(lag)
	if !ok || err != nil {
		reason, _ := first(row, "Last_IO_Error", "Last_SQL_Error")
		return one(Fail, strings.TrimSpace("a replica that does not follow its source, so its rows are out of date. "+reason), "start replication (START REPLICA) or point the setting at the primary")
	}
	late := time.Duration(seconds) * time.Second
	message := fmt.Sprintf("a replica, %v behind its source", late)
	const do = "the index is late by the same time; give the replica more resources, or read from the primary"
	switch {
	case late >= lagFail:
		return one(Fail, message, do)
	case late >= lagWarn:
		return one(Warn, message, do)
	}
	return one(OK, message, "")
}

// first returns the first column that has a value.
func first(row map[string]string, names ...string) (string, bool) {
	for _, name := range names {
		if v, ok := row[name]; ok && v != "" {
			return v, true
		}
	}
	return "", false
}

// table returns the rows of a statement by column; NULL is absent.
func table(ctx context.Context, db *sql.DB, query string, args ...any) ([]map[string]string, error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	names, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	var list []map[string]string
	for rows.Next() {
		values, into := make([]sql.NullString, len(names)), make([]any, len(names))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		row := make(map[string]string, len(names))
		for i, v := range values {
			if v.Valid {
				row[names[i]] = v.String
			}
		}
		list = append(list, row)
	}
	return list, rows.Err()
}

// Tables knows the version of our own tables.
type Tables interface {
	// Schema returns the version of the tables and that of the program.
	Schema(ctx context.Context) (have, want int64, err error)
}

// Schema compares the version of our own tables with the program's.
func Schema(ctx context.Context, t Tables) []Finding {
	have, want, err := t.Schema(ctx)
	switch {
	case err != nil:
		return blind("the version of our own tables", err, "")
	case have == 0:
		return one(Fail, "our own tables do not exist yet", "run: returnsync migrate")
	case have < want:
		return one(Fail, fmt.Sprintf("our own tables are at version %d and this program needs %d", have, want), "run: returnsync migrate")
	case have > want:
		return one(Fail, fmt.Sprintf("our own tables are at version %d and this program knows only %d", have, want), "install the newer returnsync")
	}
	return one(OK, fmt.Sprintf("our own tables are at version %d", have), "")
}
