package identity_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwt"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/identity"
)

var roles = identity.Roles{Claim: "roles", Operator: "operator"}

// operators returns what reads the tests' operators.
func operators(t *testing.T, cfg identity.OperatorConfig, callers identity.Config) *identity.Operators {
	t.Helper()
	if cfg.Audience == "" {
		cfg.Audience = "operators"
	}
	o, err := identity.NewOperators(cfg, callers, roles)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = o.Close() })
	return o
}

// person returns who sends a token, by each of the two ways.
func person(t *testing.T, o *identity.Operators, token string, at time.Time) (identity.Person, error) {
	t.Helper()
	p, err := o.Person(&http.Request{Header: http.Header{"Authorization": {"Bearer " + token}}}, at)
	q, problem := o.PersonOf(t.Context(), token, at)
	if p != q || (err == nil) != (problem == nil) {
		t.Errorf("%+v, %v and %+v, %v", p, err, q, problem)
	}
	return p, err
}

// operatorToken signs an operator's token that change has altered.
func operatorToken(t *testing.T, alg jwa.SignatureAlgorithm, key any, change func(*jwt.Builder) *jwt.Builder) string {
	t.Helper()
	b := jwt.NewBuilder().Subject("ann").Claim("roles", []string{"operator"}).Issuer("portal").Audience([]string{"operators"}).Expiration(now.Add(time.Hour))
	if change != nil {
		b = change(b)
	}
	built, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	signed, err := jwt.Sign(built, jwt.WithKey(alg, key))
	if err != nil {
		t.Fatal(err)
	}
	return string(signed)
}

// TestPerson has readers, operators and tenants with all kinds of claims. A token
// that names an account, in whatever form, is nobody's but a tenant's.
func TestPerson(t *testing.T) {
	o := operators(t, identity.OperatorConfig{}, config())
	sign := func(change func(*jwt.Builder) *jwt.Builder) string {
		return operatorToken(t, jwa.HS256(), []byte(secret), change)
	}
	made, err := o.Sign("ann", now.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		token    string
		kind     fault.Kind
		operator bool
	}{
		"an operator":                {sign(nil), 0, true},
		"one that is made here":      {made, 0, true},
		"one in words":               {sign(claim("roles", "reader operator")), 0, true},
		"one of two audiences":       {sign(claim("aud", []string{"search", "operators"})), 0, true},
		"a reader":                   {sign(claim("roles", []string{"reader"})), 0, false},
		"a role that begins alike":   {sign(claim("roles", "operators Operator")), 0, false},
		"a role of another kind":     {sign(claim("roles", map[string]any{"operator": true})), 0, false},
		"a role within a list":       {sign(claim("roles", []any{[]string{"operator"}})), 0, false},
		"no role":                    {sign(claim("roles", nil)), 0, false},
		"another claim":              {sign(func(b *jwt.Builder) *jwt.Builder { return b.Claim("roles", nil).Claim("groups", "operator") }), 0, false},
		"an account":                 {sign(claim("account", "acme")), fault.Forbidden, false},
		"accounts":                   {sign(claim("account", []string{"acme", "b"})), fault.Forbidden, false},
		"an empty account":           {sign(claim("account", "")), fault.Forbidden, false},
		"no accounts":                {sign(claim("account", []string{})), fault.Forbidden, false},
		"an account that is null":    {sign(claim("account", nil)), fault.Forbidden, false},
		"an account of another kind": {sign(claim("account", map[string]any{"a": 1})), fault.Forbidden, false},
		"an account and two audience": {sign(func(b *jwt.Builder) *jwt.Builder {
			return b.Claim("account", "a").Audience([]string{"search", "operators"})
		}), fault.Forbidden, false},
		"the audience of searches": {sign(claim("aud", []string{"search"})), fault.Unauthenticated, false},
		"no audience":              {sign(claim("aud", []string{})), fault.Unauthenticated, false},
		"another issuer":           {sign(claim("iss", "somebody")), fault.Unauthenticated, false},
		"expired":                  {sign(claim("exp", now.Add(-time.Hour))), fault.Unauthenticated, false},
		"a tenant's for searches":  {token(t, jwa.HS256(), []byte(secret), claim("roles", "operator")), fault.Unauthenticated, false},
	} {
		p, err := person(t, o, c.token, now)
		if (err == nil) != (c.kind == 0) || err != nil && fault.KindOf(err) != c.kind || p.Operator != c.operator || (fault.KindOf(p.Demand()) == fault.Forbidden) == c.operator {
			t.Errorf("%s: %+v, %v, %v", name, p, err, p.Demand())
		}
	}
	if _, err := ask(open(t, config()), "Bearer "+made, now); fault.KindOf(err) != fault.Unauthenticated {
		t.Errorf("an operator searches: %v", err)
	}
}

// TestOperatorsHaveKeysOfTheirOwn takes no token that is signed as callers' are.
func TestOperatorsHaveKeysOfTheirOwn(t *testing.T) {
	own, others := newEC(t, "own"), newEC(t, "others")
	i, theirs := newIssuer(t), newIssuer(t)
	i.publish(t, others)
	theirs.publish(t, own)
	callers := config()
	callers.JWKS = i.URL
	for name, cfg := range map[string]identity.OperatorConfig{"in the configuration": {Keys: string(keySet(published(t, own, nil)))}, "at an address": {JWKS: theirs.URL}} {
		o := operators(t, cfg, callers)
		if p, err := person(t, o, operatorToken(t, jwa.ES256(), own, nil), now); err != nil || !p.Operator || p.Subject != "ann" {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
		for who, signed := range map[string]string{"the callers' key": operatorToken(t, jwa.ES256(), others, nil), "the callers' secret": operatorToken(t, jwa.HS256(), []byte(secret), nil), "a key of the same id": operatorToken(t, jwa.ES256(), newEC(t, "own"), nil)} {
			if p, err := person(t, o, signed, now); fault.KindOf(err) != fault.Unauthenticated {
				t.Errorf("%s, signed with %s: %+v, %v", name, who, p, err)
			}
		}
	}
}

// TestOperatorConfigurations refuses what would let tenants in, or nobody.
func TestOperatorConfigurations(t *testing.T) {
	key := published(t, newEC(t, "k"), nil)
	for name, c := range map[string]struct {
		cfg     identity.OperatorConfig
		callers identity.Config
		want    string
	}{
		"no audience":          {identity.OperatorConfig{}, config(), "OPERATOR_JWT_AUDIENCE"},
		"the audience of both": {identity.OperatorConfig{Audience: "search"}, config(), "an audience of their own"},
		"no claim":             {identity.OperatorConfig{Audience: "o"}, identity.Config{Secret: secret}, "SEARCH_JWT_CLAIM"},
		"two key sets":         {identity.OperatorConfig{Audience: "o", Keys: "{}", JWKS: "https://a.example"}, config(), "set one"},
		"no key set":           {identity.OperatorConfig{Audience: "o", Keys: "s3cret"}, config(), "OPERATOR_JWKS"},
		"an empty key set":     {identity.OperatorConfig{Audience: "o", Keys: `{"keys":[]}`}, config(), "OPERATOR_JWKS"},
		"a key nobody knows":   {identity.OperatorConfig{Audience: "o", Keys: string(keySet(key, strangers["an unknown type"]))}, config(), "AKP"},
		"keys in the clear":    {identity.OperatorConfig{Audience: "o", JWKS: "http://a.example"}, config(), "https"},
		"no keys at all":       {identity.OperatorConfig{Audience: "o"}, identity.Config{Claim: "account"}, "OPERATOR_JWKS"},
	} {
		if _, err := identity.NewOperators(c.cfg, c.callers, roles); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestSigningKey makes a key, and a token that the key's public half proves.
func TestSigningKey(t *testing.T) {
	made, err := identity.NewSigningKey()
	if err != nil {
		t.Fatal(err)
	}
	read, err := identity.ParseSigningKey(made.Private)
	if err != nil || string(read.Public) != string(made.Public) {
		t.Fatalf("%s, %s, %v", read.Public, made.Public, err)
	}
	var public struct{ Keys []map[string]any }
	if err := json.Unmarshal(made.Public, &public); err != nil || len(public.Keys) != 1 || public.Keys[0]["d"] != nil || public.Keys[0]["kid"] == "" {
		t.Errorf("%s, %v", made.Public, err)
	}
	o := operators(t, identity.OperatorConfig{Keys: string(made.Public), Issuer: "us"}, config())
	for _, operator := range []bool{true, false} {
		c := identity.OperatorClaims{Subject: "ann", Audience: "operators", Issuer: "us", Issued: now, Expires: now.Add(time.Hour)}
		if operator {
			c.Roles = roles
		}
		signed, err := read.Sign(c)
		if err != nil {
			t.Fatal(err)
		}
		if p, err := person(t, o, signed, now); err != nil || p.Operator != operator || p.Subject != "ann" || !p.Expires.Equal(c.Expires) {
			t.Errorf("%+v, %v", p, err)
		}
	}
	for name, text := range map[string]string{
		"nothing": "", "no JSON": "s3cret", "the public half": string(made.Public), "a public key": published(t, newEC(t, "k"), nil), "a secret": `{"kty":"oct","k":"AAAA"}`, "an unknown type": strangers["an unknown type"],
	} {
		if _, err := identity.ParseSigningKey([]byte(text)); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
