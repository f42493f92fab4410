-- Records that the index refused or that are too large, with the reason.
-- +goose Up
CREATE TABLE IF NOT EXISTS sync_parked (
  entity      VARCHAR(48)     NOT NULL,
  object_id   VARCHAR(255)    CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  root_id     BIGINT UNSIGNED NOT NULL,
  run_id      BIGINT UNSIGNED NOT NULL,
  reason      VARCHAR(32)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  detail      VARCHAR(512)    NOT NULL,
  bytes       INT UNSIGNED    NOT NULL,
  attempts    INT UNSIGNED    NOT NULL DEFAULT 1,
  first_seen  DATETIME(6)     NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  last_seen   DATETIME(6)     NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  resolved_at DATETIME(6)     NULL,
  PRIMARY KEY (entity, object_id),
  KEY ix_open (entity, resolved_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
