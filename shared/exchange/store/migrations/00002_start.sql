-- Syncs that a schedule, a scope or a person started and a queue carries out.
-- +goose Up

-- occurrence is the idempotency key: SHA-256 over what started it and over the target. A
-- zero company_id means all partners, a zero sub_id all subscriptions. report is the JSON
-- of the sync's reports.
CREATE TABLE IF NOT EXISTS exchange_start (
  id         BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  occurrence BINARY(32)   NOT NULL,
  company_id BINARY(16)   NOT NULL,
  sub_id     BINARY(16)   NOT NULL,
  target     VARCHAR(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  test       TINYINT UNSIGNED NOT NULL DEFAULT 0,
  state      VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'waiting',
  attempts   SMALLINT UNSIGNED NOT NULL DEFAULT 0,
  reason     VARCHAR(512) NOT NULL DEFAULT '',
  report     MEDIUMTEXT   NULL,
  created_at DATETIME(6)  NOT NULL,
  touched_at DATETIME(6)  NOT NULL,
  ended_at   DATETIME(6)  NULL,
  PRIMARY KEY (id),
  UNIQUE KEY uq_occurrence (occurrence)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
