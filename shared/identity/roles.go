package identity

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwt"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// Roles says which claim of a token carries what its bearer may do, and which
// value there makes an operator.
type Roles struct {
	Claim    string `env:"SCOPES_ROLE_CLAIM, default=roles"`
	Operator string `env:"SCOPES_OPERATOR, default=operator"`
}

// Person is who asks, where accounts do not matter.
type Person struct {
	Subject  string    // the token's sub; may be empty
	Operator bool      // may change things
	Tenant   bool      // the token names accounts: it is one to search with
	Expires  time.Time // when the token ends
}

// Person returns who sent a request with a bearer token. It may name no account;
// whoever is signed in is somebody.
func (v *Verifier) Person(r *http.Request, now time.Time, roles Roles) (Person, error) {
	token, err := v.token(r, now)
	if err != nil {
		return Person{}, err
	}
	return v.personOf(token, roles), nil
}

// PersonOf is Person for a token that came in another way than as a bearer's.
func (v *Verifier) PersonOf(ctx context.Context, text string, now time.Time, roles Roles) (Person, error) {
	token, err := v.check(ctx, text, now)
	if err != nil {
		return Person{}, err
	}
	return v.personOf(token, roles), nil
}

// personOf reads the person of a token that holds.
func (v *Verifier) personOf(token jwt.Token, roles Roles) Person {
	subject, _ := token.Subject()
	expires, _ := token.Expiration()
	return Person{Subject: subject, Operator: roles.held(token), Tenant: token.Has(v.cfg.Claim), Expires: expires}
}

// Demand returns nil for an operator and fault.Forbidden for anybody else.
func (p Person) Demand() error {
	if p.Operator {
		return nil
	}
	return fault.New(fault.Forbidden, "no-operator", "you may look; changing this takes an operator's token")
}

// held reports whether a token makes an operator: its claim is a list of texts,
// or one text with words, and one of them is the role. Without a claim or a role
// nobody is.
func (o Roles) held(token jwt.Token) bool {
	var claim any
	if o.Claim == "" || o.Operator == "" || token.Get(o.Claim, &claim) != nil {
		return false
	}
	if words, ok := claim.(string); ok {
		return slices.Contains(strings.Fields(words), o.Operator)
	}
	list, _ := claim.([]any)
	return slices.Contains(list, any(o.Operator))
}

// SignOperator returns a token for an operator without an account, signed with
// the secret: for demonstrations and tests.
func (v *Verifier) SignOperator(roles Roles, expires time.Time) (string, error) {
	return v.sign(jwt.NewBuilder().Subject("operator").Claim(roles.Claim, []string{roles.Operator}), expires)
}
