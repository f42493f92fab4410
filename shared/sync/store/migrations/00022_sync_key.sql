-- The numbers of roots whose keys are no numbers. sync_key has a row for each key that
-- the source holds different from all others; its number is never used again. Rows are
-- never deleted. sync_key_spelling has the exact bytes in which the source wrote a key,
-- and by these it is found: where the source ignores case, 'a' and 'A' are two spellings
-- of one number.
-- +goose Up
CREATE TABLE IF NOT EXISTS sync_key (
  number    BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  entity    VARCHAR(48)     NOT NULL,
  same_hash BINARY(16)      NOT NULL,
  UNIQUE KEY same (entity, same_hash),
  KEY listed (entity, number)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE TABLE IF NOT EXISTS sync_key_spelling (
  entity   VARCHAR(48)      NOT NULL,
  key_hash BINARY(16)       NOT NULL,
  number   BIGINT UNSIGNED  NOT NULL,
  spelling VARBINARY(3200)  NOT NULL,
  PRIMARY KEY (entity, key_hash),
  KEY numbered (number)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
