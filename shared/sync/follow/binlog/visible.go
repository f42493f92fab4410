package binlog

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/clock"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
)

// visibleMaria waits until a consistent snapshot of MariaDB is behind the log's present
// end, and so behind every event that was sent.
func (l *Log) visibleMaria(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, visibleWait)
	defer cancel()
	file, offset, err := l.status(ctx)
	if err != nil {
		return err
	}
	conn, err := l.pool.Conn(ctx)
	if err != nil {
		return sqldb.Outage(err, "wait until a transaction is visible")
	}
	defer func() { _ = conn.Close() }()
	for pause := time.Millisecond; ; pause = min(2*pause, 100*time.Millisecond) {
		seenFile, seen, err := snapshot(ctx, conn)
		if err != nil {
			return sqldb.Outage(err, "wait until a transaction is visible")
		}
		if !behind(seenFile, seen, file, offset) {
			return nil
		}
		if err := clock.Sleep(ctx, pause); err != nil {
			return sqldb.Outage(err, "wait until a transaction is visible")
		}
	}
}

// behind reports whether a place is before another one. The number at a file's end grows
// by one each; a name that has another length has another number of digits.
func behind(file string, offset uint32, of string, at uint32) bool {
	switch {
	case len(file) != len(of):
		return len(file) < len(of)
	case file != of:
		return file < of
	}
	return offset < at
}

// snapshot returns the place in the log of a snapshot that begins now.
func snapshot(ctx context.Context, conn *sql.Conn) (file string, offset uint32, err error) {
	// The level that lets a snapshot be consistent; it is for the next transaction alone.
	if _, err = conn.ExecContext(ctx, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"); err != nil {
		return "", 0, err
	}
	if _, err = conn.ExecContext(ctx, "START TRANSACTION WITH CONSISTENT SNAPSHOT"); err != nil {
		return "", 0, err
	}
	defer func() {
		_, ended := conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
		err = errors.Join(err, ended)
	}()
	err = sqldb.Each(ctx, conn, func(row sqldb.Row) error {
		var name, value string
		if err := row.Scan(&name, &value); err != nil {
			return err
		}
		if name == "Binlog_snapshot_file" {
			file = value
			return nil
		}
		n, err := strconv.ParseUint(value, 10, 32)
		offset = uint32(n)
		return err
	}, "SHOW STATUS WHERE Variable_name IN ('Binlog_snapshot_file', 'Binlog_snapshot_position')")
	return file, offset, err
}
