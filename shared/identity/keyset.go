package identity

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
)

// The bounds of a key set.
const (
	maxKeySet = 256 << 10 // bytes
	maxKeys   = 100       // usable keys; the first ones count
	minRSA    = 2048      // bits of an RSA modulus (RFC 7518, 3.3)
	maxRSA    = 8192      // a larger one would only cost time
)

// publicKey is a key that a token may be signed with.
type publicKey struct {
	id  string // may be empty
	alg string // RS256 or ES256
	raw any    // *rsa.PublicKey or *ecdsa.PublicKey
}

// keySet is an issuer's usable keys, in the issuer's order.
type keySet []publicKey

// find returns the keys of an id for an algorithm. An issuer may publish several
// keys with one id. A token without an id may be signed with any of the keys.
func (s keySet) find(id, alg string) keySet {
	var found keySet
	for _, k := range s {
		if k.alg == alg && (id == "" || k.id == id) {
			found = append(found, k)
		}
	}
	return found
}

// errNoUsable is a key set without a key that a token may be signed with.
var errNoUsable = errors.New("the key set has no key for signatures with RS256 or ES256")

// parseKeys reads a JSON Web Key Set. As RFC 7517 (section 5) demands, a key of
// an unknown kind, without what it needs or out of range is ignored; ignored says
// why, one text a key.
func parseKeys(body []byte) (set keySet, ignored []string, err error) {
	var doc struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(body, &doc); err != nil {
		return nil, nil, fmt.Errorf("no JSON Web Key Set: %w", err)
	}
	if doc.Keys == nil {
		return nil, nil, errors.New(`no JSON Web Key Set: there is no list "keys"`)
	}
	for n, raw := range doc.Keys {
		key, err := parseKey(raw)
		switch {
		case err != nil:
			ignored = append(ignored, fmt.Sprintf("key %d: %v", n+1, err))
		case len(set) == maxKeys:
			ignored = append(ignored, fmt.Sprintf("key %d: there are %d usable keys before it", n+1, maxKeys))
		default:
			set = append(set, key)
		}
	}
	return set, ignored, nil
}

// member is what is read of a JSON Web Key. Everything else in it is ignored.
type member struct {
	Kty    string   `json:"kty"`
	Use    string   `json:"use"`
	Alg    string   `json:"alg"`
	Kid    string   `json:"kid"`
	KeyOps []string `json:"key_ops"`
	Crv    string   `json:"crv"`
	N      string   `json:"n"`
	E      string   `json:"e"`
	X      string   `json:"x"`
	Y      string   `json:"y"`
}

// parseKey reads a key if signatures of ours can be checked with it.
func parseKey(raw []byte) (publicKey, error) {
	var m member
	if err := json.Unmarshal(raw, &m); err != nil {
		return publicKey{}, errors.New("not an object with texts for kty, kid, use, alg")
	}
	k := publicKey{id: m.Kid}
	var err error
	switch m.Kty {
	case "RSA":
		k.alg = "RS256"
		k.raw, err = m.rsa()
	case "EC":
		k.alg = "ES256"
		k.raw, err = m.ec()
	default:
		err = fmt.Errorf("kty is %.20q; RSA and EC are known", m.Kty)
	}
	switch {
	case err != nil:
		return publicKey{}, err
	case m.Use != "" && m.Use != "sig":
		return publicKey{}, fmt.Errorf("use is %.20q, not sig", m.Use)
	case m.KeyOps != nil && !slices.Contains(m.KeyOps, "verify"):
		return publicKey{}, errors.New("key_ops has no verify")
	case m.Alg != "" && m.Alg != k.alg:
		return publicKey{}, fmt.Errorf("alg is %.20q, not %s", m.Alg, k.alg)
	}
	return k, nil
}

// rsa returns an RSA key.
func (m member) rsa() (*rsa.PublicKey, error) {
	n, errN := number(m.N)
	e, errE := number(m.E)
	switch {
	case errN != nil || errE != nil:
		return nil, errors.New("n and e must be base64url numbers")
	case len(n)*8 > 2*maxRSA || len(e) > 8:
		return nil, errors.New("n or e is too large")
	}
	modulus, exponent := new(big.Int).SetBytes(n), new(big.Int).SetBytes(e)
	switch bits := modulus.BitLen(); {
	case bits < minRSA || bits > maxRSA || modulus.Bit(0) == 0:
		return nil, fmt.Errorf("n has %d bits; want an odd number of %d to %d", bits, minRSA, maxRSA)
	case exponent.BitLen() > 31 || exponent.Bit(0) == 0 || exponent.Cmp(big.NewInt(3)) < 0:
		return nil, errors.New("e must be an odd number from 3 to 2^31-1")
	}
	return &rsa.PublicKey{N: modulus, E: int(exponent.Int64())}, nil
}

// coordinate is how many bytes a coordinate of a point on P-256 has.
const coordinate = 32

// ec returns a key on the curve P-256.
func (m member) ec() (*ecdsa.PublicKey, error) {
	if m.Crv != "P-256" {
		return nil, fmt.Errorf("crv is %.20q; P-256 is known", m.Crv)
	}
	x, errX := number(m.X)
	y, errY := number(m.Y)
	if errX != nil || errY != nil || len(x) != coordinate || len(y) != coordinate {
		return nil, fmt.Errorf("x and y must be %d bytes in base64url", coordinate)
	}
	const uncompressed = 4
	key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), slices.Concat([]byte{uncompressed}, x, y))
	if err != nil {
		return nil, errors.New("x and y are no point on the curve")
	}
	return key, nil
}

// number decodes base64url; some issuers pad it.
func number(text string) ([]byte, error) {
	b, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(text, "="))
	if err == nil && len(b) == 0 {
		err = errors.New("it is missing")
	}
	return b, err
}
