package deployment_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// mocked are the forms of what Google gives to a resource when it is made: the
// provider's own patterns where it checks the value in another resource (accounts,
// networks), and Google's otherwise.
var mocked = map[string]map[string]string{
	"google_service_account": {
		"name":   `^projects/[a-z][-a-z0-9]{4,28}[a-z0-9]/serviceAccounts/` + account + `$`,
		"id":     `^projects/[a-z][-a-z0-9]{4,28}[a-z0-9]/serviceAccounts/` + account + `$`,
		"email":  `^` + account + `$`,
		"member": `^serviceAccount:` + account + `$`,
	},
	"google_compute_network": {
		"id":        `^projects/[a-z][-a-z0-9]{4,28}[a-z0-9]/global/networks/` + label + `$`,
		"self_link": `^https://www\.googleapis\.com/compute/v1/projects/[^/]+/global/networks/` + label + `$`,
	},
	"google_compute_subnetwork": {
		"id":        `^projects/[a-z][-a-z0-9]{4,28}[a-z0-9]/regions/[a-z]+-[a-z]+[0-9]/subnetworks/` + label + `$`,
		"self_link": `^https://www\.googleapis\.com/compute/v1/projects/[^/]+/regions/[^/]+/subnetworks/` + label + `$`,
	},
	"google_sql_database_instance":          {"connection_name": `^[a-z][-a-z0-9]{4,28}[a-z0-9]:[a-z]+-[a-z]+[0-9]:` + label + `$`},
	"google_cloud_run_v2_service":           {"uri": `^https://` + label + `\.[a-z]+\.run\.app$`},
	"google_monitoring_uptime_check_config": {"uptime_check_id": `^[a-z0-9][-a-zA-Z0-9_]{0,62}$`},
}

const (
	// account is a service account's address: 6 to 30 characters before the @.
	account = `[a-z](?:[-a-z0-9]{4,28}[a-z0-9])@[-a-z0-9.]{1,63}\.iam\.gserviceaccount\.com`
	// label is a name of RFC 1035.
	label = `[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?`
)

// mocks returns the values of the mocked resources.
func mocks(t *testing.T) map[string]map[string]string {
	t.Helper()
	found := map[string]map[string]string{}
	for _, b := range parse(t, terraform+"/tests/mocks/google.tfmock.hcl").Blocks {
		value, diags := b.Body.Attributes["defaults"].Expr.Value(nil)
		if diags.HasErrors() || b.Type != "mock_resource" {
			t.Fatal(b.Type, diags)
		}
		found[b.Labels[0]] = texts(value)
	}
	return found
}

// TestMocksLookLikeGoogles holds every mocked value to the form that the provider
// demands, and the forms to values that it is known to refuse.
func TestMocksLookLikeGoogles(t *testing.T) {
	for kind, values := range mocks(t) {
		for name, value := range values {
			pattern := mocked[kind][name]
			if pattern == "" || !regexp.MustCompile(pattern).MatchString(value) {
				t.Errorf("%s.%s is %q, which is not of the form %q", kind, name, value, pattern)
			}
		}
	}
	for _, address := range []string{"mock@acme-returns-test.iam.gserviceaccount.com", "short@p.iam.gserviceaccount.com", "Return-sync@p.iam.gserviceaccount.com", "return-sync@gserviceaccount.com", strings.Repeat("a", 31) + "@p.iam.gserviceaccount.com"} {
		if regexp.MustCompile(mocked["google_service_account"]["email"]).MatchString(address) {
			t.Errorf("%s passes for an account's address", address)
		}
	}
}

// TestWhatGoogleGivesIsMocked looks for what a resource takes from another one that only
// Google can give: without a mock the tests of Terraform would fill in random letters.
func TestWhatGoogleGivesIsMocked(t *testing.T) {
	known := mocks(t)
	given := 0
	c := load(t, terraform, required())
	for _, folder := range []*config{c, c.module()} {
		var all []hcl.Traversal
		for _, b := range folder.blocks {
			all = append(all, traversals(b.Body)...)
		}
		for _, expr := range folder.locals {
			all = append(all, expr.Variables()...)
		}
		for _, reference := range all {
			kind := reference.RootName()
			if !strings.HasPrefix(kind, "google_") || len(reference) < 3 {
				continue
			}
			last, ok := reference[len(reference)-1].(hcl.TraverseAttr)
			target := folder.blocks["resource "+kind+" "+reference[1].(hcl.TraverseAttr).Name]
			if !ok || target == nil || said(target, last.Name) {
				continue
			}
			given++
			if known[kind][last.Name] == "" {
				t.Errorf("%s.%s is given by Google and has no value in tests/mocks", kind, last.Name)
			}
		}
	}
	if given < 15 {
		t.Errorf("%d references to what Google gives were found", given)
	}
}

// said reports whether a resource's own configuration gives an attribute its value.
func said(b *hclsyntax.Block, attribute string) bool { return b.Body.Attributes[attribute] != nil }
