package main

import (
	"context"
	"os"
	"path/filepath"
)

// narrowName is the entity of a table of few columns.
const narrowName = "narrow"

// narrowTable makes the table: 47 bytes of values and row header a row, and its index.
const narrowTable = `CREATE TABLE narrow_row (
	id BIGINT UNSIGNED NOT NULL PRIMARY KEY, account CHAR(6) CHARACTER SET ascii NOT NULL, amount INT NOT NULL,
	updated_at DATETIME(6) NOT NULL, KEY ix_updated (updated_at)) ENGINE=InnoDB`

// narrowFiles is its definition.
var narrowFiles = map[string]string{
	"entity.yaml":   "name: narrow\njobType: NARROW_JOB\nindex: narrow\naccount: account\npageSize: 500\nrecordLimit: 1000\noverlap: 30m\ntrustVersions: true\n",
	"changed.sql":   "SELECT id AS _root FROM narrow_row WHERE updated_at >= :from AND updated_at < :to\n",
	"rows.sql":      "SELECT id AS _root, updated_at AS _version_row, CONCAT('N', id) AS objectID, account AS account, amount AS amount FROM narrow_row WHERE id IN (:ids)\n",
	"settings.json": `{"attributesForFaceting": ["filterOnly(account)"]}`,
}

// writeNarrow writes the definition into a folder of definitions.
func writeNarrow(dir string) error {
	own := filepath.Join(dir, narrowName)
	if err := os.Mkdir(own, 0o700); err != nil {
		return err
	}
	for name, text := range narrowFiles {
		if err := os.WriteFile(filepath.Join(own, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// fillNarrow makes the narrow table with its base rows, which the server copies.
func (w *world) fillNarrow(ctx context.Context) (err error) {
	if w.def, err = w.stack.Entity(narrowName); err != nil {
		return err
	}
	const base = `INSERT INTO narrow_row (id, account, amount, updated_at)
		WITH RECURSIVE n (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < 1000)
		SELECT id + ?, CONCAT('acc', id % 100), id, '2026-10-01' FROM n`
	if _, err := w.stack.DB.ExecContext(ctx, narrowTable); err != nil {
		return err
	}
	for have := 0; have < baseRows; have += 1000 {
		if _, err := w.stack.DB.ExecContext(ctx, base, have); err != nil {
			return err
		}
	}
	return nil
}
