-- A sign of life, one row a program. alive goes back to 0 only by the watcher: a
-- dead process cannot take its own mark away. alive_since is when the present
-- time of life began.
-- +goose Up
CREATE TABLE IF NOT EXISTS sync_heartbeat (
  name        VARCHAR(32)      CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  alive       TINYINT UNSIGNED NOT NULL DEFAULT 0,
  timestamp   DATETIME(6)      NOT NULL,
  alive_since DATETIME(6)      NOT NULL,
  PRIMARY KEY (name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- One row an alert. open_key holds its cause while the cause holds, and is unique:
-- so a cause has one open alert, however many watchers look. subject says about
-- what it is (a run, or a time in microseconds), so that the same is not told
-- again.
CREATE TABLE IF NOT EXISTS sync_alert (
  id        BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  cause     VARCHAR(32)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  entity    VARCHAR(48)     NOT NULL DEFAULT '',
  subject   BIGINT          NOT NULL DEFAULT 0,
  title     VARCHAR(255)    NOT NULL,
  detail    VARCHAR(1024)   NOT NULL,
  advice    VARCHAR(1024)   NOT NULL,
  link      VARCHAR(512)    NOT NULL,
  open_key  VARCHAR(96)     NULL,
  raised_at DATETIME(6)     NOT NULL,
  closed_at DATETIME(6)     NULL,
  outcome   VARCHAR(16)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'open',
  PRIMARY KEY (id),
  UNIQUE KEY uq_open (open_key),
  KEY ix_cause (cause, entity, id),
  KEY ix_closed (closed_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- One row for each message about an alert on each channel. It is written in the
-- transaction that raises or closes the alert, before anything is sent.
CREATE TABLE IF NOT EXISTS sync_alert_notice (
  id          BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  alert_id    BIGINT UNSIGNED NOT NULL,
  event       VARCHAR(16)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  channel     VARCHAR(32)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  state       VARCHAR(16)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'waiting',
  attempts    INT UNSIGNED    NOT NULL DEFAULT 0,
  next_at     DATETIME(6)     NOT NULL,
  token       CHAR(32)        CHARACTER SET ascii COLLATE ascii_bin NULL,
  lease_until DATETIME(6)     NULL,
  sent_at     DATETIME(6)     NULL,
  last_error  VARCHAR(255)    NOT NULL DEFAULT '',
  PRIMARY KEY (id),
  UNIQUE KEY uq_notice (alert_id, event, channel),
  KEY ix_waiting (channel, state, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- The run log: what happened, for people.
CREATE TABLE IF NOT EXISTS sync_log (
  id       BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  at       DATETIME(6)     NOT NULL,
  severity VARCHAR(8)      CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  entity   VARCHAR(48)     NOT NULL DEFAULT '',
  run_id   BIGINT UNSIGNED NOT NULL DEFAULT 0,
  message  VARCHAR(1024)   NOT NULL,
  PRIMARY KEY (id),
  KEY ix_at (at),
  KEY ix_entity (entity, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
