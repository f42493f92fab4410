package mishap

import (
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

// page is the answer of a proxy that stands before a broken service.
const page = "<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head><body>\n<h1>Bad Gateway</h1>\n</body></html>\n"

// Refuse writes an error of the service with a status.
type Refuse func(w http.ResponseWriter, status int)

// Serve answers a request by next, or plays the fault that strikes it. The subject is
// what the rules' patterns see, such as the path.
func (p *Plan) Serve(w http.ResponseWriter, r *http.Request, route string, refuse Refuse, next http.HandlerFunc) {
	fault := p.Strikes(route, r.URL.Path, common...)
	if fault == nil {
		next(w, r)
		return
	}
	switch fault.Kind {
	case RateLimit:
		if fault.RetryAfter > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(fault.RetryAfter))
		}
		refuse(w, http.StatusTooManyRequests)
	case ServerError:
		status := fault.Status
		if status == 0 {
			status = http.StatusServiceUnavailable
		}
		refuse(w, status)
	case HTML:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		io.WriteString(w, page) //nolint:errcheck // the client may have left
	case Slow:
		p.wait(r, time.Duration(fault.DelayMS)*time.Millisecond)
		next(w, r)
	case TimeoutApplied, ResetApplied:
		next(&unheard{header: http.Header{}}, r)
		p.silence(fault.Kind == TimeoutApplied, w, r)
	default:
		p.silence(fault.Kind == Timeout, w, r)
	}
}

// silence ends a request without an answer, at once or when the client gives up.
func (p *Plan) silence(wait bool, w http.ResponseWriter, r *http.Request) {
	if !wait {
		Cut(w)
		return
	}
	select {
	case <-r.Context().Done():
	case <-p.done:
	}
	panic(http.ErrAbortHandler)
}

// wait waits until the time is over, the client gives up or the service ends.
func (p *Plan) wait(r *http.Request, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
	case <-p.done:
	}
}

// Cut closes the connection in a way that the client sees as a reset.
func Cut(w http.ResponseWriter) {
	hijacker, ok := w.(http.Hijacker)
	if !ok {
		panic(http.ErrAbortHandler)
	}
	conn, _, err := hijacker.Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // else the client sees an orderly end
	}
	_ = conn.Close()
}

// unheard takes an answer that nobody gets.
type unheard struct{ header http.Header }

// Header is part of http.ResponseWriter.
func (u *unheard) Header() http.Header { return u.header }

// WriteHeader is part of http.ResponseWriter.
func (u *unheard) WriteHeader(int) {}

// Write is part of http.ResponseWriter.
func (u *unheard) Write(p []byte) (int, error) { return len(p), nil }
