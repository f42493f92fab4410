package deployment_test

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"
)

// forbidden are the roles and permissions with which an account could give itself, or
// take from others, more than it was given. A match is refused for any caller it is
// granted to, deployer, planner or function.
var forbidden = map[string]string{
	`^roles/(owner|editor)$`: "may do everything",
	`^roles/iam\.(roleAdmin|organizationRoleAdmin|securityAdmin)$`:                                                    "changes roles that it holds, or policies",
	`^roles/iam\.serviceAccount(Admin|KeyAdmin|TokenCreator)$`:                                                        "makes credentials of any account, or grants their use",
	`^roles/iam\.(workloadIdentityUser|workloadIdentityPoolAdmin)$`:                                                   "lets identities from outside be an account",
	`^roles/resourcemanager\.`:                                                                                        "changes the project's policy",
	`^roles/(run|cloudfunctions|appengine|container|compute)\.admin$`:                                                 "sets policies on what it runs, or reaches stronger accounts",
	`^roles/(compute\.(instanceAdmin.*|osAdminLogin)|dataflow\.admin|dataproc\.(admin|editor)|composer\..*)$`:         "runs code as other accounts",
	`^roles/secretmanager\.(admin|secretAccessor|secretVersionManager)$`:                                              "reads or replaces secrets of the whole project",
	`^roles/cloudsql\.(admin|editor)$`:                                                                                "sets the passwords of the database's users, and exports it",
	`^roles/storage\.(admin|objectAdmin|legacy.*)$`:                                                                   "sets policies on buckets or objects",
	`^roles/(cloudbuild\.builds\.(editor|builder)|cloudbuild\.integrations.*|clouddeploy\..*|deploymentmanager\..*)$`: "runs builds as other accounts",
	`^roles/(serviceusage\..*|orgpolicy\..*|billing\..*|accesscontextmanager\..*)$`:                                   "changes what the project allows",
	`^roles/(logging\.(admin|configWriter)|cloudkms\.(admin|cryptoKeyDecrypter.*))$`:                                  "exports logs or reads what is encrypted",
	`^roles/(artifactregistry\.(admin|repoAdmin)|cloudtasks\.(admin|queueAdmin)|pubsub\.admin|iap\.admin)$`:           "sets policies",
	`(?i)setiampolicy$`: "sets a policy",
	`^iam\.(?:serviceAccounts|serviceAccountKeys|roles|denypolicies|workload.*)\.`:   "changes accounts, keys or roles",
	`(?i)(actAs|getAccessToken|getOpenIdToken|signBlob|signJwt|implicitDelegation)$`: "acts as another account",
	`^secretmanager\.versions\.`: "reads or replaces secrets",
	`^(resourcemanager|orgpolicy|serviceusage|billing|deploymentmanager)\.`: "changes the project",
	`^cloudbuild\.`: "runs builds",
	`\*`:            "is more than one permission",
}

// escalates returns why a role or permission is forbidden; empty if it is not.
func escalates(name string) string {
	for pattern, why := range forbidden {
		if regexp.MustCompile(pattern).MatchString(name) {
			return why
		}
	}
	return ""
}

// TestForbiddenIsForbidden holds the patterns to roles and permissions on both sides of
// the line: those with which a project was taken over, and those that are granted.
func TestForbiddenIsForbidden(t *testing.T) {
	for _, name := range []string{
		"roles/owner", "roles/editor", "roles/iam.roleAdmin", "roles/iam.securityAdmin", "roles/iam.serviceAccountAdmin", "roles/iam.serviceAccountKeyAdmin",
		"roles/iam.serviceAccountTokenCreator", "roles/resourcemanager.projectIamAdmin", "roles/run.admin", "roles/compute.admin", "roles/compute.instanceAdmin.v1",
		"roles/secretmanager.admin", "roles/cloudsql.admin", "roles/storage.admin", "roles/storage.objectAdmin", "roles/cloudbuild.builds.editor", "roles/cloudbuild.builds.builder",
		"roles/serviceusage.serviceUsageAdmin", "roles/logging.configWriter", "roles/cloudtasks.queueAdmin", "roles/artifactregistry.admin", "roles/deploymentmanager.editor",
		"iam.roles.update", "iam.serviceAccounts.actAs", "iam.serviceAccounts.getAccessToken", "iam.serviceAccounts.signBlob", "iam.serviceAccountKeys.create",
		"resourcemanager.projects.setIamPolicy", "run.services.setIamPolicy", "cloudtasks.queues.setIamPolicy", "secretmanager.versions.access", "cloudbuild.builds.create", "run.*",
	} {
		if escalates(name) == "" {
			t.Errorf("%s passes", name)
		}
	}
	for _, name := range []string{"roles/viewer", "roles/run.developer", "roles/run.invoker", "roles/cloudscheduler.admin", "roles/storage.objectUser", "cloudtasks.queues.update", "cloudscheduler.jobs.create"} {
		if why := escalates(name); why != "" {
			t.Errorf("%s is refused: it %s", name, why)
		}
	}
}

// roleGrant is one right that Terraform gives: a role on a resource.
type roleGrant struct{ resource, role, member string }

// roleGrants returns every right that a folder gives, for each element of its for_each.
func roleGrants(c *config) []roleGrant {
	var all []roleGrant
	for key, b := range c.blocks {
		if b.Type != "resource" || !strings.HasSuffix(b.Labels[0], "_iam_member") {
			continue
		}
		for _, each := range c.each(b) {
			said := func(name string) string { return shown(c.eval(b.Body.Attributes[name].Expr, each)) }
			all = append(all, roleGrant{key, said("role"), said("member")})
		}
	}
	return all
}

// each returns the names that a block's expressions see, once for every element of its
// for_each, and none for a count of 0.
func (c *config) each(b block) []map[string]cty.Value {
	if count := b.Body.Attributes["count"]; count != nil {
		if n := c.eval(count.Expr, nil); n.IsKnown() && n.RawEquals(cty.Zero) {
			return nil
		}
		return []map[string]cty.Value{nil}
	}
	loop := b.Body.Attributes["for_each"]
	if loop == nil {
		return []map[string]cty.Value{nil}
	}
	var all []map[string]cty.Value
	over := c.eval(loop.Expr, nil)
	if !over.IsKnown() {
		return []map[string]cty.Value{{"each": cty.DynamicVal}}
	}
	for it := over.ElementIterator(); it.Next(); {
		key, value := it.Element()
		if over.Type().IsSetType() {
			key = value
		}
		all = append(all, map[string]cty.Value{"each": cty.ObjectVal(map[string]cty.Value{"key": key, "value": value})})
	}
	return all
}

// shown returns a value as text; what only Google knows is "?".
func shown(v cty.Value) string { return texts(cty.ObjectVal(map[string]cty.Value{"v": v}))["v"] }

// delivered is a configuration with Cloud Build's accounts, in one of the variants.
func delivered(t *testing.T, variant string) *config {
	t.Helper()
	values := maps.Clone(variants()[variant])
	values["delivery"] = `{ accounts = true, state_bucket = "b", repository = "projects/p/locations/r/connections/c/repositories/n" }`
	return load(t, terraform, values)
}

// TestNobodyCanMakeHimselfOwner looks at every right that is given in any variant. On
// single secrets and accounts a right is bounded by what it is given on.
func TestNobodyCanMakeHimselfOwner(t *testing.T) {
	bounded := map[string]string{
		"google_secret_manager_secret_iam_member": "roles/secretmanager.secretAccessor",
	}
	for variant := range variants() {
		c := delivered(t, variant)
		all := append(roleGrants(c), roleGrants(c.module())...)
		if len(all) < 20 {
			t.Errorf("%s: %d rights were found", variant, len(all))
		}
		for _, g := range all {
			kind := strings.Fields(g.resource)[1]
			if why := escalates(g.role); why != "" && bounded[kind] != g.role {
				t.Errorf("%s: %s gives %s, which %s", variant, g.resource, g.role, why)
			}
			if g.role == "roles/iam.serviceAccountUser" && kind != "google_service_account_iam_member" {
				t.Errorf("%s: %s lets its member act as every account of the project", variant, g.resource)
			}
		}
		for key, b := range c.blocks {
			if b.Type != "resource" || b.Labels[0] != "google_project_iam_custom_role" {
				continue
			}
			permissions := c.eval(b.Body.Attributes["permissions"].Expr, nil).AsValueSlice()
			for _, p := range permissions {
				if why := escalates(p.AsString()); why != "" || len(strings.Split(p.AsString(), ".")) != 3 {
					t.Errorf("%s has %s, which %s", key, p.AsString(), why)
				}
			}
		}
	}
}

// TestDeployer holds what Cloud Build's accounts have to a list, and the accounts that
// the deployer acts as to those that releases run as.
func TestDeployer(t *testing.T) {
	c := delivered(t, "defaults")
	have := map[string][]string{}
	for key, b := range c.blocks {
		if b.Type != "resource" || !strings.HasSuffix(b.Labels[0], "_iam_member") {
			continue
		}
		for _, each := range c.each(b) {
			for _, account := range []string{"deployer", "planner"} {
				if who := source(t, c, key, "member"); strings.Contains(who, "google_service_account."+account+"[0]") {
					have[account] = append(have[account], shown(c.eval(b.Body.Attributes["role"].Expr, each)))
				}
			}
		}
	}
	for _, list := range have {
		slices.Sort(list)
	}
	acts := c.local("deployer_acts_as").AsValueMap()
	want := map[string][]string{
		"deployer": {"projects/acme-returns-test/roles/?", "roles/artifactregistry.writer", "roles/cloudscheduler.admin", "roles/iam.securityReviewer", "roles/logging.logWriter", "roles/monitoring.editor", "roles/run.developer", "roles/viewer"},
		"planner":  {"roles/iam.securityReviewer", "roles/logging.logWriter", "roles/viewer"},
	}
	for range acts {
		want["deployer"] = append(want["deployer"], "roles/iam.serviceAccountUser")
	}
	slices.Sort(want["deployer"])
	for account := range have {
		for i, role := range have[account] {
			if strings.Contains(role, "?") || role == "" {
				have[account][i] = "projects/acme-returns-test/roles/?"
			}
		}
		slices.Sort(have[account])
		if diff := cmp.Diff(want[account], have[account]); diff != "" {
			t.Errorf("%s has (-want +have):\n%s", account, diff)
		}
	}
	runs := append(c.modules(), "operator", "scheduler", "housekeeper")
	slices.Sort(runs)
	if diff := cmp.Diff(runs, slices.Sorted(maps.Keys(acts))); diff != "" {
		t.Errorf("the deployer acts as (-what releases run as +have):\n%s", diff)
	}
}
