package store

import (
	"context"
	"crypto/rand"

	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/record"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/target"
)

// secretSize is the bytes of a secret for ids.
const secretSize = 32

// newSecret returns a secret for the ids of one target's records.
func newSecret() record.IDs {
	secret := make(record.IDs, secretSize)
	_, _ = rand.Read(secret) // never fails
	return secret
}

// insertFirst notes an entity's first target, unless there is a note. Its records
// are written as the definition says, with a secret for their ids if it is not empty.
func insertFirst(ctx context.Context, e sqldb.Execer, d entity.Definition, secret record.IDs) error {
	_, err := e.ExecContext(ctx, `INSERT INTO sync_target (entity, role, index_name, packed, account_key, id_secret, live_entity, live_at)
		VALUES (?, ?, ?, '', ?, ?, ?, NOW(6)) ON DUPLICATE KEY UPDATE live_at = live_at`,
		d.Name, target.Live, d.Index, d.Format.AccountKey, []byte(secret), d.Name)
	return err
}

// nameFirst notes the index of an entity's first target where a migration left it out.
func nameFirst(ctx context.Context, e sqldb.Execer, d entity.Definition, known []target.Target) error {
	for _, t := range known {
		if !t.First() || t.Index != "" {
			continue
		}
		if _, err := e.ExecContext(ctx, "UPDATE sync_target SET index_name = ? WHERE id = ?", d.Index, t.ID); err != nil {
			return err
		}
	}
	return nil
}

// FirstDefinition returns the definition by which an entity's first target is
// synced; d is the files'. How its records are written is fixed before the first is
// pushed, so it is read once a process.
func (db *Targets) FirstDefinition(ctx context.Context, d entity.Definition) (entity.Definition, error) {
	if known, ok := db.firsts.Load(d.Name); ok {
		return known.(target.Target).Definition(d)
	}
	list, err := targetsOf(ctx, db.sql, "WHERE entity = ? AND packed = '' ORDER BY id LIMIT 1", d.Name)
	if err != nil {
		return d, sqldb.Outage(err, "read the first target")
	}
	// Without a note it is as the definition says, with ids as rows.sql gives them.
	t := target.Target{AccountKey: d.Format.AccountKey}
	if len(list) > 0 {
		t = list[0]
	}
	db.firsts.Store(d.Name, t)
	return t.Definition(d)
}

// FixFirst is FirstDefinition for who pushes its records: an entity without records
// whose definition wants secret ids gets them.
func (db *Targets) FixFirst(ctx context.Context, d entity.Definition) (entity.Definition, error) {
	fixed, err := db.FirstDefinition(ctx, d)
	if err != nil || !d.SecretIDs || len(fixed.Format.IDs) > 0 {
		return fixed, err
	}
	secret := newSecret()
	var filled bool
	if err = db.sql.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM sync_ledger WHERE entity = ?)", d.Name).Scan(&filled); err == nil {
		if filled { // half of its records would have other ids
			secret = record.IDs{}
		}
		err = insertFirst(ctx, db.sql, d, secret)
	}
	if err != nil {
		return d, sqldb.Outage(err, "note the first target")
	}
	db.firsts.Delete(d.Name)
	return db.FirstDefinition(ctx, d)
}
