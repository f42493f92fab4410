-- Ids of records as the bytes that they are, as long as any id may be. As texts two ids
-- that differ by blanks at their end alone were one row, and a long one none.
-- +goose Up
ALTER TABLE sync_parked MODIFY object_id VARBINARY(1024) NOT NULL;
ALTER TABLE sync_drift MODIFY object_id VARBINARY(1024) NOT NULL;
