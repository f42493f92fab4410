package matrix_test

import "fmt"

// table is a table as a product out in the world has it, with a definition over it and
// what its owners do to its rows.
type table struct {
	create []string
	def    files
	fill   []string // inserts rows that are to be found
	change []string // touches rows, and takes one out by its own rules where it has some
	remove string   // deletes a row without a trace
}

// now is the time of a write in UTC, whatever the writer's session says.
const now = "UTC_TIMESTAMP(6)"

// changedBy is the usual changed.sql over a table.
func changedBy(table, key, stamp string) string {
	return fmt.Sprintf("SELECT %s AS _root FROM %s WHERE %s >= :from AND %s < :to", key, table, stamp, stamp)
}

// tables are shapes of tables by their trait.
var tables = map[string]table{
	"composite key": {
		create: []string{`CREATE TABLE order_line (order_id INT UNSIGNED NOT NULL, line SMALLINT UNSIGNED NOT NULL, sku VARCHAR(30) NOT NULL, qty DECIMAL(10,3) NOT NULL,
			updated_at DATETIME(6) NOT NULL, PRIMARY KEY (order_id, line), KEY (updated_at)) CHARSET=utf8mb4`},
		def: files{
			"changed.sql": "SELECT DISTINCT order_id AS _root FROM order_line WHERE updated_at >= :from AND updated_at < :to",
			"rows.sql":    "SELECT order_id AS _root, updated_at AS _version, CONCAT(order_id, '/', line) AS objectID, sku, qty FROM order_line WHERE order_id IN (:ids)",
		},
		fill:   []string{"INSERT INTO order_line VALUES (1, 1, 'A', 1.5, " + now + "), (1, 2, 'B', 0, " + now + "), (2, 1, 'C', 3, " + now + "), (7, 1, 'D', 4, " + now + ")"},
		change: []string{"UPDATE order_line SET qty = qty + 0.125, updated_at = " + now + " WHERE line = 1", "INSERT INTO order_line VALUES (2, 2, 'E', 9, " + now + ")"},
		remove: "DELETE FROM order_line WHERE order_id = 7",
	},
	"keys beyond 2^53 and 2^63": {
		create: []string{thing},
		def:    numbered(true, true),
		fill: []string{"INSERT INTO thing VALUES (0, 'zero', " + now + "), (9007199254740991, 'a', " + now + "), (9007199254740993, 'b', " + now +
			"), (9223372036854775808, 'c', " + now + "), (18446744073709551615, 'd', " + now + ")"},
		change: []string{"UPDATE thing SET name = CONCAT(name, '!'), updated_at = " + now + " WHERE id <> 0"},
		remove: "DELETE FROM thing WHERE id = 9223372036854775808",
	},
	"epoch seconds": {
		create: []string{"CREATE TABLE wp_job (ID BIGINT(20) UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, title TEXT NOT NULL, ts INT UNSIGNED NOT NULL, KEY (ts)) CHARSET=utf8mb4"},
		def: files{
			"changed.sql": "SELECT ID AS _root FROM wp_job WHERE ts >= UNIX_TIMESTAMP(:from) AND ts < UNIX_TIMESTAMP(:to) + 1",
			"rows.sql":    "SELECT ID AS _root, ts AS _version, CONCAT('job-', ID) AS objectID, title, ts AS changedAt FROM wp_job WHERE ID IN (:ids)",
		},
		fill:   []string{"INSERT INTO wp_job (title, ts) VALUES ('one', UNIX_TIMESTAMP()), ('two', UNIX_TIMESTAMP()), ('three', UNIX_TIMESTAMP())"},
		change: []string{"UPDATE wp_job SET title = 'two again', ts = UNIX_TIMESTAMP() WHERE ID = 2"},
		remove: "DELETE FROM wp_job WHERE ID = 3",
	},
	"DATE stamps": {
		create: []string{"CREATE TABLE ledger_entry (id INT NOT NULL PRIMARY KEY, amount DECIMAL(18,4) NOT NULL, booked DATE NOT NULL, KEY (booked)) CHARSET=utf8mb4"},
		def: files{
			"entity.yaml": "name: thing\njobType: THING_JOB\nindex: thing\npageSize: 2\noverlap: 25h\n",
			"changed.sql": "SELECT id AS _root FROM ledger_entry WHERE booked >= DATE(:from) AND booked <= DATE(:to)",
			"rows.sql":    "SELECT id AS _root, booked AS _version, amount AS _version_amount, CONCAT('E', id) AS objectID, amount, booked FROM ledger_entry WHERE id IN (:ids)",
		},
		fill:   []string{"INSERT INTO ledger_entry VALUES (1, 10.5, UTC_DATE()), (2, -0.0001, UTC_DATE()), (3, 99999999999999.9999, UTC_DATE())"},
		change: []string{"UPDATE ledger_entry SET amount = 11, booked = UTC_DATE() WHERE id = 1"},
		remove: "DELETE FROM ledger_entry WHERE id = 2",
	},
	"soft delete by flag": {
		create: []string{`CREATE TABLE mdl_user (id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, username VARCHAR(100) NOT NULL, deleted TINYINT(1) NOT NULL DEFAULT 0, suspended CHAR(1) NOT NULL DEFAULT 'N',
			timemodified DATETIME(6) NOT NULL, KEY (timemodified)) CHARSET=utf8mb4`},
		def: files{
			"entity.yaml": yamlOf("types:", "  suspended: bool"),
			"changed.sql": changedBy("mdl_user", "id", "timemodified"),
			"rows.sql":    "SELECT id AS _root, timemodified AS _version, CONCAT('U', id) AS objectID, username, suspended FROM mdl_user WHERE id IN (:ids) AND deleted = 0",
		},
		fill:   []string{"INSERT INTO mdl_user (username, suspended, timemodified) VALUES ('ann', 'N', " + now + "), ('bob', 'Y', " + now + "), ('cid', '', " + now + "), ('dee', 'n', " + now + ")"},
		change: []string{"UPDATE mdl_user SET deleted = 1, timemodified = " + now + " WHERE id = 2", "UPDATE mdl_user SET suspended = 'Y', timemodified = " + now + " WHERE id = 1"},
		remove: "DELETE FROM mdl_user WHERE id = 3",
	},
	"view": {
		create: []string{"CREATE TABLE base (id INT NOT NULL PRIMARY KEY, first VARCHAR(30), last VARCHAR(30), changed DATETIME(6) NOT NULL) CHARSET=utf8mb4",
			"CREATE VIEW person AS SELECT id, CONCAT_WS(' ', first, last) AS name, changed FROM base WHERE last IS NOT NULL"},
		def: files{
			"changed.sql": changedBy("base", "id", "changed"),
			"rows.sql":    "SELECT id AS _root, changed AS _version, CONCAT('P', id) AS objectID, name FROM person WHERE id IN (:ids)",
		},
		fill:   []string{"INSERT INTO base VALUES (1, 'A', 'B', " + now + "), (2, NULL, 'C', " + now + "), (3, 'D', NULL, " + now + "), (4, 'E', 'F', " + now + ")"},
		change: []string{"UPDATE base SET last = 'G', changed = " + now + " WHERE id IN (1, 3)", "UPDATE base SET last = NULL, changed = " + now + " WHERE id = 2"},
		remove: "DELETE FROM base WHERE id = 4",
	},
	"partitions": {
		create: []string{`CREATE TABLE event (id BIGINT UNSIGNED NOT NULL, kind INT NOT NULL, at DATETIME(6) NOT NULL, PRIMARY KEY (id, kind)) CHARSET=utf8mb4
			PARTITION BY HASH (kind) PARTITIONS 4`},
		def: files{
			"changed.sql": changedBy("event", "id", "at"),
			"rows.sql":    "SELECT id AS _root, at AS _version, CONCAT(id, '-', kind) AS objectID, kind, at FROM event WHERE id IN (:ids)",
		},
		fill:   []string{"INSERT INTO event VALUES (1, 1, " + now + "), (1, 2, " + now + "), (2, 3, " + now + "), (3, 4, " + now + ")"},
		change: []string{"UPDATE event SET kind = 8, at = " + now + " WHERE id = 2", "DELETE FROM event WHERE id = 1 AND kind = 2", "UPDATE event SET at = " + now + " WHERE id = 1"},
		remove: "DELETE FROM event WHERE id = 3",
	},
	"generated columns": {
		create: []string{`CREATE TABLE box (id INT NOT NULL PRIMARY KEY, w INT NOT NULL, h INT NOT NULL, area INT AS (w * h) VIRTUAL, label VARCHAR(60) AS (CONCAT(w, 'x', h)) STORED,
			updated_at TIMESTAMP(6) NOT NULL, KEY (updated_at)) CHARSET=utf8mb4`},
		def: files{
			"changed.sql": changedBy("box", "id", "updated_at"),
			"rows.sql":    "SELECT id AS _root, updated_at AS _version, CONCAT('B', id) AS objectID, area, label, updated_at AS updatedAt FROM box WHERE id IN (:ids)",
		},
		fill:   []string{"INSERT INTO box (id, w, h, updated_at) VALUES (1, 2, 3, NOW(6)), (2, 4, 5, NOW(6)), (3, 6, 7, NOW(6))"},
		change: []string{"UPDATE box SET w = 20, updated_at = NOW(6) WHERE id = 2"},
		remove: "DELETE FROM box WHERE id = 1",
	},
	"latin1": {
		create: []string{"CREATE TABLE kunde (nr INT NOT NULL PRIMARY KEY, name VARCHAR(60) NOT NULL, geaendert DATETIME(6) NOT NULL) CHARSET=latin1"},
		def: files{
			"changed.sql": changedBy("kunde", "nr", "geaendert"),
			"rows.sql":    "SELECT nr AS _root, geaendert AS _version, CONCAT('K', nr) AS objectID, name, 'Straße 🚚' AS `constant` FROM kunde WHERE nr IN (:ids) AND name <> 'Übel'",
		},
		fill:   []string{"INSERT INTO kunde VALUES (1, 'Müller', " + now + "), (2, 'Åse', " + now + "), (3, 'Übel', " + now + "), (4, 'Zoë', " + now + ")"},
		change: []string{"UPDATE kunde SET name = 'Übel', geaendert = " + now + " WHERE nr = 1", "UPDATE kunde SET name = 'Crème brûlée', geaendert = " + now + " WHERE nr = 2"},
		remove: "DELETE FROM kunde WHERE nr = 4",
	},
	"utf8mb4 and long lists": {
		create: []string{"CREATE TABLE post (id INT NOT NULL PRIMARY KEY, title VARCHAR(100) NOT NULL, updated_at DATETIME(6) NOT NULL) CHARSET=utf8mb4",
			"CREATE TABLE tag (post_id INT NOT NULL, name VARCHAR(40) NOT NULL, KEY (post_id)) CHARSET=utf8mb4"},
		def: files{
			"changed.sql": changedBy("post", "id", "updated_at"),
			"rows.sql": "SELECT p.id AS _root, p.updated_at AS _version, CONCAT('P', p.id) AS objectID, p.title AS title, " +
				"(SELECT GROUP_CONCAT(t.name ORDER BY t.name SEPARATOR ';') FROM tag t WHERE t.post_id = p.id) AS tags FROM post p WHERE p.id IN (:ids)",
		},
		fill: []string{"INSERT INTO post VALUES (1, 'धन्यवाद 🚚', " + now + "), (2, '\"quoted\" \\\\ and ''single''', " + now + "), (3, '𝔘𝔫𝔦', " + now + ")",
			"INSERT INTO tag WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 200) SELECT 1, CONCAT('a long tag named ', i) FROM n"},
		change: []string{"UPDATE post SET title = '', updated_at = " + now + " WHERE id = 2", "INSERT INTO tag VALUES (3, 'ß')", "UPDATE post SET updated_at = " + now + " WHERE id = 3"},
		remove: "DELETE FROM post WHERE id = 1",
	},
	"zero dates": {
		create: []string{`CREATE TABLE sales_order (entity_id INT UNSIGNED NOT NULL PRIMARY KEY, state VARCHAR(32) DEFAULT NULL, shipped_at DATETIME NOT NULL DEFAULT '0000-00-00 00:00:00',
			born DATE NOT NULL DEFAULT '0000-00-00', updated_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6)) CHARSET=utf8mb4`},
		def: files{
			"changed.sql": changedBy("sales_order", "entity_id", "updated_at"),
			"rows.sql":    "SELECT entity_id AS _root, updated_at AS _version, CONCAT('M', entity_id) AS objectID, state, shipped_at AS shippedAt, born FROM sales_order WHERE entity_id IN (:ids)",
		},
		fill:   []string{"INSERT INTO sales_order (entity_id, state, updated_at) VALUES (1, 'new', NOW(6)), (2, NULL, NOW(6)), (3, '', NOW(6))"},
		change: []string{"UPDATE sales_order SET shipped_at = '2026-02-03 04:05:06', born = '1969-12-31', updated_at = NOW(6) WHERE entity_id = 1"},
		remove: "DELETE FROM sales_order WHERE entity_id = 2",
	},
	"every other type": {
		create: []string{`CREATE TABLE odd (id INT NOT NULL PRIMARY KEY, b1 BIT(1) NOT NULL, b12 BIT(12) NOT NULL, s SET('x','y','z') NOT NULL, e ENUM('red','blue') NULL, y YEAR NOT NULL,
			t TIME(3) NOT NULL, j JSON NULL, f FLOAT NOT NULL, d DOUBLE NOT NULL, z INT(6) UNSIGNED ZEROFILL NOT NULL, raw VARBINARY(8) NOT NULL, updated_at DATETIME(6) NOT NULL) CHARSET=utf8mb4`},
		def: files{
			"entity.yaml": yamlOf("types:", "  b1: bool", "  j: json"),
			"changed.sql": changedBy("odd", "id", "updated_at"),
			"rows.sql":    "SELECT id AS _root, updated_at AS _version, CONCAT('O', id) AS objectID, b1, b12, s, e, y, t, j, d, z, HEX(raw) AS raw FROM odd WHERE id IN (:ids)",
		},
		fill: []string{`INSERT INTO odd VALUES (1, b'0', b'101', 'x,z', 'red', 2026, '-01:02:03.004', '{"a": [1, 2.5, null, "é"]}', 1.5, 1e-7, 7, x'00ff', ` + now + `),
			(2, b'1', b'0', '', NULL, 1901, '838:59:59', NULL, 0, 0, 0, x'', ` + now + `), (3, b'1', b'1', 'y', 'blue', 2000, '00:00:00', '[]', 2, 12345678.25, 123456, x'41', ` + now + ")"},
		change: []string{"UPDATE odd SET b1 = b'1', j = '{\"a\": {}}', updated_at = " + now + " WHERE id = 1"},
		remove: "DELETE FROM odd WHERE id = 3",
	},
}
