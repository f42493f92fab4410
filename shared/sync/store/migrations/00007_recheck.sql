-- Roots whose records in the index are in doubt: a push that nobody saw the end
-- of. The next run includes them and sends them whatever the ledger says; ids
-- lists what may be in the index (a packed journal). stamp changes with every
-- new doubt, so that settling an older one does not remove it.
-- +goose Up
CREATE TABLE IF NOT EXISTS sync_recheck (
  entity  VARCHAR(48)     NOT NULL,
  root_id BIGINT UNSIGNED NOT NULL,
  stamp   CHAR(32)        CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  ids     MEDIUMBLOB      NOT NULL,
  PRIMARY KEY (entity, root_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
