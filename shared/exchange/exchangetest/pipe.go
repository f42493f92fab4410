// Package exchangetest holds what tests of the exchange wing share: connections and
// tables in memory, and the suites that every connection and every store pass.
package exchangetest

import (
	"context"
	"io"
	"sync"
)

// End is one end of a connection in memory.
type End struct {
	in, out chan []byte
	ended   chan struct{} // of both ends
	once    *sync.Once
	// Frames and Bytes count what this end sent.
	Frames int
	Bytes  int
	// Largest is the largest frame that this end sent, in bytes.
	Largest int
	// BeforeSend, if set, may stop a frame; its error is the connection's.
	BeforeSend func(frame []byte) error
	// Alter, if set, returns what is sent in place of a frame.
	Alter func(frame []byte) [][]byte
}

// Pipe returns the two ends of a connection in memory.
func Pipe() (*End, *End) {
	a, b, ended, once := make(chan []byte, 8), make(chan []byte, 8), make(chan struct{}), &sync.Once{}
	return &End{in: a, out: b, ended: ended, once: once}, &End{in: b, out: a, ended: ended, once: once}
}

// Send implements exchange.Conn.
func (e *End) Send(ctx context.Context, frame []byte) error {
	if e.Alter == nil {
		return e.send(ctx, frame)
	}
	for _, f := range e.Alter(frame) {
		if err := e.send(ctx, f); err != nil {
			return err
		}
	}
	return nil
}

// send sends one frame as it is.
func (e *End) send(ctx context.Context, frame []byte) error {
	if e.BeforeSend != nil {
		if err := e.BeforeSend(frame); err != nil {
			e.Close()
			return err
		}
	}
	e.Frames++
	e.Bytes += len(frame)
	e.Largest = max(e.Largest, len(frame))
	select {
	case <-e.ended:
		return io.ErrClosedPipe
	case e.out <- append([]byte(nil), frame...):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Receive implements exchange.Conn.
func (e *End) Receive(ctx context.Context) ([]byte, error) {
	select { // what was sent before the end still arrives
	case frame := <-e.in:
		return frame, nil
	default:
	}
	select {
	case frame := <-e.in:
		return frame, nil
	case <-e.ended:
		select {
		case frame := <-e.in:
			return frame, nil
		default:
			return nil, io.EOF
		}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Close ends the connection for both ends.
func (e *End) Close() { e.once.Do(func() { close(e.ended) }) }
