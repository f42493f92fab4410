-- Grains of the content that the next swap of their slice removes. A sync notes them here
-- while it compares, so that its memory does not grow with the slice.
-- +goose Up
CREATE TABLE IF NOT EXISTS exchange_surplus (
  slice_id BINARY(16) NOT NULL,
  id       BINARY(16) NOT NULL,
  PRIMARY KEY (slice_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
