// Package ntptest is a small NTP server whose clock is off by a chosen time.
package ntptest

import (
	"encoding/binary"
	"net"
	"sync/atomic"
	"testing"
	"time"
)

// Server answers on loopback until the test ends.
type Server struct {
	Address string
	offset  atomic.Int64
	silent  atomic.Bool
}

// New returns a server whose clock is ahead by offset.
func New(t testing.TB, offset time.Duration) *Server {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Address: conn.LocalAddr().String()}
	s.Set(offset)
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.serve(conn)
	}()
	t.Cleanup(func() {
		_ = conn.Close()
		<-done
	})
	return s
}

// Set changes how far the clock is ahead.
func (s *Server) Set(offset time.Duration) { s.offset.Store(int64(offset)) }

// Silence stops and resumes answering.
func (s *Server) Silence(silent bool) { s.silent.Store(silent) }

// serve answers requests (RFC 5905, figure 8) until the connection is closed.
func (s *Server) serve(conn net.PacketConn) {
	request := make([]byte, 512)
	for {
		n, from, err := conn.ReadFrom(request)
		if err != nil {
			return
		}
		if n < 48 || s.silent.Load() {
			continue
		}
		received := s.stamp()
		reply := make([]byte, 48)
		reply[0] = request[0]&0x38 | 4 // the version of the request, mode server
		reply[1], reply[2], reply[3] = 1, request[2], 0xEC
		copy(reply[12:], "LOCL")
		binary.BigEndian.PutUint64(reply[16:], received-1<<32)
		copy(reply[24:32], request[40:48])
		binary.BigEndian.PutUint64(reply[32:], received)
		binary.BigEndian.PutUint64(reply[40:], s.stamp())
		if _, err := conn.WriteTo(reply, from); err != nil {
			return
		}
	}
}

// stamp returns the server's time as NTP writes it: seconds since 1900 and their
// fractions.
func (s *Server) stamp() uint64 {
	now := time.Now().Add(time.Duration(s.offset.Load()))
	const to1900 = 2208988800
	return uint64(now.Unix()+to1900)<<32 | uint64(now.Nanosecond())<<32/1e9
}
