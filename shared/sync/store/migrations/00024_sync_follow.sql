-- Who reads the source's binlog, and how far that was read: position is saved in the
-- transaction that stores the roots before it. follow_gap has a row for each target
-- of which changes may have been missed; seen grows with every further gap, so that the
-- comparison of an older one does not remove the row.
-- +goose Up
CREATE TABLE IF NOT EXISTS follow_reader (
  name         VARCHAR(32)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  token        CHAR(32)        CHARACTER SET ascii COLLATE ascii_bin NULL,
  lease_until  DATETIME(6)     NULL,
  position     MEDIUMTEXT      NULL,
  position_at  DATETIME(6)     NULL,
  caught_up_at DATETIME(6)     NULL,
  changes      BIGINT UNSIGNED NOT NULL DEFAULT 0,
  problem      VARCHAR(1024)   NOT NULL DEFAULT '',
  updated_at   DATETIME(6)     NOT NULL DEFAULT CURRENT_TIMESTAMP(6)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE TABLE IF NOT EXISTS follow_gap (
  entity     VARCHAR(48)     NOT NULL PRIMARY KEY,
  reason     VARCHAR(512)    NOT NULL,
  seen       BIGINT UNSIGNED NOT NULL DEFAULT 1,
  found      BIGINT UNSIGNED NOT NULL DEFAULT 0,
  first_at   DATETIME(6)     NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  last_error VARCHAR(1024)   NOT NULL DEFAULT ''
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
