-- +goose Up

-- What the processes of an installation leave for each other, a row a name.
CREATE TABLE transfer_note (
    name VARCHAR(32) NOT NULL PRIMARY KEY,
    body LONGTEXT,
    left_at DATETIME(6)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

INSERT INTO transfer_note (name) VALUES ('threads'), ('worker'), ('protocol'), ('clocks'), ('recheck');

-- One row a start by a schedule or a scope: the jobs up to last_job_id belong to it.
CREATE TABLE transfer_start (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    start_key VARCHAR(200) NOT NULL,
    last_job_id BIGINT NOT NULL,
    started_at DATETIME(6) NOT NULL,
    UNIQUE KEY transfer_start_key (start_key)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
