-- The gates of Airtable's bases: 5 slots a base. A request holds a slot from before it
-- is sent until a second after it was answered.
-- +goose Up
CREATE TABLE IF NOT EXISTS report_slot (
  base          VARCHAR(32)      CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  slot          TINYINT UNSIGNED NOT NULL,
  token         CHAR(26)         CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  free_at       DATETIME(6)      NOT NULL,
  blocked_until DATETIME(6)      NOT NULL,
  PRIMARY KEY (base, slot)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
