// Package matrix_test syncs tables of many shapes through servers of many set-ups, by
// definitions alone.
package matrix_test

import (
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	driver "github.com/go-sql-driver/mysql"
)

// wholeMatrix is the environment variable that plays every table on every set-up; without
// it each table meets one set-up, another one each.
const wholeMatrix = "RETURN_SYNC_MATRIX"

// setups are servers and the ways to them.
var setups = []struct {
	name string
	setup
}{
	{"default", setup{}},
	{"latin1", setup{params: map[string]string{"charset": "latin1"}, globals: map[string]string{"character_set_server": "latin1"}}},
	{"autocommit off", setup{params: map[string]string{"autocommit": "0"}, globals: map[string]string{"autocommit": "0"}}},
	{"ANSI_QUOTES, empty is NULL", setup{params: map[string]string{"sql_mode": "'ANSI_QUOTES,PIPES_AS_CONCAT'"}, globals: map[string]string{"sql_mode": "'ANSI_QUOTES,EMPTY_STRING_IS_NULL'"}}},
	{"group_concat_max_len 1024", setup{params: map[string]string{"group_concat_max_len": "1024"}, globals: map[string]string{"group_concat_max_len": "1024"}}},
	{"zone +05:30", setup{params: map[string]string{"time_zone": "'%2B05:30'"}, globals: map[string]string{"time_zone": "'+05:30'"}}},
	{"source only read, state elsewhere", setup{apart: true, readOnly: true}},
	{"fail-over in mid-run", setup{wrap: throughProxy}},
}

// TestMatrix syncs, changes, deletes, compares and repairs each table on its set-ups.
func TestMatrix(t *testing.T) {
	names := slices.Sorted(maps.Keys(tables))
	for n, s := range setups {
		t.Run(s.name, func(t *testing.T) {
			s.setGlobals(t)
			for m, name := range names {
				if os.Getenv(wholeMatrix) == "" && m%len(setups) != n {
					continue
				}
				t.Run(name, func(t *testing.T) { playTable(t, s.setup, tables[name]) })
			}
		})
	}
}

// playTable plays the life of a table.
func playTable(t *testing.T, s setup, shape table) {
	def := maps.Clone(shape.def)
	if def["entity.yaml"] == "" {
		def["entity.yaml"] = yamlOf()
	}
	w := newWorld(t, s, def, shape.create...)
	for _, text := range shape.fill {
		w.exec(text)
	}
	w.must(w.src.Check(t.Context(), w.def))
	w.sync()
	w.agrees("after the first sync")
	for range 2 {
		w.forget(0)
		if r := w.sync(); r.Counts.Saved+r.Counts.Deleted+r.Counts.Parked > 0 {
			t.Errorf("nothing changed, and a sync found %v", r.Counts)
		}
	}
	for _, text := range shape.change {
		w.exec(text)
	}
	w.sync()
	w.agrees("after changes")
	w.exec(shape.remove)
	if r := w.verify(true); r.Ledger.Orphaned == 0 {
		t.Errorf("a removed row is no orphan: %v", r)
	}
	w.agrees("after a removed row's repair")
	w.must(w.client.DeleteIndex(t.Context(), w.def.Index))
	w.verify(true)
	w.agrees("after a lost index's repair")
	var parked int
	w.must(w.SQL().QueryRow("SELECT COUNT(*) FROM sync_parked").Scan(&parked))
	if parked > 0 {
		t.Errorf("%d records are parked", parked)
	}
}

// setGlobals sets variables of the server until the test ends.
func (s setup) setGlobals(t *testing.T) {
	t.Helper()
	db := open(t, freshDSN(t))
	mariaDB := strings.Contains(scalar(t, db, "SELECT VERSION()"), "MariaDB")
	for name, value := range s.globals {
		if !mariaDB {
			value = strings.ReplaceAll(value, "EMPTY_STRING_IS_NULL", "PIPES_AS_CONCAT") // which MySQL has not
		}
		before := scalar(t, db, "SELECT @@global."+name)
		if _, err := db.Exec("SET GLOBAL " + name + " = " + value); err != nil {
			t.Fatalf("the set-up needs the right to SET GLOBAL: %v", err)
		}
		t.Cleanup(func() {
			if before == "" || strings.IndexFunc(before, func(r rune) bool { return r < '0' || r > '9' }) >= 0 {
				before = "'" + before + "'"
			}
			if _, err := db.Exec("SET GLOBAL " + name + " = " + before); err != nil {
				t.Error(err)
			}
		})
	}
}

// throughProxy returns a DSN that leads through a proxy, and what cuts all its
// connections, as a fail-over does.
func throughProxy(t testing.TB, dsn string) (string, func()) {
	t.Helper()
	cfg, err := driver.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	network, address := cfg.Net, cfg.Addr
	var mu sync.Mutex
	var open []net.Conn
	go func() {
		for {
			in, err := listener.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial(network, address)
			if err != nil {
				_ = in.Close()
				continue
			}
			mu.Lock()
			open = append(open, in, out)
			mu.Unlock()
			go relay(in, out)
			go relay(out, in)
		}
	}()
	cfg.Net, cfg.Addr = "tcp", listener.Addr().String()
	return cfg.FormatDSN(), func() {
		mu.Lock()
		defer mu.Unlock()
		for _, c := range open {
			_ = c.Close()
		}
		open = nil
	}
}

// relay copies until either side ends.
func relay(to, from net.Conn) {
	_, _ = io.Copy(to, from)
	_, _ = to.Close(), from.Close()
}

// String names a set-up.
func (s setup) String() string { return fmt.Sprint(s.params, s.globals, s.apart) }
