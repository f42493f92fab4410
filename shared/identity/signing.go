package identity

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jwt"
)

// SigningKey is a key that operators' tokens are signed with (ES256).
type SigningKey struct {
	Private []byte // a JSON Web Key: a secret
	Public  []byte // a JSON Web Key Set with the public half, for OPERATOR_JWKS
	key     jwk.Key
}

// NewSigningKey makes a key. Its id is its thumbprint (RFC 7638).
func NewSigningKey() (SigningKey, error) {
	raw, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return SigningKey{}, err
	}
	key, err := jwk.Import(raw)
	if err != nil {
		return SigningKey{}, err
	}
	print, err := key.Thumbprint(crypto.SHA256)
	if err != nil {
		return SigningKey{}, err
	}
	for name, value := range map[string]any{jwk.KeyIDKey: base64.RawURLEncoding.EncodeToString(print), jwk.AlgorithmKey: jwa.ES256(), jwk.KeyUsageKey: "sig"} {
		if err := key.Set(name, value); err != nil {
			return SigningKey{}, err
		}
	}
	private, err := json.Marshal(key)
	if err != nil {
		return SigningKey{}, err
	}
	return ParseSigningKey(private)
}

// ParseSigningKey reads the private half of a key. Its text is in no error.
func ParseSigningKey(private []byte) (SigningKey, error) {
	key, err := jwk.ParseKey(private)
	if err != nil {
		return SigningKey{}, errors.New("it is no JSON Web Key")
	}
	if _, ok := key.(jwk.ECDSAPrivateKey); !ok {
		return SigningKey{}, errors.New("it is no private key on the curve P-256")
	}
	public, err := key.PublicKey()
	if err != nil {
		return SigningKey{}, errors.New("it has no public half")
	}
	set, err := json.Marshal(map[string]any{"keys": []jwk.Key{public}})
	if err != nil {
		return SigningKey{}, err
	}
	if known, _, err := parseKeys(set); err != nil || len(known) != 1 {
		return SigningKey{}, errors.New("it is no private key on the curve P-256 for signatures with ES256")
	}
	return SigningKey{Private: private, Public: set, key: key}, nil
}

// OperatorClaims is what a token says of an operator. Without Roles its bearer may
// only look.
type OperatorClaims struct {
	Subject, Audience, Issuer string
	Roles                     Roles
	Issued, Expires           time.Time
}

// Sign returns a token.
func (k SigningKey) Sign(c OperatorClaims) (string, error) {
	// Each token has an id of its own, so that the end of one session ends no other.
	b := jwt.NewBuilder().JwtID(rand.Text()).Subject(c.Subject).Audience([]string{c.Audience}).IssuedAt(c.Issued).Expiration(c.Expires)
	if c.Issuer != "" {
		b = b.Issuer(c.Issuer)
	}
	if c.Roles.Claim != "" && c.Roles.Operator != "" {
		b = b.Claim(c.Roles.Claim, []string{c.Roles.Operator})
	}
	token, err := b.Build()
	if err != nil {
		return "", err
	}
	signed, err := jwt.Sign(token, jwt.WithKey(jwa.ES256(), k.key))
	return string(signed), err
}
