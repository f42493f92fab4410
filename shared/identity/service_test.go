package identity_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jwt"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/identity"
)

const (
	service = "https://window.example"
	account = "tasks@project.iam.gserviceaccount.com"
)

// services returns what reads the tests' services.
func services(t *testing.T, cfg identity.ServiceConfig) *identity.Services {
	t.Helper()
	s, err := identity.NewServices(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// identityToken signs a service's token that change has altered.
func identityToken(t *testing.T, key jwk.Key, change func(*jwt.Builder) *jwt.Builder) string {
	t.Helper()
	b := jwt.NewBuilder().Subject("107").Issuer("https://accounts.google.com").Audience([]string{service}).
		Claim("email", account).Claim("email_verified", true).IssuedAt(now).Expiration(now.Add(time.Hour))
	if change != nil {
		b = change(b)
	}
	built, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	signed, err := jwt.Sign(built, jwt.WithKey(jwa.RS256(), key))
	if err != nil {
		t.Fatal(err)
	}
	return string(signed)
}

// stripped returns a token as Cloud Run passes it on.
func stripped(token string) string {
	return token[:strings.LastIndexByte(token, '.')] + ".SIGNATURE_REMOVED_BY_GOOGLE"
}

// from is a request with headers, in pairs.
func from(headers ...string) *http.Request {
	r := &http.Request{Header: http.Header{}}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	return r
}

// TestService takes the identity token of a named account for this service, and
// nothing else.
func TestService(t *testing.T) {
	i, key := newIssuer(t), newRSA(t, "g1")
	i.publish(t, key)
	s := services(t, identity.ServiceConfig{Audience: []string{"https://other.example", service}, Emails: []string{"", " " + account + " "}, Issuer: "https://accounts.google.com", JWKS: i.URL})
	good := identityToken(t, key, nil)
	if got, err := s.Service(from("Authorization", "Bearer "+good), now); err != nil || got != account {
		t.Errorf("%q, %v", got, err)
	}
	for name, c := range map[string]struct {
		token string
		kind  fault.Kind
	}{
		"another audience":    {identityToken(t, key, claim("aud", []string{"https://cron.example"})), fault.Unauthenticated},
		"a longer audience":   {identityToken(t, key, claim("aud", []string{service + "/x"})), fault.Unauthenticated},
		"no audience":         {identityToken(t, key, claim("aud", []string{})), fault.Unauthenticated},
		"another account":     {identityToken(t, key, claim("email", "x"+account)), fault.Forbidden},
		"no account":          {identityToken(t, key, claim("email", nil)), fault.Forbidden},
		"not verified":        {identityToken(t, key, claim("email_verified", false)), fault.Forbidden},
		"verified in words":   {identityToken(t, key, claim("email_verified", "true")), fault.Forbidden},
		"another issuer":      {identityToken(t, key, claim("iss", "https://accounts.example.com")), fault.Unauthenticated},
		"expired":             {identityToken(t, key, claim("exp", now.Add(-time.Minute))), fault.Unauthenticated},
		"another key":         {identityToken(t, newRSA(t, "g1"), nil), fault.Unauthenticated},
		"unsigned":            {unsigned(good, "none"), fault.Unauthenticated},
		"signed in secret":    {token(t, jwa.HS256(), []byte(secret), nil), fault.Unauthenticated},
		"signed by nobody":    {stripped(good), fault.Unauthenticated},
		"nothing":             {"", fault.Unauthenticated},
		"larger than allowed": {good + strings.Repeat("x", 9<<10), fault.Unauthenticated},
	} {
		if got, err := s.Service(from("Authorization", "Bearer "+c.token), now); fault.KindOf(err) != c.kind || got != "" {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	for name, r := range map[string]*http.Request{
		"no header": from(), "another header": from("X-Serverless-Authorization", "Bearer "+good), "two headers": from("Authorization", "Bearer "+good, "Authorization", "Bearer "+good), "another scheme": from("Authorization", "Basic "+good),
	} {
		if got, err := s.Service(r, now); fault.KindOf(err) != fault.Unauthenticated {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

// TestSignaturesThatThePlatformHasChecked takes a token without its signature in
// the header that Cloud Run has checked, and in no other.
func TestSignaturesThatThePlatformHasChecked(t *testing.T) {
	i, key := newIssuer(t), newRSA(t, "g1")
	i.publish(t, key)
	s := services(t, identity.ServiceConfig{Audience: []string{service}, Emails: []string{account}, Issuer: "https://accounts.google.com", JWKS: i.URL, ByPlatform: true})
	good := identityToken(t, key, nil)
	other := identityToken(t, key, claim("email", "other@project.iam.gserviceaccount.com"))
	for name, c := range map[string]struct {
		request *http.Request
		kind    fault.Kind
	}{
		"checked":                          {from("Authorization", "Bearer "+stripped(good)), 0},
		"checked in the platform's header": {from("X-Serverless-Authorization", "Bearer "+stripped(good)), 0},
		"signed":                           {from("Authorization", "Bearer "+good), 0},
		"another account":                  {from("Authorization", "Bearer "+stripped(other)), fault.Forbidden},
		"made up beside the one checked":   {from("X-Serverless-Authorization", "Bearer "+stripped(other), "Authorization", "Bearer "+stripped(good)), fault.Forbidden},
		"made up beside an empty one":      {from("X-Serverless-Authorization", "", "Authorization", "Bearer "+stripped(good)), fault.Unauthenticated},
		"two in the platform's header":     {from("X-Serverless-Authorization", "Bearer "+stripped(good), "X-Serverless-Authorization", "Bearer "+stripped(good)), fault.Unauthenticated},
		"another audience":                 {from("Authorization", "Bearer "+stripped(identityToken(t, key, claim("aud", []string{"https://cron.example"})))), fault.Unauthenticated},
		"another issuer":                   {from("Authorization", "Bearer "+stripped(identityToken(t, key, claim("iss", "https://x.example")))), fault.Unauthenticated},
		"expired":                          {from("Authorization", "Bearer "+stripped(identityToken(t, key, claim("exp", now.Add(-time.Hour))))), fault.Unauthenticated},
		"no signature and no word of why":  {from("Authorization", "Bearer "+unsigned(good, "RS256")), fault.Unauthenticated},
		"a signature that does not hold":   {from("Authorization", "Bearer "+identityToken(t, newRSA(t, "g1"), nil)), fault.Unauthenticated},
		"the word alone":                   {from("Authorization", "Bearer .SIGNATURE_REMOVED_BY_GOOGLE"), fault.Unauthenticated},
		"larger than any may be":           {from("Authorization", "Bearer "+strings.Repeat("x", 9<<10)+".x.SIGNATURE_REMOVED_BY_GOOGLE"), fault.Unauthenticated},
	} {
		if got, err := s.Service(c.request, now); (err == nil) != (c.kind == 0) || err != nil && fault.KindOf(err) != c.kind || (got == account) != (c.kind == 0) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

// TestServiceConfigurations names what is missing.
func TestServiceConfigurations(t *testing.T) {
	full := identity.ServiceConfig{Audience: []string{service}, Emails: []string{account}, Issuer: "https://accounts.google.com", JWKS: "https://example.com/keys"}
	for want, change := range map[string]func(*identity.ServiceConfig){
		"CALLER_AUDIENCE": func(c *identity.ServiceConfig) { c.Audience = nil },
		"CALLER_EMAILS":   func(c *identity.ServiceConfig) { c.Emails = []string{"", " "} },
		"CALLER_ISSUER":   func(c *identity.ServiceConfig) { c.Issuer = "" },
		"CALLER_JWKS_URL": func(c *identity.ServiceConfig) { c.JWKS = "http://example.com/keys" },
	} {
		cfg := full
		change(&cfg)
		if _, err := identity.NewServices(cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	for address, local := range map[string]bool{"https://accounts.google.com": false, "http://127.0.0.1:9/x": true, "https://localhost": true, "https://[::1]:8": true, "http://127.9.9.9": true, "https://127.example.com": false} {
		if identity.LocalAddress(address) != local {
			t.Errorf("%s is local: %v", address, !local)
		}
	}
}
