package main

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	driver "github.com/go-sql-driver/mysql"

	"gitlab.com/eshopbox-team/return-sync/shared/localdb"
)

// door leads to a database and can be shut, as while the database restarts.
type door struct {
	to   string
	mu   sync.Mutex
	shut bool
	open []net.Conn
}

// serve lets callers in while the door is open.
func (d *door) serve(l net.Listener) {
	for {
		in, err := l.Accept()
		if err != nil {
			return
		}
		d.enter(in)
	}
}

// enter joins a caller with the database, or turns the caller away.
func (d *door) enter(in net.Conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	out, err := net.Dial("tcp", d.to)
	if d.shut || err != nil {
		_ = in.Close()
		return
	}
	d.open = append(d.open, in, out)
	for _, way := range [][2]net.Conn{{in, out}, {out, in}} {
		go func() { _, _ = io.Copy(way[0], way[1]); _, _ = way[0].Close(), way[1].Close() }()
	}
}

// set shuts or opens the door; shutting cuts every connection.
func (d *door) set(shut bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.shut = shut
	for _, c := range d.open {
		_ = c.Close()
	}
	d.open = nil
}

// TestLocalOutlivesARestartOfItsDatabase takes the database away from a running local
// until it says so, and gives it back: ticks go on.
func TestLocalOutlivesARestartOfItsDatabase(t *testing.T) {
	t.Parallel()
	server, err := localdb.Start(t.Context(), localdb.Options{Install: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	cfg, err := driver.ParseDSN(server.DSN("anew"))
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	d := &door{to: cfg.Addr}
	go d.serve(listener)
	cfg.Addr = listener.Addr().String()
	ctx, stop := context.WithTimeout(t.Context(), 3*time.Minute)
	defer stop()
	var out, log shared
	until := func(holds func(said string) bool) {
		for ctx.Err() == nil && !holds(out.String()) {
			time.Sleep(20 * time.Millisecond)
		}
	}
	runs := func(said string) int { return strings.Count(said, "\nreturns run") }
	var before, after int
	go func() {
		defer stop()
		until(func(said string) bool { return runs(said) >= 2 })
		d.set(true)
		until(func(said string) bool { return strings.Contains(said, "the database does not answer") })
		before = runs(out.String())
		d.set(false)
		until(func(said string) bool { after = runs(said); return after >= before+2 })
	}()
	cmd := newCommand(&out, &log)
	cmd.SetArgs([]string{"--port", "0", "--rows", "20", "--every", "1s", "--churn", "5", "--dsn", cfg.FormatDSN()})
	if err := cmd.ExecuteContext(ctx); !errors.Is(err, errStopped) || after < before+2 || before == 0 {
		t.Errorf("%v, %d runs before and %d in all:\n%s\n%s", err, before, after, out.String(), log.String())
	}
}
