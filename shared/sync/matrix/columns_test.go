package matrix_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// columnForms are column types, each with values as SQL and the kinds that entity.yaml may
// read it as; an empty kind is the type's own.
var columnForms = []struct {
	column, values, kinds string // separated by |
}{
	{"TINYINT", "0|1|-128|127", "|bool|number|string"}, {"TINYINT(1)", "0|1|2", "|bool|number|string"}, {"SMALLINT UNSIGNED ZEROFILL", "0|7|65535", "|bool|number"}, {"MEDIUMINT", "-8388608|0|8388607", "|number|string"},
	{"INT", "-2147483648|0|2147483647", "|bool|number|string"}, {"BIGINT", "-9007199254740991|0|9007199254740991", "|number|string"}, {"BIGINT UNSIGNED", "0|9007199254740991", "|bool|number"},
	{"DECIMAL(20,6)", "0|-0.000001|12345678901.5|0.100000", "|bool|number"}, {"FLOAT", "0|1.5|-2.25|1e10", "|bool|number"}, {"DOUBLE", "0|1e-7|-12345678.25|1e15", "|bool|number"},
	{"BIT(1)", "b'0'|b'1'", "|bool|number"}, {"BIT(12)", "b'0'|b'101'|b'111111111111'", "|bool|number"}, {"BIT(40)", "b'0'|b'1111111111111111111111111111111111111111'", "|bool|number"},
	{"YEAR", "1901|2026|2155", "|number|string"}, {"DATE", "'1969-12-31'|'2026-02-28'|'9999-12-31'|'1000-01-01'|'0000-00-00'", ""}, {"DATETIME", "'1969-12-31 23:59:59'|'2026-03-29 02:30:00'|'0000-00-00 00:00:00'", "|epochMillis"},
	{"DATETIME(6)", "'2026-03-29 02:30:00.123456'|'1970-01-01 00:00:00.000001'|'9999-12-31 23:59:59.999000'", ""}, {"TIMESTAMP(3) NULL", "'2026-10-25 00:59:59.999'|'1970-01-01 00:00:01.5'|'2038-01-19 03:14:07'", ""},
	{"TIME(3)", "'-838:59:59'|'00:00:00'|'12:34:56.789'", "|string"},
	{"CHAR(9)", "''|'a'|' b'|'é🚚'", "|string"}, {"VARCHAR(60)", "''|'line\\nbreak\\ttab'|'\"q\" \\\\ ''s'''|'धन्यवाद'|'\\u2028'|CHAR(0 USING utf8mb4)|'</script>'", "|string"},
	{"VARCHAR(20)", "'0'|' 12.50 '|'-3'|'1e3'", "|number|string"}, {"VARCHAR(9)", "'Y'|'N'|'yes'|'no'|''|'true'|'OFF'|'0'|'1'", "bool|string"},
	{"VARCHAR(30) CHARACTER SET latin1", "'Übel'|'ñandú'|''", "|string"}, {"VARCHAR(30) CHARACTER SET ucs2", "'łódź'|'x'", "|string"}, {"TEXT", "''|REPEAT('long ', 200)", "|string"}, {"MEDIUMTEXT", "REPEAT('é', 3000)", ""},
	{"LONGTEXT", "'{}'|'[1, 2.5, null, \"é\", {\"a\": []}]'|'\"text\"'|'17'|'true'|' {\"b\" : 1 } '", "json|string"},
	{"ENUM('red','','blue')", "'red'|''|'blue'", "|string"}, {"ENUM('Y','N')", "'Y'|'N'", "|bool"}, {"SET('x','y','z')", "''|'x'|'x,y,z'", "|string"},
}

// TestTablesAtRandom syncs tables of columns of every type at random, with values at
// random, changes them, and asks the oracle.
func TestTablesAtRandom(t *testing.T) {
	dice := rand.New(rand.NewPCG(17, 6))
	order := dice.Perm(len(columnForms))
	const atOnce = 8 // so that each type is met
	for start := 0; start < len(order); start += atOnce {
		var columns, fields, types []string
		var values [][]string
		for i, n := range order[start:min(start+atOnce, len(order))] {
			f := columnForms[n]
			name := fmt.Sprint("c", i)
			alias := []string{name, "nested." + name, "a.b." + name}[dice.IntN(3)]
			kinds := strings.Split(f.kinds, "|")
			if kind := kinds[dice.IntN(len(kinds))]; kind != "" {
				types = append(types, "  "+alias+": "+kind)
			}
			null := " NULL"
			if strings.HasSuffix(f.column, null) {
				null = ""
			}
			columns, fields = append(columns, name+" "+f.column+null), append(fields, name+" AS `"+alias+"`")
			values = append(values, append(strings.Split(f.values, "|"), "NULL"))
		}
		if len(types) > 0 {
			types = append([]string{"types:"}, types...)
		}
		row := func() []string {
			var list []string
			for i, v := range values {
				list = append(list, fmt.Sprintf("c%d = %s", i, v[dice.IntN(len(v))]))
			}
			return list
		}
		first, second := [][]string{}, [][]string{}
		for range 12 {
			first, second = append(first, row()), append(second, row())
		}
		t.Run(strings.Join(columns, ", "), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, setup{}, files{
				"entity.yaml": yamlOf(types...), "changed.sql": changedBy("thing", "id", "updated_at"),
				"rows.sql": "SELECT id AS _root, updated_at AS _version, CONCAT('T', id) AS objectID, " + strings.Join(fields, ", ") + " FROM thing WHERE id IN (:ids)",
			}, "CREATE TABLE thing (id INT NOT NULL PRIMARY KEY, "+strings.Join(columns, ", ")+", updated_at DATETIME(6) NOT NULL) CHARSET=utf8mb4")
			w.must(w.src.Check(t.Context(), w.def))
			for id := range first {
				w.exec(fmt.Sprintf("INSERT INTO thing SET id = %d, updated_at = UTC_TIMESTAMP(6), %s", id, strings.Join(first[id], ", ")))
			}
			w.sync()
			w.agrees("at first")
			for id := range second {
				w.exec(fmt.Sprintf("UPDATE thing SET updated_at = UTC_TIMESTAMP(6), %s WHERE id = %d", strings.Join(second[id], ", "), id))
			}
			w.sync()
			w.agrees("after changes")
			if n := scalar(t, w.SQL(), "SELECT COUNT(*) FROM sync_parked"); n != "0" {
				t.Errorf("%s records are parked: %s", n, scalar(t, w.SQL(), "SELECT GROUP_CONCAT(detail) FROM sync_parked"))
			}
		})
	}
}

// TestAValueThatCannotBeCastParksItsRecord has one such value of each kind among good
// ones: its record alone is parked, with the column's name, and goes in when it is corrected.
func TestAValueThatCannotBeCastParksItsRecord(t *testing.T) {
	var columns, fields, types, bad []string
	for _, c := range []struct{ column, kind, value string }{
		{"VARCHAR(20)", "number", "'twelve'"}, {"VARCHAR(20)", "number", "''"}, {"VARCHAR(20)", "number", "'1,5'"}, {"VARCHAR(20)", "number", "'true'"}, {"VARCHAR(20)", "bool", "'maybe'"}, {"ENUM('Y','?')", "bool", "'?'"},
		{"LONGTEXT", "json", "'{a'"}, {"LONGTEXT", "json", "''"}, {"VARCHAR(20)", "epochMillis", "'yesterday'"}, {"VARBINARY(8)", "string", "x'ff00'"},
	} {
		name := fmt.Sprint("c", len(columns))
		columns, fields = append(columns, name+" "+c.column+" NULL"), append(fields, name)
		types, bad = append(types, "  "+name+": "+c.kind), append(bad, c.value)
	}
	w := newWorld(t, setup{}, files{
		"entity.yaml": yamlOf(append([]string{"types:"}, types...)...), "changed.sql": changedBy("thing", "id", "updated_at"),
		"rows.sql": "SELECT id AS _root, updated_at AS _version, CONCAT('T', id) AS objectID, " + strings.Join(fields, ", ") + " FROM thing WHERE id IN (:ids)",
	}, "CREATE TABLE thing (id INT NOT NULL PRIMARY KEY, "+strings.Join(columns, ", ")+", updated_at DATETIME(6) NOT NULL) CHARSET=utf8mb4")
	w.exec("INSERT INTO thing (id, updated_at) VALUES (100, UTC_TIMESTAMP(6))")
	for i, value := range bad {
		w.exec(fmt.Sprintf("INSERT INTO thing SET id = %d, c%d = %s, updated_at = UTC_TIMESTAMP(6)", i, i, value))
	}
	if r := w.sync(); r.Counts.Parked != int64(len(bad)) || len(w.ids()) != 1 {
		t.Errorf("%v, %d records", r.Counts, len(w.ids()))
	}
	for i, value := range bad {
		if detail := scalar(t, w.SQL(), fmt.Sprintf("SELECT COALESCE(MAX(detail), '') FROM sync_parked WHERE object_id = 'T%d'", i)); !strings.Contains(detail, fmt.Sprint("c", i)) {
			t.Errorf("%s as %s: parked with %q", value, types[i], detail)
		}
	}
	w.exec("UPDATE thing SET updated_at = UTC_TIMESTAMP(6), " + strings.Join(fields, " = NULL, ") + " = NULL")
	w.sync()
	w.agrees("after the correction")
}
