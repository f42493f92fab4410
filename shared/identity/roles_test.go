package identity

import (
	"net/http"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// TestPerson tells operators from readers, and both from nobody.
func TestPerson(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	v, err := New(Config{Secret: "0123456789abcdef0123456789abcdef", Claim: "account", Issuer: "https://issuer.example", Audience: "us"})
	if err != nil {
		t.Fatal(err)
	}
	roles := Roles{Claim: "roles", Operator: "operator"}
	operator, err := v.SignOperator(roles, now.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	reader, err := v.Sign("acme", now.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	ask := func(token string, roles Roles, at time.Time) (Person, error) {
		return v.Person(&http.Request{Header: http.Header{"Authorization": {"Bearer " + token}}}, at, roles)
	}
	for name, c := range map[string]struct {
		token    string
		roles    Roles
		operator bool
	}{
		"an operator":                    {operator, roles, true},
		"a reader":                       {reader, roles, false},
		"another role is wanted":         {operator, Roles{Claim: "roles", Operator: "admin"}, false},
		"another claim is looked at":     {operator, Roles{Claim: "groups", Operator: "operator"}, false},
		"no role makes nobody operator":  {operator, Roles{Claim: "roles"}, false},
		"no claim makes nobody operator": {operator, Roles{Operator: "operator"}, false},
	} {
		p, err := ask(c.token, c.roles, now)
		if err != nil || p.Operator != c.operator || (fault.KindOf(p.Demand()) == fault.Forbidden) == c.operator {
			t.Errorf("%s: %+v, %v, %v", name, p, err, p.Demand())
		}
	}
	if _, err := ask(operator, roles, now.Add(2*time.Hour)); fault.KindOf(err) != fault.Unauthenticated {
		t.Errorf("an expired operator: %v", err)
	}
	if _, err := v.Caller(&http.Request{Header: http.Header{"Authorization": {"Bearer " + operator}}}, now); fault.CodeOf(err) != "no-account" {
		t.Errorf("an operator without an account may not search: %v", err)
	}
}
