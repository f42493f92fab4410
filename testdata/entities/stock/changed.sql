-- The positions that changed in [:from, :to). A lot's update does not touch its
-- position.
SELECT id AS _root FROM stock_position WHERE updated_at >= :from AND updated_at < :to
UNION ALL
SELECT position_id FROM stock_lot WHERE updated_at >= :from AND updated_at < :to
