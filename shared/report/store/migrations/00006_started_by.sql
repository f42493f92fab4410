-- The request that started a run of a real-time type, so that the request repeated
-- starts no second run; empty (NULL) for other reports.
-- +goose Up
ALTER TABLE report_report
  ADD COLUMN started_by VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  ADD UNIQUE KEY uq_started (type, started_by);
