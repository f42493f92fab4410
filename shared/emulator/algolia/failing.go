package algolia

import (
	"net/http"
	"strconv"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/internal/mishap"
)

// before plays a failure that precedes the handler. It reports whether the
// request is over, and with which status (0: no answer was sent).
func (s *Server) before(f *Fault, w http.ResponseWriter, r *http.Request) (status int, over bool) {
	if f == nil {
		return 0, false
	}
	switch f.Kind {
	case RateLimit:
		if f.RetryAfter > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(f.RetryAfter))
		}
		return send(w, nil, refuse(http.StatusTooManyRequests, "Too many jobs in the queue, please retry later")), true
	case ServerError:
		status := f.Status
		if status == 0 {
			status = http.StatusServiceUnavailable
		}
		return send(w, nil, refuse(status, "%s", http.StatusText(status))), true
	case Timeout:
		s.hang(r)
		return 0, true
	case Reset:
		mishap.Cut(w)
		return 0, true
	}
	return 0, false
}

// after plays a failure that hides a success.
func (s *Server) after(f *Fault, w http.ResponseWriter, r *http.Request) (over bool) {
	switch {
	case f == nil:
		return false
	case f.Kind == TimeoutApplied:
		s.hang(r)
		return true
	case f.Kind == ResetApplied:
		mishap.Cut(w)
		return true
	}
	return false
}

// hang waits until the client gives up or the server is closed, and then drops
// the connection.
func (s *Server) hang(r *http.Request) {
	select {
	case <-r.Context().Done():
	case <-s.done:
	}
	panic(http.ErrAbortHandler)
}
