package binlog_test

import (
	"bytes"
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

// hostile is a server that asks for the password in clear text.
type hostile struct {
	hello    string // the plugin that the greeting names
	pieces   int    // bytes a write
	received bytes.Buffer
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
	if !h.read(conn) {
		return
	}
	write(packet(2, []byte("\xfemysql_clear_password\x00")))
	h.read(conn)
}

// read receives one packet.
func (h *hostile) read(conn net.Conn) bool {
	head := make([]byte, 4)
	_, err := io.ReadFull(io.TeeReader(conn, &h.received), head)
	if err == nil {
		_, err = io.CopyN(&h.received, conn, int64(head[0])|int64(head[1])<<8)
	}
	return err == nil
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
				var between atomic.Bool
				h, done := &hostile{hello: hello, pieces: pieces}, make(chan struct{})
				log, err := binlog.Open(cfg.FormatDSN(), func(ctx context.Context, network, address string) (net.Conn, error) {
					if !between.Load() {
						return (&net.Dialer{}).DialContext(ctx, network, address)
					}
					ours, theirs := net.Pipe()
					go func() {
						defer close(done)
						h.serve(theirs)
					}()
					return ours, nil
				})
				if err != nil {
					t.Fatal(err)
				}
				if err := log.SQL().PingContext(t.Context()); err != nil {
					t.Fatal(err)
				}
				between.Store(true) // the stream's connection alone meets the hostile server
				r, err := log.Open(t.Context(), "", watches)
				if err == nil {
					r.Close()
					t.Fatal("the hostile server answered")
				}
				<-done
				said := err != nil && strings.Contains(err.Error(), "clear text")
				sent := bytes.Contains(h.received.Bytes(), []byte(cfg.Passwd))
				if sent != allowed || said == allowed {
					t.Errorf("greeting %s, %d bytes a write, allowed %t: sent %t, %v", hello, pieces, allowed, sent, err)
				}
				if err := log.Close(); err != nil {
					t.Error(err)
				}
			}
		}
	}
}
