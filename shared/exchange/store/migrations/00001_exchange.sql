-- Tables of the exchange wing. Ids are the 16 bytes of a UUID, so that their order is
-- the order of bytes that hashes are computed in. Names are stored in lower case.
-- +goose Up

-- A trading partner. sync_key is the key with which this server logs in at the
-- partner's, sealed; it never leaves the server.
CREATE TABLE IF NOT EXISTS exchange_company (
  id         BINARY(16)   NOT NULL,
  name       VARCHAR(120) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  sync_addr  VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NULL,
  sync_key   VARBINARY(1024) NULL,
  active     TINYINT UNSIGNED NOT NULL DEFAULT 1,
  created_at DATETIME(6)  NOT NULL,
  updated_at DATETIME(6)  NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY uq_name (name),
  UNIQUE KEY uq_addr (sync_addr)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE IF NOT EXISTS exchange_user (
  id               BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  username         VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  password         VARBINARY(80) NOT NULL,
  email            VARCHAR(120) NOT NULL DEFAULT '',
  first_name       VARCHAR(80)  NOT NULL DEFAULT '',
  last_name        VARCHAR(80)  NOT NULL DEFAULT '',
  phone            VARCHAR(40)  NOT NULL DEFAULT '',
  active           TINYINT UNSIGNED NOT NULL DEFAULT 1,
  role             SMALLINT UNSIGNED NOT NULL,
  company_id       BINARY(16)   NOT NULL,
  refresh_hash     BINARY(32)   NULL,
  refresh_until    DATETIME(6)  NULL,
  last_login       DATETIME(6)  NULL,
  password_changed DATETIME(6)  NULL,
  created_at       DATETIME(6)  NOT NULL,
  updated_at       DATETIME(6)  NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY uq_username (username),
  UNIQUE KEY uq_refresh (refresh_hash),
  KEY ix_company (company_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- A key with which a partner's server logs in here. hash is SHA-256 of 256 random
-- bits; the key itself is not kept. A rotated key is valid until expires_at.
CREATE TABLE IF NOT EXISTS exchange_key (
  id         BINARY(16)  NOT NULL,
  company_id BINARY(16)  NOT NULL,
  hash       BINARY(32)  NOT NULL,
  created_at DATETIME(6) NOT NULL,
  expires_at DATETIME(6) NULL,
  revoked_at DATETIME(6) NULL,
  last_used  DATETIME(6) NULL,
  PRIMARY KEY (id),
  KEY ix_company (company_id, created_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- version counts the changes of the content; hash, digest and count are of the
-- version hashed, and stale where it differs.
CREATE TABLE IF NOT EXISTS exchange_slice (
  id                BINARY(16)   NOT NULL,
  name              VARCHAR(170) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  slice_type        VARCHAR(32)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  version           BIGINT UNSIGNED NOT NULL DEFAULT 0,
  hashed            BIGINT UNSIGNED NOT NULL DEFAULT 0,
  content_hash      VARCHAR(40)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  content_digest    VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  content_count     INT UNSIGNED NOT NULL DEFAULT 0,
  content_date      DATETIME(6)  NULL,
  allow_sync        TINYINT UNSIGNED NOT NULL DEFAULT 0,
  sync_status       VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'none',
  last_sync_attempt DATETIME(6)  NULL,
  last_good_sync    DATETIME(6)  NULL,
  created_at        DATETIME(6)  NOT NULL,
  updated_at        DATETIME(6)  NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY uq_name (name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE IF NOT EXISTS exchange_metadata (
  slice_id BINARY(16)     NOT NULL,
  name     VARBINARY(190) NOT NULL,
  value    VARBINARY(1000) NOT NULL,
  PRIMARY KEY (slice_id, name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- The content. The key ix_ids has no payloads, so that a pass over a slice's ids
-- does not read the slice.
CREATE TABLE IF NOT EXISTS exchange_grain (
  slice_id   BINARY(16)     NOT NULL,
  id         BINARY(16)     NOT NULL,
  grain_key  VARBINARY(190) NOT NULL,
  source     VARBINARY(255) NOT NULL DEFAULT '',
  encoding   VARCHAR(8)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  payload    MEDIUMBLOB     NOT NULL,
  created_at DATETIME(6)    NOT NULL,
  PRIMARY KEY (slice_id, id),
  UNIQUE KEY uq_key (slice_id, grain_key),
  KEY ix_ids (slice_id, id),
  KEY ix_id (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- Grains that came and are not yet content: the next swap of their slice takes or
-- removes them.
CREATE TABLE IF NOT EXISTS exchange_staging (
  slice_id   BINARY(16)     NOT NULL,
  id         BINARY(16)     NOT NULL,
  grain_key  VARBINARY(190) NOT NULL,
  source     VARBINARY(255) NOT NULL DEFAULT '',
  encoding   VARCHAR(8)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  payload    MEDIUMBLOB     NOT NULL,
  created_at DATETIME(6)    NOT NULL,
  PRIMARY KEY (slice_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE IF NOT EXISTS exchange_subscription (
  id          BINARY(16)   NOT NULL,
  slice_id    BINARY(16)   NOT NULL,
  company_id  BINARY(16)   NOT NULL,
  name        VARCHAR(170) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  description VARCHAR(255) NOT NULL DEFAULT '',
  active      TINYINT UNSIGNED NOT NULL DEFAULT 1,
  vanished    TINYINT UNSIGNED NOT NULL DEFAULT 0,
  created_at  DATETIME(6)  NOT NULL,
  updated_at  DATETIME(6)  NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY uq_name (name),
  UNIQUE KEY uq_pair (slice_id, company_id),
  KEY ix_company (company_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE IF NOT EXISTS exchange_tag (
  id          BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  name        VARCHAR(120) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  description VARCHAR(255) NOT NULL DEFAULT '',
  created_at  DATETIME(6)  NOT NULL,
  updated_at  DATETIME(6)  NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY uq_name (name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE IF NOT EXISTS exchange_slice_tag (
  tag_id   BIGINT UNSIGNED NOT NULL,
  slice_id BINARY(16)      NOT NULL,
  PRIMARY KEY (tag_id, slice_id),
  KEY ix_slice (slice_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- What syncs did, on both sides. duration is in nanoseconds.
CREATE TABLE IF NOT EXISTS exchange_activity (
  id         BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  company_id BINARY(16)      NOT NULL,
  sub_id     BINARY(16)      NOT NULL,
  success    TINYINT UNSIGNED NOT NULL,
  test       TINYINT UNSIGNED NOT NULL DEFAULT 0,
  message    VARCHAR(512)    NOT NULL,
  error      VARCHAR(512)    NOT NULL DEFAULT '',
  duration   BIGINT          NOT NULL DEFAULT 0,
  added      INT UNSIGNED    NOT NULL DEFAULT 0,
  removed    INT UNSIGNED    NOT NULL DEFAULT 0,
  bytes      BIGINT UNSIGNED NOT NULL DEFAULT 0,
  created_at DATETIME(6)     NOT NULL,
  PRIMARY KEY (id),
  KEY ix_company (company_id, id),
  KEY ix_sub (sub_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- The right to sync with a partner, one row a partner.
CREATE TABLE IF NOT EXISTS exchange_session (
  company_id  BINARY(16)  NOT NULL,
  token       CHAR(32)    CHARACTER SET ascii COLLATE ascii_bin NULL,
  lease_until DATETIME(6) NULL,
  PRIMARY KEY (company_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
