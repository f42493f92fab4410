-- The publishers of copies that are there. A primary's own slices were never synced.
-- +goose Up
UPDATE exchange_slice s JOIN exchange_subscription b ON b.slice_id = s.id SET s.publisher = b.company_id
WHERE s.last_sync_attempt IS NOT NULL AND s.publisher IS NULL;
