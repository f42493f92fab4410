package rehearsal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"sync"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/console"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/server"
)

// front is what queues, the scheduler and people call.
type front struct {
	server   *http.Server
	address  string
	mux      *http.ServeMux
	mu       sync.Mutex
	children map[string]*child // by function name, or by that of a further process
	further  map[string]further
}

// openFront listens on a port of this machine; 0 chooses a free one. page is
// what people see at /; operator makes a token for the console.
func openFront(port int, steps http.Handler, page func(*front) http.Handler, operator func() (string, error)) (*front, error) {
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return nil, fmt.Errorf("port %d of 127.0.0.1 cannot be used: %w: another program may have it; choose one with --port, or --port 0 for any that is free", port, err)
	}
	mux := http.NewServeMux()
	f := &front{address: listener.Addr().String(), mux: mux, children: map[string]*child{}, further: map[string]further{}}
	mux.Handle(stepsPath, steps)
	mux.Handle("/", page(f))
	for _, fn := range server.Functions() {
		f.route(fn.Name, fn.Paths()...)
	}
	mux.Handle("GET "+console.Path, f.consoleDoor(operator))
	f.server = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = f.server.Serve(listener) }()
	return f, nil
}

// route serves a process at some paths.
func (f *front) route(name string, paths ...string) {
	proxy := f.proxy(name)
	for _, path := range paths {
		f.mux.Handle(path, http.StripPrefix(path, proxy))
		f.mux.Handle(path+"/", http.StripPrefix(path, proxy))
	}
}

// url returns where a function is called.
func (f *front) url(name string) string { return "http://" + f.address + "/" + name }

// maxBody is the size, in bytes, of the largest request that the front passes on:
// 32 MiB, as Cloud Run.
const maxBody = 32 << 20

// proxy passes requests on to a function's process. One that is not there is
// answered 503, as by a platform that is starting it.
//
// The body is read whole before it is passed on. A function may answer before the
// transport has seen the end of a body that streams through; the server then
// closes that body, and the transport cuts the connection in mid-answer.
func (f *front) proxy(name string) http.Handler {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 32
	proxy := &httputil.ReverseProxy{
		Transport: transport,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme = "http"
			r.Out.URL.Host = "127.0.0.1:0"
			if c := f.child(name); c != nil {
				r.Out.URL.Host = c.address
			}
			r.SetXForwarded()
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			http.Error(w, name+" does not answer: "+err.Error(), http.StatusServiceUnavailable)
		},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			status := http.StatusBadRequest
			if large := (*http.MaxBytesError)(nil); errors.As(err, &large) {
				status = http.StatusRequestEntityTooLarge
			}
			http.Error(w, "the request's body cannot be read: "+err.Error(), status)
			return
		}
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		if len(body) == 0 {
			r.Body = http.NoBody
		}
		proxy.ServeHTTP(w, r)
	})
}

// child returns a function's process, nil if it has none.
func (f *front) child(name string) *child {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.children[name]
}

// set replaces a function's process and returns the one before.
func (f *front) set(name string, c *child) *child {
	f.mu.Lock()
	defer f.mu.Unlock()
	before := f.children[name]
	f.children[name] = c
	return before
}
