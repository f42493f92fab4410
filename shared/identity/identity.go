// Package identity says who asks: it reads the account out of a signed token.
//
// A token that is missing, expired, signed otherwise, meant for somebody else or
// without a proper account is refused; there is no identity by default.
package identity

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwt"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// Config is what the environment says about tokens.
type Config struct {
	// Secret is the HS256 key that tokens are signed with.
	Secret string `env:"SEARCH_JWT_SECRET, required"`
	// Claim names the claim that carries the account.
	Claim    string        `env:"SEARCH_JWT_CLAIM, default=account"`
	Issuer   string        `env:"SEARCH_JWT_ISSUER"`
	Audience string        `env:"SEARCH_JWT_AUDIENCE"`
	Leeway   time.Duration `env:"SEARCH_JWT_LEEWAY, default=30s"`
}

// minSecret is the least length of an HS256 key in bytes (RFC 7518, 3.2).
const minSecret = 32

// Verifier reads accounts out of requests. It is safe for concurrent use.
type Verifier struct {
	cfg Config
}

// New returns a verifier.
func New(cfg Config) (*Verifier, error) {
	if len(cfg.Secret) < minSecret {
		return nil, fmt.Errorf("SEARCH_JWT_SECRET must have at least %d bytes", minSecret)
	}
	return &Verifier{cfg: cfg}, nil
}

// accountForm is what an account may look like; anything else is no account.
var accountForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$`)

// Account returns the account of a request's bearer token. now is the time to
// judge the token by.
func (v *Verifier) Account(r *http.Request, now time.Time) (string, error) {
	scheme, text, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || text == "" {
		return "", fault.New(fault.Unauthenticated, "no-token", "send your token as Authorization: Bearer ...")
	}
	options := []jwt.ParseOption{
		jwt.WithKey(jwa.HS256(), []byte(v.cfg.Secret)),
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
	token, err := jwt.Parse([]byte(strings.TrimSpace(text)), options...)
	if err != nil {
		return "", fault.Wrap(err, fault.Unauthenticated, "bad-token", "the token is not valid: it is expired, or not signed for this service")
	}
	var account string
	if err := token.Get(v.cfg.Claim, &account); err != nil || !accountForm.MatchString(account) {
		return "", fault.New(fault.Forbidden, "no-account", "the token names no account in its claim %q", v.cfg.Claim)
	}
	return account, nil
}

// Sign returns a token for an account: for demonstrations and tests.
func (v *Verifier) Sign(account string, expires time.Time) (string, error) {
	b := jwt.NewBuilder().Claim(v.cfg.Claim, account).Expiration(expires)
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
