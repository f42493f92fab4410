package console

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jwt"

	"gitlab.com/eshopbox-team/return-sync/shared/identity"
)

// TestAStolenSessionEndsWithTheSignOut signs out, and tries what somebody may who has
// copied the cookie before: at this instance of the console and at another one, as a
// cookie and as a bearer's token, and with the signature written in another way.
func TestAStolenSessionEndsWithTheSignOut(t *testing.T) {
	w := newWorld(t)
	another := &world{handler: Handler(w.parts, time.Now), parts: w.parts, db: w.db}
	stolen, own := operator(t), operator(t)
	for _, one := range []*world{w, another} {
		if got := one.page(t, "GET", "/state", "", stolen); got.StatusCode != 200 {
			t.Fatalf("before: %d %s", got.StatusCode, got.body)
		}
	}
	if got := w.page(t, "POST", "/session/end", "{}", stolen); got.StatusCode != 200 || len(got.Cookies()) != 1 {
		t.Fatalf("%d %s", got.StatusCode, got.body)
	}
	// The last letter of a signature has bits without a meaning.
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := len(stolen) - 1
	respelt := stolen[:last] + string(letters[strings.IndexByte(letters, stolen[last])^1])
	for name, one := range map[string]*world{"here": w, "at another instance": another} {
		for way, session := range map[string]string{"as it was": stolen, "with another spelling": respelt, "in two lines": strings.Replace(stolen, ".", "\n.", 1)} {
			for path, body := range map[string]string{"/state": "", "/events": "", "/runs": "", "/act/start-entity": `{"entity":"returns"}`} {
				method := map[bool]string{true: "GET", false: "POST"}[body == ""]
				if got := one.page(t, method, path, body, session); got.StatusCode != 401 {
					t.Errorf("%s, the cookie %s: %s %d %s", name, way, path, got.StatusCode, got.body)
				}
				if got := one.page(t, method, path, body, "", "Cookie", "", "Authorization", "Bearer "+session); got.StatusCode != 401 {
					t.Errorf("%s, a bearer's token %s: %s %d %s", name, way, path, got.StatusCode, got.body)
				}
			}
			if got := one.page(t, "POST", "/session", `{"token":"`+strings.ReplaceAll(session, "\n", `\n`)+`"}`, ""); got.StatusCode != 401 || len(got.Cookies()) > 0 {
				t.Errorf("%s, signing in again %s: %d %s", name, way, got.StatusCode, got.body)
			}
		}
		if got := one.page(t, "GET", "/session", "", stolen); got.StatusCode != 200 || !strings.Contains(got.body, `"signedIn":false`) {
			t.Errorf("%s the session is %s", name, got.body)
		}
		if got := one.page(t, "GET", "/state", "", own); got.StatusCode != 200 {
			t.Errorf("%s, another person's session: %d %s", name, got.StatusCode, got.body)
		}
	}
	if n := w.traces(t); n != 0 {
		t.Errorf("%d traces of what was refused", n)
	}
	// To sign out twice, or without a session, is no mistake.
	for _, session := range []string{stolen, "", "nonsense"} {
		if got := w.page(t, "POST", "/session/end", "{}", session); got.StatusCode != 200 {
			t.Errorf("signing out with %q: %d %s", session, got.StatusCode, got.body)
		}
	}
}

// TestASignOutThatFailsKeepsTheSession takes the table away: no answer says that a session
// has ended which has not.
func TestASignOutThatFailsKeepsTheSession(t *testing.T) {
	w, session := newWorld(t), operator(t)
	w.exec(t, "DROP TABLE sync_signout")
	if got := w.page(t, "POST", "/session/end", "{}", session); got.StatusCode < 500 || len(got.Cookies()) != 0 {
		t.Errorf("%d %s %v", got.StatusCode, got.body, got.Cookies())
	}
	if got := w.page(t, "GET", "/session", "", session); got.StatusCode != 200 || !strings.Contains(got.body, `"signedIn":true`) {
		t.Errorf("%d %s", got.StatusCode, got.body)
	}
}

// TestAnOpenPageEndsWithTheSignOut signs out at another instance while a page is open.
func TestAnOpenPageEndsWithTheSignOut(t *testing.T) {
	w, session := newWorld(t), operator(t)
	clock := &later{}
	w.handler = Handler(w.parts, clock.now)
	server := httptest.NewServer(w.handler)
	defer server.Close()
	req, err := http.NewRequestWithContext(t.Context(), "GET", server.URL+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+session)
	res, err := http.DefaultClient.Do(req)
	if err != nil || res.StatusCode != 200 {
		t.Fatal(res, err)
	}
	defer func() { _ = res.Body.Close() }()
	heard := make([]byte, 0, 1<<20)
	until := func(text string) {
		t.Helper()
		for piece := make([]byte, 64<<10); !strings.Contains(string(heard), text); {
			n, err := res.Body.Read(piece)
			heard = append(heard, piece[:n]...)
			if err != nil && !strings.Contains(string(heard), text) {
				t.Fatalf("waited in vain for %s: %v: %.300s", text, err, heard)
			}
		}
	}
	until("event: state")
	another := &world{handler: Handler(w.parts, time.Now), parts: w.parts, db: w.db}
	if got := another.page(t, "POST", "/session/end", "{}", session); got.StatusCode != 200 {
		t.Fatalf("%d %s", got.StatusCode, got.body)
	}
	clock.add(beatEvery)
	until("event: ended")
}

// TestTheProxySignsOut names to a person whom Identity-Aware Proxy signed in the proxy's own
// address, and to anybody else none.
func TestTheProxySignsOut(t *testing.T) {
	key, err := jwk.Import(newKey(t))
	if err == nil {
		err = errors.Join(key.Set(jwk.KeyIDKey, "k"), key.Set(jwk.AlgorithmKey, jwa.ES256()))
	}
	if err != nil {
		t.Fatal(err)
	}
	public, _ := key.PublicKey()
	keys := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": []jwk.Key{public}})
	}))
	defer keys.Close()
	w := newWorld(t)
	w.parts.IAP, err = identity.NewIAP(identity.IAPConfig{Audience: "/projects/1", JWKS: keys.URL, Operators: []string{"ann@example.com"}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.parts.IAP.Close() }()
	claims, err := jwt.NewBuilder().Issuer("https://cloud.google.com/iap").Audience([]string{"/projects/1"}).Claim("email", "ann@example.com").Expiration(time.Now().Add(time.Minute)).Build()
	if err != nil {
		t.Fatal(err)
	}
	assertion, err := jwt.Sign(claims, jwt.WithKey(jwa.ES256(), key))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ assertion, session, want string }{
		{string(assertion), "", `"subject":"ann@example.com","operator":true,"proxy":true,"signOut":"/_gcp_iap/clear_login_cookie"`},
		{"", operator(t), `"proxy":false,"signOut":""`},
		{"", "", `"signedIn":false,"subject":"","operator":false,"proxy":true,"signOut":""`},
	} {
		if got := w.page(t, "GET", "/session", "", c.session, identity.IAPHeader, c.assertion); !strings.Contains(got.body, c.want) {
			t.Errorf("%s, want %s", got.body, c.want)
		}
	}
}

// newKey makes a key as the proxy has.
func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// later is a clock that a test sets ahead.
type later struct{ by atomic.Int64 }

func (l *later) now() time.Time         { return time.Now().Add(time.Duration(l.by.Load())) }
func (l *later) add(more time.Duration) { l.by.Add(int64(more)) }
