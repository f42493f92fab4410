// Package identity identifies callers: it reads the accounts out of a signed token.
//
// A token is signed with a shared secret (HS256), or by an issuer whose public
// keys are at an address (RS256 or ES256). The kind of key decides which
// algorithm is accepted, never the token, so that a public key cannot pass for a
// secret. A token that is missing, expired, signed otherwise, meant for another
// audience or without a valid account is refused; there is no default identity.
package identity

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwt"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// Config is the environment for callers' tokens. A Secret, a JWKS address or both
// are needed; with both, either kind of token is accepted. The names with SEARCH_
// are the old ones, which keep working.
type Config struct {
	// Secret is the HS256 key that tokens are signed with.
	Secret string `env:"JWT_SECRET" alias:"SEARCH_JWT_SECRET"`
	// JWKS is the address of the issuer's public keys.
	JWKS string `env:"JWKS_URL" alias:"SEARCH_JWKS_URL"`
	// Claim names the claim that carries the account, or a list of accounts.
	Claim    string        `env:"JWT_CLAIM, default=account" alias:"SEARCH_JWT_CLAIM"`
	Issuer   string        `env:"JWT_ISSUER" alias:"SEARCH_JWT_ISSUER"`
	Audience string        `env:"JWT_AUDIENCE" alias:"SEARCH_JWT_AUDIENCE"`
	Leeway   time.Duration `env:"JWT_LEEWAY, default=30s" alias:"SEARCH_JWT_LEEWAY"`
	// Log takes problems with the keys at the address; nil discards them.
	Log *slog.Logger
}

// NameJWKS names the setting of Config.JWKS in errors.
const NameJWKS = "JWKS_URL (or SEARCH_JWKS_URL)"

// The limits of a token.
const (
	minSecret   = 32      // bytes of an HS256 key (RFC 7518, 3.2)
	maxToken    = 8 << 10 // bytes of a token
	maxAccounts = 50
)

// Caller is the sender of a request.
type Caller struct {
	Accounts []string // at least one, sorted, each once
	Subject  string   // the token's sub; may be empty
}

// Verifier reads callers out of requests. It is safe for concurrent use.
type Verifier struct {
	cfg    Config
	secret keySet // the secret alone; empty without one
	keys   finder // nil without public keys
	checks checks
}

// New returns a verifier. The keys at a JWKS address are fetched when they are
// first needed, so that an issuer's outage does not keep a function from starting.
func New(cfg Config) (*Verifier, error) {
	v := &Verifier{cfg: cfg}
	switch {
	case cfg.Secret == "" && cfg.JWKS == "":
		return nil, errors.New("JWT_SECRET or JWKS_URL must say how tokens are signed (old names: SEARCH_JWT_SECRET, SEARCH_JWKS_URL)")
	case cfg.Secret != "" && len(cfg.Secret) < minSecret:
		return nil, fmt.Errorf("JWT_SECRET (or SEARCH_JWT_SECRET) must have at least %d bytes", minSecret)
	case cfg.Leeway < 0 || cfg.Leeway > 5*time.Minute:
		return nil, errors.New("JWT_LEEWAY (or SEARCH_JWT_LEEWAY) must be from 0 to 5m")
	}
	if cfg.Secret != "" {
		v.secret = keySet{{alg: bySecret, raw: []byte(cfg.Secret)}}
	}
	if cfg.JWKS == "" {
		return v, nil
	}
	if err := checkAddress(NameJWKS, cfg.JWKS); err != nil {
		return nil, err
	}
	v.keys = openKeys(cfg.JWKS, cfg.Log)
	return v, nil
}

// Loopback reports whether a host is this machine, which no other machine can reach.
func Loopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}

// Close ends the fetching of keys.
func (v *Verifier) Close() error {
	if v.keys != nil {
		v.keys.close()
	}
	return nil
}

// badToken is the answer to every refused token. The defect of the signature stands
// in the log, not in the answer.
const badToken = "the token is not valid: it is expired, or not signed for this service"

// refuse returns the refusal of a token.
func refuse(err error) error {
	return fault.Wrap(err, fault.Unauthenticated, "bad-token", badToken)
}

// Caller returns the sender of a request with a bearer token. now is the time by
// which the token is judged.
func (v *Verifier) Caller(r *http.Request, now time.Time) (Caller, error) {
	text, err := Bearer(r)
	if err != nil {
		return Caller{}, err
	}
	id := tokenHash(sha256.Sum256([]byte(text)))
	if c, ok := v.remembered(r.Context(), id, now); ok {
		return c, nil
	}
	held, err := v.check(r.Context(), text, now)
	if err != nil {
		return Caller{}, err
	}
	c, err := v.read(held.Token)
	if expires, _ := held.Expiration(); err == nil && len(text) <= maxCheckedToken {
		until := now.Add(checkedFor)
		if expires.Before(until) {
			until = expires
		}
		v.checks.add(id, checked{caller: c.own(), header: held.header, key: held.key, since: now, until: until})
	}
	return c, err
}

// Bearer returns a request's token, which nobody has checked yet.
func Bearer(r *http.Request) (string, error) { return bearer(r, "Authorization") }

// bearer returns the token of a header.
func bearer(r *http.Request, name string) (string, error) {
	headers := r.Header.Values(name)
	if len(headers) > 1 {
		return "", fault.New(fault.Unauthenticated, "bad-token", "send one %s header", name)
	}
	scheme, text, _ := strings.Cut(r.Header.Get(name), " ")
	if text = strings.TrimSpace(text); !strings.EqualFold(scheme, "Bearer") || text == "" {
		return "", fault.New(fault.Unauthenticated, "no-token", "send your token as %s: Bearer ...", name)
	}
	return text, nil
}

// holding is a token that holds, with the header and the key by which it does.
type holding struct {
	jwt.Token
	header header
	key    publicKey // or the secret, with the algorithm bySecret
}

// check returns a token if it holds.
func (v *Verifier) check(ctx context.Context, text string, now time.Time) (holding, error) {
	if len(text) > maxToken {
		return holding{}, refuse(fmt.Errorf("the token has %d bytes", len(text)))
	}
	header, err := headerOf(text)
	if err != nil {
		return holding{}, refuse(err)
	}
	keys, err := v.candidates(ctx, header, now)
	if err != nil {
		return holding{}, err
	}
	for _, key := range keys {
		with := jwt.WithKey(algorithms[key.alg], key.raw)
		var token jwt.Token
		if token, err = jwt.Parse([]byte(text), append(v.conditions(now), with)...); err == nil {
			return holding{token, header, key}, nil
		}
	}
	return holding{}, refuse(err)
}

// bySecret is the algorithm of signatures with the secret.
const bySecret = "HS256"

// algorithms are those of signatures, as jwt names them.
var algorithms = map[string]jwa.SignatureAlgorithm{bySecret: jwa.HS256(), "RS256": jwa.RS256(), "ES256": jwa.ES256()}

// conditions returns the conditions of a token besides its signature.
func (v *Verifier) conditions(now time.Time) []jwt.ParseOption {
	options := []jwt.ParseOption{
		jwt.WithAcceptableSkew(v.cfg.Leeway),
		jwt.WithClock(jwt.ClockFunc(func() time.Time { return now })),
		jwt.WithRequiredClaim(jwt.ExpirationKey),
	}
	if v.cfg.Issuer != "" {
		options = append(options, jwt.WithIssuer(v.cfg.Issuer))
	}
	if v.cfg.Audience != "" {
		options = append(options, jwt.WithAudience(v.cfg.Audience))
	}
	return options
}

// header is the unverified header of a token.
type header struct {
	Alg string `json:"alg"`
	Kid string `json:"kid"`
}

// headerOf reads a token's header.
func headerOf(token string) (h header, err error) {
	first, _, _ := strings.Cut(token, ".")
	text, err := base64.RawURLEncoding.DecodeString(first)
	if err == nil {
		err = json.Unmarshal(text, &h)
	}
	return h, err
}

// candidates returns the keys that a token may be signed with, by its header: at
// least one.
func (v *Verifier) candidates(ctx context.Context, h header, now time.Time) (keySet, error) {
	switch {
	case h.Alg == bySecret && len(v.secret) > 0:
		return v.secret, nil
	case (h.Alg != "RS256" && h.Alg != "ES256") || v.keys == nil:
		return nil, refuse(fmt.Errorf("a token signed with %.20q is not taken", h.Alg))
	}
	return v.keys.find(ctx, h.Kid, h.Alg, now)
}

// Sign returns a token for an account, signed with the secret: for
// demonstrations and tests.
func (v *Verifier) Sign(account string, expires time.Time) (string, error) {
	return v.sign(jwt.NewBuilder().Claim(v.cfg.Claim, account), expires)
}

// sign makes a token that this verifier takes.
func (v *Verifier) sign(b *jwt.Builder, expires time.Time) (string, error) {
	if v.cfg.Secret == "" {
		return "", errors.New("there is no secret to sign with")
	}
	b = b.Expiration(expires)
	if v.cfg.Issuer != "" {
		b = b.Issuer(v.cfg.Issuer)
	}
	if v.cfg.Audience != "" {
		b = b.Audience([]string{v.cfg.Audience})
	}
	token, err := b.Build()
	if err != nil {
		return "", err
	}
	signed, err := jwt.Sign(token, jwt.WithKey(jwa.HS256(), []byte(v.cfg.Secret)))
	return string(signed), err
}
