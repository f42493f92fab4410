-- The operators' tokens that were signed out before their end: the SHA-256 of the part
-- that a token's signature covers, and when the token itself ends, with a margin. A row
-- that is older is removed at the next sign-out.
-- +goose Up
CREATE TABLE IF NOT EXISTS sync_signout (
  token_hash BINARY(32)  NOT NULL PRIMARY KEY,
  expires_at DATETIME(6) NOT NULL,
  KEY expired (expires_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
