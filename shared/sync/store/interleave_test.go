package store_test

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"

	driver "github.com/go-sql-driver/mysql"
)

// TestEveryInterleaving plays the real functions of this package in every order
// that a few actors can come in, and looks after every step. An actor takes one
// step at a time: one function of the store. Every state of the tables that can
// be reached is visited once and left by every step that is possible in it, so
// all schedules are covered, whatever their length, without playing each.
//
// A crash needs no step of its own: it is an actor that takes no further step,
// and what the others then do is among the schedules. A lease that runs out is a
// step of the environment.
func TestEveryInterleaving(t *testing.T) {
	for _, c := range []struct {
		name    string
		changed int // returns in the window
		expires int
		actors  []kind
	}{
		{"three ticks at once", 1, 1, []kind{ticker, ticker, ticker}},
		{"two ticks and a window task", 1, 1, []kind{ticker, ticker, windower}},
		{"a tick that is retried", 1, 1, []kind{ticker, retried, windower, pager}},
		{"a night without changes", 0, 1, []kind{ticker, retried, windower, windower}},
		{"two deliveries of a window task", 1, 2, []kind{ticker, windower, windower, pager}},
		{"two deliveries of a page", 1, 1, []kind{listed, pager, pager, ticker}},
		{"a page that is slow while a tick takes over", 1, 1, []kind{listed, pager, ticker, windower}},
		{"a page that fails while a tick takes over", 1, 1, []kind{listed, failing, pager, ticker}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWalk(t, c.changed)
			first := node{actors: make([]local, len(c.actors)), expires: c.expires}
			for i, k := range c.actors {
				first.actors[i].kind = k
				if k == listed {
					w.list(&first)
				}
			}
			w.visit(first)
			t.Logf("%d states, %d of the tables; %d steps, %d ends", len(w.seen), len(w.healed), w.steps, w.ends)
		})
	}
}

// walk is an exploration under way.
type walk struct {
	*bench
	raw  *sql.DB // several statements at once, times as text
	seen map[string]bool
	// healed are the states of the tables from which healing was tried: the
	// actors' own knowledge has no part in it.
	healed map[string]bool
	steps  int
	ends   int
}

// node is a state of the tables and of all actors.
type node struct {
	tables  string // a script that puts the tables into this state
	look    look
	actors  []local
	sent    []string // tokens whose window task is in the queue
	runs    []int64  // runs whose page tasks are in the queue
	expires int      // leases that may still run out
	trace   []string
}

// clone returns a copy that can be changed.
func (n node) clone() node {
	n.actors, n.sent, n.runs, n.trace = slices.Clone(n.actors), slices.Clone(n.sent), slices.Clone(n.runs), slices.Clone(n.trace)
	return n
}

// option is a step that is possible in a node.
type option struct {
	name string
	do   func(n *node)
}

// newWalk returns a walk over fresh tables, with so many changed returns.
func newWalk(t *testing.T, changed int) *walk {
	b := newBench(t)
	for id := range changed {
		b.addReturn(uint64(id+1), inside)
	}
	if _, err := b.Claims.Newest(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	cfg, err := driver.ParseDSN(b.dsn)
	if err != nil {
		t.Fatal(err)
	}
	cfg.MultiStatements, cfg.ParseTime = true, false
	raw, err := sql.Open("mysql", cfg.FormatDSN())
	if err != nil {
		t.Fatal(err)
	}
	raw.SetMaxOpenConns(1)
	t.Cleanup(func() { _ = raw.Close() })
	return &walk{bench: b, raw: raw, seen: map[string]bool{}, healed: map[string]bool{}}
}

// visit visits every state that can be reached from the first.
func (w *walk) visit(first node) {
	first.look = w.looks()
	first.tables = w.save()
	open := []node{first}
	for len(open) > 0 {
		n := open[len(open)-1]
		open = open[:len(open)-1]
		options := w.options(&n)
		if len(options) == 0 {
			w.ends++
		}
		if rows := strings.Join(n.look.rows, "\n"); !w.healed[rows] {
			w.healed[rows] = true
			w.heals(n)
		}
		for _, o := range options {
			next := n.clone()
			w.restore(n.tables)
			o.do(&next)
			next.trace = append(next.trace, o.name)
			next.look = w.looks()
			w.steps++
			w.check(n, next)
			if key := next.key(); !w.seen[key] {
				w.seen[key] = true
				next.tables = w.save()
				open = append(open, next)
			}
		}
	}
}

// key distinguishes two nodes by what can matter to any later step.
func (n node) key() string {
	var b strings.Builder
	b.WriteString(strings.Join(n.look.rows, "\n"))
	for _, a := range n.actors {
		b.WriteString("\n" + a.key())
	}
	fmt.Fprint(&b, "\n", n.sent, len(n.runs), n.expires)
	return b.String()
}

// tables are the tables that a state consists of.
var tables = []string{"order_return_algolia_sync", "sync_run", "sync_page", "sync_recheck"}

// save returns a script that brings the tables back to what they are now.
func (w *walk) save() string {
	var b strings.Builder
	for _, table := range tables {
		b.WriteString("DELETE FROM " + table + ";")
		rows, err := w.raw.Query("SELECT * FROM " + table)
		if err != nil {
			w.t.Fatal(err)
		}
		w.saveRows(&b, table, rows)
	}
	return b.String()
}

// saveRows adds an INSERT for every row.
func (w *walk) saveRows(b *strings.Builder, table string, rows *sql.Rows) {
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	if err != nil {
		w.t.Fatal(err)
	}
	values := make([]sql.RawBytes, len(columns))
	into := make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			w.t.Fatal(err)
		}
		list := make([]string, len(values))
		for i, v := range values {
			switch {
			case v == nil:
				list[i] = "NULL"
			case columns[i] == "journal" || columns[i] == "ids" || columns[i] == "listed":
				list[i] = fmt.Sprintf("x'%x'", []byte(v))
			default:
				list[i] = "'" + strings.ReplaceAll(string(v), "'", "''") + "'"
			}
		}
		b.WriteString("INSERT INTO " + table + " VALUES (" + strings.Join(list, ",") + ");")
	}
	if err := rows.Err(); err != nil {
		w.t.Fatal(err)
	}
}

// restore runs a script of save.
func (w *walk) restore(script string) {
	if _, err := w.raw.Exec(script); err != nil {
		w.t.Fatalf("%s: %v", script, err)
	}
}
