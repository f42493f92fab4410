package identity_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwk"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/identity"
)

// strangers are members of a key set that no token of ours can be signed with.
var strangers = map[string]string{
	"an unknown type":           `{"kty":"AKP","kid":"x","alg":"ML-DSA-44","pub":"AAAA"}`,
	"an unknown curve":          `{"kty":"EC","kid":"x","crv":"P-999","x":"AAAA","y":"AAAA"}`,
	"a curve without a use":     `{"kty":"EC","kid":"x","crv":"secp256k1","x":"AAAA","y":"AAAA"}`,
	"another curve":             `{"kty":"EC","kid":"x","crv":"P-384","x":"AAAA","y":"AAAA"}`,
	"a point off the curve":     `{"kty":"EC","kid":"x","crv":"P-256","x":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","y":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE"}`,
	"a 1024-bit key":            `{"kty":"RSA","kid":"x","e":"AQAB","n":"` + strings.Repeat("_", 170) + `8"}`,
	"a 16384-bit key":           `{"kty":"RSA","kid":"x","e":"AQAB","n":"` + strings.Repeat("_", 2730) + `8"}`,
	"an even modulus":           `{"kty":"RSA","kid":"x","e":"AQAB","n":"` + strings.Repeat("_", 341) + `w"}`,
	"an exponent of 1":          `{"kty":"RSA","kid":"x","e":"AQ","n":"` + strings.Repeat("_", 341) + `8"}`,
	"an even exponent":          `{"kty":"RSA","kid":"x","e":"AQAA","n":"` + strings.Repeat("_", 341) + `8"}`,
	"a huge exponent":           `{"kty":"RSA","kid":"x","e":"` + strings.Repeat("_", 90) + `","n":"` + strings.Repeat("_", 341) + `8"}`,
	"no modulus":                `{"kty":"RSA","kid":"x","e":"AQAB"}`,
	"no exponent":               `{"kty":"RSA","kid":"x","n":"AQAB"}`,
	"no coordinates":            `{"kty":"EC","kid":"x","crv":"P-256"}`,
	"no type":                   `{"kid":"x"}`,
	"an octet key":              `{"kty":"OKP","kid":"x","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`,
	"a secret":                  `{"kty":"oct","kid":"x","k":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}`,
	"an empty object":           `{}`,
	"a number":                  `7`,
	"a text":                    `"key"`,
	"null":                      `null`,
	"a list":                    `[]`,
	"a type of another kind":    `{"kty":7}`,
	"an id of another kind":     `{"kty":"RSA","kid":{"a":1},"n":"AQAB","e":"AQAB"}`,
	"operations that are wrong": `{"kty":"RSA","kid":"x","key_ops":"verify","n":"AQAB","e":"AQAB"}`,
	"broken base64":             `{"kty":"RSA","kid":"x","n":"%%%","e":"AQAB"}`,
}

// published returns a key's public form with further members.
func published(t testing.TB, key jwk.Key, more map[string]any) string {
	t.Helper()
	public, err := key.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(public)
	if err != nil {
		t.Fatal(err)
	}
	members := map[string]any{}
	if err := json.Unmarshal(text, &members); err != nil {
		t.Fatal(err)
	}
	for name, value := range more {
		if members[name] = value; value == nil {
			delete(members, name)
		}
	}
	if text, err = json.Marshal(members); err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// keySet is a key set of members.
func keySet(members ...string) []byte { return []byte(`{"keys":[` + strings.Join(members, ",") + `]}`) }

// TestStrangersInAKeySet puts keys that are not known before, after and between
// the issuer's own: its tokens are taken all the same, and no others.
func TestStrangersInAKeySet(t *testing.T) {
	r, e := newRSA(t, "r1"), newEC(t, "e1")
	mine := []string{published(t, r, nil), published(t, e, nil)}
	good := []string{token(t, jwa.RS256(), r, nil), token(t, jwa.ES256(), e, nil)}
	forged := []string{token(t, jwa.RS256(), newRSA(t, "x"), nil), token(t, jwa.ES256(), newEC(t, "x"), nil)}
	sets := map[string][]byte{"all of them": nil}
	var all []string
	for name, one := range strangers {
		all = append(all, one)
		sets[name+", first"] = keySet(append([]string{one}, mine...)...)
		sets[name+", last"] = keySet(append(slices.Clone(mine), one)...)
		sets[name+", with an id of ours"] = keySet(strings.Replace(one, `"kid":"x"`, `"kid":"r1"`, 1), strings.Replace(one, `"kid":"x"`, `"kid":"e1"`, 1), mine[0], mine[1])
	}
	sets["all of them"] = keySet(append(append([]string{mine[0]}, all...), mine[1])...)
	for name, text := range sets {
		i := newIssuer(t)
		i.serve(text)
		v := open(t, identity.Config{JWKS: i.URL, Claim: "account", Issuer: "portal", Audience: "search"})
		for _, signed := range good {
			if got, err := ask(v, "Bearer "+signed, now); err != nil || len(got) != 1 {
				t.Errorf("%s: %v, %v", name, got, err)
			}
		}
		for _, signed := range forged {
			if _, err := ask(v, "Bearer "+signed, now); fault.KindOf(err) != fault.Unauthenticated {
				t.Errorf("%s: a forged token: %v", name, err)
			}
		}
	}
}

// TestKeysThatAreForSomethingElse takes no token that is signed with a key of the
// set which is not for signatures of that algorithm.
func TestKeysThatAreForSomethingElse(t *testing.T) {
	r := newRSA(t, "r1")
	for name, c := range map[string]struct {
		more map[string]any
		ok   bool
	}{
		"as it is":                {nil, true},
		"for signatures":          {map[string]any{"use": "sig", "alg": "RS256", "key_ops": []string{"verify"}}, true},
		"members nobody knows":    {map[string]any{"x5c": []any{7, "garbage"}, "colour": map[string]any{"a": 1}, "x5t": true}, true},
		"for encryption":          {map[string]any{"use": "enc"}, false},
		"of an unknown algorithm": {map[string]any{"alg": "RS1"}, false},
		"of another algorithm":    {map[string]any{"alg": "RS512"}, false},
		"to wrap keys with":       {map[string]any{"key_ops": []string{"wrapKey"}}, false},
	} {
		i := newIssuer(t)
		i.serve(keySet(published(t, r, c.more), published(t, newEC(t, "e1"), nil)))
		v := open(t, identity.Config{JWKS: i.URL, Claim: "account"})
		if _, err := ask(v, "Bearer "+token(t, jwa.RS256(), r, nil), now); (err == nil) != c.ok || err != nil && fault.KindOf(err) != fault.Unauthenticated {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestKeysOfOneID tries every key of an id, as it does for a token without one.
func TestKeysOfOneID(t *testing.T) {
	first, second, other := newRSA(t, "same"), newRSA(t, "same"), newEC(t, "same")
	i := newIssuer(t)
	i.serve(keySet(published(t, first, nil), published(t, other, nil), published(t, second, nil)))
	v := open(t, identity.Config{JWKS: i.URL, Claim: "account"})
	for name, key := range map[string]jwk.Key{"first": first, "second": second} {
		if _, err := ask(v, "Bearer "+token(t, jwa.RS256(), key, nil), now); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		nameless, err := key.Clone()
		if err == nil {
			err = nameless.Remove(jwk.KeyIDKey)
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ask(v, "Bearer "+token(t, jwa.RS256(), nameless, nil), now); err != nil {
			t.Errorf("%s, without an id: %v", name, err)
		}
	}
	if _, err := ask(v, "Bearer "+token(t, jwa.ES256(), other, nil), now); err != nil {
		t.Errorf("another kind: %v", err)
	}
	if _, err := ask(v, "Bearer "+token(t, jwa.RS256(), newRSA(t, "same"), nil), now); fault.KindOf(err) != fault.Unauthenticated {
		t.Errorf("a forged token: %v", err)
	}
}

// TestManyKeys serves more keys than are kept: those that come first count, and a
// set of keys that nobody knows costs none of ours their place.
func TestManyKeys(t *testing.T) {
	key, last := newEC(t, "mine"), newEC(t, "last")
	spare := published(t, newEC(t, "spare"), nil)
	var strange, usable []string
	for n := range 150 {
		strange = append(strange, fmt.Sprintf(`{"kty":"AKP","kid":"s%d"}`, n))
		usable = append(usable, strings.Replace(spare, `"spare"`, fmt.Sprintf(`"u%d"`, n), 1))
	}
	for name, c := range map[string]struct {
		set      []byte
		key      jwk.Key
		accepted bool
	}{
		"behind 150 strangers":           {keySet(append(strange, published(t, key, nil))...), key, true},
		"before 150 others":              {keySet(append([]string{published(t, key, nil)}, usable...)...), key, true},
		"behind more than may be usable": {keySet(append(usable, published(t, last, nil))...), last, false},
	} {
		i := newIssuer(t)
		i.serve(c.set)
		v := open(t, identity.Config{JWKS: i.URL, Claim: "account"})
		if _, err := ask(v, "Bearer "+token(t, jwa.ES256(), c.key, nil), now); (err == nil) != c.accepted {
			t.Errorf("%s: %v", name, err)
		}
	}
}
