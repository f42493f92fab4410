package identity

import (
	"slices"
	"strings"

	"github.com/lestrrat-go/jwx/v3/jwt"
)

// Roles says which claim of a token carries what its bearer may do, and which
// value there makes an operator.
type Roles struct {
	Claim    string `env:"SCOPES_ROLE_CLAIM, default=roles"`
	Operator string `env:"SCOPES_OPERATOR, default=operator"`
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
