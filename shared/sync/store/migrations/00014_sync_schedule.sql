-- When syncs are started: one row a schedule, edited by people in SQL, on the
-- command line or in the console. Columns are wide enough for nonsense, which is
-- answered in message instead of refused. Below the line nothing is for people
-- to edit; updated_at is when they last did.
--   time      24-hour HH:MM; for an Interval its length
--   timezone  hours from UTC, fractions allowed; NULL means -7; no summer time
--   run       Daily, Weekly or Interval
--   weekday   for Weekly, in the zone; NULL means Monday
-- sync_schedule_poll remembers that, and when, all rows were looked at.
-- +goose Up
CREATE TABLE IF NOT EXISTS sync_schedule (
  id            BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  name          VARCHAR(128)    NOT NULL,
  target_kind   VARCHAR(16)     NOT NULL DEFAULT 'entity',
  target        VARCHAR(128)    NOT NULL,
  time          VARCHAR(16)     NOT NULL,
  timezone      DECIMAL(5,2)    NULL DEFAULT -7,
  run           VARCHAR(16)     NOT NULL DEFAULT 'Daily',
  weekday       VARCHAR(16)     NULL,
  disabled      TINYINT(1)      NOT NULL DEFAULT 0,
  description   VARCHAR(1024)   NOT NULL DEFAULT '',
  message       VARCHAR(512)    NOT NULL DEFAULT '',
  applied       VARCHAR(2048)   CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  applied_at    DATETIME(6)     NULL,
  anchor_at     DATETIME(6)     NULL,
  last_fired_at DATETIME(6)     NULL,
  firing_at     DATETIME(6)     NULL,
  firing_until  DATETIME(6)     NULL,
  created_at    DATETIME(6)     NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  updated_at    DATETIME(6)     NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6),
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE TABLE IF NOT EXISTS sync_schedule_poll (
  id       TINYINT UNSIGNED NOT NULL,
  first_at DATETIME(6)      NOT NULL,
  last_at  DATETIME(6)      NOT NULL,
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
