-- All returns in id order, deleted ones too: whether a return has records is said
-- by rows.sql alone.
SELECT id AS _root FROM order_return WHERE id > :after AND id <= :upto
