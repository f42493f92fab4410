-- What people changed by hand: who, when, what, from what to what. A row is
-- written before anything is done and completed after it, so nothing is done
-- unseen; one without an outcome broke off in between.
-- +goose Up
CREATE TABLE IF NOT EXISTS sync_audit (
  id        BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  at        DATETIME(6)     NOT NULL,
  who       VARCHAR(255)    NOT NULL,
  via       VARCHAR(16)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  action    VARCHAR(32)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  object    VARCHAR(255)    NOT NULL,
  old_value TEXT            NOT NULL,
  new_value TEXT            NOT NULL,
  outcome   VARCHAR(512)    NOT NULL DEFAULT '',
  PRIMARY KEY (id),
  KEY ix_at (at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
