-- The keys of a document that is being loaded, as hashes, beyond those that a process
-- remembers. They go with the end of the loading.
-- +goose Up
CREATE TABLE IF NOT EXISTS report_key (
  report_id BIGINT UNSIGNED NOT NULL,
  payload   CHAR(32)        CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  hash      BIGINT UNSIGNED NOT NULL,
  row_no    BIGINT UNSIGNED NOT NULL,
  PRIMARY KEY (report_id, payload, hash)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
