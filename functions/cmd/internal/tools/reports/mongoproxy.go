package reports

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
)

// mongoProxy stands before FerretDB. It gives FerretDB one command at a time, and cuts
// the clients' connections when it is asked to.
//
// FerretDB holds a connection of its pool of 100 for each update of a bulk until the bulk
// ends. Two bulks at once would wait for each other for ever.
type mongoProxy struct {
	to       string
	listener net.Listener

	turn sync.Mutex // of the command that FerretDB works on

	mu   sync.Mutex
	open map[net.Conn]bool
}

// openMongoProxy listens on loopback.
func openMongoProxy(ctx context.Context, to string) (*mongoProxy, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &mongoProxy{to: to, listener: l, open: map[net.Conn]bool{}}
	go p.serve()
	return p, nil
}

// serve takes connections until close.
func (p *mongoProxy) serve() {
	for {
		client, err := p.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			go p.pass(client)
		}
	}
}

// pass passes commands on until one of both sides ends.
func (p *mongoProxy) pass(client net.Conn) {
	defer func() { _ = client.Close() }()
	server, err := net.Dial("tcp", p.to)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	p.mu.Lock()
	p.open[client] = true
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		delete(p.open, client)
		p.mu.Unlock()
	}()
	for {
		command, err := readMessage(client)
		if err != nil {
			return
		}
		answer, err := p.ask(server, command)
		if err != nil {
			return
		}
		if _, err := client.Write(answer); err != nil {
			return
		}
	}
}

// ask sends a command to the server and returns the answer. A client that leaves
// meanwhile does not end the command.
func (p *mongoProxy) ask(server net.Conn, command []byte) ([]byte, error) {
	p.turn.Lock()
	defer p.turn.Unlock()
	if _, err := server.Write(command); err != nil {
		return nil, err
	}
	return readMessage(server)
}

// The bounds of a message of MongoDB's protocol in bytes. Its length stands first.
const (
	leastMessage = 16
	mostMessage  = 48_000_000
)

// readMessage reads one message.
func readMessage(r io.Reader) ([]byte, error) {
	var length [4]byte
	if _, err := io.ReadFull(r, length[:]); err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint32(length[:])
	if n < leastMessage || n > mostMessage {
		return nil, fmt.Errorf("a message of MongoDB's protocol has %d bytes", n)
	}
	message := make([]byte, n)
	copy(message, length[:])
	_, err := io.ReadFull(r, message[len(length):])
	return message, err
}

// cut cuts all connections and returns how many. Answers on their way are lost.
func (p *mongoProxy) cut() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	for client := range p.open {
		if tcp, ok := client.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		_ = client.Close()
	}
	return len(p.open)
}

// close ends the listener and the connections.
func (p *mongoProxy) close() error {
	err := p.listener.Close()
	p.cut()
	return err
}
