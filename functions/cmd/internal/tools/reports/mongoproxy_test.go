package reports

import (
	"encoding/binary"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
)

// message returns a message of MongoDB's protocol with a body.
func message(body string) []byte {
	m := make([]byte, leastMessage, leastMessage+len(body))
	binary.LittleEndian.PutUint32(m, uint32(leastMessage+len(body)))
	return append(m, body...)
}

// TestTheProxyGivesOneCommandAtATime lets eight clients ask at once, cuts them, and asks
// again.
func TestTheProxyGivesOneCommandAtATime(t *testing.T) {
	server, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Close() }()
	var atOnce, asked atomic.Int64
	go func() {
		for {
			c, err := server.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = c.Close() }()
				for {
					m, err := readMessage(c)
					if err != nil {
						return
					}
					if asked.Add(1); atOnce.Add(1) > 1 {
						t.Error("two commands at once")
					}
					atOnce.Add(-1)
					if _, err := c.Write(m); err != nil {
						return
					}
				}
			}()
		}
	}()
	p, err := openMongoProxy(t.Context(), server.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = p.close() }()
	dial := func() net.Conn {
		c, err := net.Dial("tcp", p.listener.Addr().String())
		if err != nil {
			t.Error(err)
		}
		return c
	}
	var work sync.WaitGroup
	for range 8 {
		work.Go(func() {
			c := dial()
			defer func() { _ = c.Close() }()
			for _, body := range []string{"", "find", "update with more"} {
				want := message(body)
				if _, err := c.Write(want); err != nil {
					t.Error(err)
				}
				if got, err := readMessage(c); err != nil || string(got) != string(want) {
					t.Errorf("%q, %v", got, err)
				}
			}
		})
	}
	work.Wait()
	if n := asked.Load(); n != 24 {
		t.Errorf("%d commands arrived, want 24", n)
	}
	c := dial()
	if _, err := c.Write(message("find")); err != nil {
		t.Fatal(err)
	}
	if _, err := readMessage(c); err != nil || p.cut() == 0 {
		t.Fatalf("nothing to cut: %v", err)
	}
	if _, err := c.Read(make([]byte, 1)); err == nil {
		t.Error("the connection was not cut")
	}
	for _, length := range []uint32{0, 15, mostMessage + 1} {
		c := dial()
		if err := binary.Write(c, binary.LittleEndian, length); err != nil {
			t.Fatal(err)
		}
		if n, err := io.Copy(io.Discard, c); n != 0 {
			t.Errorf("length %d: %d bytes came, %v", length, n, err)
		}
	}
}
