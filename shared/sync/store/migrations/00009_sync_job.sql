-- Jobs: work on an entity's index beside its sync. A job's right to run is a
-- claim of its own, with job type <job type>#<id>; the claim's watermark says how
-- far a backfill has come. turn keeps one chain of tasks alive, and due_at says
-- when its next task is due: a job that is overdue has lost its chain.
-- +goose Up
CREATE TABLE IF NOT EXISTS sync_job (
  id          BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  entity      VARCHAR(48)     NOT NULL,
  kind        VARCHAR(16)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  state       VARCHAR(16)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  window_from DATETIME(6)     NOT NULL,
  window_to   DATETIME(6)     NOT NULL,
  chunk_us    BIGINT          NOT NULL DEFAULT 0,
  rate        INT UNSIGNED    NOT NULL DEFAULT 0,
  roots       BIGINT UNSIGNED NOT NULL DEFAULT 0,
  turn        BIGINT UNSIGNED NOT NULL DEFAULT 0,
  note        VARCHAR(1024)   NOT NULL DEFAULT '',
  asked_by    VARCHAR(190)    NOT NULL DEFAULT '',
  created_at  DATETIME(6)     NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  updated_at  DATETIME(6)     NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  due_at      DATETIME(6)     NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  closed_at   DATETIME(6)     NULL,
  PRIMARY KEY (id),
  KEY ix_state (state, id),
  KEY ix_entity (entity, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- The roots of a job that is not about a range of time.
CREATE TABLE IF NOT EXISTS sync_job_root (
  job_id  BIGINT UNSIGNED NOT NULL,
  root_id BIGINT UNSIGNED NOT NULL,
  PRIMARY KEY (job_id, root_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
