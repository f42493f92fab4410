-- A doubt about a whole root has all its records sent again; one that is not
-- whole only those in ids: what a verify found wrong is mended record by record.
-- +goose Up
SET @whole = IF(
  (SELECT COUNT(*) FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'sync_recheck' AND column_name = 'whole') = 0,
  'ALTER TABLE sync_recheck ADD COLUMN whole TINYINT UNSIGNED NOT NULL DEFAULT 1',
  'DO 0');
PREPARE whole FROM @whole;
EXECUTE whole;
DEALLOCATE PREPARE whole;
