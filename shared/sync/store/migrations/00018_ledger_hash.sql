-- The ledger's hashes are made by another function from here on, so what it says
-- of every root's content is not known: each is in doubt once, and the next run
-- sends its records again.
-- +goose Up
INSERT INTO sync_recheck (entity, root_id, stamp, ids, whole)
  SELECT entity, root_id, 'the ledger has another hash', '', 1 FROM sync_ledger
  ON DUPLICATE KEY UPDATE stamp = VALUES(stamp), whole = 1;
