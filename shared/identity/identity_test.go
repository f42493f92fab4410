package identity_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwt"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/identity"
)

const secret = "0123456789abcdef0123456789abcdef"

var now = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// config is the tests' configuration.
func config() identity.Config {
	return identity.Config{Secret: secret, Claim: "account", Issuer: "portal", Audience: "search", Leeway: 30 * time.Second}
}

// open returns a verifier.
func open(t testing.TB, cfg identity.Config) *identity.Verifier {
	t.Helper()
	v, err := identity.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Close() })
	return v
}

// token signs a token that change has altered.
func token(t testing.TB, alg jwa.SignatureAlgorithm, key any, change func(*jwt.Builder) *jwt.Builder) string {
	t.Helper()
	b := jwt.NewBuilder().Claim("account", "acme").Issuer("portal").Audience([]string{"search"}).Expiration(now.Add(time.Hour))
	if change != nil {
		b = change(b)
	}
	built, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	signed, err := jwt.Sign(built, jwt.WithKey(alg, key))
	if err != nil {
		t.Fatal(err)
	}
	return string(signed)
}

// ask asks who sends a header, at a time.
func ask(v *identity.Verifier, header string, at time.Time) ([]string, error) {
	r := &http.Request{Header: http.Header{}}
	if header != "" {
		r.Header.Set("Authorization", header)
	}
	caller, err := v.Caller(r, at)
	return caller.Accounts, err
}

func claim(name string, value any) func(*jwt.Builder) *jwt.Builder {
	return func(b *jwt.Builder) *jwt.Builder { return b.Claim(name, value) }
}

func TestCaller(t *testing.T) {
	v := open(t, config())
	hs, key := jwa.HS256(), []byte(secret)
	good := token(t, hs, key, nil)
	for name, header := range map[string]string{
		"right": "Bearer " + good, "scheme in small": "bearer " + good, "expired within leeway": "Bearer " + token(t, hs, key, claim("exp", now.Add(-10*time.Second))),
		"one in a list": "Bearer " + token(t, hs, key, claim("account", []string{"acme"})), "twice in a list": "Bearer " + token(t, hs, key, claim("account", []string{"acme", "acme"})),
	} {
		if got, err := ask(v, header, now); err != nil || cmp.Diff([]string{"acme"}, got) != "" {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	if got, err := ask(v, "Bearer "+token(t, hs, key, claim("account", []string{"b", "a"})), now); err != nil || cmp.Diff([]string{"a", "b"}, got) != "" {
		t.Errorf("several accounts: %v, %v", got, err)
	}
	for name, header := range map[string]string{
		"no header": "", "no token": "Bearer ", "another scheme": "Basic " + good, "not a token": "Bearer abc", "too large": "Bearer " + strings.Repeat("x", 9000),
		"wrong secret": "Bearer " + token(t, hs, []byte(strings.Repeat("x", 32)), nil), "another algorithm": "Bearer " + token(t, jwa.HS512(), key, nil),
		"no signature": "Bearer " + unsigned(good, "none"), "signature cut off": "Bearer " + unsigned(good, "HS256"), "another body": "Bearer " + swapped(good, token(t, hs, key, claim("account", "other"))),
		"expired": "Bearer " + token(t, hs, key, claim("exp", now.Add(-time.Minute))), "not yet valid": "Bearer " + token(t, hs, key, claim("nbf", now.Add(time.Hour))),
		"another issuer": "Bearer " + token(t, hs, key, claim("iss", "somebody")), "another audience": "Bearer " + token(t, hs, key, claim("aud", []string{"orders"})),
		"RS256 without keys": "Bearer " + unsigned(good, "RS256") + "eA",
	} {
		if got, err := ask(v, header, now); fault.KindOf(err) != fault.Unauthenticated || len(got) > 0 {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	for name, account := range map[string]any{
		"number": 7, "empty": "", "null": nil, "a filter": `a" OR account:"b`, "ends in a line": "acme\n", "too long": strings.Repeat("a", 65), "a path": "../acme", "empty list": []string{},
		"improper in a list": []any{"acme", 7}, "a list in a list": []any{[]string{"acme"}}, "an object": map[string]any{"acme": true},
	} {
		if got, err := ask(v, "Bearer "+token(t, hs, key, claim("account", account)), now); fault.KindOf(err) != fault.Forbidden || len(got) > 0 {
			t.Errorf("account %s: %v, %v", name, got, err)
		}
	}
}

// TestTokenMustExpire refuses a token without an end.
func TestTokenMustExpire(t *testing.T) {
	built, err := jwt.NewBuilder().Claim("account", "acme").Issuer("portal").Audience([]string{"search"}).Build()
	if err != nil {
		t.Fatal(err)
	}
	signed, err := jwt.Sign(built, jwt.WithKey(jwa.HS256(), []byte(secret)))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := ask(open(t, config()), "Bearer "+string(signed), now); fault.KindOf(err) != fault.Unauthenticated {
		t.Errorf("%v, %v", got, err)
	}
}

// unsigned returns a token with its signature taken off and another algorithm.
func unsigned(token, alg string) string {
	parts := strings.Split(token, ".")
	return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"`+alg+`","typ":"JWT"}`)) + "." + parts[1] + "."
}

// swapped returns a token with another's body.
func swapped(token, other string) string {
	a, b := strings.Split(token, "."), strings.Split(other, ".")
	return a[0] + "." + b[1] + "." + a[2]
}

func TestSignedTokenIsAccepted(t *testing.T) {
	v := open(t, config())
	signed, err := v.Sign("acme-2", now.Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := ask(v, "Bearer "+signed, now); cmp.Diff([]string{"acme-2"}, got) != "" || err != nil {
		t.Errorf("%v, %v", got, err)
	}
}

func TestConfigurationsAreRefused(t *testing.T) {
	for name, cfg := range map[string]identity.Config{
		"nothing": {}, "short secret": {Secret: "tooshort"}, "keys in the clear": {JWKS: "http://issuer.example/keys"}, "no address": {JWKS: "keys.json"}, "a file": {JWKS: "file:///keys.json"},
		"endless leeway": {Secret: secret, Leeway: time.Hour},
	} {
		if _, err := identity.New(cfg); err == nil || strings.Contains(err.Error(), "tooshort") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzCaller holds every header to a refusal: nobody guesses a signature.
func FuzzCaller(f *testing.F) {
	f.Add("Bearer x.y.z")
	f.Add("Bearer eyJhbGciOiJub25lIn0.eyJhY2NvdW50IjoiYWNtZSJ9.")
	v := open(f, identity.Config{Secret: secret, Claim: "account"})
	f.Fuzz(func(t *testing.T, header string) {
		if got, err := ask(v, header, now); err == nil || len(got) > 0 {
			t.Errorf("%q is %v", header, got)
		}
	})
}
