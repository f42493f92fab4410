-- The change list in packed form: listed holds the roots of a page (package rootlist),
-- first_root and last_root are its ends, and worked is how many of them the page worked.
-- A row without listed is of a run that an older version listed, in sync_change.
-- +goose Up
SET @listed = IF(
  (SELECT COUNT(*) FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'sync_page' AND column_name = 'listed') = 0,
  'ALTER TABLE sync_page
     ADD COLUMN first_root BIGINT UNSIGNED NULL,
     ADD COLUMN last_root  BIGINT UNSIGNED NULL,
     ADD COLUMN listed     MEDIUMBLOB      NULL,
     ADD COLUMN worked     INT UNSIGNED    NOT NULL DEFAULT 0,
     ADD KEY ix_roots (run_id, last_root, first_root)',
  'DO 0');
PREPARE listed FROM @listed;
EXECUTE listed;
DEALLOCATE PREPARE listed;
