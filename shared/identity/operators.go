package identity

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwt"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// OperatorConfig is the environment for the tokens of operators, the people who run
// the syncs. The tokens have an audience of their own, and may have keys of their
// own; without such keys they are signed as callers' tokens are.
type OperatorConfig struct {
	// Audience is what these tokens are meant for. No token to search with may be
	// meant for the same.
	Audience string `env:"OPERATOR_JWT_AUDIENCE, default=return-sync-operators"`
	// Issuer must have issued the token; empty is as for callers' tokens, or any if
	// the keys are operators' own.
	Issuer string `env:"OPERATOR_JWT_ISSUER"`
	// Keys is a JSON Web Key Set; JWKS is where one is. Either replaces the secret
	// and the keys of callers' tokens.
	Keys string `env:"OPERATOR_JWKS"`
	JWKS string `env:"OPERATOR_JWKS_URL"`
}

// Person is the sender of a request to a function without accounts.
type Person struct {
	Subject  string    // the token's sub, or an address; may be empty
	Operator bool      // may change things
	Expires  time.Time // when the token ends
}

// Demand returns nil for an operator and fault.Forbidden for anybody else.
func (p Person) Demand() error {
	if p.Operator {
		return nil
	}
	return fault.New(fault.Forbidden, "no-operator", "you may look; changing this takes an operator's token")
}

// Operators reads operators out of tokens. It is safe for concurrent use.
type Operators struct {
	verifier *Verifier
	roles    Roles
	ended    Ended // nil if nobody can sign out
}

// Ended reports whether a token was signed out before its end; signed is Signed of it.
type Ended func(ctx context.Context, signed string) (bool, error)

// Heed makes o refuse the tokens that were signed out. It is called before the first use.
func (o *Operators) Heed(ended Ended) { o.ended = ended }

// Signed returns the part of a token that its signature covers, by which a token is known:
// a signature can be written in several ways.
func Signed(token string) string { return token[:max(0, strings.LastIndexByte(token, '.'))] }

// NewOperators returns what reads these tokens; callers is what the environment
// says about tokens to search with.
func NewOperators(cfg OperatorConfig, callers Config, roles Roles) (*Operators, error) {
	switch {
	case cfg.Audience == "" || callers.Claim == "":
		return nil, errors.New("OPERATOR_JWT_AUDIENCE and JWT_CLAIM (or SEARCH_JWT_CLAIM) must not be empty: they keep tenants' tokens from being operators'")
	case cfg.Audience == callers.Audience:
		return nil, fmt.Errorf("OPERATOR_JWT_AUDIENCE and JWT_AUDIENCE (or SEARCH_JWT_AUDIENCE) are both %q: give operators' tokens an audience of their own", cfg.Audience)
	case cfg.Keys != "" && cfg.JWKS != "":
		return nil, errors.New("OPERATOR_JWKS and OPERATOR_JWKS_URL are two key sets: set one of them")
	}
	own := Config{Claim: callers.Claim, Audience: cfg.Audience, Issuer: cfg.Issuer, Leeway: callers.Leeway, Log: callers.Log}
	o := &Operators{verifier: &Verifier{cfg: own}, roles: roles}
	switch {
	case cfg.Keys != "":
		set, ignored, err := parseKeys([]byte(cfg.Keys))
		if err == nil && len(set) == 0 {
			err = errNoUsable
		}
		if err != nil || len(ignored) > 0 {
			return nil, fmt.Errorf("OPERATOR_JWKS cannot be used: %w", errors.Join(err, texts(ignored)))
		}
		o.verifier.keys = fixedKeys(set)
		return o, nil
	case cfg.JWKS != "":
		if err := checkAddress("OPERATOR_JWKS_URL", cfg.JWKS); err != nil {
			return nil, err
		}
		o.verifier.keys = openKeys(cfg.JWKS, callers.Log)
		return o, nil
	}
	own.Secret, own.JWKS = callers.Secret, callers.JWKS
	if own.Issuer == "" {
		own.Issuer = callers.Issuer
	}
	var err error
	if o.verifier, err = New(own); err != nil {
		err = fmt.Errorf("%w; operators may have a key of their own: OPERATOR_JWKS, OPERATOR_JWKS_URL", err)
	}
	return o, err
}

// texts returns reasons as an error, nil for none.
func texts(reasons []string) error {
	var list []error
	for _, reason := range reasons {
		list = append(list, errors.New(reason))
	}
	return errors.Join(list...)
}

// Close ends the fetching of keys.
func (o *Operators) Close() error { return o.verifier.Close() }

// Person returns who sent a request with a bearer token.
func (o *Operators) Person(r *http.Request, now time.Time) (Person, error) {
	text, err := Bearer(r)
	if err != nil {
		return Person{}, err
	}
	return o.PersonOf(r.Context(), text, now)
}

// PersonOf is Person for a token that came in another way than as a bearer's.
func (o *Operators) PersonOf(ctx context.Context, text string, now time.Time) (Person, error) {
	held, err := o.verifier.check(ctx, text, now)
	if err == nil && o.ended != nil {
		var ended bool
		if ended, err = o.ended(ctx, Signed(text)); ended {
			err = fault.New(fault.Unauthenticated, "signed-out", "this session was signed out; sign in with another token")
		}
	}
	if err != nil {
		return Person{}, err
	}
	return o.read(held.Token)
}

// read reads the person of a token that holds. A token that names an account is a
// tenant's, whatever roles it has: what operators see and do concerns all tenants.
func (o *Operators) read(token jwt.Token) (Person, error) {
	if token.Has(o.verifier.cfg.Claim) {
		return Person{}, fault.New(fault.Forbidden, "tenant", "this token names an account, so it is one to search with; send a token without the claim %q", o.verifier.cfg.Claim)
	}
	subject, _ := token.Subject()
	expires, _ := token.Expiration()
	return Person{Subject: subject, Operator: o.roles.held(token), Expires: expires}, nil
}

// Sign returns a token for an operator, signed with the secret: for demonstrations
// and tests.
func (o *Operators) Sign(subject string, expires time.Time) (string, error) {
	return o.verifier.sign(jwt.NewBuilder().JwtID(rand.Text()).Subject(subject).Claim(o.roles.Claim, []string{o.roles.Operator}), expires)
}
