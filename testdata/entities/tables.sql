-- The tables of the definitions beside, with some rows: `local --entities` makes them.
CREATE TABLE stock_position (
  id            BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  account_slug  VARCHAR(64)  NOT NULL,
  sku           VARCHAR(64)  NOT NULL,
  location_code VARCHAR(40)  NOT NULL,
  shelf         VARCHAR(40)  NULL,
  is_blocked    TINYINT(1)   NOT NULL DEFAULT 0,
  labels        JSON         NULL,
  updated_at    DATETIME(6)  NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6),
  deleted_at    DATETIME(6)  NULL,
  KEY ix_changed (updated_at, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE stock_lot (
  id          BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  position_id BIGINT UNSIGNED NOT NULL,
  lot_number  VARCHAR(40)     NOT NULL,
  quantity    INT             NOT NULL,
  unit_cost   DECIMAL(12,3)   NOT NULL DEFAULT 0,
  expires_on  DATE            NULL,
  note        TEXT            NULL,
  updated_at  DATETIME(6)     NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6),
  KEY ix_position (position_id),
  KEY ix_lot_changed (updated_at, position_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

INSERT INTO stock_position (id, account_slug, sku, location_code, shelf, is_blocked, labels) VALUES
  (1, 'acme', 'KURTA-RED-M', 'DEL1', 'A-01', 0, '["fragile", "silk"]'),
  (2, 'acme', 'SAREE-BLUE', 'DEL1', NULL, 1, NULL),
  (3, 'bolt', 'SOCKS-3', 'BLR2', 'C-17', 0, '[]');

INSERT INTO stock_lot (position_id, lot_number, quantity, unit_cost, expires_on, note) VALUES
  (1, 'L-2026-01', 12, 410.500, NULL, 'first delivery'), (1, 'L-2026-02', 3, 420.000, NULL, NULL),
  (2, 'L-2026-07', 1, 1899.990, NULL, 'blocked for inspection'), (3, 'L-2026-09', 240, 9.250, '2031-01-31', NULL);
