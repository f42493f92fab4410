package matrix_test

import "maps"

// keyed returns a definition's files with more lines in entity.yaml.
func keyed(rootType, changed, rows string, more ...string) files {
	return files{"entity.yaml": yamlOf(append([]string{"rootType: " + rootType}, more...)...), "changed.sql": changed, "rows.sql": rows}
}

// keyTables are tables whose keys are no numbers, by their trait.
var keyTables = map[string]table{
	"text key, child in another spelling": {
		create: []string{
			"CREATE TABLE product (sku VARCHAR(40) NOT NULL PRIMARY KEY, name VARCHAR(60) NOT NULL, updated_at DATETIME(6) NOT NULL, KEY (updated_at)) CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci",
			"CREATE TABLE stock (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, sku VARCHAR(40) NOT NULL, qty INT NOT NULL, updated_at DATETIME(6) NOT NULL, KEY (sku)) CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci",
		},
		def: keyed("text",
			"SELECT sku AS _root FROM product WHERE updated_at >= :from AND updated_at < :to UNION ALL SELECT sku FROM stock WHERE updated_at >= :from AND updated_at < :to",
			`SELECT p.sku AS _root, p.updated_at AS _version, COALESCE(SUM(s.qty), 0) AS _version_stock, CONCAT('P', p.sku) AS objectID, p.name AS name, COALESCE(SUM(s.qty), 0) AS qty
			FROM product p LEFT JOIN stock s ON s.sku = p.sku WHERE p.sku IN (:ids) GROUP BY p.sku, p.updated_at, p.name`),
		fill: []string{
			"INSERT INTO product VALUES ('Ab-1', 'one', " + now + "), ('17', 'two', " + now + "), ('', 'empty', " + now + "), ('Größe', 'umlaut', " + now + "), ('🚚', 'lorry', " + now + "), ('a,b\"c''d\\\\', 'signs', " + now + ")",
			"INSERT INTO stock (sku, qty, updated_at) VALUES ('aB-1 ', 3, " + now + "), ('AB-1', 4, " + now + "), ('grösse', 1, " + now + "), ('GRÖßE', 5, " + now + ")",
		},
		change: []string{
			"UPDATE stock SET qty = 9, updated_at = " + now + " WHERE qty = 3", "UPDATE product SET name = 'zwei', updated_at = " + now + " WHERE sku = '17'",
			"INSERT INTO stock (sku, qty, updated_at) VALUES ('größe  ', 7, " + now + "), ('nobody', 1, " + now + ")",
		},
		remove: "DELETE FROM product WHERE sku = '🚚'",
	},
	"text key, case counts": {
		create: []string{"CREATE TABLE coupon (code VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL PRIMARY KEY, off DECIMAL(6,2) NOT NULL, at DATETIME(6) NOT NULL, KEY (at))"},
		def: keyed("text", changedBy("coupon", "code", "at"),
			"SELECT code AS _root, at AS _version, CONCAT('C', code) AS objectID, off FROM coupon WHERE code IN (:ids)", "trustVersions: true"),
		fill:   []string{"INSERT INTO coupon VALUES ('a', 1, " + now + "), ('A', 2, " + now + "), ('á', 3, " + now + "), ('b', 4, " + now + "), ('1', 5, " + now + "), ('01', 6, " + now + "), ('1.0', 7, " + now + ")"},
		change: []string{"UPDATE coupon SET off = 9, at = " + now + " WHERE code IN ('A', '01')", "INSERT INTO coupon VALUES ('B', 8, " + now + ")"},
		remove: "DELETE FROM coupon WHERE code = 'á'",
	},
	"UUID as text": {
		create: []string{"CREATE TABLE customer (id CHAR(36) NOT NULL PRIMARY KEY, tier ENUM('gold','none') NOT NULL, updated_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6), KEY (updated_at)) CHARSET=ascii"},
		def: keyed("text", changedBy("customer", "id", "updated_at"),
			"SELECT id AS _root, updated_at AS _version, id AS objectID, tier FROM customer WHERE id IN (:ids)"),
		fill:   []string{"INSERT INTO customer (id, tier) VALUES ('9f86d081-884c-4d65-9a2f-eaa0c55ad015', 'gold'), ('00000000-0000-0000-0000-000000000001', 'none'), ('ffffffff-ffff-ffff-ffff-ffffffffffff', 'none')"},
		change: []string{"UPDATE customer SET tier = 'gold' WHERE id LIKE '0000%'"},
		remove: "DELETE FROM customer WHERE id LIKE 'ffff%'",
	},
	"UUID as bytes": {
		create: []string{"CREATE TABLE session_row (id BINARY(16) NOT NULL PRIMARY KEY, hits INT UNSIGNED NOT NULL, updated_at DATETIME(6) NOT NULL, KEY (updated_at)) CHARSET=utf8mb4"},
		def: keyed("binary", changedBy("session_row", "id", "updated_at"),
			"SELECT id AS _root, updated_at AS _version, LOWER(HEX(id)) AS objectID, hits FROM session_row WHERE id IN (:ids)"),
		fill: []string{"INSERT INTO session_row VALUES (x'9f86d081884c4d659a2feaa0c55ad015', 1, " + now + "), (x'00000000000000000000000000000000', 2, " + now +
			"), (x'20202020202020202020202020202020', 3, " + now + "), (x'ffffffffffffffffffffffffffff275c', 4, " + now + "), (x'00000000000000000000000000000020', 5, " + now + ")"},
		change: []string{"UPDATE session_row SET hits = hits + 10, updated_at = " + now + " WHERE hits IN (2, 4)"},
		remove: "DELETE FROM session_row WHERE hits = 3",
	},
	"bytes that differ in the end": {
		create: []string{"CREATE TABLE blobkey (k VARBINARY(40) NOT NULL PRIMARY KEY, v VARCHAR(20) NOT NULL, at DATETIME(6) NOT NULL) CHARSET=utf8mb4"},
		def: keyed("binary", changedBy("blobkey", "k", "at"),
			"SELECT k AS _root, at AS _version, CONCAT('K', HEX(k)) AS objectID, v FROM blobkey WHERE k IN (:ids)"),
		fill: []string{"INSERT INTO blobkey VALUES ('a', 'a', " + now + "), ('A', 'A', " + now + "), ('a ', 'a space', " + now + "), ('a  ', 'two', " + now +
			"), (x'6100', 'zero', " + now + "), ('', 'empty', " + now + "), (x'fffe', 'no letters', " + now + ")"},
		change: []string{"UPDATE blobkey SET v = CONCAT(v, '!'), at = " + now + " WHERE k IN ('a ', 'A')", "INSERT INTO blobkey VALUES ('A ', 'A space', " + now + ")"},
		remove: "DELETE FROM blobkey WHERE k IN ('a', '')",
	},
	"text key in latin1": {
		create: []string{"CREATE TABLE artikel (nr VARCHAR(20) NOT NULL PRIMARY KEY, name VARCHAR(60) NOT NULL, geaendert DATETIME(6) NOT NULL, KEY (geaendert)) CHARSET=latin1",
			"CREATE TABLE preis (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, nr VARCHAR(20) NOT NULL, cent INT NOT NULL, geaendert DATETIME(6) NOT NULL) CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci"},
		def: keyed("text",
			changedBy("artikel", "nr", "geaendert")+" UNION ALL SELECT nr FROM preis WHERE geaendert >= :from AND geaendert < :to",
			`SELECT a.nr AS _root, a.geaendert AS _version, COALESCE(MAX(p.cent), 0) AS _version_cent, CONCAT('A', a.nr) AS objectID, a.name AS name, COALESCE(MAX(p.cent), 0) AS cent
			FROM artikel a LEFT JOIN preis p ON p.nr = CONVERT(a.nr USING utf8mb4) COLLATE utf8mb4_general_ci WHERE a.nr IN (:ids) GROUP BY a.nr, a.geaendert, a.name`),
		fill: []string{"INSERT INTO artikel VALUES ('Tür', 'Haustür', " + now + "), ('É', 'e', " + now + "), ('x?', 'question', " + now + "), ('y', 'y', " + now + ")",
			"INSERT INTO preis (nr, cent, geaendert) VALUES ('TÜR ', 100, " + now + "), ('x🚚', 5, " + now + ")"},
		change: []string{"UPDATE preis SET cent = 250, geaendert = " + now + " WHERE cent = 100", "UPDATE artikel SET name = 'ö', geaendert = " + now + " WHERE nr = 'É'"},
		remove: "DELETE FROM artikel WHERE nr = 'y'",
	},
	"composite text key": {
		create: []string{`CREATE TABLE listing (tenant VARCHAR(20) NOT NULL, shop INT NOT NULL, code VARCHAR(30) NOT NULL, price DECIMAL(10,2) NOT NULL, updated_at DATETIME(6) NOT NULL,
			PRIMARY KEY (tenant, shop, code), KEY (updated_at)) CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci`},
		def: keyed("[text, number, text]",
			"SELECT tenant AS _root1, shop AS _root2, code AS _root3 FROM listing WHERE updated_at >= :from AND updated_at < :to",
			"SELECT tenant AS _root1, shop AS _root2, code AS _root3, updated_at AS _version, CONCAT(CHAR_LENGTH(tenant), '-', tenant, '-', shop, '-', code) AS objectID, price FROM listing WHERE (tenant, shop, code) IN (:ids)"),
		fill:   []string{"INSERT INTO listing VALUES ('a', 1, 'b', 1, " + now + "), ('a,1', 1, 'b', 2, " + now + "), ('', -7, '', 3, " + now + "), ('a', 11, 'b', 4, " + now + "), ('a1', 1, 'b', 5, " + now + "), ('ä', 0, 'ß', 6, " + now + ")"},
		change: []string{"UPDATE listing SET price = price + 10, updated_at = " + now + " WHERE shop = 1", "INSERT INTO listing VALUES ('a', 11, 'b ', 9, " + now + ") ON DUPLICATE KEY UPDATE price = 9, updated_at = " + now},
		remove: "DELETE FROM listing WHERE shop = -7",
	},
	"composite of a date and bytes": {
		create: []string{`CREATE TABLE measure (day DATE NOT NULL, device BINARY(4) NOT NULL, value DOUBLE NOT NULL, at DATETIME(6) NOT NULL, PRIMARY KEY (day, device)) CHARSET=utf8mb4`},
		def: keyed("[text, binary]",
			"SELECT day AS _root1, device AS _root2 FROM measure WHERE at >= :from AND at < :to",
			"SELECT day AS _root1, device AS _root2, at AS _version, CONCAT(day, '-', HEX(device)) AS objectID, value FROM measure WHERE (day, device) IN (:ids)"),
		fill:   []string{"INSERT INTO measure VALUES ('2026-01-01', x'00000001', 1, " + now + "), ('2026-01-01', x'20202020', 2, " + now + "), ('0000-00-00', x'ffffffff', 3, " + now + ")"},
		change: []string{"UPDATE measure SET value = 1e9, at = " + now + " WHERE value < 3"},
		remove: "DELETE FROM measure WHERE value = 3",
	},
}

func init() { maps.Copy(tables, keyTables) }
