-- One record per item that should be found. E-mail, phone, street and bank data
-- never leave the database.
--
-- Courier events arrive out of order: a late "in transit" overwrites "delivered"
-- in the row. What happened last by the courier's own clock is shown, whatever
-- arrived last: where a milestone is later than the event that set the status,
-- the milestone's status stands; at equal times the further one wins.
SELECT
  r.id                                             AS _root,
  r.updated_at                                     AS _version_return,
  r.row_version                                    AS _version_row,
  i.updated_at                                     AS _version_item,
  CONCAT('R', r.id, '-', i.id)                     AS objectID,
  r.account_slug                                   AS account,
  NULLIF(r.external_channel_id, '')                AS channel,
  r.id                                             AS returnId,
  r.customer_return_number                         AS returnNumber,
  r.customer_order_number                          AS orderNumber,
  r.vendor_order_number                            AS vendorOrderNumber,
  r.return_type                                    AS returnType,
  CASE
    WHEN r.overtaken = 0 THEN r.status
    WHEN r.milestone_rank = 20 THEN 'RETURN_ON_THE_WAY'
    WHEN r.milestone_rank = 30 THEN 'RETURN_DELIVERED'
    WHEN r.milestone_rank = 40 THEN 'RETURN_IN_PROCESSING'
    WHEN r.milestone_rank = 80 THEN 'PICKUP_CANCELLED'
    WHEN i.item_status IN ('RESTOCKED', 'QUARANTINED', 'DAMAGED', 'LOST') THEN i.item_status
    WHEN r.status_rank = 90 THEN r.status
    ELSE 'RETURN_IN_PROCESSING'
  END                                              AS status,
  CASE
    WHEN r.overtaken = 0 THEN r.status_rank
    WHEN r.milestone_rank < 80 THEN r.milestone_rank
    WHEN r.milestone_rank = 80 OR r.status_rank = 90
      OR i.item_status IN ('RESTOCKED', 'QUARANTINED', 'DAMAGED', 'LOST') THEN 90
    ELSE 40
  END                                              AS statusRank,
  CASE WHEN r.overtaken = 0 THEN r.carrier_status END AS carrierStatus,
  GREATEST(r.event_at, r.milestone_at)             AS statusAt,
  r.tracking_id                                    AS trackingId,
  r.courier_name                                   AS courier,
  r.is_cod                                         AS isCod,
  r.resolution                                     AS resolution,
  CAST(ROUND(r.refund_amount * 100) AS SIGNED)     AS `refund.amountMinor`,
  r.currency                                       AS `refund.currency`,
  r.refund_mode                                    AS `refund.mode`,
  r.refund_status                                  AS `refund.status`,
  r.customer_name                                  AS `customer.name`,
  -- Phones are written with blanks, hyphens and extensions: digits are counted.
  CASE WHEN CHAR_LENGTH(REGEXP_REPLACE(r.contact_phone, '[^0-9]', '')) >= 8
       THEN RIGHT(REGEXP_REPLACE(r.contact_phone, '[^0-9]', ''), 4) END AS `customer.phoneLast4`,
  r.pickup_city                                    AS `pickup.city`,
  r.pickup_state                                   AS `pickup.state`,
  r.pickup_postal_code                             AS `pickup.postalCode`,
  r.pickup_country_code                            AS `pickup.country`,
  r.drop_location_code                             AS dropLocation,
  i.sku                                            AS `item.sku`,
  i.esin                                           AS `item.esin`,
  i.ean                                            AS `item.ean`,
  i.product_name                                   AS `item.name`,
  i.image_url                                      AS `item.imageUrl`,
  i.quantity                                       AS `item.quantity`,
  CAST(ROUND(i.unit_price * 100) AS SIGNED)        AS `item.unitPriceMinor`,
  i.return_reason                                  AS `item.reason`,
  i.return_sub_reason                              AS `item.subReason`,
  i.item_status                                    AS `item.status`,
  i.item_condition                                 AS `item.condition`,
  i.qc_rejection_reasons                           AS `item.qcReasons`,
  (SELECT COUNT(*) FROM order_return_item n
    WHERE n.order_return_id = r.id AND n.deleted_at IS NULL) AS returnLineCount,
  r.requested_at                                   AS requestedAt,
  r.picked_up_at                                   AS pickedUpAt,
  r.delivered_at                                   AS deliveredAt,
  r.received_at                                    AS receivedAt,
  r.completed_at                                   AS completedAt,
  r.cancelled_at                                   AS cancelledAt,
  r.created_at                                     AS createdAt,
  GREATEST(r.updated_at, i.updated_at)             AS updatedAt,
  r.row_version                                    AS rowVersion
FROM (
  SELECT m.*,
    -- Both servers put these expressions in place wherever they are used, so each
    -- is written to be evaluated once: that is a quarter of the query's time.
    CASE SIGN(TIMESTAMPDIFF(MICROSECOND, m.event_at, m.milestone_at))
      WHEN -1 THEN 0 WHEN 0 THEN m.tied_rank > m.status_rank ELSE m.milestone_at > m.event_at
    END AS overtaken
  FROM (
    SELECT t.*,
      CASE t.status
        WHEN 'AWAITING_PICKUP' THEN 10 WHEN 'RETURN_ON_THE_WAY' THEN 20
        WHEN 'RETURN_DELIVERED' THEN 30 WHEN 'RETURN_IN_PROCESSING' THEN 40 ELSE 90
      END AS status_rank,
      CASE t.milestone_at
        WHEN t.completed_at THEN 90 WHEN t.cancelled_at THEN 80 WHEN t.received_at THEN 40
        WHEN t.delivered_at THEN 30 WHEN t.picked_up_at THEN 20 ELSE 0
      END AS milestone_rank,
      -- The same where milestone_at = event_at.
      CASE t.event_at
        WHEN t.completed_at THEN 90 WHEN t.cancelled_at THEN 80 WHEN t.received_at THEN 40
        WHEN t.delivered_at THEN 30 WHEN t.picked_up_at THEN 20 ELSE 0
      END AS tied_rank
    FROM (
      SELECT o.*,
        -- Old rows have a zero date where there was no event.
        CASE WHEN o.status_event_at > TIMESTAMP'1000-01-01 00:00:00'
             THEN o.status_event_at ELSE o.created_at END AS event_at,
        GREATEST(
          COALESCE(o.picked_up_at, TIMESTAMP'1000-01-01 00:00:00'),
          COALESCE(o.delivered_at, TIMESTAMP'1000-01-01 00:00:00'),
          COALESCE(o.received_at,  TIMESTAMP'1000-01-01 00:00:00'),
          COALESCE(o.completed_at, TIMESTAMP'1000-01-01 00:00:00'),
          COALESCE(o.cancelled_at, TIMESTAMP'1000-01-01 00:00:00')
        ) AS milestone_at
      FROM order_return o
      WHERE o.id IN (:ids) AND o.deleted_at IS NULL
    ) t
  ) m
) r
JOIN order_return_item i ON i.order_return_id = r.id AND i.deleted_at IS NULL
ORDER BY r.id, i.line_no
