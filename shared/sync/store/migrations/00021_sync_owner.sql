-- The owners of shared ids: the root that last had a row for a record's id, for ids
-- that do not say their root. Written before a push; a root that no longer has a row
-- for an id deletes the record only if no other root owns it.
-- +goose Up
CREATE TABLE IF NOT EXISTS sync_owner (
  entity  VARCHAR(48)     NOT NULL,
  id_hash BINARY(16)      NOT NULL,
  root_id BIGINT UNSIGNED NOT NULL,
  PRIMARY KEY (entity, id_hash)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
