-- Where the comparison that runs by itself stands, one row an entity: a round
-- goes over all roots, a share at a time.
-- +goose Up
CREATE TABLE IF NOT EXISTS sync_verify (
  entity            VARCHAR(48)     NOT NULL,
  after_root        BIGINT UNSIGNED NOT NULL DEFAULT 0,
  round_started_at  DATETIME(6)     NULL,
  round_finished_at DATETIME(6)     NULL,
  round_roots       BIGINT UNSIGNED NOT NULL DEFAULT 0,
  last_roots        BIGINT UNSIGNED NOT NULL DEFAULT 0,
  checked           BIGINT UNSIGNED NOT NULL DEFAULT 0,
  last_error        VARCHAR(1024)   NULL,
  updated_at        DATETIME(6)     NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  PRIMARY KEY (entity)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- Drift that was found and not yet found mended. A row is one record, or, with
-- records above 1, the rest of a share that had too much drift to be listed.
CREATE TABLE IF NOT EXISTS sync_drift (
  entity    VARCHAR(48)     NOT NULL,
  root_id   BIGINT UNSIGNED NOT NULL,
  place     VARCHAR(16)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  object_id VARCHAR(255)    CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  kind      VARCHAR(16)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  account   VARCHAR(190)    NOT NULL DEFAULT '',
  records   INT UNSIGNED    NOT NULL DEFAULT 1,
  seen_at   DATETIME(6)     NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  PRIMARY KEY (entity, root_id, place, object_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
