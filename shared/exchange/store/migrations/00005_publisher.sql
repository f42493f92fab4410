-- The partner whose copy a slice is; NULL for a slice of our own. No other partner's
-- subscription takes the slice over, also when its own subscription is gone.
-- +goose Up
ALTER TABLE exchange_slice ADD COLUMN publisher BINARY(16) NULL;
