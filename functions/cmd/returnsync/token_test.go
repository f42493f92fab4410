package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sethvargo/go-envconfig"

	"gitlab.com/eshopbox-team/return-sync/shared/identity"
)

// TestToken makes a key and tokens, and holds them to what the functions for
// operators read.
func TestToken(t *testing.T) {
	d := surroundings(t, env{})
	file := filepath.Join(t.TempDir(), "operator.key")
	public := call(t, d, "token", "keygen", "--out", file)
	public.expect(t, exitOK, []string{`{"keys":[`}, []string{file, "OPERATOR_JWKS"})
	text, err := os.ReadFile(file)
	if err != nil || strings.Contains(public.out+public.log, strings.Split(strings.Split(string(text), `"d":"`)[1], `"`)[0]) {
		t.Fatalf("the private key was printed, or %v", err)
	}
	if info, _ := os.Stat(file); info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	call(t, d, "token", "keygen", "--out", file).expect(t, exitError, nil, []string{"file exists"})
	roles := identity.Roles{Claim: "roles", Operator: "operator"}
	o, err := identity.NewOperators(identity.OperatorConfig{Audience: "return-sync-operators", Keys: public.out, Issuer: "us"}, identity.Config{Claim: "account"}, roles)
	if err != nil {
		t.Fatal(err)
	}
	d.env = envconfig.MapLookuper(env{"OPERATOR_JWT_ISSUER": "us"})
	for _, operator := range []bool{true, false} {
		args := []string{"token", "--key", file, "--subject", " ann@example.com ", "--for", "8h"}
		if !operator {
			args = append(args, "--read-only")
		}
		made := call(t, d, args...)
		made.expect(t, exitOK, nil, []string{"ann@example.com"})
		r := &http.Request{Header: http.Header{"Authorization": {"Bearer " + strings.TrimSpace(made.out)}}}
		p, err := o.Person(r, time.Now())
		if err != nil || p.Subject != "ann@example.com" || p.Operator != operator || time.Until(p.Expires).Round(time.Minute) != 8*time.Hour {
			t.Errorf("%+v, %v", p, err)
		}
	}
}

// TestTokenRefuses names what is missing, and takes no key that others can read.
func TestTokenRefuses(t *testing.T) {
	d := surroundings(t, env{})
	dir := t.TempDir()
	file, open, garbage := filepath.Join(dir, "key"), filepath.Join(dir, "open"), filepath.Join(dir, "garbage")
	call(t, d, "token", "keygen", "--out", file).expect(t, exitOK, nil, nil)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for path, content := range map[string]string{open: string(text), garbage: "s3cret"} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(open, 0o640); err != nil {
		t.Fatal(err)
	}
	for want, args := range map[string][]string{
		"--subject is missing": {"--key", file}, "--key is missing": {"--subject", "ann"}, "--for is 13h": {"--key", file, "--subject", "ann", "--for", "13h"},
		"--for is 0s": {"--key", file, "--subject", "ann", "--for", "0s"}, "chmod 600": {"--key", open, "--subject", "ann"},
		"no JSON Web Key": {"--key", garbage, "--subject", "ann"}, "no such file": {"--key", filepath.Join(dir, "none"), "--subject", "ann"},
		"--out is missing": {"keygen"},
	} {
		call(t, d, append([]string{"token"}, args...)...).expect(t, exitError, nil, []string{want})
	}
	d.env = envconfig.MapLookuper(env{"SCOPES_ROLE_CLAIM": "account"})
	call(t, d, "token", "--key", file, "--subject", "ann").expect(t, exitError, nil, []string{"SCOPES_ROLE_CLAIM"})
}
