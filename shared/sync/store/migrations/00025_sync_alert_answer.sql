-- What people answered to an alert: who has acknowledged it, and until when it is
-- snoozed. reminded_at is when it was last sent
-- again after a snooze.
-- +goose Up
SET @answered = IF(
  (SELECT COUNT(*) FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'sync_alert' AND column_name = 'reminded_at') = 0,
  'ALTER TABLE sync_alert
     ADD COLUMN acknowledged_at DATETIME(6)  NULL,
     ADD COLUMN acknowledged_by VARCHAR(255) NOT NULL DEFAULT '''',
     ADD COLUMN snoozed_until   DATETIME(6)  NULL,
     ADD COLUMN snoozed_by      VARCHAR(255) NOT NULL DEFAULT '''',
     ADD COLUMN reminded_at     DATETIME(6)  NULL',
  'DO 0');
PREPARE answered FROM @answered;
EXECUTE answered;
DEALLOCATE PREPARE answered;
