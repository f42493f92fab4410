package exchange

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwt"

	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// caller is who calls, as the token says.
type caller struct {
	ID       int64
	Username string
	Email    string
	Role     int
	Company  exchange.ID
}

// tokens signs and reads tokens (HS256). The claims are those of the public program: id,
// u (username), e (email), r (role), c (company) and exp.
type tokens struct {
	secret []byte
	valid  time.Duration
}

// sign returns a token and when it expires.
func (t tokens) sign(c caller, now time.Time) (string, time.Time, error) {
	expires := now.Add(t.valid).UTC().Truncate(time.Second)
	token, err := jwt.NewBuilder().Expiration(expires).IssuedAt(now).
		Claim("id", c.ID).Claim("u", c.Username).Claim("e", c.Email).Claim("r", c.Role).Claim("c", c.Company.String()).Build()
	if err != nil {
		return "", expires, err
	}
	signed, err := jwt.Sign(token, jwt.WithKey(jwa.HS256(), t.secret))
	return string(signed), expires, err
}

// errToken is the one answer to every improper token.
var errToken = fault.New(fault.Unauthenticated, "unauthenticated", "log in: the token is missing, wrong or expired")

// read returns who a token is of. The library compares signatures in constant time.
func (t tokens) read(text string, now time.Time) (caller, error) {
	token, err := jwt.Parse([]byte(text), jwt.WithKey(jwa.HS256(), t.secret), jwt.WithClock(jwt.ClockFunc(func() time.Time { return now })),
		jwt.WithRequiredClaim(jwt.ExpirationKey))
	if err != nil {
		return caller{}, errToken
	}
	var id, role float64
	var company string
	var c caller
	if err := errors.Join(token.Get("id", &id), token.Get("u", &c.Username), token.Get("e", &c.Email), token.Get("r", &role), token.Get("c", &company)); err != nil {
		return caller{}, errToken
	}
	c.ID, c.Role = int64(id), int(role)
	if c.Company, err = exchange.ParseID(company); err != nil || c.Role < roleSuper || c.Role > roleSync {
		return caller{}, errToken
	}
	return c, nil
}

// caller returns who makes a request. A company that was switched off since the token
// was given may do nothing.
func (f *function) caller(r *http.Request) (caller, error) {
	text, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return caller{}, errToken
	}
	c, err := f.tokens.read(text, f.Now())
	if err != nil || c.Role <= roleAdmin {
		return c, err
	}
	company, err := f.Store.Companies.Company(r.Context(), c.Company)
	switch {
	case fault.KindOf(err) == fault.NotFound, err == nil && !company.Active:
		return caller{}, errToken
	}
	return c, err
}
