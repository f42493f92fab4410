package identity

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"testing"
)

// FuzzParseKeys reads any text as a key set: what is kept is in range and bounded,
// and what is ignored has a reason.
func FuzzParseKeys(f *testing.F) {
	for _, text := range []string{
		`{"keys":[]}`, `{"keys":null}`, `{"keys":7}`, `{}`, `[]`, `null`, ``, `{"keys":[{"kty":"AKP"},null,7,{"kty":"RSA"}]}`,
		`{"keys":[{"kty":"EC","crv":"P-256","kid":"a","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}]}`,
		`{"keys":[{"kty":"RSA","kid":"b","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB"}]}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		set, ignored, err := parseKeys(body)
		if err != nil && (len(set) > 0 || len(ignored) > 0) || len(set) > maxKeys {
			t.Fatalf("%d keys, %d ignored, %v", len(set), len(ignored), err)
		}
		for _, reason := range ignored {
			if len(reason) < len("key 1: ") || len(reason) > 200 {
				t.Errorf("%q", reason)
			}
		}
		for _, k := range set {
			switch key := k.raw.(type) {
			case *rsa.PublicKey:
				if bits := key.N.BitLen(); k.alg != "RS256" || bits < minRSA || bits > maxRSA || key.E < 3 || key.E%2 == 0 {
					t.Errorf("%s, %d bits, e %d", k.alg, bits, key.E)
				}
			case *ecdsa.PublicKey:
				if _, err := key.Bytes(); k.alg != "ES256" || err != nil {
					t.Errorf("%s, %v", k.alg, err)
				}
			default:
				t.Errorf("a key of type %T", key)
			}
		}
	})
}
