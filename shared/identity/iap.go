package identity

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwt"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// IAPHeader carries the assertion that Google's Identity-Aware Proxy adds to
// every request that it lets through.
const IAPHeader = "X-Goog-IAP-JWT-Assertion"

// iapIssuer is who signs assertions.
const iapIssuer = "https://cloud.google.com/iap"

// iapLeeway is how far the clocks of the proxy and of ours may be apart.
const iapLeeway = 30 * time.Second

// IAPConfig is the environment for Identity-Aware Proxy. Without an audience its
// assertions are ignored, so that a forged one has no effect.
type IAPConfig struct {
	// Audience is what assertions are meant for, as the proxy's page shows it:
	// /projects/NUMBER/global/backendServices/ID behind a load balancer, or
	// /projects/NUMBER/locations/REGION/services/NAME for a service by itself.
	Audience string `env:"CONSOLE_IAP_AUDIENCE"`
	// Operators are the addresses of the people who may change things.
	Operators []string `env:"CONSOLE_OPERATORS"`
	// JWKS is where the proxy's public keys are.
	JWKS string `env:"CONSOLE_IAP_JWKS_URL, default=https://www.gstatic.com/iap/verify/public_key-jwk"`
	// Log takes problems with the proxy's keys; nil discards them.
	Log *slog.Logger
}

// IAP reads people out of assertions. It is safe for concurrent use.
type IAP struct {
	verifier  *Verifier
	operators []string // in small letters
}

// NewIAP returns what reads assertions, nil without an audience.
func NewIAP(cfg IAPConfig) (*IAP, error) {
	if cfg.Audience == "" {
		if len(cfg.Operators) > 0 {
			return nil, errors.New("CONSOLE_OPERATORS names people by their addresses, which only Identity-Aware Proxy proves: set CONSOLE_IAP_AUDIENCE too")
		}
		return nil, nil
	}
	if err := checkAddress("CONSOLE_IAP_JWKS_URL", cfg.JWKS); err != nil {
		return nil, err
	}
	i := &IAP{verifier: &Verifier{cfg: Config{Issuer: iapIssuer, Audience: cfg.Audience, Leeway: iapLeeway}}}
	for _, address := range cfg.Operators {
		i.operators = append(i.operators, strings.ToLower(strings.TrimSpace(address)))
	}
	i.verifier.keys = openKeys(cfg.JWKS, cfg.Log)
	return i, nil
}

// Close ends the fetching of keys.
func (i *IAP) Close() error { return i.verifier.Close() }

// Person returns who an assertion is about.
func (i *IAP) Person(ctx context.Context, assertion string, now time.Time) (Person, error) {
	if h, err := headerOf(assertion); err != nil || h.Alg != "ES256" {
		return Person{}, refuse(errors.New("an assertion that is not signed with ES256 is not taken"))
	}
	held, err := i.verifier.check(ctx, assertion, now)
	if err != nil {
		return Person{}, err
	}
	return i.read(held.Token)
}

// read reads the person of an assertion that holds.
func (i *IAP) read(token jwt.Token) (Person, error) {
	var email string
	if err := token.Get("email", &email); err != nil || email == "" {
		return Person{}, fault.New(fault.Forbidden, "no-email", "the proxy's assertion names nobody's address")
	}
	// Some addresses begin with their issuer: accounts.google.com:name@example.com.
	email = email[strings.LastIndexByte(email, ':')+1:]
	expires, _ := token.Expiration()
	return Person{Subject: email, Operator: slices.Contains(i.operators, strings.ToLower(email)), Expires: expires}, nil
}
