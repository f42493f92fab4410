package transfers

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/edge"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// The refusals of callers.
var (
	errNoToken = fault.New(fault.Unauthenticated, "no-token", "send the service's token: Authorization: Bearer TOKEN")
	errForeign = fault.New(fault.Forbidden, "foreign-page", "pages of other sites may not call this service")
	errNoRoute = fault.New(fault.NotFound, "no-route", "this address has no route; GET /openapi.json lists them")
)

// admitted lets callers in that bring the token. Where none is configured, programs on
// this machine may call, and pages that a browser shows may not: a page of any site can
// send a GET to loopback.
func (a *API) admitted(next edge.Handler) edge.Handler {
	want := sha256.Sum256([]byte("Bearer " + a.Token))
	return func(r *http.Request) (any, error) {
		if a.Token == "" {
			if fromPage(r) {
				return nil, errForeign
			}
			return next(r)
		}
		got := sha256.Sum256([]byte(r.Header.Get("Authorization")))
		if subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
			return nil, errNoToken
		}
		return next(r)
	}
}

// fromPage reports whether a browser sent the request for a page of another site, or for
// a name that a stranger pointed at this machine.
func fromPage(r *http.Request) bool {
	site := r.Header.Get("Sec-Fetch-Site")
	if r.Header.Get("Origin") != "" || site != "" && site != "none" && site != "same-origin" {
		return true
	}
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.Trim(host, "[]")
	ip := net.ParseIP(host)
	return host != "localhost" && (ip == nil || !ip.IsLoopback())
}
