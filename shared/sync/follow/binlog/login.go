package binlog

import (
	"bytes"
	"context"
	"errors"
	"net"

	"github.com/go-mysql-org/go-mysql/mysql"

	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
)

// The library sends the password as it is to every server that asks for it so, and a server
// asks before it has proved anything. The driver of the other connections refuses that,
// unless the DSN allows it. Within TLS, which the DSN's tls asks for, nobody listens.
var (
	errClear = errors.New("the server asks for the password in clear text: allow it in SOURCE_DSN with allowCleartextPasswords=true, and encrypt the connection with tls")
	errLogin = errors.New("the server's part of the login has no end")
)

const (
	maxLogin     = 1 << 18 // bytes: more than a server says in a login, certificates included
	packetNumber = 3       // the place of a packet's number, behind its length
)

// sealed returns a dialer whose connections end when the server asks for the password in
// clear text.
func sealed(dial sqldb.Dial) sqldb.Dial {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &login{Conn: conn}, nil
	}
}

// login is a connection of which the login is watched.
type login struct {
	net.Conn
	heard []byte // from the server
	over  bool
}

// Read implements net.Conn. What is refused does not reach the library.
func (l *login) Read(p []byte) (int, error) {
	n, err := l.Conn.Read(p)
	if l.over {
		return n, err
	}
	l.heard = append(l.heard, p[:n]...)
	switch {
	case bytes.Contains(l.heard, []byte(mysql.AUTH_CLEAR_PASSWORD)):
		return 0, errClear
	case len(l.heard) > maxLogin:
		return 0, errLogin
	}
	return n, err
}

// Write implements net.Conn. The packets of a login are numbered on; a command, which comes
// behind it, has the number 0.
func (l *login) Write(p []byte) (int, error) {
	if !l.over && len(p) > packetNumber && p[packetNumber] == 0 {
		l.over, l.heard = true, nil
	}
	return l.Conn.Write(p)
}
