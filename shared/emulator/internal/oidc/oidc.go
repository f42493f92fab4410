// Package oidc signs identity tokens shaped like those that Google attaches to
// pushed requests, with a key of its own, and publishes that key as a JWKS so
// that a receiver under test can verify them.
package oidc

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jwt"
)

// DefaultIssuer is the issuer of Google's own tokens.
const DefaultIssuer = "https://accounts.google.com"

const (
	lifetime = time.Hour        // as Google's
	reuse    = 30 * time.Minute // a cached token is handed out this long: signing costs about a millisecond
	keyID    = "emulator"
)

// Signer signs tokens with an RSA key that it makes at first need. Safe for
// concurrent use.
type Signer struct {
	issuer string
	now    func() time.Time
	key    func() (jwk.Key, error)

	mu     sync.Mutex
	tokens map[subject]token
}

type subject struct{ email, audience string }

type token struct {
	text   string
	issued time.Time
}

// NewSigner returns a signer; an empty issuer means DefaultIssuer. Without a
// private key it makes one at first need.
func NewSigner(issuer string, private *rsa.PrivateKey, now func() time.Time) *Signer {
	if issuer == "" {
		issuer = DefaultIssuer
	}
	key := sync.OnceValues(func() (jwk.Key, error) { return newKey(private) })
	return &Signer{issuer: issuer, now: now, key: key, tokens: map[subject]token{}}
}

func newKey(private *rsa.PrivateKey) (jwk.Key, error) {
	if private == nil {
		var err error
		if private, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
			return nil, fmt.Errorf("oidc: making a key: %w", err)
		}
	}
	key, err := jwk.Import(private)
	if err != nil {
		return nil, fmt.Errorf("oidc: importing the key: %w", err)
	}
	for name, value := range map[string]any{jwk.KeyIDKey: keyID, jwk.AlgorithmKey: jwa.RS256(), jwk.KeyUsageKey: "sig"} {
		if err := key.Set(name, value); err != nil {
			return nil, fmt.Errorf("oidc: setting %s: %w", name, err)
		}
	}
	return key, nil
}

// Token returns a signed token of the service account for the audience, valid
// for at least half an hour.
func (s *Signer) Token(email, audience string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now, who := s.now(), subject{email, audience}
	if cached, ok := s.tokens[who]; ok && now.Sub(cached.issued).Abs() < reuse {
		return cached.text, nil
	}
	text, err := s.sign(who, now)
	if err != nil {
		return "", err
	}
	s.tokens[who] = token{text, now}
	return text, nil
}

func (s *Signer) sign(who subject, now time.Time) (string, error) {
	key, err := s.key()
	if err != nil {
		return "", err
	}
	claims, err := jwt.NewBuilder().
		Issuer(s.issuer).Audience([]string{who.audience}).Subject(who.email).
		IssuedAt(now).Expiration(now.Add(lifetime)).
		Claim("azp", who.email).Claim("email", who.email).Claim("email_verified", true).
		Build()
	if err != nil {
		return "", fmt.Errorf("oidc: building a token: %w", err)
	}
	claims.Options().Enable(jwt.FlattenAudience) // Google writes one audience as a string
	signed, err := jwt.Sign(claims, jwt.WithKey(jwa.RS256(), key))
	if err != nil {
		return "", fmt.Errorf("oidc: signing: %w", err)
	}
	return string(signed), nil
}

// ServeHTTP answers with the public key as a JWKS.
func (s *Signer) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	body, err := s.jwks()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(body)
}

func (s *Signer) jwks() ([]byte, error) {
	key, err := s.key()
	if err != nil {
		return nil, err
	}
	public, err := key.PublicKey()
	if err != nil {
		return nil, fmt.Errorf("oidc: public key: %w", err)
	}
	set := jwk.NewSet()
	if err := set.AddKey(public); err != nil {
		return nil, fmt.Errorf("oidc: key set: %w", err)
	}
	return json.Marshal(set)
}
