// Package websocket carries the frames of exchange sessions over websockets (RFC
// 6455): text messages, one frame each, compressed where both sides can.
//
// Close codes: 1000 ends a session in good order; 1008 says that the other side broke
// the protocol; 1009 that a frame was too large; 1011 that a side failed; 1001 that
// the server stops.
//
// An idle connection is pinged, so that proxies keep it and a dead peer is noticed. A
// goroutine reads ahead by a few frames, so that pings are answered while a side is
// busy with its tables; it stops reading when the frames are not taken, and the
// sender is held back.
package websocket

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/coder/websocket"

	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// Config are the times of a connection.
type Config struct {
	PingEvery time.Duration // 0 is 20 seconds
	PongWait  time.Duration // how long a pong may take; 0 is a minute
}

func (c Config) filled() Config {
	if c.PingEvery == 0 {
		c.PingEvery = 20 * time.Second
	}
	if c.PongWait == 0 {
		c.PongWait = time.Minute
	}
	return c
}

// readAhead is how many frames wait to be taken; they have at most 2 MiB.
const readAhead = 4

// Conn is one connection. It implements exchange.Conn.
type Conn struct {
	ws     *websocket.Conn
	frames chan []byte
	stop   context.CancelCauseFunc
	ctx    context.Context // ends with the connection; its cause says why
	wait   sync.WaitGroup
}

// compressFrom is the size from which a frame is compressed, in bytes.
const compressFrom = 1024

// Accept upgrades a request. Origins of browsers are refused: sessions are between
// servers.
func Accept(w http.ResponseWriter, r *http.Request, c Config) (*Conn, error) {
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		CompressionMode: websocket.CompressionNoContextTakeover, CompressionThreshold: compressFrom,
	})
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "no-upgrade", "the request cannot be upgraded to a websocket")
	}
	return start(ws, c), nil
}

// ErrNoUpgrade says that the other side answered without an upgrade, as a public
// program does and a proxy that does not know websockets.
var ErrNoUpgrade = errors.New("the other side does not speak websockets here")

// Dial opens a connection to address (http or https) with a bearer token. The error
// is ErrNoUpgrade where the other side answered something else.
func Dial(ctx context.Context, client *http.Client, address, token string, c Config) (*Conn, error) {
	ws, response, err := websocket.Dial(ctx, address, &websocket.DialOptions{
		HTTPClient: client, HTTPHeader: http.Header{"Authorization": {"Bearer " + token}, "User-Agent": {"Sandpiper"}},
		CompressionMode: websocket.CompressionNoContextTakeover, CompressionThreshold: compressFrom,
	})
	if response != nil && response.Body != nil {
		defer func() { _ = response.Body.Close() }() // Dial has replaced the body of a refusal, and a session has none
	}
	switch {
	case err == nil:
		return start(ws, c), nil
	case response != nil && (response.StatusCode == http.StatusUnauthorized || response.StatusCode == http.StatusForbidden):
		return nil, fault.New(fault.Forbidden, "primary-refused", "the primary answered %d to the session's request", response.StatusCode)
	case response != nil && response.StatusCode == http.StatusTooManyRequests:
		return nil, fault.New(fault.Throttled, "too-many-sessions", "the primary has too many sessions of this company; try again later")
	case response != nil:
		return nil, ErrNoUpgrade
	}
	return nil, fault.Wrap(err, fault.Retry, exchange.CodeBroken, "the primary cannot be reached")
}

// start begins to read and to ping.
func start(ws *websocket.Conn, c Config) *Conn {
	ws.SetReadLimit(exchange.MaxFrame)
	ctx, stop := context.WithCancelCause(context.Background())
	conn := &Conn{ws: ws, frames: make(chan []byte, readAhead), stop: stop, ctx: ctx}
	conn.wait.Go(conn.read)
	conn.wait.Go(func() { conn.ping(c.filled()) })
	return conn
}

// read reads frames until the connection ends.
func (c *Conn) read() {
	defer close(c.frames)
	for {
		kind, data, err := c.ws.Read(c.ctx)
		switch {
		case websocket.CloseStatus(err) == websocket.StatusNormalClosure:
			c.stop(io.EOF)
			return
		case err != nil:
			c.stop(err)
			return
		case kind != websocket.MessageText:
			c.stop(fault.New(fault.Invalid, "bad-frame", "a frame is not text"))
			return
		}
		select {
		case c.frames <- data:
		case <-c.ctx.Done():
			return
		}
	}
}

// ping pings until the connection ends.
func (c *Conn) ping(cfg Config) {
	ticker := time.NewTicker(cfg.PingEvery)
	defer ticker.Stop()
	for {
		select {
		case <-c.ctx.Done():
			return
		case <-ticker.C:
			ctx, cancel := context.WithTimeout(c.ctx, cfg.PongWait)
			err := c.ws.Ping(ctx)
			cancel()
			if err != nil {
				c.stop(err)
				return
			}
		}
	}
}

// Send implements exchange.Conn.
func (c *Conn) Send(ctx context.Context, frame []byte) error {
	if c.ctx.Err() != nil {
		return c.cause()
	}
	return c.ws.Write(ctx, websocket.MessageText, frame)
}

// Receive implements exchange.Conn.
func (c *Conn) Receive(ctx context.Context) ([]byte, error) {
	select {
	case data, ok := <-c.frames:
		if !ok {
			return nil, c.cause()
		}
		return data, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// cause returns why the connection ended.
func (c *Conn) cause() error {
	if err := context.Cause(c.ctx); err != nil {
		return err
	}
	return io.ErrUnexpectedEOF
}

// Close ends the connection; err says why, nil for good order. The other side's
// words are not repeated to it.
func (c *Conn) Close(err error) {
	code, reason := websocket.StatusNormalClosure, ""
	switch {
	case err == nil:
	case fault.KindOf(err) == fault.TooLarge:
		code, reason = websocket.StatusMessageTooBig, "a frame is too large"
	case fault.KindOf(err) == fault.Invalid:
		code, reason = websocket.StatusPolicyViolation, "the protocol was broken"
	case errors.Is(err, context.Canceled):
		code, reason = websocket.StatusGoingAway, "the server stops"
	default:
		code, reason = websocket.StatusInternalError, "the session failed"
	}
	_ = c.ws.Close(code, reason) // the other side may be gone
	c.stop(io.ErrClosedPipe)
	c.wait.Wait()
}
