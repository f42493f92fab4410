-- The gates of Airtable's bases: 5 slots a base. A request holds a slot from before it
-- is sent until a second after it was answered.
-- +goose Up
CREATE TABLE IF NOT EXISTS report_slot (
  base          VARCHAR(32)      CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  slot          TINYINT UNSIGNED NOT NULL,
  token         CHAR(26)         CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  free_at       DATETIME(6)      NOT NULL,
  blocked_until DATETIME(6)      NOT NULL,
  PRIMARY KEY (base, slot)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- The SYNC base: the version of each row on which our tables and the base agreed last.
CREATE TABLE IF NOT EXISTS report_base_row (
  sheet      VARCHAR(32)  CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  row_key    VARCHAR(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  record_id  VARCHAR(32)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  agreed     MEDIUMTEXT   NOT NULL,
  PRIMARY KEY (sheet, row_key),
  KEY ix_record (sheet, record_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- How far a stream of ours was written into the base, and who keeps the base in step
-- (name round).
CREATE TABLE IF NOT EXISTS report_base_cursor (
  name        VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  at          DATETIME(6) NULL,
  last_id     BIGINT      NOT NULL DEFAULT 0,
  token       CHAR(26)    CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  lease_until DATETIME(6) NULL,
  PRIMARY KEY (name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
