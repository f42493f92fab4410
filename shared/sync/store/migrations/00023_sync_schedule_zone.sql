-- The zone of a schedule by its IANA name, such as Asia/Kolkata: its clocks, summer time
-- included. Empty: timezone says a fixed distance from UTC.
-- +goose Up
SET @zone = IF(
  (SELECT COUNT(*) FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'sync_schedule' AND column_name = 'zone') = 0,
  'ALTER TABLE sync_schedule ADD COLUMN zone VARCHAR(64) NOT NULL DEFAULT ''''',
  'DO 0');
PREPARE zone FROM @zone;
EXECUTE zone;
DEALLOCATE PREPARE zone;
