-- The numbers of reports, for forecasting. date is empty for a real-time type. stamp is
-- the report time of the payload that wrote the number.
-- +goose Up
CREATE TABLE IF NOT EXISTS report_datapoint (
  type    VARCHAR(48)     CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  date    VARCHAR(10)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  row_key VARBINARY(200)  NOT NULL,
  field   VARCHAR(100)    CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  number  DECIMAL(30,10)  NOT NULL,
  stamp   DATETIME(6)     NOT NULL,
  PRIMARY KEY (type, date, row_key, field),
  KEY ix_stamp (type, date, stamp)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
