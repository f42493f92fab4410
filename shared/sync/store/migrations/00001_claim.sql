-- The owner's table, if it is not there yet. The newest row of a job type by
-- created_at says whether a sync may start and how far the last one came.
-- +goose Up
CREATE TABLE IF NOT EXISTS order_return_algolia_sync (
  id               BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  job_type         VARCHAR(64)     NOT NULL,
  status           TINYINT UNSIGNED NOT NULL DEFAULT 0,
  date_range_start DATETIME(6)     NULL,
  date_range_end   DATETIME(6)     NULL,
  created_at       DATETIME(6)     NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  updated_at       DATETIME(6)     NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6),
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
