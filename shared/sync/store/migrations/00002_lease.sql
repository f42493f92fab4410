-- What a claim needs beside the owner's columns: token and lease fence a dead or
-- slow holder, the occurrence key stops a tick that is delivered twice, and the
-- bootstrap key makes the first row of a job type exist once however many
-- insert it. DDL commits by itself, so a migration that dies before its version
-- is noted runs again: it looks whether its work is done.
-- +goose Up
SET @lease = IF(
  (SELECT COUNT(*) FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'order_return_algolia_sync' AND column_name = 'bootstrap_key') = 0,
  'ALTER TABLE order_return_algolia_sync
     ADD COLUMN token          CHAR(32)     CHARACTER SET ascii COLLATE ascii_bin NULL,
     ADD COLUMN lease_until    DATETIME(6)  NULL,
     ADD COLUMN occurrence_key VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NULL,
     ADD COLUMN bootstrap_key  VARCHAR(64)  NULL,
     ADD UNIQUE KEY uq_bootstrap (bootstrap_key),
     ADD KEY ix_newest (job_type, created_at, id)',
  'DO 0');
PREPARE lease FROM @lease;
EXECUTE lease;
DEALLOCATE PREPARE lease;
