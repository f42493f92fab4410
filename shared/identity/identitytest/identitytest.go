// Package identitytest signs tokens for the tests of functions that read them,
// the improper ones among them.
package identitytest

import (
	"testing"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwt"
)

// Sign returns the token that b builds, altered by change if that is not nil,
// signed with the secret (HS256).
func Sign(t testing.TB, secret string, b *jwt.Builder, change func(*jwt.Builder)) string {
	t.Helper()
	if change != nil {
		change(b)
	}
	built, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	signed, err := jwt.Sign(built, jwt.WithKey(jwa.HS256(), []byte(secret)))
	if err != nil {
		t.Fatal(err)
	}
	return string(signed)
}
