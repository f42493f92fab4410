package deployment_test

import (
	"regexp"
	"testing"
)

var (
	// plainName is the name of a file that a person gave. A program that took a word of its
	// command line for a file's name leaves others, such as -1.
	plainName = regexp.MustCompile(`^(\.?[A-Za-z0-9_][\w.@+-]*/)*\.?\w[\w.@+-]*[A-Za-z][\w.@+-]*$`)

	// secret matches private keys and access tokens, by the forms in which their issuers
	// write them.
	secret = regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE KEY` + // PEM
		`|"d" ?: ?"[\w-]{20,}"` + // the private part of a JSON web key
		`|\b(AKIA|ASIA)[0-9A-Z]{16}\b` + // Amazon
		`|\bAIza[\w-]{35}\b` + // Google
		`|\bgh[pousr]_\w{36}\b|\bglpat-[\w-]{20}` + // GitHub, GitLab
		`|\bxox[abprs]-\w{10,}` + // Slack
		`|\b(pat|key)[A-Za-z0-9]{14}\.[0-9a-f]{64}\b`) // Airtable
)

// TestTheTreeHoldsNoKeyAndNoLitter looks at every file of the repository: what a test or a
// command wrote into the tree is not committed, and no key is.
func TestTheTreeHoldsNoKeyAndNoLitter(t *testing.T) {
	tree := files(t, "*")
	for name, text := range tree {
		if !plainName.MatchString(name) {
			t.Errorf("%q is no file's name that a person gave", name)
		}
		if found := secret.FindString(text); found != "" {
			t.Errorf("%s holds a key: %.12s...", name, found)
		}
	}
	if len(tree) < 1000 {
		t.Errorf("%d files; want all", len(tree))
	}
	for _, name := range []string{"-1", "functions/?!", "99999999999999999999", "a b.go", "functions/-x/a.go"} {
		if plainName.MatchString(name) {
			t.Errorf("%q passes for a file's name", name)
		}
	}
	for _, text := range []string{"-----BEGIN EC " + "PRIVATE KEY-----", `{"kty":"EC","d":` + `"__47nRoMDo5hsyCSR2PvfdRE"}`, "AKIA" + "ABCDEFGHIJKLMNOP", "ghp_" + "abcdefghijklmnopqrstuvwxyz0123456789"} {
		if !secret.MatchString(text) {
			t.Errorf("%q does not look like a key", text)
		}
	}
}
