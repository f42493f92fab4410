package exchange

import (
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

// line stands between the secondaries and the primary, as the network and its proxies do.
// While it is bad it answers some requests 503, takes the upgrade to a websocket out of
// others, and cuts connections when cut is called.
type line struct {
	url    string
	server *http.Server
	proxy  *httputil.ReverseProxy
	bad    atomic.Bool
	count  atomic.Int64
	mu     sync.Mutex
	open   map[net.Conn]bool
}

// openLine listens on loopback and passes requests on.
func openLine(to string) (*line, error) {
	target, err := url.Parse(to)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	l := &line{url: "http://" + listener.Addr().String(), open: map[net.Conn]bool{}, proxy: httputil.NewSingleHostReverseProxy(target)}
	l.proxy.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) }
	l.server = &http.Server{Handler: l, ReadHeaderTimeout: 10 * time.Second, ConnState: l.follow}
	go func() { _ = l.server.Serve(listener) }() // it ends with close
	return l, nil
}

// follow remembers open connections, those of websockets too.
func (l *line) follow(c net.Conn, state http.ConnState) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if state == http.StateClosed {
		delete(l.open, c)
	} else {
		l.open[c] = true
	}
}

// ServeHTTP implements http.Handler.
func (l *line) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n := l.count.Add(1)
	if l.bad.Load() && n%11 == 0 {
		http.Error(w, "out of order", http.StatusServiceUnavailable)
		return
	}
	if l.bad.Load() && n%5 == 0 {
		r.Header.Del("Upgrade")
		r.Header.Del("Connection")
	}
	l.proxy.ServeHTTP(w, r)
}

// cut resets all connections, so that what was sent is lost, and returns how many.
func (l *line) cut() (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n = len(l.open)
	for c := range l.open {
		if tcp, ok := c.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		_ = c.Close()
	}
	clear(l.open)
	return n
}

// close ends the line.
func (l *line) close() error {
	err := l.server.Close()
	l.cut()
	return err
}
