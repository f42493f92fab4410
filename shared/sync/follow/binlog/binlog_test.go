package binlog_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql" // the driver of the tests' own connections

	"gitlab.com/eshopbox-team/return-sync/shared/localdb"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/follow"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/follow/binlog"
)

// server is the server of all tests here: one with a row binlog.
var server *localdb.Server

// TestMain starts the server, or uses the one that the environment names, whose binlog
// must be on.
func TestMain(m *testing.M) {
	var err error
	server, err = localdb.Start(context.Background(), localdb.Options{DSN: os.Getenv("RETURN_SYNC_TEST_DSN"), Binlog: true, Install: true, Log: os.Stderr})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	_ = server.Close()
	os.Exit(code)
}

// fresh returns a database of the test's own, as its DSN and as a pool.
func fresh(t *testing.T) (string, *sql.DB) {
	t.Helper()
	name := "follow_" + strings.ToLower(strings.NewReplacer("/", "_", "#", "_", "-", "_", ",", "_", "(", "", ")", "").Replace(t.Name()))
	name = name[:min(len(name), 60)]
	if err := server.CreateDatabase(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	dsn := server.DSN(name)
	db, err := sql.Open("mysql", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, _ = db.Exec("DROP DATABASE " + name)
		_ = db.Close()
	})
	return dsn, db
}

// exec runs statements.
func exec(t *testing.T, db interface {
	ExecContext(context.Context, string, ...any) (sql.Result, error)
}, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// watches are the columns of the two tables of most tests.
var watches = []follow.Watch{{Table: "parent", Column: "id"}, {Table: "child", Column: "parent_id"}}

// tables makes the two tables.
func tables(t *testing.T, db *sql.DB) {
	t.Helper()
	exec(t, db, "CREATE TABLE parent (id BIGINT UNSIGNED PRIMARY KEY, note VARCHAR(40), doc JSON)",
		"CREATE TABLE child (id INT PRIMARY KEY, parent_id BIGINT UNSIGNED NULL, amount DECIMAL(20,4), at DATETIME(6), body LONGTEXT)",
		"CREATE TABLE other (id INT PRIMARY KEY, parent_id BIGINT)")
}

// open opens the log behind a place, "" for its end.
func open(t *testing.T, dsn string, from follow.Position, w []follow.Watch) follow.Reader {
	t.Helper()
	log, err := binlog.Open(dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = log.Close() })
	again := func(from follow.Position) follow.Reader {
		r, err := log.Open(t.Context(), from, w)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	r := &reader{Reader: again(from), again: again}
	t.Cleanup(func() { r.Close() })
	return r
}

// reader opens the log again behind a statement that may alter a table, as package follow
// does.
type reader struct {
	follow.Reader
	again func(from follow.Position) follow.Reader
	end   follow.Position
}

// Next implements follow.Reader.
func (r *reader) Next(ctx context.Context) (follow.Event, error) {
	e, err := r.Reader.Next(ctx)
	if errors.Is(err, follow.ErrAltered) {
		r.Close()
		r.Reader = r.again(r.end)
		return r.Next(ctx)
	}
	if e.End != "" {
		r.end = e.End
	}
	return e, err
}

// said is what transactions said, in words.
type said struct {
	roots, gaps []string
	end         follow.Position
	ends        int
}

// until reads until a root of the watch 0, and the end of its transaction.
func until(t *testing.T, r follow.Reader, stop uint64) said {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var s said
	for found := false; ; {
		e, err := r.Next(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for w, ids := range e.Roots {
			for _, id := range ids {
				if w == 0 && id == stop {
					found = true
					continue
				}
				s.roots = append(s.roots, fmt.Sprintf("%d:%d", w, id))
			}
		}
		for w, reason := range e.Gaps {
			s.gaps = append(s.gaps, fmt.Sprintf("%d: %s", w, reason))
		}
		if e.End != "" {
			s.end, s.ends = e.End, s.ends+1
			if found {
				slices.Sort(s.gaps)
				return s
			}
		}
	}
}

// mark is a root that ends a test's reading.
const mark = 18446744073709551615

// marked inserts the mark.
func marked(t *testing.T, db *sql.DB) {
	t.Helper()
	exec(t, db, fmt.Sprintf("INSERT INTO parent (id) VALUES (%d)", uint64(mark)))
}

func TestRowsNameTheirRoots(t *testing.T) {
	dsn, db := fresh(t)
	tables(t, db)
	// In order, because the rows build on each other.
	for _, c := range []struct{ name, sql, want string }{
		{"insert", "INSERT INTO parent VALUES (1, 'a', '{}'), (2, 'b', NULL)", "0:1 0:2"},
		{"update", "UPDATE parent SET note = 'c' WHERE id = 1", "0:1 0:1"},
		{"a key that changes", "UPDATE parent SET id = 3 WHERE id = 2", "0:2 0:3"},
		{"delete", "DELETE FROM parent WHERE id = 3", "0:3"},
		{"child", "INSERT INTO child VALUES (1, 1, 2.5, NOW(6), REPEAT('x', 100000))", "1:1"},
		{"child that moves", "UPDATE child SET parent_id = 9223372036854775809 WHERE id = 1", "1:1 1:9223372036854775809"},
		{"child without a parent", "UPDATE child SET parent_id = NULL WHERE id = 1; DELETE FROM child", "1:9223372036854775809"},
		{"another table", "INSERT INTO other VALUES (1, 1); DELETE FROM other", ""},
		{"rolled back", "START TRANSACTION; INSERT INTO parent VALUES (77, '', NULL); ROLLBACK", ""},
		{"one transaction", "START TRANSACTION; INSERT INTO parent VALUES (5, '', NULL); SAVEPOINT s; INSERT INTO child VALUES (5, 5, 1, NULL, ''); COMMIT", "0:5 1:5"},
		{"several rows", "INSERT INTO parent (id) SELECT seq + 100 FROM (SELECT 1 AS seq UNION SELECT 2 UNION SELECT 3) AS s", "0:101 0:102 0:103"},
		{"a statement that alters nothing", "ANALYZE TABLE parent", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := open(t, dsn, "", watches)
			if r.Refused() != "" {
				t.Fatal(r.Refused())
			}
			conn, err := db.Conn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			exec(t, conn, strings.Split(c.sql, "; ")...)
			_ = conn.Close()
			marked(t, db)
			defer exec(t, db, fmt.Sprintf("DELETE FROM parent WHERE id = %d", uint64(mark)))
			s := until(t, r, mark)
			if got := strings.Join(s.roots, " "); got != c.want || len(s.gaps) > 0 {
				t.Errorf("roots %q, want %q; gaps %q", got, c.want, s.gaps)
			}
			if err := r.Visible(t.Context(), s.end); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestWhatIsNoRowIsAGap(t *testing.T) {
	dsn, db := fresh(t)
	tables(t, db)
	for _, c := range []struct{ name, sql, want string }{
		{"truncate", "TRUNCATE TABLE child", "1: "},
		{"alter", "ALTER TABLE child ADD COLUMN more INT FIRST", "1: "},
		{"rename there and back", "RENAME TABLE parent TO older; RENAME TABLE older TO parent", "0: 0: "},
		{"without the column", "SET SESSION binlog_row_image = MINIMAL; INSERT INTO child (id, parent_id) VALUES (9, 9); UPDATE child SET amount = 1 WHERE id = 9", "1: "},
		{"a statement in the place of rows", "SET SESSION binlog_format = STATEMENT; DELETE FROM child WHERE id = 9", "1: "},
		{"another table", "CREATE TABLE children (id INT); DROP TABLE children", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := open(t, dsn, "", watches)
			conn, err := db.Conn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := conn.ExecContext(t.Context(), "SET SESSION binlog_format = ROW"); err != nil {
				t.Fatal(err)
			}
			exec(t, conn, strings.Split(c.sql, "; ")...)
			exec(t, conn, "SET SESSION binlog_format = ROW", "SET SESSION binlog_row_image = FULL")
			_ = conn.Close()
			marked(t, db)
			defer exec(t, db, fmt.Sprintf("DELETE FROM parent WHERE id = %d", uint64(mark)))
			s := until(t, r, mark)
			kinds := ""
			for _, g := range s.gaps {
				kinds += g[:3]
			}
			if strings.TrimSpace(kinds) != strings.TrimSpace(c.want) {
				t.Errorf("gaps %q, want %q", s.gaps, c.want)
			}
		})
	}
}

// TestAnAlteredTableIsReadByItsNewColumns moves the followed column, and makes a table anew.
func TestAnAlteredTableIsReadByItsNewColumns(t *testing.T) {
	dsn, db := fresh(t)
	tables(t, db)
	r := open(t, dsn, "", watches)
	exec(t, db, "ALTER TABLE child ADD COLUMN more INT FIRST", "INSERT INTO child (more, id, parent_id) VALUES (7, 8, 9)",
		"DROP TABLE child", "CREATE TABLE child (parent_id BIGINT, id INT)", "INSERT INTO child (parent_id, id) VALUES (10, 11)")
	marked(t, db)
	s := until(t, r, mark)
	slices.Sort(s.roots)
	// What came before the table was made anew may have been read by its new columns; the gap
	// of the statement that made it is behind.
	if !slices.Contains(s.roots, "1:10") || slices.Contains(s.roots, "1:11") || len(s.gaps) < 3 {
		t.Errorf("roots %v, gaps %q", s.roots, s.gaps)
	}
	exec(t, db, "ALTER TABLE child ADD COLUMN more INT FIRST", "DELETE FROM parent WHERE id = "+fmt.Sprint(uint64(mark)))
	until(t, r, mark)
	exec(t, db, "INSERT INTO child (more, id, parent_id) VALUES (7, 8, 9)")
	marked(t, db)
	if s := until(t, r, mark); len(s.roots) != 1 || s.roots[0] != "1:9" || len(s.gaps) > 0 {
		t.Errorf("roots %v, gaps %q; want 1:9", s.roots, s.gaps)
	}
}

// TestAPlaceIsReadOn closes the log after each transaction and goes on behind its place: nothing
// is missing, and nothing comes twice.
func TestAPlaceIsReadOn(t *testing.T) {
	dsn, db := fresh(t)
	tables(t, db)
	at := open(t, dsn, "", watches).Start()
	for i := 1; i <= 8; i++ {
		exec(t, db, fmt.Sprintf("INSERT INTO parent (id) VALUES (%d)", i))
		if i%3 == 0 {
			exec(t, db, "FLUSH BINARY LOGS")
		}
	}
	for i := 1; i <= 8; i++ {
		r := open(t, dsn, at, watches)
		s := until(t, r, uint64(i))
		if len(s.roots) > 0 {
			t.Fatalf("before root %d came %v", i, s.roots)
		}
		at = s.end
		r.Close()
	}
}

func TestALostPlaceIsSaid(t *testing.T) {
	dsn, db := fresh(t)
	tables(t, db)
	at := open(t, dsn, "", watches).Start()
	exec(t, db, "INSERT INTO parent (id) VALUES (1)", "FLUSH BINARY LOGS", "INSERT INTO parent (id) VALUES (2)", "FLUSH BINARY LOGS")
	var file string
	rows, err := db.Query("SHOW BINARY LOGS")
	if err != nil {
		t.Fatal(err)
	}
	columns, _ := rows.Columns()
	for rows.Next() {
		into := make([]any, len(columns))
		for i := range into {
			into[i] = new(sql.RawBytes)
		}
		into[0] = &file
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
	}
	_ = rows.Close()
	// A log is kept while somebody reads it.
	deadline := time.Now().Add(time.Minute)
	for left := 2; left > 1 && time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		exec(t, db, "PURGE BINARY LOGS TO '"+file+"'")
		left = 0
		rows, err := db.Query("SHOW BINARY LOGS")
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			left++
		}
		_ = rows.Close()
	}
	log, err := binlog.Open(dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	for name, from := range map[string]follow.Position{"purged": at, "no place": `{"gtid":"?"}`, "no JSON": "x", "another server's file": `{"file":"binlog.000001","offset":4,"server":"another"}`} {
		var lost *follow.Lost
		r, err := log.Open(t.Context(), from, watches)
		for err == nil { // some servers refuse after the beginning
			_, err = r.Next(t.Context())
		}
		if r != nil {
			r.Close()
		}
		if !errors.As(err, &lost) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWatchesThatFitNoColumn(t *testing.T) {
	dsn, db := fresh(t)
	tables(t, db)
	log, err := binlog.Open(dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	for _, c := range []struct {
		watch follow.Watch
		want  string
	}{
		{follow.Watch{Table: "parent", Column: "ID"}, ""},
		{follow.Watch{Table: "parent", Column: "note"}, "varchar"},
		{follow.Watch{Table: "parent", Column: "gone"}, "no column gone"},
		{follow.Watch{Table: "gone", Column: "id"}, "not there"},
		{follow.Watch{Table: "elsewhere.parent", Column: "id"}, "not there"},
	} {
		err := log.Check(t.Context(), []follow.Watch{c.watch})
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v, want %q", c.watch, err, c.want)
		}
	}
}

// TestNumbersOfAllWidths reads the largest and the least root of every type.
func TestNumbersOfAllWidths(t *testing.T) {
	dsn, db := fresh(t)
	exec(t, db, "CREATE TABLE parent (id BIGINT UNSIGNED PRIMARY KEY)")
	list := []follow.Watch{watches[0]}
	for i, kind := range []struct {
		name string
		most uint64
	}{
		{"TINYINT", 1<<7 - 1}, {"TINYINT UNSIGNED", 1<<8 - 1}, {"SMALLINT", 1<<15 - 1}, {"SMALLINT UNSIGNED", 1<<16 - 1},
		{"MEDIUMINT", 1<<23 - 1}, {"MEDIUMINT UNSIGNED", 1<<24 - 1}, {"INT", 1<<31 - 1}, {"INT UNSIGNED", 1<<32 - 1},
		{"BIGINT", 1<<63 - 1}, {"BIGINT UNSIGNED", 1<<64 - 1},
	} {
		table := fmt.Sprintf("t%d", i)
		exec(t, db, "CREATE TABLE "+table+" (a VARCHAR(10), id "+kind.name+")")
		list = append(list[:1], follow.Watch{Table: table, Column: "id"})
		r := open(t, dsn, "", list)
		exec(t, db, fmt.Sprintf("INSERT INTO %s VALUES ('', %d), ('x', 0)", table, kind.most))
		if !strings.Contains(kind.name, "UNSIGNED") {
			exec(t, db, "INSERT INTO "+table+" VALUES (NULL, -1)") // no root
		}
		marked(t, db)
		s := until(t, r, mark)
		if want := fmt.Sprintf("1:%d 1:0", kind.most); strings.Join(s.roots, " ") != want || len(s.gaps) > 0 {
			t.Errorf("%s: %v %v, want %s", kind.name, s.roots, s.gaps, want)
		}
		r.Close()
		exec(t, db, "DELETE FROM parent")
	}
}

// TestNamesInAnyLetters follows tables and columns whose names have capitals, signs and
// letters of other languages, named with their database and without.
func TestNamesInAnyLetters(t *testing.T) {
	dsn, db := fresh(t)
	exec(t, db, "CREATE TABLE parent (id BIGINT UNSIGNED PRIMARY KEY)")
	var schema string
	if err := db.QueryRowContext(t.Context(), "SELECT DATABASE()").Scan(&schema); err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"Product", "ORDER_ITEM", "order-item", "Größe", "select"} {
		exec(t, db, "CREATE TABLE `"+name+"` (`Product_ID` INT, a INT)")
		for _, written := range []string{name, schema + "." + name} {
			r := open(t, dsn, "", []follow.Watch{watches[0], {Table: written, Column: "product_id"}})
			exec(t, db, fmt.Sprintf("INSERT INTO `%s` VALUES (%d, 0)", name, 7+i))
			marked(t, db)
			s := until(t, r, mark)
			if want := fmt.Sprintf("1:%d", 7+i); strings.Join(s.roots, " ") != want || len(s.gaps) > 0 {
				t.Errorf("%s: %v %v, want %s", written, s.roots, s.gaps, want)
			}
			r.Close()
			exec(t, db, "DELETE FROM parent")
		}
	}
}
