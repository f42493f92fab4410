-- +goose Up

-- The records of both rehearsed sides.
CREATE TABLE transfer_side_record (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    side VARCHAR(8) NOT NULL,
    model VARCHAR(200) NOT NULL,
    foreign_id BIGINT,
    sosync_write_date DATETIME(6),
    write_date DATETIME(6) NOT NULL,
    synced_version DATETIME(6),
    fields LONGTEXT NOT NULL,
    CONSTRAINT transfer_side_foreign UNIQUE (side, model, foreign_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- One row a write that a transfer made.
CREATE TABLE transfer_side_write (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    side VARCHAR(8) NOT NULL,
    verb VARCHAR(16) NOT NULL,
    model VARCHAR(200) NOT NULL,
    record_id BIGINT NOT NULL,
    sosync_write_date DATETIME(6)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
