-- The key of the hashes in the ledger of an entity's first target (package ledger). Other
-- targets keep theirs in packed. A target that was filled before has none, and keeps the
-- hashes of the older form until a rebuild.
-- +goose Up
SET @key = IF(
  (SELECT COUNT(*) FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'sync_target' AND column_name = 'ledger_key') = 0,
  'ALTER TABLE sync_target ADD COLUMN ledger_key VARBINARY(64) NOT NULL DEFAULT ''''',
  'DO 0');
PREPARE ledger_key FROM @key;
EXECUTE ledger_key;
DEALLOCATE PREPARE ledger_key;
