package entity

import (
	"strings"
	"testing"
)

// TestOnlyOnePlainSelect reads statements that lock, write or are no SELECT, and
// harmless ones that resemble them.
func TestOnlyOnePlainSelect(t *testing.T) {
	const plain = "SELECT id AS _root FROM t WHERE id IN (:ids)"
	refused := map[string]string{
		"for update":             plain + " FOR UPDATE",
		"for update, small":      plain + " for\n\tupdate",
		"for update, comment":    plain + " FOR/* x */UPDATE",
		"for update skip":        plain + " FOR UPDATE SKIP LOCKED",
		"for update inside":      "SELECT * FROM (" + plain + " FOR UPDATE) x",
		"for share":              plain + " FOR SHARE",
		"share mode":             plain + " LOCK IN SHARE MODE",
		"outfile":                plain + " INTO OUTFILE '/tmp/x'",
		"outfile first":          "SELECT id INTO OUTFILE '/tmp/x' FROM t WHERE id IN (:ids)",
		"dumpfile":               plain + " INTO DUMPFILE '/tmp/x'",
		"variable":               plain + " INTO @x",
		"local variable":         plain + " INTO x",
		"assignment":             "SELECT @a := id FROM t WHERE id IN (:ids)",
		"user variable":          "SELECT @a FROM t WHERE id IN (:ids)",
		"system variable":        "SELECT @@version FROM t WHERE id IN (:ids)",
		"behind a number":        "SELECT 1. INTO OUTFILE '/x' FROM t WHERE id IN (:ids)",
		"close behind a number":  "SELECT 1.INTO OUTFILE '/x' FROM t WHERE id IN (:ids)",
		"in a number":            "SELECT 1.5INTO OUTFILE '/x' FROM t WHERE id IN (:ids)",
		"behind an exponent":     "SELECT 1e5INTO OUTFILE '/x' FROM t WHERE id IN (:ids)",
		"behind a sign":          "SELECT 1e+5INTO OUTFILE '/x' FROM t WHERE id IN (:ids)",
		"behind point exponent":  "SELECT 1.e5INTO OUTFILE '/x' FROM t WHERE id IN (:ids)",
		"behind a parameter":     "SELECT :ids.INTO OUTFILE '/x' FROM t",
		"behind a null":          `SELECT \NINTO OUTFILE '/x' FROM t WHERE id IN (:ids)`,
		"behind a spaced point":  "SELECT t. INTO OUTFILE '/x' FROM t WHERE id IN (:ids)",
		"comment with a tab":     "SELECT id --\t'\nINTO OUTFILE '/x' FROM t WHERE id IN (:ids)",
		"comment without blank":  "SELECT id --\r'\nINTO OUTFILE '/x' FROM t WHERE id IN (:ids)",
		"behind quotes":          "SELECT 'it''s \\' ' INTO OUTFILE '/x' FROM t WHERE id IN (:ids)",
		"update":                 "UPDATE t SET a = 1 WHERE id IN (:ids)",
		"delete":                 "DELETE FROM t WHERE id IN (:ids)",
		"insert":                 "INSERT INTO t SELECT id FROM s WHERE id IN (:ids)",
		"replace":                "REPLACE t SELECT id FROM s WHERE id IN (:ids)",
		"with delete":            "WITH x AS (" + plain + ") DELETE FROM t",
		"with update":            "WITH x AS (" + plain + ") UPDATE t SET a = 1",
		"with without select":    "WITH x AS (TABLE t) TABLE x ORDER BY :ids",
		"call":                   "CALL p(:ids)",
		"do":                     "DO SLEEP(:ids)",
		"set":                    "SET GLOBAL x = :ids",
		"values":                 "VALUES ROW(:ids)",
		"table":                  "TABLE t ORDER BY :ids",
		"show":                   "SHOW TABLES LIKE :ids",
		"handler":                "HANDLER t READ FIRST WHERE id IN (:ids)",
		"explain":                "EXPLAIN " + plain,
		"empty but a parameter":  ":ids",
		"procedure":              plain + " PROCEDURE ANALYSE()",
		"sleep":                  "SELECT SLEEP(10) FROM t WHERE id IN (:ids)",
		"lock by name":           "SELECT GET_LOCK('a', 10) FROM t WHERE id IN (:ids)",
		"file":                   "SELECT LOAD_FILE('/etc/passwd') FROM t WHERE id IN (:ids)",
		"file, blank":            "SELECT LOAD_FILE ('/etc/passwd') FROM t WHERE id IN (:ids)",
		"second statement":       plain + "; DELETE FROM t",
		"comment that is run":    "/*! DELETE FROM t */ WHERE id IN (:ids)",
		"a quote is no keyword":  "'SELECT' id FROM t WHERE id IN (:ids)",
		"a comment is no select": "-- SELECT\nFROM t WHERE id IN (:ids)",
	}
	for name, text := range refused {
		if _, err := ParseQuery(text, "ids"); err == nil {
			t.Errorf("%s is accepted: %s", name, text)
		}
	}
	accepted := map[string]string{
		"plain":                plain,
		"small":                "select id as _root from t where id in (:ids)",
		"parentheses":          "(" + plain + ") UNION (" + plain + ")",
		"with":                 "WITH x AS (" + plain + ") SELECT * FROM x",
		"recursive":            "WITH RECURSIVE x AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM x) SELECT n FROM x WHERE n IN (:ids)",
		"comment first":        "-- INTO OUTFILE\n/* FOR UPDATE */ # LOCK IN SHARE MODE\n" + plain,
		"words in quotes":      "SELECT 'INTO OUTFILE', \"FOR UPDATE\", '@x', ':=' FROM t WHERE id IN (:ids)",
		"words in backquotes":  "SELECT `into`, `update`, `share` FROM `lock` WHERE id IN (:ids)",
		"columns of a table":   "SELECT t.update, t.into, t.lock FROM t WHERE id IN (:ids)",
		"columns, backquoted":  "SELECT `t`.update FROM `t` WHERE id IN (:ids)",
		"parts of words":       "SELECT updated_at, into_stock, locked, shared, callback FROM t WHERE id IN (:ids)",
		"share":                "SELECT share FROM t WHERE id IN (:ids)",
		"insert as a function": "SELECT INSERT('abc', 1, 1, 'x') FROM t WHERE id IN (:ids)",
		"sleep as a column":    "SELECT sleep FROM t WHERE id IN (:ids)",
		"replace function":     "SELECT REPLACE(a, 'x', 'y') FROM t WHERE id IN (:ids)",
		"substring for":        "SELECT SUBSTRING(a FROM 1 FOR 2) FROM t WHERE id IN (:ids)",
		"semicolon last":       plain + " ;\n",
		"numbers":              "SELECT 1.5, .5, 1e5, 0x1F, 1. FROM t WHERE id IN (:ids)",
		"other letters":        "SELECT größe FROM t WHERE id IN (:ids)",
	}
	for name, text := range accepted {
		if _, err := ParseQuery(text, "ids"); err != nil {
			t.Errorf("%s is refused: %v", name, err)
		}
	}
}

func TestARefusedStatementNamesItsLine(t *testing.T) {
	_, err := ParseQuery("SELECT id\nFROM t WHERE id IN (:ids)\nFOR UPDATE", "ids")
	if err == nil || !strings.Contains(err.Error(), "line 3") || !strings.Contains(err.Error(), "UPDATE") || !strings.Contains(err.Error(), "lock rows") {
		t.Error(err)
	}
}

// FuzzPlainSelect appends a lock or a write to every accepted text. No text may hide it,
// by a quote or a comment that this parser ends elsewhere than the server.
func FuzzPlainSelect(f *testing.F) {
	for _, seed := range []string{"SELECT a FROM b WHERE c IN (:ids)", "SELECT 'a' FROM b.c WHERE 1.5 IN (:ids) -- x", "SELECT `a`.b, 1e FROM t WHERE id IN (:ids) /* a */", "SELECT :ids FROM a."} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := ParseQuery(text, "ids"); err != nil {
			return
		}
		for _, tail := range []string{"\nFOR UPDATE", "\nINTO OUTFILE '/tmp/x'", "\nINTO @x", "\nLOCK IN SHARE MODE", "\nFOR SHARE", "\n;DELETE FROM t"} {
			if _, err := ParseQuery(text+tail, "ids"); err == nil {
				t.Errorf("accepted: %q", text+tail)
			}
		}
	})
}

// TestSemicolons tells a semicolon within a value, or behind the statement, from a
// second statement.
func TestSemicolons(t *testing.T) {
	for text, ok := range map[string]bool{
		"SELECT ';', :x": true,
		"SELECT GROUP_CONCAT(a SEPARATOR ';') AS b, :x": true,
		"SELECT \";\" , `a;b`, :x":                      true,
		"SELECT 'it''s;', '\\';', :x;":                  true,
		"SELECT :x;\n-- the end; really\n;;":            true,
		"SELECT :x /* a; b */":                          true,
		"SELECT :x; SELECT 1":                           false,
		"SELECT ';'; SELECT :x":                         false,
		"SELECT :x;';'":                                 false,
		"; SELECT :x":                                   false,
	} {
		q, err := ParseQuery(text, "x")
		if (err == nil) != ok {
			t.Errorf("%s: %v", text, err)
		}
		if err == nil {
			if bound, _ := q.Bind(map[string][]any{"x": {1}}); strings.HasSuffix(strings.TrimSpace(bound), ";") {
				t.Errorf("%s ends in a semicolon: %s", text, bound)
			}
		}
	}
}
