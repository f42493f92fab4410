-- The properties of the report types, one row a type. People edit active to
-- repeat_after_days; report_type_id and add_to_datapoints follow the definition that
-- developers ship.
-- +goose Up
CREATE TABLE IF NOT EXISTS report_type (
  name              VARCHAR(48)      CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  active            TINYINT UNSIGNED NOT NULL DEFAULT 1,
  real_time         TINYINT UNSIGNED NOT NULL DEFAULT 0,
  offset_days       INT              NOT NULL DEFAULT 0,
  notify_on_fail    TINYINT UNSIGNED NOT NULL DEFAULT 1,
  repeat_after_days INT              NOT NULL DEFAULT 0,
  report_type_id    VARCHAR(190)     NOT NULL,
  add_to_datapoints TINYINT UNSIGNED NOT NULL DEFAULT 0,
  zone_minutes      INT              NOT NULL DEFAULT -420,
  created_at        DATETIME(6)      NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  updated_at        DATETIME(6)      NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6),
  PRIMARY KEY (name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- One row a report: a type and a date, or a type and the time of a real-time run.
CREATE TABLE IF NOT EXISTS report_report (
  id              BIGINT UNSIGNED  NOT NULL AUTO_INCREMENT,
  type            VARCHAR(48)      CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  slot            VARCHAR(32)      CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  zone_minutes    INT              NOT NULL,
  state           VARCHAR(16)      CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'due',
  fail            TINYINT UNSIGNED NOT NULL DEFAULT 0,
  last_updated    DATETIME(6)      NULL,
  document_id     VARCHAR(190)     NOT NULL DEFAULT '',
  update_repeated DATETIME(6)      NULL,
  repeating       TINYINT UNSIGNED NOT NULL DEFAULT 0,
  attempt         INT UNSIGNED     NOT NULL DEFAULT 0,
  intent_at       DATETIME(6)      NULL,
  source_id       VARCHAR(255)     NOT NULL DEFAULT '',
  document        VARCHAR(512)     NOT NULL DEFAULT '',
  rows_read       BIGINT UNSIGNED  NOT NULL DEFAULT 0,
  polls           INT UNSIGNED     NOT NULL DEFAULT 0,
  payload         CHAR(32)         CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  chunks          BIGINT UNSIGNED  NOT NULL DEFAULT 0,
  error           VARCHAR(1024)    NOT NULL DEFAULT '',
  due_at          DATETIME(6)      NOT NULL,
  retried_at      DATETIME(6)      NULL,
  failed_at       DATETIME(6)      NULL,
  since_at        DATETIME(6)      NOT NULL,
  turn            BIGINT UNSIGNED  NOT NULL DEFAULT 0,
  next_at         DATETIME(6)      NULL,
  token           CHAR(32)         CHARACTER SET ascii COLLATE ascii_bin NULL,
  lease_until     DATETIME(6)      NULL,
  created_at      DATETIME(6)      NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  updated_at      DATETIME(6)      NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6),
  PRIMARY KEY (id),
  UNIQUE KEY uq_report (type, slot),
  KEY ix_next (next_at),
  KEY ix_state (type, state, slot),
  KEY ix_updated (updated_at, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- The account of an attempt at one destination, and how many parts it has taken.
CREATE TABLE IF NOT EXISTS report_account (
  report_id BIGINT UNSIGNED  NOT NULL,
  attempt   INT UNSIGNED     NOT NULL,
  sink      VARCHAR(32)      CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  written   BIGINT UNSIGNED  NOT NULL DEFAULT 0,
  unchanged BIGINT UNSIGNED  NOT NULL DEFAULT 0,
  parked    BIGINT UNSIGNED  NOT NULL DEFAULT 0,
  chunks    BIGINT UNSIGNED  NOT NULL DEFAULT 0,
  finished  TINYINT UNSIGNED NOT NULL DEFAULT 0,
  PRIMARY KEY (report_id, attempt, sink)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- The loaded rows of a report until every destination has them. payload is the token
-- of the lease under which they were loaded, so that two loaders never mix.
CREATE TABLE IF NOT EXISTS report_chunk (
  report_id BIGINT UNSIGNED NOT NULL,
  payload   CHAR(32)        CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  seq       BIGINT UNSIGNED NOT NULL,
  body      MEDIUMBLOB      NOT NULL,
  PRIMARY KEY (report_id, payload, seq)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- Rows that a destination does not have, with the reason.
CREATE TABLE IF NOT EXISTS report_parked (
  report_id  BIGINT UNSIGNED NOT NULL,
  attempt    INT UNSIGNED    NOT NULL,
  sink       VARCHAR(32)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  row_no     BIGINT UNSIGNED NOT NULL,
  row_key    VARCHAR(255)    NOT NULL,
  reason     VARCHAR(512)    NOT NULL,
  at         DATETIME(6)     NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  PRIMARY KEY (report_id, attempt, sink, row_no)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- Rate limits that processes share: next_us is when the next call would be free if no
-- burst were allowed, in microseconds since 1970.
CREATE TABLE IF NOT EXISTS report_limit (
  name    VARCHAR(190) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  next_us BIGINT       NOT NULL DEFAULT 0,
  wait_us BIGINT       NOT NULL DEFAULT 0,
  blocked_us BIGINT    NOT NULL DEFAULT 0,
  PRIMARY KEY (name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
