-- Scopes, their members and the statuses of single syncs. A status is tied to
-- its run by the claim's token; a member is tied to the statuses of the
-- operation that last started it by that operation's token, so a start cuts what
-- came before loose by forgetting the token.
-- +goose Up
CREATE TABLE IF NOT EXISTS sync_scope (
  id              VARCHAR(96)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  title           VARCHAR(255)    NOT NULL DEFAULT '',
  state           VARCHAR(16)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  not_started     INT UNSIGNED    NOT NULL DEFAULT 0,
  syncing         INT UNSIGNED    NOT NULL DEFAULT 0,
  failed          INT UNSIGNED    NOT NULL DEFAULT 0,
  synced          INT UNSIGNED    NOT NULL DEFAULT 0,
  last_started_at DATETIME(6)     NULL,
  last_failed_at  DATETIME(6)     NULL,
  last_synced_at  DATETIME(6)     NULL,
  details         MEDIUMTEXT      NOT NULL,
  reason          VARCHAR(255)    NOT NULL DEFAULT '',
  run_number      BIGINT UNSIGNED NOT NULL DEFAULT 0,
  occurrence_key  VARCHAR(128)    CHARACTER SET ascii COLLATE ascii_bin NULL,
  deadline_at     DATETIME(6)     NULL,
  changed_at      DATETIME(6)     NOT NULL,
  PRIMARY KEY (id),
  KEY ix_state (state, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE IF NOT EXISTS sync_scope_member (
  scope_id    VARCHAR(96)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  instance_id VARCHAR(96)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  position    INT UNSIGNED    NOT NULL,
  targets     MEDIUMTEXT      NOT NULL,
  operation   CHAR(32)        CHARACTER SET ascii COLLATE ascii_bin NULL,
  PRIMARY KEY (scope_id, instance_id),
  KEY ix_instance (instance_id, scope_id),
  KEY ix_operation (operation)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE IF NOT EXISTS sync_status (
  id          BIGINT UNSIGNED  NOT NULL AUTO_INCREMENT,
  operation   CHAR(32)         CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  instance_id VARCHAR(96)      CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  provider    VARCHAR(255)     NOT NULL,
  entity      VARCHAR(48)      NOT NULL,
  function_id VARCHAR(255)     NOT NULL,
  state       VARCHAR(16)      CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  interrupted TINYINT UNSIGNED NOT NULL DEFAULT 0,
  error       VARCHAR(1024)    NULL,
  claim_id    BIGINT UNSIGNED  NULL,
  claim_token CHAR(32)         CHARACTER SET ascii COLLATE ascii_bin NULL,
  lease_until DATETIME(6)      NOT NULL,
  started_at  DATETIME(6)      NOT NULL,
  changed_at  DATETIME(6)      NOT NULL,
  deleted_at  DATETIME(6)      NULL,
  PRIMARY KEY (id),
  UNIQUE KEY uq_operation (operation, entity),
  KEY ix_state (state, id),
  KEY ix_changed (changed_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
