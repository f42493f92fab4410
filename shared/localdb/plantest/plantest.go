// Package plantest checks the plans that the database makes of our statements: each
// must be a lookup by an index, whatever the table's size.
//
// A Recorder stands between a pool and the server and writes down every statement
// as it was sent, with its values; Check asks the server how it would run each.
package plantest

import (
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// Recorder writes statements down. The zero Recorder is ready; it is safe for
// concurrent use.
type Recorder struct {
	mu   sync.Mutex
	list []string
}

// Dial connects and records what is sent over the connection; the opener of
// a pool takes it. The pool must put values into its statements itself.
func (r *Recorder) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &recorded{Conn: c, to: r}, nil
}

// Statements returns the recorded statements, each text once, in order.
func (r *Recorder) Statements() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	seen := map[string]bool{}
	var once []string
	for _, s := range r.list {
		if !seen[s] {
			seen[s] = true
			once = append(once, s)
		}
	}
	return once
}

// recorded is a connection whose statements are recorded.
type recorded struct {
	net.Conn
	to *Recorder
}

// A packet of the protocol has a header of four bytes; that of a statement goes on
// with one byte that says so.
const (
	header  = 4
	asQuery = 3
)

// Write implements net.Conn. The driver writes a statement in one call.
func (c *recorded) Write(p []byte) (int, error) {
	if len(p) > header && p[header] == asQuery && p[3] == 0 {
		if n := int(binary.LittleEndian.Uint32(p) & 0xffffff); n == len(p)-header {
			c.to.mu.Lock()
			c.to.list = append(c.to.list, string(p[header+1:]))
			c.to.mu.Unlock()
		}
	}
	return c.Conn.Write(p)
}

// Many is the number of rows from which a full scan or a sort counts as one of a large
// table. Tests fill their tables with more.
const Many = 500

// Allowed names a statement by a part of its text, with the reason why it may read a
// whole table or sort it.
type Allowed struct{ Part, Why string }

// Check fails the test for every statement that the server would run with a full
// scan or a sort of many rows. It returns how many statements it looked at.
func Check(t testing.TB, db *sql.DB, statements []string, allowed ...Allowed) int {
	t.Helper()
	n := 0
	for _, s := range statements {
		if !explained(s) {
			continue
		}
		n++
		plan, err := explain(db, s)
		if err != nil {
			t.Errorf("EXPLAIN %s: %v", shorten(s), err)
			continue
		}
		if bad := problem(plan); bad != "" && !isAllowed(s, allowed) {
			t.Errorf("%s\nof\n%s\n%s", bad, shorten(s), strings.Join(plan, "\n"))
		}
	}
	return n
}

// explained reports whether a statement has a plan.
func explained(s string) bool {
	words := strings.Fields(s)
	if len(words) == 0 {
		return false
	}
	switch strings.ToUpper(words[0]) {
	case "SELECT":
		return slices.Contains(words, "FROM")
	case "UPDATE", "DELETE":
		return true
	case "INSERT":
		return slices.Contains(words, "SELECT")
	}
	return false
}

// isAllowed reports whether a statement is an exception.
func isAllowed(s string, allowed []Allowed) bool {
	for _, a := range allowed {
		if strings.Contains(s, a.Part) {
			return true
		}
	}
	return false
}

// explain returns the lines of a plan: table, type, key, rows, extra.
func explain(db *sql.DB, statement string) ([]string, error) {
	// MySQL 9 answers in another form unless it is asked; MariaDB does not know the
	// word.
	rows, err := db.Query("EXPLAIN FORMAT=TRADITIONAL " + statement)
	if err != nil {
		rows, err = db.Query("EXPLAIN " + statement)
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	names, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	var lines []string
	for rows.Next() {
		values := make([]sql.NullString, len(names))
		into := make([]any, len(names))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		of := map[string]string{}
		for i, name := range names {
			of[strings.ToLower(name)] = values[i].String
		}
		lines = append(lines, fmt.Sprintf("table=%s type=%s key=%s rows=%s extra=%s", of["table"], of["type"], of["key"], of["rows"], of["extra"]))
	}
	return lines, rows.Err()
}

// problem names the fault of a plan; empty if it has none.
func problem(plan []string) string {
	for _, line := range plan {
		table, rest, _ := strings.Cut(strings.TrimPrefix(line, "table="), " type=")
		kind, rest, _ := strings.Cut(rest, " key=")
		_, rest, _ = strings.Cut(rest, " rows=")
		count, extra, _ := strings.Cut(rest, " extra=")
		n, _ := strconv.Atoi(count)
		switch {
		case n < Many:
		case kind == "ALL" && !strings.HasPrefix(table, "<"): // <derived> is a result, not a table
			return "a full scan of " + table
		case kind == "index" && !strings.HasPrefix(table, "<"):
			return "a full scan of an index of " + table
		case strings.Contains(extra, "filesort"):
			return "a sort of " + table
		}
	}
	return ""
}

// shorten cuts a statement to what can be read.
func shorten(s string) string {
	const most = 600
	if len(s) > most {
		return s[:most] + " …"
	}
	return s
}
