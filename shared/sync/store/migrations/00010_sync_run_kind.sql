-- Why a run was made, and for which job. DDL commits by itself, so a migration
-- that dies before its version is noted runs again: it looks whether its work is
-- done.
-- +goose Up
SET @kind = IF(
  (SELECT COUNT(*) FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'sync_run' AND column_name = 'kind') = 0,
  'ALTER TABLE sync_run
     ADD COLUMN kind   VARCHAR(16)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT ''window'',
     ADD COLUMN job_id BIGINT UNSIGNED NOT NULL DEFAULT 0,
     ADD KEY ix_kind (entity, kind, id),
     ADD KEY ix_job (job_id, id)',
  'DO 0');
PREPARE kind FROM @kind;
EXECUTE kind;
DEALLOCATE PREPARE kind;
