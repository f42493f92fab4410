-- The source tables, which belong to the owner: the sync only reads them.
-- Every DATETIME is UTC.

CREATE TABLE IF NOT EXISTS order_return (
  id                     BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  account_slug           VARCHAR(64)   NOT NULL,              -- tenant, also called workspace
  external_channel_id    VARCHAR(64)   NOT NULL DEFAULT '',   -- sales channel
  customer_return_number VARCHAR(64)   NOT NULL,              -- unique within account and channel only
  customer_order_number  VARCHAR(64)   NOT NULL,
  vendor_order_number    VARCHAR(64)   NULL,
  return_type            VARCHAR(24)   NOT NULL DEFAULT 'CUSTOMER_RETURN', -- or FAILED_DELIVERY
  pickup_type            VARCHAR(16)   NOT NULL DEFAULT 'reverse',
  status                 VARCHAR(32)   NOT NULL DEFAULT 'AWAITING_PICKUP',
  carrier_status         VARCHAR(40)   NULL,                  -- last raw sub-type from the courier
  status_event_at        DATETIME(6)   NULL,                  -- when it happened, by the courier's clock
  courier_name           VARCHAR(80)   NULL,
  tracking_id            VARCHAR(80)   NULL,
  is_cod                 TINYINT(1)    NOT NULL DEFAULT 0,
  resolution             VARCHAR(16)   NOT NULL DEFAULT 'REFUND',          -- or EXCHANGE
  currency               CHAR(3)       NOT NULL DEFAULT 'INR',
  refund_amount          DECIMAL(14,2) NOT NULL DEFAULT 0,
  refund_mode            VARCHAR(24)   NULL,
  refund_status          VARCHAR(24)   NULL,
  refunded_at            DATETIME(6)   NULL,
  customer_name          VARCHAR(160)  NULL,
  contact_phone          VARCHAR(32)   NULL,                  -- personal: never leaves the database
  email                  VARCHAR(254)  NULL,                  -- personal: never leaves the database
  pickup_address         VARCHAR(512)  NULL,                  -- personal: never leaves the database
  pickup_city            VARCHAR(80)   NULL,
  pickup_state           VARCHAR(80)   NULL,
  pickup_postal_code     VARCHAR(16)   NULL,
  pickup_country_code    CHAR(2)       NULL,
  drop_location_code     VARCHAR(40)   NULL,
  drop_city              VARCHAR(80)   NULL,
  remarks                VARCHAR(512)  NULL,
  requested_at           DATETIME(6)   NULL,
  picked_up_at           DATETIME(6)   NULL,
  delivered_at           DATETIME(6)   NULL,
  received_at            DATETIME(6)   NULL,
  completed_at           DATETIME(6)   NULL,
  cancelled_at           DATETIME(6)   NULL,
  row_version            BIGINT UNSIGNED NOT NULL DEFAULT 1,  -- raised by every writer of this row
  created_at             DATETIME(6)   NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  updated_at             DATETIME(6)   NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6),
  deleted_at             DATETIME(6)   NULL,                  -- soft delete: the index must forget it
  PRIMARY KEY (id),
  UNIQUE KEY uq_return (account_slug, external_channel_id, customer_return_number),
  KEY ix_changed (updated_at, id),
  KEY ix_tracking (tracking_id),
  KEY ix_order (account_slug, customer_order_number)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- An edit of an item does not touch its return's updated_at.
CREATE TABLE IF NOT EXISTS order_return_item (
  id                   BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  order_return_id      BIGINT UNSIGNED NOT NULL,
  line_no              INT UNSIGNED  NOT NULL,
  order_item_id        VARCHAR(80)   NULL,
  sku                  VARCHAR(64)   NOT NULL,
  esin                 VARCHAR(32)   NULL,
  ean                  VARCHAR(32)   NULL,
  product_name         VARCHAR(255)  NOT NULL DEFAULT '',
  image_url            VARCHAR(512)  NULL,
  quantity             INT           NOT NULL,
  unit_price           DECIMAL(14,3) NOT NULL DEFAULT 0,
  discount             DECIMAL(14,2) NOT NULL DEFAULT 0,
  line_total           DECIMAL(14,2) NOT NULL DEFAULT 0,
  return_reason        VARCHAR(80)   NULL,
  return_sub_reason    VARCHAR(80)   NULL,
  customer_comment     VARCHAR(512)  NULL,
  item_status          VARCHAR(32)   NOT NULL DEFAULT 'PENDING',
  item_condition       VARCHAR(16)   NULL,                    -- SELLABLE or NON_SELLABLE
  qc_rejection_reasons JSON          NULL,                    -- array of strings
  shelf                VARCHAR(40)   NULL,
  received_quantity    INT           NULL,
  restocked_quantity   INT           NULL,
  order_number         VARCHAR(64)   NULL,
  order_date           DATETIME(6)   NULL,
  created_at           DATETIME(6)   NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  updated_at           DATETIME(6)   NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6),
  deleted_at           DATETIME(6)   NULL,
  PRIMARY KEY (id),
  UNIQUE KEY uq_line (order_return_id, line_no),
  KEY ix_item_changed (updated_at, order_return_id),
  CONSTRAINT fk_item_return FOREIGN KEY (order_return_id) REFERENCES order_return (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
