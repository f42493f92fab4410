-- What the live index of an entity answered when it was asked last, as JSON (type
-- Index of package judge), and the count of the ledger that the answer was compared
-- with (type Basis of package store), which is counted again only when much has
-- changed since.
-- +goose Up
CREATE TABLE IF NOT EXISTS sync_index (
  entity     VARCHAR(48) NOT NULL,
  checked_at DATETIME(6) NOT NULL,
  answer     TEXT        NOT NULL,
  basis      TEXT        NOT NULL,
  PRIMARY KEY (entity)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- When the newest attempt at a page failed.
SET @failed = IF(
  (SELECT COUNT(*) FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'sync_page' AND column_name = 'failed_at') = 0,
  'ALTER TABLE sync_page ADD COLUMN failed_at DATETIME(6) NULL',
  'DO 0');
PREPARE failed FROM @failed;
EXECUTE failed;
DEALLOCATE PREPARE failed;
