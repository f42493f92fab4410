package sqldb_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/shared/localdb/localdbtest"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
)

func TestMain(m *testing.M) { localdbtest.Main(m) }

// foreign returns a connection to foreign tables.
func foreign(t *testing.T, dsn string) *sql.Conn {
	t.Helper()
	pool, err := sqldb.Open(sqldb.Settings{DSN: dsn, Variable: "SOURCE_DSN", MaxConnections: 1, Foreign: true})
	if err != nil {
		t.Fatal(err)
	}
	conn, err := pool.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = conn.Close(), pool.Close() })
	return conn
}

// texts reads a query with EachText.
func texts(ctx context.Context, conn *sql.Conn, query string, args ...any) (out []string, err error) {
	err = sqldb.EachText(ctx, conn, func(columns []*sql.ColumnType, row [][]byte) error {
		line := ""
		for i, v := range row {
			line += fmt.Sprintf("%s %s %q %v; ", columns[i].Name(), columns[i].DatabaseTypeName(), v, v == nil)
		}
		out = append(out, line)
		return nil
	}, query, args...)
	return out, err
}

// TestEachTextReadsWhatTheDriverReads compares rows that came through a tap with those that
// the driver read, over columns of every type.
func TestEachTextReadsWhatTheDriverReads(t *testing.T) {
	dsn := localdbtest.New(t)
	join := "?"
	if strings.Contains(dsn, "?") {
		join = "&"
	}
	tapped, plain := foreign(t, dsn), foreign(t, dsn+join+"compress=true")
	ctx := t.Context()
	for _, text := range []string{
		`CREATE TABLE everything (id BIGINT UNSIGNED PRIMARY KEY, t TINYINT, tz TINYINT(4) ZEROFILL, s SMALLINT, m MEDIUMINT UNSIGNED, i INT, iz INT(11) ZEROFILL,
			y YEAR, f FLOAT, d DOUBLE, n DECIMAL(20,6), nz DECIMAL(20,6) ZEROFILL, b BIT(12), dt DATE, ti TIME(6), dtm DATETIME(6), ts TIMESTAMP(3) NULL,
			c CHAR(5), v VARCHAR(500), vb VARBINARY(500), tx LONGTEXT, bl LONGBLOB, e ENUM('','a','b'), st SET('x','y'), j JSON) CHARACTER SET utf8mb4`,
		`INSERT INTO everything VALUES
			(18446744073709551615, -128, 7, -32768, 16777215, -2147483648, 42, 2026, 0.1, 0.1, -12345678901234.123456, 5.5, b'101', '2026-02-28', '-838:59:59', '2026-02-28 23:59:59.123456', '2026-02-28 01:02:03.004', 'ä', '€ "quoted" \\ \n', X'00ff27', REPEAT('long ', 9000), REPEAT(X'00fe', 40000), 'b', 'x,y', '{"a": [1, null]}'),
			(0, 127, 0, 0, 0, 0, 0, 1901, 1e20, 1.7976931348623157e308, 0, 0, b'0', '0001-01-01', '00:00:00', '1000-01-01', '1970-01-01 00:00:01', '', '', '', '', '', '', '', '[]'),
			(1, 1, 255, 1, 1, 1, 4294967295, 2155, 3.40282e38, -1e-300, 1, 1, b'111111111111', '9999-12-31', '838:59:59', '9999-12-31 23:59:59.999999', '2038-01-19 03:14:07', 'x', 'x', 'x', 'x', 'x', 'a', 'x', '"x"'),
			(2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)`,
	} {
		if _, err := tapped.ExecContext(ctx, text); err != nil {
			t.Fatal(err)
		}
	}
	long := strings.Repeat("SELECT id, v FROM everything UNION ALL ", 500) + "SELECT id, v FROM everything"
	for _, q := range []struct {
		text string
		args []any
	}{
		{"SELECT * FROM everything ORDER BY id", nil},
		{"SELECT * FROM everything WHERE id = ? OR v = ?", []any{uint64(18446744073709551615), "x"}},
		{"SELECT * FROM everything WHERE id = 77", nil},
		{"SELECT 1, -1, 1.5, 1e3, NULL, '', NOW() IS NULL, CAST('2026-01-01' AS DATE), CAST(1 AS UNSIGNED), f + 0, d / 2 FROM everything", nil},
		{long, nil},
		{"SELECT REPEAT('y', 1000000) FROM everything", nil},
	} {
		got, err := texts(ctx, tapped, q.text, q.args...)
		if err != nil {
			t.Fatal(err)
		}
		want, err := texts(ctx, plain, q.text, q.args...)
		if err != nil || strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%.60s: through a tap\n%.3000q\nby the driver, %v\n%.3000q", q.text, got, err, want)
		}
		// And whatever comes next on the connection is its own answer.
		if err := tapped.PingContext(ctx); err != nil {
			t.Fatal(err)
		}
	}
}

// TestEachTextEnds has queries that fail, before and after rows, and callers that give up:
// each error is said, and the connection answers the next question.
func TestEachTextEnds(t *testing.T) {
	dsn := localdbtest.New(t)
	conn := foreign(t, dsn)
	enough := errors.New("enough")
	usable := func(when string) {
		t.Helper()
		if got, err := texts(t.Context(), conn, "SELECT 'next'"); err != nil || len(got) != 1 || !strings.Contains(got[0], `"next"`) {
			t.Errorf("%s, the connection answers %q, %v", when, got, err)
		}
	}
	if _, err := texts(t.Context(), conn, "SELECT no_such_column"); err == nil || !strings.Contains(err.Error(), "no_such_column") {
		t.Error(err)
	}
	usable("after an error in place of an answer")
	numbers := "SELECT 1 AS n UNION ALL SELECT 2 UNION ALL SELECT 3"
	got, err := texts(t.Context(), conn, "SELECT n, IF(n = 3, (SELECT 1 UNION SELECT 2), REPEAT('z', 70000)) FROM ("+numbers+") AS x")
	if err == nil || !strings.Contains(err.Error(), "more than 1 row") {
		t.Errorf("%d rows, %v", len(got), err)
	}
	usable("after an error behind rows")
	calls := 0
	err = sqldb.EachText(t.Context(), conn, func([]*sql.ColumnType, [][]byte) error {
		calls++
		return enough
	}, numbers)
	if !errors.Is(err, enough) || calls != 1 {
		t.Errorf("%d calls, %v", calls, err)
	}
	usable("after a caller that gave up")
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the caller's panic is lost")
			}
		}()
		calls = 0
		_ = sqldb.EachText(t.Context(), conn, func([]*sql.ColumnType, [][]byte) error {
			calls++
			panic("caller")
		}, numbers)
	}()
	if calls != 1 {
		t.Errorf("%d calls around a panic", calls)
	}
	usable("after a caller that panicked")

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	err = sqldb.EachText(ctx, conn, func(_ []*sql.ColumnType, row [][]byte) error {
		if bytes.HasPrefix(row[0], []byte("z")) {
			cancel()
		}
		return nil
	}, "SELECT REPEAT('z', 70000) FROM ("+numbers+") AS a, ("+numbers+") AS b, ("+numbers+") AS c, ("+numbers+") AS d, ("+numbers+") AS e")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled reading ends in %v", err)
	}
	if err := conn.PingContext(t.Context()); err == nil {
		t.Error("the connection of a cancelled reading is used again")
	}
}

// TestEachTextSaysThatAServerIsGone has the server end a connection between two rows.
func TestEachTextSaysThatAServerIsGone(t *testing.T) {
	dsn := localdbtest.New(t)
	conn, other := foreign(t, dsn), foreign(t, dsn)
	var id uint64
	if err := conn.QueryRowContext(t.Context(), "SELECT CONNECTION_ID()").Scan(&id); err != nil {
		t.Fatal(err)
	}
	rows := 0
	many := strings.Repeat("UNION ALL SELECT REPEAT('z', 1000000) ", 60)
	err := sqldb.EachText(t.Context(), conn, func([]*sql.ColumnType, [][]byte) error {
		if rows++; rows == 1 {
			if _, err := other.ExecContext(t.Context(), fmt.Sprintf("KILL %d", id)); err != nil {
				t.Fatal(err)
			}
		}
		return nil
	}, "SELECT 'a' "+many)
	if err == nil || rows > 61 || sqldb.CauseOf(err) != sqldb.Transient {
		t.Errorf("%d rows, cause %v, %v", rows, sqldb.CauseOf(err), err)
	}
}

// TestEachTextReadsOneResult has statements with several results: all are errors, and a
// connection that can be used again gives its own answers.
func TestEachTextReadsOneResult(t *testing.T) {
	dsn := localdbtest.New(t)
	join := "?"
	if strings.Contains(dsn, "?") {
		join = "&"
	}
	for _, way := range []string{"", "&compress=true"} {
		for _, query := range []string{"SELECT 1 UNION ALL SELECT 2; SELECT 3", "SELECT 1; SELECT 2; SELECT 3"} {
			conn := foreign(t, dsn+join+"multiStatements=true"+way)
			if got, err := texts(t.Context(), conn, query); err == nil {
				t.Errorf("%s%s gives %q without an error", query, way, got)
			}
			if got, err := texts(t.Context(), conn, "SELECT 'next'"); err == nil && (len(got) != 1 || !strings.Contains(got[0], `"next"`)) {
				t.Errorf("after %s%s: %q", query, way, got)
			}
		}
	}
}

// TestEachTextTakesWideAnswers reads more columns than a table can have.
func TestEachTextTakesWideAnswers(t *testing.T) {
	const columns = 5000
	conn := foreign(t, localdbtest.New(t))
	n := 0
	err := sqldb.EachText(t.Context(), conn, func(_ []*sql.ColumnType, row [][]byte) error {
		n = len(row)
		return nil
	}, "SELECT 1"+strings.Repeat(", 1", columns-1))
	if err != nil || n != columns {
		t.Errorf("%d columns, %v", n, err)
	}
}
