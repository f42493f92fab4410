-- How the records of an entity's first target are written (record.Format): whether
-- they carry the account's key, and the secret of their ids. Other targets keep that
-- in packed. A first target without a row is written as the definition says. Records
-- that were pushed before this migration have no key, and stay so until a rebuild,
-- which also fills in the name of their index. The rows come before the columns, so
-- that a migration which runs again adds none for what was filled since.
-- +goose Up
INSERT INTO sync_target (entity, role, index_name, packed, live_entity, live_at)
  SELECT entity, 'live', '', '', entity, NOW(6)
  FROM (SELECT entity FROM sync_run UNION SELECT entity FROM sync_ledger) AS filled
  WHERE entity NOT LIKE '%~%' AND entity NOT IN (SELECT known.entity FROM (SELECT entity FROM sync_target) AS known)
  AND (SELECT COUNT(*) FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'sync_target' AND column_name = 'account_key') = 0;
SET @format = IF(
  (SELECT COUNT(*) FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'sync_target' AND column_name = 'account_key') = 0,
  'ALTER TABLE sync_target
     ADD COLUMN account_key TINYINT UNSIGNED NOT NULL DEFAULT 0,
     ADD COLUMN id_secret   VARBINARY(64)    NOT NULL DEFAULT ''''',
  'DO 0');
PREPARE format FROM @format;
EXECUTE format;
DEALLOCATE PREPARE format;
