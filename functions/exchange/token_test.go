package exchange

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwt"

	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
)

// TestForgedTokens reads a good token, and none that is unsigned, signed otherwise, changed,
// expired, or of a role or company that there cannot be.
func TestForgedTokens(t *testing.T) {
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	own := tokens{secret: []byte(strings.Repeat("s", 32)), valid: 15 * time.Minute}
	company := exchange.NewID()
	good := caller{ID: 7, Username: "ann", Role: roleSync, Company: company}
	token, expires, err := own.sign(good, now)
	if err != nil || !expires.Equal(now.Add(15*time.Minute)) {
		t.Fatal(err)
	}
	if c, err := own.read(token, now); err != nil || c != good {
		t.Errorf("%+v, %v", c, err)
	}
	parts := strings.Split(token, ".")
	encode := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	claims := `{"id":1,"u":"x","e":"","r":100,"c":"` + company.String() + `","exp":4102444800}`
	other := tokens{secret: []byte(strings.Repeat("o", 32)), valid: time.Hour}
	foreign, _, err := other.sign(caller{ID: 1, Username: "x", Role: roleSuper, Company: company}, now)
	if err != nil {
		t.Fatal(err)
	}
	signed := func(alg jwa.SignatureAlgorithm, change func(*jwt.Builder) *jwt.Builder) string {
		t.Helper()
		b := jwt.NewBuilder().Expiration(now.Add(time.Hour)).Claim("id", 1).Claim("u", "x").Claim("e", "").Claim("r", roleSync).Claim("c", company.String())
		built, err := change(b).Build()
		if err != nil {
			t.Fatal(err)
		}
		text, err := jwt.Sign(built, jwt.WithKey(alg, own.secret))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	same := func(b *jwt.Builder) *jwt.Builder { return b }
	if _, err := own.read(signed(jwa.HS256(), same), now); err != nil {
		t.Errorf("the base of the forged ones: %v", err)
	}
	for name, text := range map[string]string{
		"empty": "", "one dot": "a.b", "unsigned": encode(`{"alg":"none","typ":"JWT"}`) + "." + encode(claims) + ".", "unsigned, two parts": encode(`{"alg":"none"}`) + "." + encode(claims),
		"other claims": parts[0] + "." + encode(claims) + "." + parts[2], "another secret": foreign, "another algorithm": signed(jwa.HS512(), same),
		"no expiry":   signed(jwa.HS256(), func(b *jwt.Builder) *jwt.Builder { return b.Expiration(time.Time{}) }),
		"expired":     signed(jwa.HS256(), func(b *jwt.Builder) *jwt.Builder { return b.Expiration(now.Add(-time.Second)) }),
		"role 0":      signed(jwa.HS256(), func(b *jwt.Builder) *jwt.Builder { return b.Claim("r", 0) }),
		"role 201":    signed(jwa.HS256(), func(b *jwt.Builder) *jwt.Builder { return b.Claim("r", 201) }),
		"role a text": signed(jwa.HS256(), func(b *jwt.Builder) *jwt.Builder { return b.Claim("r", "100") }),
		"no company":  signed(jwa.HS256(), func(b *jwt.Builder) *jwt.Builder { return b.Claim("c", "") }),
		"too long":    strings.Repeat("a", 1<<20),
	} {
		if c, err := own.read(text, now); err == nil {
			t.Errorf("%s: read as %+v", name, c)
		}
	}
	if _, err := own.read(token, now.Add(16*time.Minute)); err == nil {
		t.Error("a token is valid for longer than its time")
	}
}
