package store

import (
	"context"
	"crypto/rand"
	"database/sql"

	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/target"
)

// secretSize is the bytes of a secret.
const secretSize = 32

// newSecret returns a secret of one target: for the ids of its records, or for the hashes
// of its ledger.
func newSecret() []byte {
	secret := make([]byte, secretSize)
	_, _ = rand.Read(secret) // never fails
	return secret
}

// noteFirst notes an entity's first target, unless there is a note. Its records are
// written as the definition says. If there are none yet, the target gets secrets: half of
// the records of another would have other ids, and other hashes.
func noteFirst(ctx context.Context, q interface {
	sqldb.Execer
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}, d entity.Definition) error {
	var filled bool
	if err := q.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM sync_ledger WHERE entity = ?)", d.Name).Scan(&filled); err != nil {
		return err
	}
	ids, key := []byte{}, []byte{}
	if !filled {
		key = newSecret()
	}
	if !filled && d.SecretIDs {
		ids = newSecret()
	}
	_, err := q.ExecContext(ctx, `INSERT INTO sync_target (entity, role, index_name, packed, account_key, id_secret, ledger_key, live_entity, live_at)
		VALUES (?, ?, ?, '', ?, ?, ?, ?, NOW(6)) ON DUPLICATE KEY UPDATE live_at = live_at`,
		d.Name, target.Live, d.Index, d.Format.AccountKey, ids, key, d.Name)
	return err
}

// nameFirst notes the index of an entity's first target where a migration left it out, or
// the files name another by now.
func nameFirst(ctx context.Context, e sqldb.Execer, d entity.Definition, known []target.Target) error {
	for _, t := range known {
		if !t.First() || t.Index == d.Index {
			continue
		}
		if _, err := e.ExecContext(ctx, "UPDATE sync_target SET index_name = ? WHERE id = ?", d.Index, t.ID); err != nil {
			return err
		}
	}
	return nil
}

// FirstDefinition returns the definition by which an entity's first target is
// synced; d is the files'.
func (db *Targets) FirstDefinition(ctx context.Context, d entity.Definition) (entity.Definition, error) {
	t, _, err := db.first(ctx, d)
	if err != nil {
		return d, err
	}
	return t.Definition(d)
}

// first returns the first target of a definition's entity, and whether it is noted. A note
// is made before the first record is pushed and says how records are written, which never
// changes, so each is read once a process. That there is none is not remembered: another
// process may make the note.
func (db *Targets) first(ctx context.Context, d entity.Definition) (target.Target, bool, error) {
	if known, ok := db.firsts.Load(d.Name); ok {
		return known.(target.Target), true, nil
	}
	list, err := targetsOf(ctx, db.sql, "WHERE entity = ? AND packed = '' ORDER BY id LIMIT 1", d.Name)
	if err != nil || len(list) == 0 {
		return target.Unnoted(d), false, sqldb.Outage(err, "read the first target")
	}
	db.firsts.Store(d.Name, list[0])
	return list[0], true, nil
}

// FixFirst is FirstDefinition for who pushes its records: an entity without records gets
// the secrets of its first target.
func (db *Targets) FixFirst(ctx context.Context, d entity.Definition) (entity.Definition, error) {
	t, noted, err := db.first(ctx, d)
	if err != nil {
		return d, err
	}
	if noted {
		return t.Definition(d)
	}
	if err := noteFirst(ctx, db.sql, d); err != nil {
		return d, sqldb.Outage(err, "note the first target")
	}
	return db.FirstDefinition(ctx, d)
}
