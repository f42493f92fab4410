package sqldb

import (
	"bytes"
	"errors"
	"io"
	"net"
	"slices"
	"testing"
	"time"

	driver "github.com/go-sql-driver/mysql"
)

// wire is a connection to a server that has said everything already, and gives it out in
// pieces.
type wire struct {
	net.Conn
	said      *bytes.Reader
	pieces    []byte // how long the pieces are, in turn
	reads     int
	deadlines int
	closed    bool
}

// Read implements net.Conn.
func (w *wire) Read(p []byte) (int, error) {
	if len(w.pieces) > 0 {
		p = p[:min(len(p), 1+int(w.pieces[w.reads%len(w.pieces)]))]
	}
	w.reads++
	return w.said.Read(p)
}

// SetReadDeadline implements net.Conn.
func (w *wire) SetReadDeadline(time.Time) error {
	w.deadlines++
	return nil
}

// Close implements net.Conn.
func (w *wire) Close() error {
	w.closed = true
	return nil
}

// answer writes an answer as servers do.
type answer struct {
	bytes.Buffer
	seq byte
}

// packet writes a packet, in as many parts as its length needs.
func (a *answer) packet(p []byte) {
	for {
		a.seq++
		n := min(len(p), packetLimit)
		a.Write([]byte{byte(n), byte(n >> 8), byte(n >> 16), a.seq})
		a.Write(p[:n])
		if p = p[n:]; n < packetLimit {
			return
		}
	}
}

// ends of the older and of the newer form.
var (
	oldEnd = []byte{lastPacket, 0, 0, 2, 0}
	newEnd = []byte{lastPacket, 0, 0, 2, 0, 0, 0}
)

// rows writes an answer with rows, and returns what the driver is to read of it.
func rows(columns int, list [][][]byte, older bool, end []byte) (said, rest []byte) {
	var all, bare answer
	both := func(p []byte) { all.packet(p); bare.packet(p) }
	both([]byte{byte(columns)})
	for i := range columns {
		both(append([]byte("\x03def a definition "), byte(i)))
	}
	if older {
		both(oldEnd)
	}
	for _, row := range list {
		var p []byte
		for _, v := range row {
			switch n := len(v); {
			case v == nil:
				p = append(p, 0xfb)
				continue
			case n < 251:
				p = append(p, byte(n))
			case n < 1<<16:
				p = append(p, 0xfc, byte(n), byte(n>>8))
			case n < 1<<24:
				p = append(p, 0xfd, byte(n), byte(n>>8), byte(n>>16))
			default:
				p = append(p, 0xfe, byte(n), byte(n>>8), byte(n>>16), byte(n>>24), 0, 0, 0, 0)
			}
			p = append(p, v...)
		}
		all.packet(p)
	}
	both(end)
	return all.Bytes(), bare.Bytes()
}

// taken reads an answer through a tap as the driver does, and returns the rows and what
// the driver read.
func taken(t *tap) (list [][][]byte, rest []byte, err error) {
	t.open(func(row [][]byte) {
		c := make([][]byte, len(row))
		for i, v := range row {
			if c[i] = bytes.Clone(v); v != nil && c[i] == nil {
				c[i] = []byte{}
			}
		}
		list = append(list, c)
	})
	p := make([]byte, 7)
	for err == nil && (t.stage != over || len(t.pass) > 0) {
		var n int
		n, err = t.Read(p)
		rest = append(rest, p[:n]...)
	}
	t.shut()
	return list, rest, err
}

// same compares rows; NULL is not the empty text.
func same(a, b [][][]byte) bool {
	return slices.EqualFunc(a, b, func(a, b [][]byte) bool {
		return slices.EqualFunc(a, b, func(a, b []byte) bool { return bytes.Equal(a, b) && (a == nil) == (b == nil) })
	})
}

// TestTapTakesTheRowsAlone has answers of both forms, with values of every kind of length,
// that come in pieces of every size, and an answer to another statement behind them.
func TestTapTakesTheRowsAlone(t *testing.T) {
	of := func(n int) []byte { return bytes.Repeat([]byte("x"), n) }
	lists := map[string][][][]byte{
		"none":           nil,
		"null and empty": {{nil, of(0)}, {of(0), nil}, {nil, nil}, {of(0), of(0)}},
		"lengths":        {{of(250), of(251)}, {of(252), of(255)}, {of(256), of(65535)}, {of(65536), of(1)}},
		"beyond 255":     slices.Repeat([][][]byte{{of(3), nil}}, 700),
		"buffer":         {{of(tapBuffer - 20), of(1)}, {of(tapBuffer - 7), of(2)}, {of(tapBuffer), of(3)}, {of(4), of(5)}},
		"packets":        {{of(1), of(packetLimit - 7)}, {of(1), of(packetLimit - 6)}, {of(1), of(packetLimit - 5)}, {of(packetLimit), of(1)}, {of(6), of(7)}},
	}
	next := []byte{7, 0, 0, 1, okPacket, 0, 0, 2, 0, 0, 0}
	for name, list := range lists {
		for _, older := range []bool{false, true} {
			end := newEnd
			if older {
				end = oldEnd
			}
			said, rest := rows(2, list, older, end)
			for _, pieces := range [][]byte{nil, {255}, {0}, {0, 4, 1, 200}} {
				if len(said) > 1<<20 && pieces != nil {
					continue
				}
				w := &wire{said: bytes.NewReader(said), pieces: pieces}
				tap := &tap{Conn: w}
				got, read, err := taken(tap)
				if err != nil || !same(got, list) || !bytes.Equal(read, rest) || w.closed {
					t.Fatalf("%s, older %v, pieces %v: %d rows of %d, driver read %d bytes of %d, closed %v, %v", name, older, pieces, len(got), len(list), len(read), len(rest), w.closed, err)
				}
				w.said.Reset(next)
				if read, err := io.ReadAll(tap); err != nil || !bytes.Equal(read, next) {
					t.Fatalf("%s: the next answer is %x, %v", name, read, err)
				}
				if cap(tap.large) > tapBuffer {
					t.Errorf("%s: %d bytes are kept", name, cap(tap.large))
				}
			}
		}
	}
}

// TestTapLeavesWhatHasNoRows has answers that are the driver's alone, and a failure after
// some rows.
func TestTapLeavesWhatHasNoRows(t *testing.T) {
	failed := []byte{errorPacket, 0x15, 4, '#', '4', '2', '0', '0', '0', 'n', 'o'}
	for _, p := range [][]byte{{okPacket, 0, 0, 2, 0, 0, 0}, failed, {fileRequest, 'f'}} {
		var a answer
		a.packet(p)
		w := &wire{said: bytes.NewReader(a.Bytes())}
		if got, read, err := taken(&tap{Conn: w}); err != nil || len(got) > 0 || !bytes.Equal(read, a.Bytes()) || w.closed {
			t.Errorf("%x: %d rows, read %x, closed %v, %v", p, len(got), read, w.closed, err)
		}
	}
	// A server that ended an idle connection said why before it was asked.
	for what, p := range map[string][]byte{"an error": failed, "no error": {okPacket, 0, 0, 2, 0, 0, 0}} {
		said := append([]byte{byte(len(p)), 0, 0, 0}, p...)
		w := &wire{said: bytes.NewReader(said)}
		if got, read, err := taken(&tap{Conn: w}); err != nil || len(got) > 0 || !bytes.Equal(read, said) {
			t.Errorf("%s of number 0: %d rows, the driver read %x, %v", what, len(got), read, err)
		}
	}
	list := [][][]byte{{[]byte("a")}, {nil}}
	said, rest := rows(1, list, false, failed)
	w := &wire{said: bytes.NewReader(said)}
	if got, read, err := taken(&tap{Conn: w}); err != nil || !same(got, list) || !bytes.Equal(read, rest) || w.closed {
		t.Errorf("failure after rows: %d rows, read %x, closed %v, %v", len(got), read, w.closed, err)
	}
}

// TestACutAnswerIsNoAnswer cuts an answer after each of its bytes, and shuts a tap before
// the driver has read all: no end may appear that the server did not send, and the
// connection is not used again.
func TestACutAnswerIsNoAnswer(t *testing.T) {
	list := [][][]byte{{[]byte("one"), nil}, {[]byte("two"), []byte("3")}}
	for _, older := range []bool{false, true} {
		end := newEnd
		if older {
			end = oldEnd
		}
		said, rest := rows(2, list, older, end)
		for n := range len(said) {
			w := &wire{said: bytes.NewReader(said[:n])}
			got, read, err := taken(&tap{Conn: w})
			if err == nil || len(read) >= len(rest) || !same(got, list[:len(got)]) {
				t.Errorf("%d of %d bytes: %d rows, driver read %d bytes, %v", n, len(said), len(got), len(read), err)
			}
		}
		for n := 1; n < len(rest); n++ {
			w := &wire{said: bytes.NewReader(said)}
			tap := &tap{Conn: w}
			tap.open(func([][]byte) {})
			if _, err := io.ReadFull(tap, make([]byte, n)); err != nil {
				t.Fatal(err)
			}
			if tap.shut(); !w.closed {
				t.Errorf("a connection with %d of %d bytes read can be used again", n, len(rest))
			}
		}
	}
}

// TestWhatIsNoAnswerIsRefused changes each byte of an answer's heads and lengths.
func TestWhatIsNoAnswerIsRefused(t *testing.T) {
	one, _ := rows(1, [][][]byte{{[]byte("abc")}}, false, newEnd)
	row := bytes.Index(one, []byte("\x03abc"))
	for name, change := range map[string]func([]byte){
		"a packet is missing":           func(b []byte) { b[row-1]++ },
		"an empty packet":               func(b []byte) { b[0] = 0 },
		"no column":                     func(b []byte) { b[4] = 0xfb },
		"a value longer than its row":   func(b []byte) { b[row] = 4 },
		"a value shorter than its row":  func(b []byte) { b[row] = 2 },
		"a value of unknown length":     func(b []byte) { b[row] = 0xff - 1; b[row-4] = 4 },
		"a length with too few bytes":   func(b []byte) { b[row] = 0xfd },
		"the first packet comes second": func(b []byte) { b[3] = 2 },
	} {
		b := bytes.Clone(one)
		change(b)
		w := &wire{said: bytes.NewReader(b)}
		got, _, err := taken(&tap{Conn: w})
		if len(got) > 0 || err == nil && name != "no column" && name != "a value of unknown length" {
			t.Errorf("%s: %d rows, %v", name, len(got), err)
		}
	}
}

// TestEachReadHasItsTime counts how often a tap sets the time for reading.
func TestEachReadHasItsTime(t *testing.T) {
	said, _ := rows(1, slices.Repeat([][][]byte{{[]byte("abc")}}, 100), false, newEnd)
	for _, patience := range []time.Duration{0, time.Hour} {
		w := &wire{said: bytes.NewReader(said), pieces: []byte{9}}
		tap := &tap{Conn: w}
		tap.patience = patience
		got, _, err := taken(tap)
		if err != nil || len(got) != 100 || (w.deadlines == w.reads) != (patience > 0) || (w.deadlines == 0) != (patience == 0) {
			t.Errorf("%v: %d rows, %d reads with %d deadlines, %v", patience, len(got), w.reads, w.deadlines, err)
		}
	}
}

// TestForms writes numbers as the driver does.
func TestForms(t *testing.T) {
	for _, c := range []struct {
		form       form
		text, want string
	}{
		{0, "007", "007"}, {whole, "7", "7"}, {whole, "0007", "7"}, {whole, "0", "0"}, {whole, "000", "0"}, {whole, "-5", "-5"},
		{single, "0.1", "0.1"}, {single, "1e20", "1e+20"}, {single, "3.40282e38", "3.40282e+38"}, {double, "0.30000000000000004", "0.30000000000000004"}, {double, "-0", "-0"},
	} {
		if got, err := c.form.write([]byte(c.text)); err != nil || string(got) != c.want {
			t.Errorf("form %d of %s is %s, %v; want %s", c.form, c.text, got, err, c.want)
		}
	}
	if got, err := double.write(nil); got != nil || err != nil {
		t.Error("NULL has a form")
	}
	if _, err := single.write([]byte("no number")); err == nil {
		t.Error("what is no number has a form")
	}
}

// FuzzTap gives a tap what no server says. It ends, and the driver never reads an answer's
// end that was not there.
func FuzzTap(f *testing.F) {
	for _, older := range []bool{false, true} {
		said, _ := rows(2, [][][]byte{{[]byte("a"), nil}, {bytes.Repeat([]byte("b"), 300), []byte{}}}, older, newEnd)
		f.Add(said, []byte{0, 9})
	}
	f.Add([]byte("\x01\x00\x00\x01\x01"), []byte{})
	f.Fuzz(func(t *testing.T, said, pieces []byte) {
		w := &wire{said: bytes.NewReader(said), pieces: pieces}
		tap := &tap{Conn: w}
		got, read, err := taken(tap)
		if err == nil && len(read) > len(said) {
			t.Errorf("the driver read %d bytes of %d", len(read), len(said))
		}
		if err != nil && !errors.Is(err, errMalformed) && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Error(err)
		}
		size := 0
		for _, row := range got {
			size += len(row) + len(bytes.Join(row, nil))
		}
		if size > len(said) {
			t.Errorf("rows of %d bytes in an answer of %d", size, len(said))
		}
	})
}

// TestTappable has the ways in which a DSN encrypts or packs: the driver's own bytes are
// not what the server says then.
func TestTappable(t *testing.T) {
	for params, want := range map[string]bool{
		"": true, "?tls=false": true, "?compress=false": true, "?parseTime=true&readTimeout=3s": true,
		"?tls=true": false, "?tls=skip-verify": false, "?tls=preferred": false, "?compress=true": false, "?tls=false&compress=true": false,
	} {
		cfg, err := driver.ParseDSN("u:p@tcp(127.0.0.1:1)/d" + params)
		if err != nil {
			t.Fatal(err)
		}
		if got := tappable(cfg); got != want {
			t.Errorf("%q: a tap %v, want %v", params, got, want)
		}
	}
}
