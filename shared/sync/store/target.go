package store

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/ledger"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rework"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/target"
)

// Targets is the table of targets.
type Targets struct {
	sql    *sqldb.DB
	firsts sync.Map // see FirstDefinition
}

// targetColumns and scanTarget belong together.
const targetColumns = "id, entity, role, index_name, packed, account_key, id_secret, ledger_key, created_at, live_at"

// scanTarget reads a row of targetColumns.
func scanTarget(row sqldb.Row) (target.Target, error) {
	var t target.Target
	err := row.Scan(&t.ID, &t.Entity, &t.Role, &t.Index, &t.Packed, &t.AccountKey, &t.IDSecret, &t.LedgerKey, &t.CreatedAt, &t.LiveAt)
	return t, err
}

// Targets returns all targets that are or were, oldest first. An entity that was
// never rebuilt has none.
func (db *Targets) Targets(ctx context.Context) ([]target.Target, error) {
	list, err := targetsOf(ctx, db.sql, "ORDER BY id")
	return list, sqldb.Outage(err, "read the targets")
}

// targetsOf reads targets.
func targetsOf(ctx context.Context, q sqldb.Querier, where string, args ...any) ([]target.Target, error) {
	return sqldb.Collect(ctx, q, scanTarget, "SELECT "+targetColumns+" FROM sync_target "+where, args...)
}

// Target returns a target; an unknown one is an error of kind fault.NotFound.
func (db *Targets) Target(ctx context.Context, id int64) (target.Target, error) {
	t, err := scanTarget(db.sql.QueryRowContext(ctx, "SELECT "+targetColumns+" FROM sync_target WHERE id = ?", id))
	if errors.Is(err, sql.ErrNoRows) {
		return t, fault.New(fault.NotFound, "unknown-target", "there is no target %d", id)
	}
	return t, sqldb.Outage(err, "read the target")
}

// NewTarget makes a target for an entity, built from a definition, or returns the
// one that is being built already, with again. The first time it also notes the
// entity's first target.
func (db *Targets) NewTarget(ctx context.Context, d entity.Definition) (t target.Target, again bool, err error) {
	if d.SecretIDs {
		d.Format.IDs = newSecret()
	}
	d.Hasher = ledger.HasherOf(newSecret())
	packed, err := entity.Pack(d)
	if err != nil {
		return t, false, err
	}
	err = db.sql.InTx(ctx, "make the target", func(tx *sql.Tx) error {
		known, err := targetsOf(ctx, tx, "WHERE entity = ?", d.Name)
		if err != nil {
			return err
		}
		// The unique keys let one of many makers win; the others find its rows.
		if len(known) == 0 {
			if err := noteFirst(ctx, tx, d); err != nil {
				return err
			}
		}
		if err := nameFirst(ctx, tx, d, known); err != nil {
			return err
		}
		res, err := tx.ExecContext(ctx, `INSERT INTO sync_target (entity, role, index_name, packed, open_entity) VALUES (?, ?, '', ?, ?)
			ON DUPLICATE KEY UPDATE open_entity = open_entity`, d.Name, target.Building, packed, d.Name)
		if err != nil {
			return err
		}
		list, err := targetsOf(ctx, tx, "WHERE open_entity = ?", d.Name)
		if err != nil || len(list) != 1 {
			return either(err, fault.New(fault.Internal, "no-target", "the target of %s was not made", d.Name))
		}
		t = list[0]
		made, err := res.LastInsertId()
		if again = made != t.ID || t.Index != ""; again || err != nil {
			return err
		}
		t.Index = target.IndexOf(d, t.ID)
		_, err = tx.ExecContext(ctx, "UPDATE sync_target SET index_name = ? WHERE id = ?", t.Index, t.ID)
		return err
	})
	return t, again, err
}

// Promote makes a target the one that searches see, and the one that was live its
// standby. It is refused with code "not-fresh" while the target is behind the
// live one: no search shall see less than before. A target that is live already
// stays so.
func (db *Targets) Promote(ctx context.Context, t target.Target, jobTypes func(target.Target) (string, error)) error {
	return db.sql.InTx(ctx, "promote the target", func(tx *sql.Tx) error {
		list, err := targetsOf(ctx, tx, "WHERE entity = ? ORDER BY id FOR UPDATE", t.Entity)
		if err != nil {
			return err
		}
		var live, now target.Target
		for _, one := range list {
			if one.Role == target.Live {
				live = one
			}
			if one.ID == t.ID {
				now = one
			}
		}
		switch {
		case now.Role == target.Live:
			return nil
		case now.Role != target.Building && now.Role != target.Standby:
			return fault.New(fault.Superseded, "not-ready", "target %s is %s: only one that is built or stands by can become live", t.Name(), now.Role)
		}
		if err := freshEnough(ctx, tx, now, live, jobTypes); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "UPDATE sync_target SET role = ?, live_entity = NULL WHERE id = ?", target.Standby, live.ID); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "UPDATE sync_target SET role = ?, open_entity = NULL, live_entity = entity, live_at = NOW(6) WHERE id = ?", target.Live, now.ID)
		return err
	})
}

// freshEnough compares the watermarks of two targets.
func freshEnough(ctx context.Context, tx *sql.Tx, next, live target.Target, jobTypes func(target.Target) (string, error)) error {
	var marks [2]*time.Time
	for i, t := range []target.Target{next, live} {
		jobType, err := jobTypes(t)
		if err != nil {
			return err
		}
		err = tx.QueryRowContext(ctx, `SELECT date_range_end FROM order_return_algolia_sync WHERE job_type = ?
			ORDER BY created_at DESC, id DESC LIMIT 1`, jobType).Scan(&marks[i])
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
	}
	if marks[0] == nil || marks[1] != nil && marks[0].Before(*marks[1]) {
		return fault.New(fault.Retry, "not-fresh", "target %s is behind the live one: it becomes live after its next sync", next.Name())
	}
	return nil
}

// Drop begins the end of a target: it is fed no more, and its runs and jobs are
// ended. A live one is refused. It may be called again.
func (db *Targets) Drop(ctx context.Context, t target.Target, jobType string) error {
	return db.sql.InTx(ctx, "drop the target", func(tx *sql.Tx) error {
		n, err := sqldb.Affected(ctx, tx, "UPDATE sync_target SET role = ?, open_entity = NULL WHERE id = ? AND role IN (?, ?, ?)",
			target.Dropping, t.ID, target.Building, target.Standby, target.Dropping)
		if err != nil || n != 1 {
			return either(err, fault.New(fault.Superseded, "live-target", "target %s is live or gone: make another live first", t.Name()))
		}
		if _, err := tx.ExecContext(ctx, "UPDATE sync_job SET state = ?, closed_at = NOW(6), note = 'its target was dropped' WHERE entity = ? AND state IN (?, ?)",
			rework.Cancelled, t.Name(), rework.Running, rework.Paused); err != nil {
			return err
		}
		tokens, err := heldBy(ctx, tx, jobType)
		if err != nil {
			return err
		}
		for _, token := range tokens {
			if _, err := interrupt(ctx, tx, token, "the target was dropped"); err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, "UPDATE order_return_algolia_sync SET status = 0, lease_until = NULL WHERE token = ?", token); err != nil {
				return err
			}
		}
		return nil
	})
}

// heldBy returns the tokens of the claims that are held for a job type, or for a
// job's lane beside it.
func heldBy(ctx context.Context, tx *sql.Tx, jobType string) ([]string, error) {
	return sqldb.Collect(ctx, tx, sqldb.Column[string], `SELECT token FROM order_return_algolia_sync
		WHERE status <> 0 AND token IS NOT NULL AND (job_type = ? OR SUBSTRING_INDEX(job_type, '#', 1) = ?) ORDER BY id FOR UPDATE`, jobType, jobType)
}

// Quiet reports whether no page of a target can be pushing any more: none is
// held, and of those that were abandoned no holder's lease is left.
func (db *Targets) Quiet(ctx context.Context, t target.Target) (bool, error) {
	var busy int64
	err := db.sql.QueryRowContext(ctx, `SELECT COUNT(*) FROM sync_page p JOIN sync_run r ON r.id = p.run_id
		WHERE r.entity = ? AND p.state IN (1, 4) AND p.lease_until > NOW(6)`, t.Name()).Scan(&busy)
	return busy == 0, sqldb.Outage(err, "look whether the target is quiet")
}

// Forget removes what is known of a target that is being dropped, in bounded
// steps; done says that nothing is left and the target is dropped. Its runs stay,
// for the record.
func (db *Targets) Forget(ctx context.Context, t target.Target) (done bool, err error) {
	const atOnce = 10_000
	for _, table := range []string{"sync_ledger", "sync_owner", "sync_recheck", "sync_parked"} {
		n, err := sqldb.Affected(ctx, db.sql, "DELETE FROM "+table+" WHERE entity = ? LIMIT ?", t.Name(), atOnce)
		if err != nil || n == atOnce {
			return false, sqldb.Outage(err, "forget the target")
		}
	}
	_, err = db.sql.ExecContext(ctx, "UPDATE sync_target SET role = ? WHERE id = ? AND role = ?", target.Dropped, t.ID, target.Dropping)
	return err == nil, sqldb.Outage(err, "forget the target")
}
