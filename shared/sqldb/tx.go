package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// MySQL's error numbers for a lost race of locks.
const (
	lockDeadlock = 1213
	lockTimeout  = 1205
)

// lockTries is how often a transaction that lost a race of locks is tried.
const lockTries = 8

// InTx runs fn in a transaction and repeats it when the database chose it as the
// victim of a deadlock; fn must therefore start from the same values each time.
// what names the transaction in the log and in the error, see Outage.
func (db *DB) InTx(ctx context.Context, what string, fn func(*sql.Tx) error) error {
	for try := 1; ; try++ {
		err := db.tx(ctx, fn)
		if try == lockTries || !numbered(err, lockDeadlock, lockTimeout) {
			return Outage(err, what)
		}
		db.Log.WarnContext(ctx, "a transaction lost a race of locks and is repeated", "what", what, "error", err, "try", try)
		time.Sleep(time.Duration(try) * 5 * time.Millisecond)
	}
}

// tx runs fn in one transaction.
func (db *DB) tx(ctx context.Context, fn func(*sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := fn(tx); err != nil {
		return errors.Join(err, ignoreDone(tx.Rollback()))
	}
	return tx.Commit()
}

// Snapshot runs fn in a transaction that only reads and sees all tables at one
// moment. It takes no locks. what names it in the error, see Outage.
func (db *DB) Snapshot(ctx context.Context, what string, fn func(*sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err == nil {
		err = errors.Join(fn(tx), ignoreDone(tx.Rollback()))
	}
	return Outage(err, what)
}

// ignoreDone drops the error of rolling back what the context has ended.
func ignoreDone(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return nil
	}
	return err
}
