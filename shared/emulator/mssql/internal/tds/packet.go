// Package tds reads what clients of SQL Server send and writes what the server answers:
// the Tabular Data Stream in version 7.4, as MS-TDS describes it. It knows no statement
// and no table.
package tds

import (
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
)

// The types of messages.
const (
	Batch       = 0x01
	RPC         = 0x03
	Reply       = 0x04
	Attention   = 0x06
	Transaction = 0x0e
	Login       = 0x10
	Prelogin    = 0x12
)

// MaxMessage is the largest message that is read, in bytes.
const MaxMessage = 8 << 20

const (
	headerSize = 8
	lastPacket = 0x01
	resetFlags = 0x18 // reset the connection, with or without its transaction
	// FirstPacketSize is that of packets before the login names another.
	FirstPacketSize = 4096
)

// Message is a whole message of a client.
type Message struct {
	Type  byte
	Reset bool // the session's settings go back to those after the login
	Body  []byte
}

// Conn is a client's connection. One goroutine may read while another writes.
type Conn struct {
	raw  net.Conn
	over io.ReadWriter // raw, or the TLS over it
	size int           // of packets that are written
	spid uint16
}

// NewConn returns a connection before its first message.
func NewConn(raw net.Conn, spid uint16) *Conn {
	return &Conn{raw: raw, over: raw, size: FirstPacketSize, spid: spid}
}

// SetPacketSize sets the size of packets that are written, as the client asked for it;
// SQL Server grants 512 to 32767.
func (c *Conn) SetPacketSize(n int) int {
	c.size = min(max(n, 512), 32767)
	return c.size
}

// Read reads a message.
func (c *Conn) Read() (Message, error) { return readMessage(c.over) }

// readMessage reads the packets of a message.
func readMessage(r io.Reader) (m Message, err error) {
	for first := true; ; first = false {
		var header [headerSize]byte
		if _, err := io.ReadFull(r, header[:]); err != nil {
			return m, err
		}
		size := int(binary.BigEndian.Uint16(header[2:]))
		switch {
		case size < headerSize:
			return m, fmt.Errorf("a packet of %d bytes is smaller than its header", size)
		case first:
			m.Type, m.Reset = header[0], header[1]&resetFlags != 0
		case header[0] != m.Type:
			return m, fmt.Errorf("a packet of type %d stands within a message of type %d", header[0], m.Type)
		}
		if len(m.Body)+size > MaxMessage {
			return m, errors.New("the message is too large")
		}
		at := len(m.Body)
		m.Body = append(m.Body, make([]byte, size-headerSize)...)
		if _, err := io.ReadFull(r, m.Body[at:]); err != nil {
			return m, err
		}
		if header[1]&lastPacket != 0 {
			return m, nil
		}
	}
}

// Write writes a message.
func (c *Conn) Write(kind byte, body []byte) error {
	return writeMessage(c.over, kind, body, c.size, c.spid)
}

// writeMessage writes a message in packets of a size.
func writeMessage(w io.Writer, kind byte, body []byte, size int, spid uint16) error {
	for number := byte(1); ; number++ {
		part := body[:min(len(body), size-headerSize)]
		body = body[len(part):]
		packet := make([]byte, headerSize, headerSize+len(part))
		packet[0], packet[6] = kind, number
		if len(body) == 0 {
			packet[1] = lastPacket
		}
		binary.BigEndian.PutUint16(packet[2:], uint16(headerSize+len(part)))
		binary.BigEndian.PutUint16(packet[4:], spid)
		if _, err := w.Write(append(packet, part...)); err != nil {
			return err
		}
		if len(body) == 0 {
			return nil
		}
	}
}

// Secure does the TLS handshake, whose records travel in packets, and from then on
// reads and writes through TLS.
func (c *Conn) Secure(config *tls.Config) error {
	inside := &wrapped{Conn: c.raw, spid: c.spid}
	secure := tls.Server(inside, config)
	if err := secure.Handshake(); err != nil {
		return err
	}
	if err := inside.flush(); err != nil {
		return err
	}
	inside.open = true
	c.over = secure
	return nil
}

// Unsecure goes back to plain packets: the client encrypts its login alone.
func (c *Conn) Unsecure() { c.over = c.raw }

// wrapped is the connection under a handshake: each flight is a message.
type wrapped struct {
	net.Conn
	spid    uint16
	unread  []byte
	unsent  []byte
	open    bool // the handshake is over
	flights int
}

// maxFlights bounds a handshake.
const maxFlights = 20

// Read reads records out of messages.
func (w *wrapped) Read(p []byte) (int, error) {
	if w.open {
		return w.Conn.Read(p)
	}
	if err := w.flush(); err != nil {
		return 0, err
	}
	for len(w.unread) == 0 {
		if w.flights++; w.flights > maxFlights {
			return 0, errors.New("the handshake does not end")
		}
		m, err := readMessage(w.Conn)
		if err != nil {
			return 0, err
		}
		if m.Type != Prelogin {
			return 0, fmt.Errorf("a message of type %d stands within the handshake", m.Type)
		}
		w.unread = m.Body
	}
	n := copy(p, w.unread)
	w.unread = w.unread[n:]
	return n, nil
}

// Write keeps records until the flight is complete.
func (w *wrapped) Write(p []byte) (int, error) {
	if w.open {
		return w.Conn.Write(p)
	}
	w.unsent = append(w.unsent, p...)
	return len(p), nil
}

// flush sends a flight.
func (w *wrapped) flush() error {
	if len(w.unsent) == 0 {
		return nil
	}
	body := w.unsent
	w.unsent = nil
	return writeMessage(w.Conn, Prelogin, body, FirstPacketSize, w.spid)
}
