package reports

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
)

// cutter passes connections on to a server, and cuts all of them when it is asked to.
type cutter struct {
	to       string
	listener net.Listener

	mu   sync.Mutex
	open map[net.Conn]bool
}

// openCutter listens on loopback.
func openCutter(ctx context.Context, to string) (*cutter, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	c := &cutter{to: to, listener: l, open: map[net.Conn]bool{}}
	go c.serve()
	return c, nil
}

// serve passes connections on until close.
func (c *cutter) serve() {
	for {
		from, err := c.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			go c.pass(from)
		}
	}
}

// pass joins a connection to the server.
func (c *cutter) pass(from net.Conn) {
	to, err := net.Dial("tcp", c.to)
	if err != nil {
		_ = from.Close()
		return
	}
	c.mu.Lock()
	c.open[from] = true
	c.mu.Unlock()
	defer func() {
		_, _ = from.Close(), to.Close()
		c.mu.Lock()
		delete(c.open, from)
		c.mu.Unlock()
	}()
	go func() {
		_, _ = io.Copy(to, from)
		_ = to.Close()
	}()
	_, _ = io.Copy(from, to)
}

// cut cuts all connections and returns how many.
func (c *cutter) cut() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	for from := range c.open {
		if tcp, ok := from.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // resets: what was sent is lost
		}
		_ = from.Close()
	}
	return len(c.open)
}

// close ends the listener and the connections.
func (c *cutter) close() error {
	err := c.listener.Close()
	c.cut()
	return err
}
