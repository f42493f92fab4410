package store

import (
	"context"

	"gitlab.com/eshopbox-team/return-sync/shared/report"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
)

// AddKeys remembers the keys of rows that the caller loads, and returns the hashes of
// those that an earlier row has. Adding the same rows again changes nothing. The hashes
// of one call differ.
func (s *Payloads) AddKeys(ctx context.Context, r report.Report, list []report.RowKey) (earlier map[uint64]bool, err error) {
	earlier = map[uint64]bool{}
	err = sqldb.InChunks(list, func(part []report.RowKey) error {
		tuples, args := sqldb.Values(part, func(k report.RowKey) []any { return []any{r.ID, r.Token, k.Hash, k.Row} })
		n, err := sqldb.Affected(ctx, s.db, "INSERT IGNORE INTO report_key (report_id, payload, hash, row_no) VALUES "+tuples, args...)
		if err != nil || n == int64(len(part)) {
			return err
		}
		rows, hashes := map[uint64]int64{}, make([]uint64, len(part))
		for i, k := range part {
			hashes[i], rows[k.Hash] = k.Hash, k.Row
		}
		return sqldb.Each(ctx, s.db, func(row sqldb.Row) error {
			var k report.RowKey
			err := row.Scan(&k.Hash, &k.Row)
			if k.Row != rows[k.Hash] {
				earlier[k.Hash] = true
			}
			return err
		}, "SELECT hash, row_no FROM report_key WHERE report_id = ? AND payload = ? AND hash IN ("+sqldb.Marks(len(hashes))+")", sqldb.Args(hashes, r.ID, r.Token)...)
	})
	return earlier, sqldb.Outage(err, "remember the keys of a report")
}

// dropKeysAtOnce is how many keys one statement removes.
const dropKeysAtOnce = 5000

// DropKeys removes the remembered keys of a report.
func (s *Payloads) DropKeys(ctx context.Context, r report.Report) error {
	for {
		n, err := sqldb.Affected(ctx, s.db, "DELETE FROM report_key WHERE report_id = ? LIMIT ?", r.ID, dropKeysAtOnce)
		if err != nil || n < dropKeysAtOnce {
			return sqldb.Outage(err, "remove the keys of a report")
		}
	}
}
