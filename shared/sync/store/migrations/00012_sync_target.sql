-- Targets: the indices that an entity is synced into. An entity without rows has
-- one, its definition's. packed is the definition that a target is built from,
-- empty for the first. open_entity lets an entity have one target that is being
-- built, live_entity one that is live.
-- +goose Up
CREATE TABLE IF NOT EXISTS sync_target (
  id          BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  entity      VARCHAR(48)     NOT NULL,
  role        VARCHAR(16)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  index_name  VARCHAR(190)    NOT NULL,
  packed      MEDIUMBLOB      NOT NULL,
  open_entity VARCHAR(48)     NULL,
  live_entity VARCHAR(48)     NULL,
  created_at  DATETIME(6)     NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  live_at     DATETIME(6)     NULL,
  PRIMARY KEY (id),
  KEY ix_entity (entity, id),
  UNIQUE KEY uq_open (open_entity),
  UNIQUE KEY uq_live (live_entity)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
