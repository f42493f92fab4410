package edge

import (
	"log/slog"
	"net/http"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// Door lets at most n requests in at once, before any part of their bodies is read.
// Further requests are answered 503 with Retry-After.
func Door(log *slog.Logger, n int, next http.Handler) http.Handler {
	inside := make(chan struct{}, n)
	full := Handle(log, func(*http.Request) (any, error) {
		return nil, fault.New(fault.Retry, "busy", "%d requests are being answered here already; try again", n).WithAfter(time.Second)
	}, http.MethodGet, http.MethodHead, http.MethodPost)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case inside <- struct{}{}:
			defer func() { <-inside }()
			next.ServeHTTP(w, r)
		default:
			full.ServeHTTP(w, r)
		}
	})
}
