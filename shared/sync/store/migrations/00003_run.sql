-- One row a run. claim_token ties it to the claim that began it; a window task
-- that is delivered twice finds the run by it instead of beginning another.
-- +goose Up
CREATE TABLE IF NOT EXISTS sync_run (
  id           BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  entity       VARCHAR(48)     NOT NULL,
  state        VARCHAR(16)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  claim_id     BIGINT UNSIGNED NOT NULL,
  claim_token  CHAR(32)        CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  window_from  DATETIME(6)     NOT NULL,
  window_to    DATETIME(6)     NOT NULL,
  pages_total  INT UNSIGNED    NOT NULL DEFAULT 0,
  pages_done   INT UNSIGNED    NOT NULL DEFAULT 0,
  pages_failed INT UNSIGNED    NOT NULL DEFAULT 0,
  found        BIGINT UNSIGNED NOT NULL DEFAULT 0,
  saved        BIGINT UNSIGNED NOT NULL DEFAULT 0,
  deleted      BIGINT UNSIGNED NOT NULL DEFAULT 0,
  unchanged    BIGINT UNSIGNED NOT NULL DEFAULT 0,
  parked       BIGINT UNSIGNED NOT NULL DEFAULT 0,
  operations   BIGINT UNSIGNED NOT NULL DEFAULT 0,
  last_task_id BIGINT          NOT NULL DEFAULT 0,
  last_error   VARCHAR(1024)   NULL,
  created_at   DATETIME(6)     NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  closed_at    DATETIME(6)     NULL,
  PRIMARY KEY (id),
  UNIQUE KEY uq_claim (claim_token),
  KEY ix_entity (entity, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
