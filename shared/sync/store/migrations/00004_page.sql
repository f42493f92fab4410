-- One row a page. journal holds, while a page is being pushed, what may reach
-- the index before the ledger knows it.
-- +goose Up
CREATE TABLE IF NOT EXISTS sync_page (
  run_id      BIGINT UNSIGNED  NOT NULL,
  page        INT UNSIGNED     NOT NULL,
  state       TINYINT UNSIGNED NOT NULL DEFAULT 0,
  roots       INT UNSIGNED     NOT NULL,
  token       CHAR(32)         CHARACTER SET ascii COLLATE ascii_bin NULL,
  lease_until DATETIME(6)      NULL,
  attempts    INT UNSIGNED     NOT NULL DEFAULT 0,
  found       INT UNSIGNED     NOT NULL DEFAULT 0,
  saved       INT UNSIGNED     NOT NULL DEFAULT 0,
  deleted     INT UNSIGNED     NOT NULL DEFAULT 0,
  unchanged   INT UNSIGNED     NOT NULL DEFAULT 0,
  parked      INT UNSIGNED     NOT NULL DEFAULT 0,
  operations  INT UNSIGNED     NOT NULL DEFAULT 0,
  journal     LONGBLOB         NULL,
  last_error  VARCHAR(1024)    NULL,
  finished_at DATETIME(6)      NULL,
  PRIMARY KEY (run_id, page)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
