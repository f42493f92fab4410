package binlog_test

import (
	"context"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	driver "github.com/go-sql-driver/mysql"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/follow/binlog"
)

// greeting returns a server's first packet with a plugin of authentication.
func greeting(plugin string) []byte {
	const login = 0x8 | 0x200 | 0x8000 | 0x80000 // with a database, of version 4.1, with a salt, with plugins
	body := append([]byte{10}, "8.4.0\x00\x01\x00\x00\x0012345678\x00"...)
	body = append(body, login&0xff, login>>8&0xff, 45, 2, 0, login>>16, 0, 21)
	body = append(body, make([]byte, 10)...)
	body = append(body, "123456789012\x00"+plugin+"\x00"...)
	return packet(0, body)
}

// packet returns a packet of the protocol.
func packet(number byte, body []byte) []byte {
	return append([]byte{byte(len(body)), byte(len(body) >> 8), 0, number}, body...)
}

// hostile is a server that asks for the password in clear text, or gives another answer.
type hostile struct {
	hello    string // the plugin that the greeting names
	answer   string // to the login
	pieces   int    // bytes a write
	received string // the client's second packet
}

// serve has one client log in.
func (h *hostile) serve(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	write := func(p []byte) {
		for len(p) > 0 {
			n := min(h.pieces, len(p))
			_, _ = conn.Write(p[:n])
			p = p[n:]
		}
	}
	write(greeting(h.hello))
	if _, ok := received(conn); ok {
		write(packet(2, []byte(h.answer)))
		h.received, _ = received(conn)
	}
}

// received receives one packet.
func received(conn net.Conn) (string, bool) {
	head := make([]byte, 4)
	if _, err := io.ReadFull(conn, head); err != nil {
		return "", false
	}
	body := make([]byte, int(head[0])|int(head[1])<<8)
	_, err := io.ReadFull(conn, body)
	return string(body), err == nil
}

// meet opens a log with a DSN. The pool connects to the DSN's server, and the stream meets
// the hostile one.
func (h *hostile) meet(t *testing.T, dsn string) error {
	t.Helper()
	var between atomic.Bool
	done, end := make(chan struct{}), func() {}
	log, err := binlog.Open(dsn, func(ctx context.Context, network, address string) (net.Conn, error) {
		if !between.Load() {
			return (&net.Dialer{}).DialContext(ctx, network, address)
		}
		ours, theirs := net.Pipe()
		end = func() { _ = theirs.Close() }
		go func() {
			defer close(done)
			h.serve(theirs)
		}()
		return ours, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	if err := log.SQL().PingContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	between.Store(true)
	r, err := log.Open(t.Context(), "", watches)
	if err == nil {
		r.Close()
		t.Fatal("the hostile server let the client in")
	}
	end() // a client that panicked has not closed its side
	<-done
	return err
}

// TestNoPasswordInClear has servers ask for the password, in one piece and in many. Where
// the DSN allows it the password is sent, so the servers ask well.
func TestNoPasswordInClear(t *testing.T) {
	dsn, _ := fresh(t)
	cfg, err := driver.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Passwd == "" {
		t.Fatal("the test's account has no password")
	}
	for _, hello := range []string{"mysql_native_password", "caching_sha2_password"} {
		for _, pieces := range []int{1 << 10, 7, 1} {
			for _, allowed := range []bool{false, true} {
				cfg.AllowCleartextPasswords = allowed
				h := &hostile{hello: hello, answer: "\xfemysql_clear_password\x00", pieces: pieces}
				err := h.meet(t, cfg.FormatDSN())
				said := strings.Contains(err.Error(), "clear text")
				sent := strings.Contains(h.received, cfg.Passwd)
				if sent != allowed || said == allowed {
					t.Errorf("greeting %s, %d bytes a write, allowed %t: sent %t, %v", hello, pieces, allowed, sent, err)
				}
			}
		}
	}
}

// TestABadAnswerToALoginIsAnError has servers answer as none should: the library panics.
func TestABadAnswerToALoginIsAnError(t *testing.T) {
	dsn, _ := fresh(t)
	for name, answer := range map[string]string{"nothing": "", "half an error": "\xff", "half a question": "\xfe", "full authentication of nothing": "\x01\x04"} {
		h := &hostile{hello: "caching_sha2_password", answer: answer, pieces: 1 << 10}
		if err := h.meet(t, dsn); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestPreferredEncryption follows a server with and without TLS by a DSN that takes both.
func TestPreferredEncryption(t *testing.T) {
	dsn, db := fresh(t)
	tables(t, db)
	cfg, err := driver.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	cfg.TLSConfig = "preferred"
	r := open(t, cfg.FormatDSN(), "", watches)
	exec(t, db, "INSERT INTO parent (id) VALUES (7)")
	marked(t, db)
	if got := until(t, r, mark); len(got.roots) != 1 || got.roots[0] != "0:7" {
		t.Errorf("%+v", got)
	}
}
