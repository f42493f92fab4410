-- The ledger: what was last pushed, one row a root, packed (see package ledger).
-- +goose Up
CREATE TABLE IF NOT EXISTS sync_ledger (
  entity    VARCHAR(48)     NOT NULL,
  root_id   BIGINT UNSIGNED NOT NULL,
  run_id    BIGINT UNSIGNED NOT NULL,
  records   MEDIUMBLOB      NOT NULL,
  pushed_at DATETIME(6)     NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6),
  PRIMARY KEY (entity, root_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
