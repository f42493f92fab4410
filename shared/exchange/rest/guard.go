package rest

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// shared is the address space of carriers' networks (RFC 6598), and translated that of
// IPv4 behind IPv6 (RFC 6052).
var (
	shared     = netip.MustParsePrefix("100.64.0.0/10")
	translated = netip.MustParsePrefix("64:ff9b::/96")
)

// Public reports whether an address is on the public network: neither loopback nor
// link-local, which holds a cloud's metadata service, nor of a private network.
func Public(ip netip.Addr) bool {
	ip = ip.Unmap()
	if translated.Contains(ip) {
		b := ip.As16()
		ip = netip.AddrFrom4([4]byte(b[12:]))
	}
	return ip.IsValid() && ip.IsGlobalUnicast() && !ip.IsPrivate() && !ip.IsLoopback() && !ip.IsLinkLocalUnicast() && !shared.Contains(ip)
}

// errPrivate is the error of an address that is not public.
var errPrivate = fault.New(fault.Misconfigured, "private-address",
	"the sync address leads into a private network; set EXCHANGE_ALLOW_PRIVATE=true if that is meant")

// NewHTTP returns a client for partners' servers. Unless private is set, it connects
// to public addresses only; the address is judged when the connection is made, so that
// a name which resolves differently the second time changes nothing. Redirects are not
// followed, and no proxy is used, because either would connect elsewhere.
func NewHTTP(private bool) *http.Client {
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	if !private {
		dialer.ControlContext = func(_ context.Context, _, address string, _ syscall.RawConn) error {
			at, err := netip.ParseAddrPort(address)
			if err != nil || !Public(at.Addr()) {
				return errPrivate
			}
			return nil
		}
	}
	return &http.Client{
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSHandshakeTimeout: 10 * time.Second, MaxIdleConnsPerHost: grainsAtOnce,
			IdleConnTimeout: time.Minute, ResponseHeaderTimeout: time.Minute,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
