package console

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/edge"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/identity"
)

// ChangeHeader must come with every request that changes something. A form cannot send
// it, and a script of another origin must ask first, which is never granted.
const ChangeHeader = "X-Return-Sync"

// The limits of requests.
const (
	maxBody   = 64 << 10
	maxCookie = 3800 // bytes of a token; browsers keep cookies of 4096 with their name
)

// CookieName is the name of the session's cookie: over https a name that browsers accept
// from this host alone.
func CookieName(secure bool) string {
	if secure {
		return "__Host-return-sync"
	}
	return "return-sync"
}

// Cookie returns the cookie that keeps a token; an empty token removes the cookie.
// Without https, which means pages on this machine, the cookie is not a secure one.
func Cookie(token string, secure bool, life time.Duration) *http.Cookie {
	c := &http.Cookie{
		Name: CookieName(secure), Value: token, Path: "/", HttpOnly: true, Secure: secure, SameSite: http.SameSiteStrictMode,
		MaxAge: int(life / time.Second),
	}
	if token == "" || c.MaxAge <= 0 {
		c.Value, c.MaxAge = "", -1
	}
	return c
}

// secure reports whether a request's page is on another machine. A browser uses the same
// name to decide where it sends a cookie.
func secure(r *http.Request) bool {
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host != "localhost" && (ip == nil || !ip.IsLoopback())
}

// person returns the caller. The proxy's header comes first: behind the proxy the other
// headers are the proxy's own.
func (f *function) person(r *http.Request) (identity.Person, error) {
	if assertion := r.Header.Get(identity.IAPHeader); f.IAP != nil && assertion != "" {
		return f.IAP.Person(r.Context(), assertion, f.now())
	}
	_, p, err := f.holder(r)
	return p, err
}

// holder returns the operator's token of a request, and the person whose token it is.
func (f *function) holder(r *http.Request) (text string, p identity.Person, err error) {
	if text, err = carried(r); err == nil {
		p, err = f.Operators.PersonOf(r.Context(), text, f.now())
	}
	return text, p, err
}

// carried returns the operator's token of a request: a program's bearer token, or the one in
// the session's cookie.
func carried(r *http.Request) (string, error) {
	if r.Header.Get("Authorization") != "" {
		return identity.Bearer(r)
	}
	c, err := r.Cookie(CookieName(secure(r)))
	if err != nil || c.Value == "" {
		return "", fault.New(fault.Unauthenticated, "no-session", "sign in first")
	}
	return c.Value, nil
}

// changes refuses a request that may come from another site.
func (f *function) changes(r *http.Request) error {
	if err := f.foreign.Check(r); err != nil {
		return fault.Wrap(err, fault.Forbidden, "other-origin", "this request comes from another site")
	}
	if r.Header.Get(ChangeHeader) == "" {
		return fault.New(fault.Forbidden, "no-change-header", "send the header %s: 1 with every change", ChangeHeader)
	}
	return nil
}

// who is a person as the page shows them.
type who struct {
	SignedIn bool   `json:"signedIn"`
	Subject  string `json:"subject"`
	Operator bool   `json:"operator"`
	// Proxy says that Identity-Aware Proxy signs people in.
	Proxy bool `json:"proxy"`
	// SignOut is the proxy's own address that signs a person out; empty for a session of
	// this function's, which POST /session/end ends.
	SignOut string `json:"signOut"`
}

// proxySignOut is where Identity-Aware Proxy ends its session, on every address that it
// guards. The request does not reach this function.
const proxySignOut = "/_gcp_iap/clear_login_cookie"

// refused reports whether an error of person says that a session does not hold, and not that
// nobody can tell at the moment.
func refused(err error) bool {
	kind := fault.KindOf(err)
	return err != nil && (kind == fault.Unauthenticated || kind == fault.Forbidden)
}

// session answers who is signed in; nobody is no error, because the page asks.
func (f *function) session(r *http.Request) (any, error) { return f.who(r) }

// who returns who is signed in.
func (f *function) who(r *http.Request) (who, error) {
	p, err := f.person(r)
	if refused(err) {
		return who{Proxy: f.IAP != nil}, nil
	}
	w := who{SignedIn: true, Subject: p.Subject, Operator: p.Operator, Proxy: f.IAP != nil && r.Header.Get(identity.IAPHeader) != ""}
	if w.Proxy {
		w.SignOut = proxySignOut
	}
	return w, err
}

// first answers who is signed in, and with the whole view if somebody is: the page asks
// for both at once, while its scripts are under way.
func (f *function) first(r *http.Request) (any, error) {
	p, err := f.who(r)
	if err != nil {
		return nil, err
	}
	signed, err := json.Marshal(p)
	a := edge.Ready{[]byte(`{"session":`), signed}
	if p.SignedIn {
		// Without a state the page still says who is signed in; its stream reports the reason.
		if s := f.latest.get(r.Context()); s.err == nil {
			a = append(a, []byte(`,"state":`), s.text)
		}
	}
	return append(a, []byte("}\n")), err
}

// signIn keeps a valid token in the session's cookie.
func (f *function) signIn(w http.ResponseWriter, r *http.Request) {
	edge.HandleOperator(f.Log, func(r *http.Request) (any, error) {
		if err := f.changes(r); err != nil {
			return nil, err
		}
		var body struct {
			Token string `json:"token"`
		}
		if err := readJSON(r, &body); err != nil {
			return nil, err
		}
		token := strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(body.Token), "Bearer "))
		if len(token) > maxCookie {
			return nil, fault.New(fault.Invalid, "long-token", "the token has %d bytes: a browser keeps at most %d", len(token), maxCookie).WithParam("token")
		}
		p, err := f.Operators.PersonOf(r.Context(), token, f.now())
		if err != nil {
			return nil, err
		}
		http.SetCookie(w, Cookie(token, secure(r), p.Expires.Sub(f.now())))
		return who{SignedIn: true, Subject: p.Subject, Operator: p.Operator}, nil
	}, http.MethodPost).ServeHTTP(w, r)
}

// signOut ends the token of a session, here and at every other instance, and removes the
// session's cookie. A session that holds no more is signed out already.
func (f *function) signOut(w http.ResponseWriter, r *http.Request) {
	edge.HandleOperator(f.Log, func(r *http.Request) (any, error) {
		if err := f.changes(r); err != nil {
			return nil, err
		}
		if err := f.endSession(r); err != nil {
			return nil, err // the cookie stays, so that people can try again
		}
		http.SetCookie(w, Cookie("", secure(r), 0))
		return answer{"signed out"}, nil
	}, http.MethodPost).ServeHTTP(w, r)
}

// endSession ends the token of a request.
func (f *function) endSession(r *http.Request) error {
	text, p, err := f.holder(r)
	if refused(err) {
		return nil
	}
	if err != nil {
		return err
	}
	return f.Tables.Signouts.End(r.Context(), identity.Signed(text), p.Expires.Sub(f.now()))
}

// readJSON reads a request's body: one JSON value without unknown fields.
func readJSON(r *http.Request, into any) error {
	if kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); strings.TrimSpace(kind) != "application/json" {
		return fault.New(fault.Invalid, "bad-body", "send the body as Content-Type: application/json")
	}
	d := json.NewDecoder(http.MaxBytesReader(nil, r.Body, maxBody))
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if err == nil {
		if _, more := d.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("there is more than one value")
		}
	}
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return fault.New(fault.TooLarge, "body-too-large", "the body has more than %d bytes", maxBody)
	}
	return fault.Wrap(err, fault.Invalid, "bad-body", "the body does not have the fields of this action")
}
