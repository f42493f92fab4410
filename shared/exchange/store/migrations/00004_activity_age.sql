-- Old activities are found without a pass over all of them.
-- +goose Up
ALTER TABLE exchange_activity ADD KEY ix_created (created_at);
