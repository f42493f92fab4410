-- The returns that changed in [:from, :to). An item's update does not touch its
-- return, so both tables count; each has an index that begins with updated_at. A return
-- may come more than once: the list keeps one, so UNION would only cost a table more.
SELECT id AS _root
FROM order_return
WHERE updated_at >= :from AND updated_at < :to
UNION ALL
SELECT order_return_id
FROM order_return_item
WHERE updated_at >= :from AND updated_at < :to
