package store

import (
	"context"
	"database/sql"

	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
)

const grainColumns = "id, slice_id, grain_key, source, encoding, LENGTH(payload), payload, created_at"

func scanGrain(row sqldb.Row) (g exchange.Grain, err error) {
	err = row.Scan(&g.ID, &g.SliceID, &g.Key, &g.Source, &g.Encoding, &g.PayloadLen, &g.Payload, &g.CreatedAt)
	return g, err
}

// The bounds of one statement that writes grains, below the server's packet.
const (
	statementBytes = 2 << 20
	statementRows  = 500
)

// inStatements calls fn with successive parts of a list of grains that fit into one
// statement each.
func inStatements(grains []exchange.Grain, fn func([]exchange.Grain) error) error {
	for len(grains) > 0 {
		n, size := 0, 0
		for n < len(grains) && n < statementRows && (n == 0 || size+len(grains[n].Payload) <= statementBytes) {
			size += len(grains[n].Payload)
			n++
		}
		if err := fn(grains[:n]); err != nil {
			return err
		}
		grains = grains[n:]
	}
	return nil
}

// write adds grains to the content or to the staging table.
func write(ctx context.Context, e sqldb.Execer, verb, table string, slice exchange.ID, grains []exchange.Grain) error {
	return inStatements(grains, func(part []exchange.Grain) error {
		tuples, args := sqldb.Values(part, func(g exchange.Grain) []any {
			return []any{bin(slice), bin(g.ID), []byte(g.Key), []byte(g.Source), g.Encoding, []byte(g.Payload), g.CreatedAt.UTC()}
		})
		_, err := e.ExecContext(ctx, verb+" INTO "+table+" (slice_id, id, grain_key, source, encoding, payload, created_at) VALUES "+tuples, args...)
		return err
	})
}

// changed notes that a slice's content changed. It locks the slice's row, so writers
// of one slice take turns.
func changed(ctx context.Context, tx *sql.Tx, slice exchange.ID) error {
	err := sqldb.ExactlyOne(ctx, tx, sql.ErrNoRows, "UPDATE exchange_slice SET version = version + 1, content_date = NOW(6), updated_at = NOW(6) WHERE id = ?", bin(slice))
	return notThere(err, "slice")
}

// AddGrains adds grains to a slice. replace removes those with the same keys;
// otherwise they are an error.
func (s *Grains) AddGrains(ctx context.Context, slice exchange.ID, grains []exchange.Grain, replace bool) error {
	return s.db.InTx(ctx, "add grains", func(tx *sql.Tx) error {
		if err := changed(ctx, tx, slice); err != nil {
			return err
		}
		if replace {
			if err := dropKeys(ctx, tx, slice, grains); err != nil {
				return err
			}
		}
		list, err := dated(ctx, tx, grains)
		if err != nil {
			return err
		}
		return taken(write(ctx, tx, "INSERT", "exchange_grain", slice, list), "the slice has a grain with this id or grain_key")
	})
}

// dropKeys removes the grains that have the keys of others.
func dropKeys(ctx context.Context, tx *sql.Tx, slice exchange.ID, grains []exchange.Grain) error {
	return sqldb.InChunks(grains, func(part []exchange.Grain) error {
		args := []any{bin(slice)}
		for _, g := range part {
			args = append(args, []byte(g.Key))
		}
		_, err := tx.ExecContext(ctx, "DELETE FROM exchange_grain WHERE slice_id = ? AND grain_key IN ("+sqldb.Marks(len(part))+")", args...)
		return err
	})
}

// Read implements exchange.Content.
func (s *Grains) Read(ctx context.Context, slice exchange.ID, ids []exchange.ID, fn func(exchange.Grain) error) error {
	if len(ids) == 0 {
		return nil
	}
	err := sqldb.Each(ctx, s.db, func(row sqldb.Row) error {
		g, err := scanGrain(row)
		if err != nil {
			return err
		}
		return fn(g)
	}, "SELECT "+grainColumns+" FROM exchange_grain WHERE slice_id = ? AND id IN ("+sqldb.Marks(len(ids))+")", bins(ids, bin(slice))...)
	return sqldb.Outage(err, "read grains")
}

// Grain returns a grain of any slice that a company may read; a nil company may read
// all.
func (s *Grains) Grain(ctx context.Context, id exchange.ID, company *exchange.ID) (exchange.Grain, error) {
	query, args := "SELECT "+grainColumns+" FROM exchange_grain WHERE id = ?", []any{bin(id)}
	if company != nil {
		query += " AND slice_id IN (SELECT slice_id FROM exchange_subscription WHERE company_id = ? AND active = 1)"
		args = append(args, bin(*company))
	}
	g, err := scanGrain(s.db.QueryRowContext(ctx, query+" LIMIT 1", args...))
	return g, notThere(err, "grain")
}

// GrainKeyed returns a slice's grain by its key.
func (s *Grains) GrainKeyed(ctx context.Context, slice exchange.ID, key string) (exchange.Grain, error) {
	g, err := scanGrain(s.db.QueryRowContext(ctx, "SELECT "+grainColumns+" FROM exchange_grain WHERE slice_id = ? AND grain_key = ?", bin(slice), []byte(key)))
	return g, notThere(err, "grain")
}

// List returns a page of a slice's grains in the order of their ids. The grains before
// the page are counted by the index without payloads.
func (s *Grains) List(ctx context.Context, slice exchange.ID, offset, limit int, payload bool) ([]exchange.Grain, error) {
	columns := grainColumns
	if !payload {
		columns = "id, slice_id, grain_key, source, encoding, LENGTH(payload), '', created_at"
	}
	list, err := sqldb.Collect(ctx, s.db, scanGrain, "SELECT "+columns+" FROM exchange_grain JOIN (SELECT id AS page_id FROM "+content+` WHERE slice_id = ?
		ORDER BY id LIMIT ? OFFSET ?) page ON id = page_id WHERE slice_id = ? ORDER BY id`, bin(slice), limit, offset, bin(slice))
	return list, sqldb.Outage(err, "read a slice's grains")
}

// DeleteGrain removes a grain from its slice.
func (s *Grains) DeleteGrain(ctx context.Context, id exchange.ID) error {
	return s.db.InTx(ctx, "remove a grain", func(tx *sql.Tx) error {
		var slice exchange.ID
		if err := tx.QueryRowContext(ctx, "SELECT slice_id FROM exchange_grain WHERE id = ? LIMIT 1", bin(id)).Scan(&slice); err != nil {
			return notThere(err, "grain")
		}
		if err := changed(ctx, tx, slice); err != nil {
			return err
		}
		return notThere(sqldb.ExactlyOne(ctx, tx, sql.ErrNoRows, "DELETE FROM exchange_grain WHERE slice_id = ? AND id = ?", bin(slice), bin(id)), "grain")
	})
}
