package sqldb

import (
	"bufio"
	"context"
	"database/sql"
	sqldriver "database/sql/driver"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	driver "github.com/go-sql-driver/mysql"
)

// EachText runs a query on a connection and calls fn for each row, with the columns and
// the values as text, nil for NULL. The bytes are valid during the call only. An error of
// fn ends the calls and is returned. A query with several results is an error.
//
// The driver makes an object of every value, which is nine tenths of what reading a page
// allocates. A pool of foreign tables has a tap in each of its connections, and the rows
// are read there. Where bytes are encrypted or packed above the tap, by the DSN's tls or
// compress, the driver reads the rows; fn gets the same bytes.
func EachText(ctx context.Context, conn *sql.Conn, fn func([]*sql.ColumnType, [][]byte) error, text string, args ...any) error {
	var columns []*sql.ColumnType
	var forms []form
	var refused error
	var ready atomic.Bool
	called := false
	take := func(row [][]byte) {
		// Where the context ends before the first row, database/sql reads the answer to its end
		// in a goroutine of its own. After an error or a panic of fn, too, the rest has to pass.
		if !ready.Load() || called || refused != nil {
			return
		}
		// No pointer is stored that need not be: while garbage is collected, a store takes as
		// long as writing a short value.
		for i, f := range forms {
			if f.is(row[i]) {
				continue
			}
			if row[i], refused = f.write(row[i]); refused != nil {
				return
			}
		}
		called = true
		if err := fn(columns, row); err != nil {
			refused = err
		}
		called = false
	}
	t, err := tapOf(conn)
	if err != nil {
		return err
	}
	if t != nil {
		t.open(take)
		defer t.shut()
	}
	rows, err := conn.QueryContext(ctx, text, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	if columns, err = rows.ColumnTypes(); err != nil {
		return err
	}
	raw := make([]sql.RawBytes, len(columns))
	dest, row := make([]any, len(columns)), make([][]byte, len(columns))
	for i := range raw {
		dest[i] = &raw[i]
	}
	if t != nil {
		forms = formsOf(columns)
	}
	ready.Store(true)
	// Behind a tap the driver finds no row.
	for rows.Next() && refused == nil {
		if err := rows.Scan(dest...); err != nil {
			return err
		}
		for i := range raw {
			row[i] = raw[i]
		}
		take(row)
	}
	if refused != nil {
		return refused
	}
	if rows.NextResultSet() {
		return errSeveral
	}
	return rows.Err()
}

// errSeveral says what a query must not do.
var errSeveral = errors.New("the statement has several results; want one SELECT")

// form is how the driver writes the text of a column's values. What it leaves as the
// server sent it has the form 0.
type form int

const (
	whole  form = 1  // an integer without the zeros of ZEROFILL
	single form = 32 // a FLOAT in Go's shortest digits
	double form = 64 // a DOUBLE in Go's shortest digits
)

// formsOf returns the forms of columns.
func formsOf(columns []*sql.ColumnType) []form {
	forms := make([]form, len(columns))
	for i, c := range columns {
		switch name := c.DatabaseTypeName(); {
		case strings.HasSuffix(name, "INT"), name == "YEAR":
			forms[i] = whole
		case name == "FLOAT":
			forms[i] = single
		case name == "DOUBLE":
			forms[i] = double
		}
	}
	return forms
}

// is reports whether a value has the form already.
func (f form) is(text []byte) bool {
	return f == 0 || text == nil || f == whole && (len(text) < 2 || text[0] != '0')
}

// write returns a value in its form.
func (f form) write(text []byte) ([]byte, error) {
	switch {
	case f.is(text):
		return text, nil
	case f == whole:
		for len(text) > 1 && text[0] == '0' {
			text = text[1:]
		}
		return text, nil
	}
	v, err := strconv.ParseFloat(string(text), int(f))
	if err != nil {
		return nil, err
	}
	return strconv.AppendFloat(nil, v, 'g', -1, int(f)), nil
}

// tappable reports whether a pool's connections can have taps: what the driver reads of
// them is what the server says.
func tappable(cfg *driver.Config) bool {
	return cfg.TLS == nil && !strings.Contains(cfg.FormatDSN(), "compress=true")
}

// tapOf returns the tap of a connection, nil if there is none.
func tapOf(conn *sql.Conn) (t *tap, err error) {
	err = conn.Raw(func(c any) error {
		if c, ok := c.(tapped); ok {
			t = c.tap
		}
		return nil
	})
	return t, err
}

// tapped is a connection of the driver with its tap.
type tapped struct {
	driverConn
	tap *tap
}

// driverConn is what the driver's connections do, as database/sql asks for it.
type driverConn interface {
	sqldriver.Conn
	sqldriver.ConnBeginTx
	sqldriver.ConnPrepareContext
	sqldriver.ExecerContext
	sqldriver.QueryerContext
	sqldriver.NamedValueChecker
	sqldriver.Pinger
	sqldriver.SessionResetter
	sqldriver.Validator
}

// tapKey is the key of a context under which a dialled connection leaves its tap.
type tapKey struct{}

// dialTap opens a connection with a tap and leaves the tap in the context's place for it.
// A read may take as long as patience, 0 for ever.
func dialTap(dial Dial, patience time.Duration) Dial {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		place, ok := ctx.Value(tapKey{}).(**tap)
		if err != nil || !ok {
			return conn, err
		}
		t := &tap{Conn: conn, patience: patience}
		*place = t
		if s, ok := conn.(syscall.Conn); ok {
			return struct {
				*tap
				syscall.Conn
			}{t, s}, nil // the driver looks there whether an idle connection is alive
		}
		return t, nil
	}
}

// tapBuffer is how many bytes of an answer a tap reads at once.
const tapBuffer = 32 << 10

type reader func([]byte) (int, error)

func (r reader) Read(p []byte) (int, error) { return r(p) }

// tap is a connection that can take the rows out of an answer before the driver sees
// them. The driver gets the columns and the end, numbered as if there had been no row.
// The form of answers: https://mariadb.com/kb/en/result-set-packets/ and
// https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_query_response_text_resultset.html
type tap struct {
	net.Conn
	in   *bufio.Reader
	take func(row [][]byte) // nil: shut

	stage  stage
	left   int    // definitions of columns that come before the rows
	heard  byte   // the number of the server's next packet
	passed byte   // the number of the driver's next packet
	pass   []byte // what the driver has not read yet

	row      [][]byte
	large    []byte        // a packet that in cannot hold
	patience time.Duration // with one read, 0: without end
}

// stage is what comes next in an answer.
type stage int

const (
	head    stage = iota // the number of columns, or an answer without rows
	defined              // the definitions of the columns, and their end
	listed               // the rows, and their end
	over                 // the driver's alone
)

// open has the rows of the next answer taken. A connection whose rows nobody takes needs no
// buffer.
func (t *tap) open(take func([][]byte)) {
	if t.in == nil {
		t.in = bufio.NewReaderSize(reader(t.fill), tapBuffer)
	}
	t.take, t.stage, t.left, t.heard, t.passed, t.pass, t.row = take, head, 0, 1, 1, nil, nil
}

// shut leaves what follows to the driver. A connection whose answer was not read to its
// end is closed, because nobody could tell its rest from the next answer.
func (t *tap) shut() {
	if t.stage != head && (t.stage != over || len(t.pass) > 0 || t.in.Buffered() > 0) {
		_ = t.Close()
	}
	t.take, t.pass, t.row = nil, nil, nil
	if cap(t.large) > tapBuffer {
		t.large = nil
	}
}

// fill reads from the server. The driver gives each of its reads the same time; a tap reads
// many times in one of the driver's.
func (t *tap) fill(p []byte) (int, error) {
	if t.patience > 0 {
		until := time.Now().Add(t.patience) //nolint:forbidigo // only the socket sees this moment
		if err := t.SetReadDeadline(until); err != nil {
			return 0, err
		}
	}
	return t.Conn.Read(p)
}

// Read implements net.Conn.
func (t *tap) Read(p []byte) (int, error) {
	switch {
	case t.take == nil:
		return t.Conn.Read(p)
	case len(t.pass) == 0 && t.stage == over:
		return t.in.Read(p)
	case len(t.pass) == 0:
		if err := t.next(); err != nil {
			return 0, err
		}
	}
	n := copy(p, t.pass)
	t.pass = t.pass[n:]
	return n, nil
}

// next takes the rows up to the next packet that is the driver's.
func (t *tap) next() error {
	for {
		p, err := t.packet()
		if err != nil {
			return err
		}
		end := p[0] == lastPacket && len(p) < packetLimit
		switch {
		case t.stage == head:
			if err := t.begin(p); err != nil {
				return err
			}
			return t.forDriver(p)
		case t.left > 0:
			t.left--
			return t.forDriver(p)
		// The older form of an answer ends its definitions with a packet, of 5 bytes; the end
		// of the newer form has 7 and more.
		case t.stage == defined && end && len(p) == 5:
			t.stage = listed
			return t.forDriver(p)
		case end, p[0] == errorPacket:
			t.stage = over
			return t.forDriver(p)
		}
		t.stage = listed
		if err := t.split(p); err != nil {
			return err
		}
		t.take(t.row)
	}
}

// begin reads the first packet of an answer.
func (t *tap) begin(p []byte) error {
	if p[0] == okPacket || p[0] == fileRequest || p[0] == errorPacket {
		t.stage = over
		return nil
	}
	columns, rest, null, err := number(p)
	// MariaDB may leave out definitions that a client knows: of prepared statements only.
	if err != nil || null || columns == 0 || columns > columnLimit || len(rest) > 0 && rest[0] == 0 {
		return errMalformed
	}
	t.stage, t.left, t.row = defined, int(columns), make([][]byte, columns)
	return nil
}

// The first bytes of packets, and bounds of the protocol.
const (
	okPacket    = 0x00
	fileRequest = 0xfb
	lastPacket  = 0xfe
	errorPacket = 0xff
	packetHead  = 4
	packetLimit = 1<<24 - 1 // a longer packet comes in several of this length
	columnLimit = 1<<16 - 1 // of an answer; servers end before that
)

// errMalformed says that bytes are no answer.
var errMalformed = errors.New("the server's answer has no known form")

// packet returns the next packet without its head. The bytes are valid until the next call.
func (t *tap) packet() ([]byte, error) {
	t.large = t.large[:0]
	for {
		h, err := t.in.Peek(packetHead)
		if err != nil {
			return nil, err
		}
		n := int(h[0]) | int(h[1])<<8 | int(h[2])<<16
		if t.stage == head && h[3] == 0 {
			t.heard, t.passed = 0, 0 // a server that ended an idle connection said so beforehand
		}
		if h[3] != t.heard {
			return nil, fmt.Errorf("%w: its packet %d came where %d was next", errMalformed, h[3], t.heard)
		}
		t.heard++
		if packetHead+n <= t.in.Size() && len(t.large) == 0 && n > 0 {
			p, err := t.in.Peek(packetHead + n)
			if err != nil {
				return nil, err
			}
			_, err = t.in.Discard(packetHead + n)
			return p[packetHead:], err
		}
		if n == 0 && len(t.large) == 0 {
			return nil, errMalformed
		}
		if _, err := t.in.Discard(packetHead); err != nil {
			return nil, err
		}
		at := len(t.large)
		t.large = append(t.large, make([]byte, n)...)
		if _, err := io.ReadFull(t.in, t.large[at:]); err != nil {
			return nil, err
		}
		if n < packetLimit {
			return t.large, nil
		}
	}
}

// forDriver has the driver read a packet next.
func (t *tap) forDriver(p []byte) error {
	if len(p) >= packetLimit {
		return errMalformed
	}
	t.pass = append(make([]byte, 0, packetHead+len(p)), byte(len(p)), byte(len(p)>>8), byte(len(p)>>16), t.passed)
	t.pass = append(t.pass, p...)
	t.passed++
	return nil
}

// split finds the values of a row. They are parts of the packet.
func (t *tap) split(p []byte) error {
	for i := range t.row {
		n, rest, null, err := number(p)
		switch {
		case err != nil || n > uint64(len(rest)):
			return errMalformed
		case null:
			t.row[i], p = nil, rest
			continue
		}
		t.row[i], p = rest[:n:n], rest[n:]
	}
	if len(p) > 0 {
		return errMalformed
	}
	return nil
}

// number reads a number of a length of its own: how long a value is, or that there is none.
func number(p []byte) (n uint64, rest []byte, null bool, err error) {
	if len(p) == 0 {
		return 0, nil, false, errMalformed
	}
	var size int
	switch p[0] {
	case 0xfb:
		return 0, p[1:], true, nil
	case 0xfc:
		size = 2
	case 0xfd:
		size = 3
	case 0xfe:
		size = 8
	case 0xff:
		return 0, nil, false, errMalformed
	default:
		return uint64(p[0]), p[1:], false, nil
	}
	if len(p) < 1+size {
		return 0, nil, false, errMalformed
	}
	var b [8]byte
	copy(b[:], p[1:1+size])
	return binary.LittleEndian.Uint64(b[:]), p[1+size:], false, nil
}
