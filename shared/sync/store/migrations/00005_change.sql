-- The change list: the roots that a run found changed, in pages.
-- +goose Up
CREATE TABLE IF NOT EXISTS sync_change (
  run_id  BIGINT UNSIGNED NOT NULL,
  page    INT UNSIGNED    NOT NULL,
  root_id BIGINT UNSIGNED NOT NULL,
  PRIMARY KEY (run_id, page, root_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
