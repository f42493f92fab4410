-- No time of change is part of a record: what is set back to what it was is the
-- same record again.
SELECT
  p.id                            AS _root,
  p.updated_at                    AS _version_position,
  l.updated_at                    AS _version_lot,
  CONCAT('S', p.id, '-', l.id)    AS objectID,
  p.account_slug                  AS account,
  p.sku                           AS sku,
  p.location_code                 AS `place.location`,
  p.shelf                         AS `place.shelf`,
  p.is_blocked                    AS isBlocked,
  p.labels                        AS labels,
  l.lot_number                    AS `lot.number`,
  l.quantity                      AS `lot.quantity`,
  l.unit_cost                     AS `lot.unitCost`,
  l.expires_on                    AS `lot.expiresAt`,
  l.note                          AS note
FROM stock_position p
JOIN stock_lot l ON l.position_id = p.id
WHERE p.id IN (:ids) AND p.deleted_at IS NULL
