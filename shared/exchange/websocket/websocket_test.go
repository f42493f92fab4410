package websocket_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	gorilla "github.com/gorilla/websocket"

	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange/exchangetest"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange/websocket"
)

var quiet = slog.New(slog.DiscardHandler)

// serve starts a server that hands each connection to fn.
func serve(t *testing.T, c websocket.Config, fn func(*websocket.Conn)) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, c)
		if err != nil {
			t.Error(err)
			return
		}
		fn(conn)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// dial connects to an address.
func dial(t *testing.T, address string, c websocket.Config) *websocket.Conn {
	t.Helper()
	conn, err := websocket.Dial(t.Context(), http.DefaultClient, address, "token", c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(nil) })
	return conn
}

func TestConnections(t *testing.T) {
	exchangetest.RunConn(t, func(t *testing.T) (exchange.Conn, exchange.Conn, func()) {
		accepted, done := make(chan *websocket.Conn), make(chan struct{})
		address := serve(t, websocket.Config{}, func(c *websocket.Conn) {
			accepted <- c
			<-done
			c.Close(nil)
		})
		a := dial(t, address, websocket.Config{})
		t.Cleanup(func() { close(done) })
		return a, <-accepted, func() { a.Close(nil) }
	})
}

// TestNoUpgrade answers as the public program and a proxy do.
func TestNoUpgrade(t *testing.T) {
	for status, want := range map[int]error{http.StatusOK: websocket.ErrNoUpgrade, http.StatusBadGateway: websocket.ErrNoUpgrade, http.StatusUpgradeRequired: websocket.ErrNoUpgrade} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
		if _, err := websocket.Dial(t.Context(), http.DefaultClient, server.URL, "t", websocket.Config{}); !errors.Is(err, want) {
			t.Errorf("%d: %v", status, err)
		}
		server.Close()
		if _, err := websocket.Dial(t.Context(), http.DefaultClient, server.URL, "t", websocket.Config{}); err == nil || errors.Is(err, websocket.ErrNoUpgrade) {
			t.Errorf("nobody there: %v", err)
		}
	}
}

// TestPingsKeepAConnection lets a connection be idle for many pings, while one side
// takes no frames.
func TestPingsKeepAConnection(t *testing.T) {
	pings := make(chan struct{}, 1000)
	upgrader := gorilla.Upgrader{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = c.Close() }()
		answer := c.PingHandler()
		c.SetPingHandler(func(data string) error {
			pings <- struct{}{}
			return answer(data)
		})
		_, message, err := c.ReadMessage()
		if err == nil {
			_ = c.WriteMessage(gorilla.TextMessage, message)
		}
	}))
	defer server.Close()
	conn := dial(t, server.URL, websocket.Config{PingEvery: time.Millisecond})
	for range 5 {
		<-pings
	}
	if err := conn.Send(t.Context(), []byte("still here")); err != nil {
		t.Fatal(err)
	}
	if got, err := conn.Receive(t.Context()); string(got) != "still here" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

// TestADeadPeerIsNoticed connects to a peer that answers no ping.
func TestADeadPeerIsNoticed(t *testing.T) {
	done := make(chan struct{})
	defer close(done)
	upgrader := gorilla.Upgrader{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := upgrader.Upgrade(w, r, nil); err == nil {
			<-done // and reads nothing
		}
	}))
	conn := dial(t, server.URL, websocket.Config{PingEvery: time.Millisecond, PongWait: time.Millisecond})
	if _, err := conn.Receive(t.Context()); err == nil || t.Context().Err() != nil {
		t.Errorf("%v", err)
	}
}

// TestTooLargeAFrame ends the connection of a peer that sends more than the limit.
func TestTooLargeAFrame(t *testing.T) {
	address := serve(t, websocket.Config{}, func(c *websocket.Conn) {
		_, err := c.Receive(context.Background())
		c.Close(err)
	})
	ws, response, err := gorilla.DefaultDialer.Dial("ws"+strings.TrimPrefix(address, "http"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ws.Close(); _ = response.Body.Close() }()
	_ = ws.WriteMessage(gorilla.TextMessage, make([]byte, exchange.MaxFrame+1)) // it may be cut off while it is sent
	if _, _, err := ws.ReadMessage(); err == nil {
		t.Error("it was taken")
	} else if closed := (*gorilla.CloseError)(nil); errors.As(err, &closed) && closed.Code != gorilla.CloseMessageTooBig {
		t.Errorf("closed with %d", closed.Code)
	}
}

// TestAnIndependentClient runs a session with another library's client, frame by
// frame, compressed.
func TestAnIndependentClient(t *testing.T) {
	w := exchangetest.NewWorld(t, exchangetest.NewMemory(), exchangetest.NewMemory())
	sub := w.Publish("rotors", 30, 500)
	address := serve(t, websocket.Config{}, func(c *websocket.Conn) {
		p := &exchange.Primary{Server: w.Publisher.ID, Catalog: w.Primary, Content: w.Primary, Journal: w.Primary, Log: quiet}
		c.Close(p.Serve(context.Background(), c, w.Receiver.ID, time.Now()))
	})
	dialer := gorilla.Dialer{EnableCompression: true}
	ws, response, err := dialer.Dial("ws"+strings.TrimPrefix(address, "http"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ws.Close(); _ = response.Body.Close() }()
	if !strings.Contains(response.Header.Get("Sec-WebSocket-Extensions"), "permessage-deflate") {
		t.Error("no compression was negotiated")
	}
	ask := func(request string) (f map[string]any) {
		t.Helper()
		if request != "" {
			if err := ws.WriteMessage(gorilla.TextMessage, []byte(request)); err != nil {
				t.Fatal(err)
			}
		}
		if err := ws.ReadJSON(&f); err != nil {
			t.Fatal(err)
		}
		return f
	}
	if f := ask(""); f["action"] != "begin" || f["begin"].(map[string]any)["server"] != w.Publisher.ID.String() {
		t.Errorf("%v", f)
	}
	if f := ask(`{"action":"subscriptions","id":1}`); f["id"] != 1.0 || len(f["subscriptions"].([]any)) != 1 {
		t.Errorf("%v", f)
	}
	name := `,"slice":"` + sub.SliceID.String() + `"}`
	if f := ask(`{"action":"slice","id":2` + name); f["state"].(map[string]any)["content_count"] != 30.0 {
		t.Errorf("%v", f)
	}
	ids := ask(`{"action":"ids","id":3` + name)["ids"]
	packed, _ := json.Marshal(ids)
	if f := ask(`{"action":"grains","id":4,"ids":` + string(packed) + name); len(f["grains"].([]any)) != 30 {
		t.Errorf("%v", f)
	}
	if f := ask(`{"action":"end","id":5}`); f["action"] != "end" {
		t.Errorf("%v", f)
	}
	if _, _, err := ws.ReadMessage(); !gorilla.IsCloseError(err, gorilla.CloseNormalClosure) {
		t.Errorf("%v", err)
	}
}
