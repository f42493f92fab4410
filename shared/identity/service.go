package identity

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwt"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// ServiceConfig is the environment for calls of the queues and the scheduler, each
// with an identity token of a service account.
type ServiceConfig struct {
	// Audience is what these tokens are meant for: the function's address.
	Audience []string `env:"CALLER_AUDIENCE"`
	// Emails are the accounts that may call.
	Emails []string `env:"CALLER_EMAILS"`
	// Issuer must have issued the token, and JWKS is where its keys are.
	Issuer string `env:"CALLER_ISSUER, default=https://accounts.google.com"`
	JWKS   string `env:"CALLER_JWKS_URL, default=https://www.googleapis.com/oauth2/v3/certs"`
	// ByPlatform takes a token whose signature the platform has checked and taken
	// off. Cloud Run does so with every token that it lets through to a service which
	// is not open to everybody; nowhere else may this be set.
	ByPlatform bool `env:"CALLER_SIGNATURE_BY_PLATFORM"`
	// Log takes problems with the issuer's keys; nil discards them.
	Log *slog.Logger
}

// Configured reports whether the environment says who may call.
func (c ServiceConfig) Configured() bool { return len(c.Audience) > 0 || len(c.Emails) > 0 }

// Local reports whether the issuer or its keys are on this machine, where others
// than the issuer may be.
func (c ServiceConfig) Local() bool { return LocalAddress(c.Issuer) || LocalAddress(c.JWKS) }

// LocalAddress reports whether an address is on this machine.
func LocalAddress(address string) bool {
	u, err := url.Parse(address)
	return err == nil && Loopback(u.Hostname())
}

// Services reads which service calls out of identity tokens, as Google makes them
// out. It is safe for concurrent use.
type Services struct {
	cfg      ServiceConfig
	verifier *Verifier // of the issuer; its own audience is not looked at
}

// serviceLeeway is how far the issuer's clock and ours may be apart.
const serviceLeeway = 30 * time.Second

// NewServices returns what reads these tokens.
func NewServices(cfg ServiceConfig) (*Services, error) {
	cfg.Audience, cfg.Emails = trimmed(cfg.Audience), trimmed(cfg.Emails)
	var missing []string
	if len(cfg.Audience) == 0 {
		missing = append(missing, "CALLER_AUDIENCE")
	}
	if len(cfg.Emails) == 0 {
		missing = append(missing, "CALLER_EMAILS")
	}
	switch {
	case len(missing) > 0:
		return nil, fmt.Errorf("%s is missing: the audience of callers' identity tokens and the e-mail addresses of their accounts go together", strings.Join(missing, ", "))
	case cfg.Issuer == "":
		return nil, errors.New("CALLER_ISSUER is empty: name who issues callers' identity tokens")
	}
	if err := checkAddress("CALLER_JWKS_URL", cfg.JWKS); err != nil {
		return nil, err
	}
	v := &Verifier{cfg: Config{Issuer: cfg.Issuer, Leeway: serviceLeeway}, keys: openKeys(cfg.JWKS, cfg.Log)}
	return &Services{cfg: cfg, verifier: v}, nil
}

// trimmed returns the texts of a list without spaces around them, and none that
// is empty.
func trimmed(list []string) (texts []string) {
	for _, text := range list {
		if text = strings.TrimSpace(text); text != "" {
			texts = append(texts, text)
		}
	}
	return texts
}

// Close ends the fetching of keys.
func (s *Services) Close() error { return s.verifier.Close() }

// Service returns the address of the account that sent a request.
func (s *Services) Service(r *http.Request, now time.Time) (string, error) {
	token, err := s.token(r, now)
	if err != nil {
		return "", err
	}
	audience, _ := token.Audience()
	if !oneOf(s.cfg.Audience, audience...) {
		return "", refuse(fmt.Errorf("it is meant for %.100q", audience))
	}
	var email string
	var verified bool
	if token.Get("email", &email) != nil || token.Get("email_verified", &verified) != nil || !verified {
		return "", fault.New(fault.Forbidden, "no-email", "the identity token has no e-mail address that its issuer has verified")
	}
	if !oneOf(s.cfg.Emails, email) {
		return "", fault.Wrap(fmt.Errorf("the account is %.200q", email), fault.Forbidden, "other-caller", "this account may not call this function; CALLER_EMAILS names those that may")
	}
	return email, nil
}

// removed stands in the place of a signature that Cloud Run has checked.
const removed = ".SIGNATURE_REMOVED_BY_GOOGLE"

// platformHeader is the header whose token Cloud Run checks, if it is there; it
// passes on any other then as it came.
const platformHeader = "X-Serverless-Authorization"

// token returns a request's token if it holds.
func (s *Services) token(r *http.Request, now time.Time) (jwt.Token, error) {
	name := "Authorization"
	if s.cfg.ByPlatform && len(r.Header.Values(platformHeader)) > 0 {
		name = platformHeader
	}
	text, err := bearer(r, name)
	if err != nil {
		return nil, err
	}
	if s.cfg.ByPlatform && strings.HasSuffix(text, removed) {
		return s.checked(text, now)
	}
	held, err := s.verifier.check(r.Context(), text, now)
	return held.Token, err
}

// checked returns a token whose signature the platform has checked.
func (s *Services) checked(text string, now time.Time) (jwt.Token, error) {
	if len(text) > maxToken {
		return nil, refuse(fmt.Errorf("the token has %d bytes", len(text)))
	}
	token, err := jwt.Parse([]byte(text), append(s.verifier.conditions(now), jwt.WithVerify(false))...)
	if err != nil {
		return nil, refuse(err)
	}
	return token, nil
}

// oneOf reports whether one of the texts is among those known, in a time that does
// not depend on how much of them agrees.
func oneOf(known []string, texts ...string) bool {
	found := 0
	for _, k := range known {
		for _, text := range texts {
			found |= subtle.ConstantTimeCompare([]byte(k), []byte(text))
		}
	}
	return found == 1
}
