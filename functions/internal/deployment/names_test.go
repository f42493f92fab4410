package deployment_test

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/sethvargo/go-envconfig"
	"github.com/zclconf/go-cty/cty"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/queue/cloudtasks"
	"gitlab.com/eshopbox-team/return-sync/shared/schedule/cloudscheduler"
)

// named is what a kind of resource is known by in a project. What is empty has no name
// of its own: it belongs to another resource, or to the project as a whole.
var named = map[string]string{
	"google_artifact_registry_repository":            "repository_id",
	"google_artifact_registry_repository_iam_member": "",
	"google_cloud_run_v2_job":                        "name",
	"google_cloud_run_v2_service":                    "name",
	"google_cloud_run_v2_service_iam_member":         "",
	"google_cloud_scheduler_job":                     "name",
	"google_cloud_tasks_queue":                       "name",
	"google_cloud_tasks_queue_iam_member":            "",
	"google_cloudbuild_trigger":                      "name",
	"google_compute_global_address":                  "name",
	"google_compute_network":                         "name",
	"google_compute_subnetwork":                      "name",
	"google_iap_web_cloud_run_service_iam_member":    "",
	"google_logging_metric":                          "name",
	"google_monitoring_alert_policy":                 "display_name",
	"google_monitoring_dashboard":                    "dashboard_json", // its title is looked at below
	"google_monitoring_uptime_check_config":          "display_name",
	"google_project_iam_custom_role":                 "role_id",
	"google_project_iam_member":                      "",
	"google_project_service":                         "",
	"google_secret_manager_secret":                   "secret_id",
	"google_secret_manager_secret_iam_member":        "",
	"google_service_account":                         "account_id",
	"google_service_account_iam_member":              "",
	"google_service_networking_connection":           "",
	"google_sql_database":                            "", // on the instance
	"google_sql_database_instance":                   "name",
	"google_sql_user":                                "name",
	"google_storage_bucket_iam_member":               "",
}

// names returns the names of all that an installation makes, as "KIND NAME".
func names(t *testing.T, prefix string) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	collect := func(c *config) {
		for key, b := range c.blocks {
			if b.Type != "resource" {
				continue
			}
			attribute, known := named[b.Labels[0]]
			switch {
			case !known:
				t.Errorf("%s: this test does not know by what a %s is known in a project", key, b.Labels[0])
			case attribute == "" || b.Labels[0] == "google_monitoring_dashboard":
			default:
				for _, each := range c.each(b) {
					found[b.Labels[0]+" "+shown(c.eval(b.Body.Attributes[attribute].Expr, each))] = true
				}
			}
		}
	}
	// With IAM there are users of the database as well, and with delivery triggers.
	values := maps.Clone(variants()["iam"])
	values["image"], values["operator_image"] = `"a@sha256:0"`, `"b@sha256:0"`
	values["delivery"] = `{ accounts = true, state_bucket = "b", repository = "projects/p/locations/r/connections/c/repositories/n" }`
	values["prefix"] = fmt.Sprintf("%q", prefix)
	c := load(t, terraform, values)
	collect(c)
	collect(load(t, terraform, func() map[string]string {
		with := maps.Clone(values)
		with["database"] = `{}` // secrets that are not there with IAM
		return with
	}()))
	for _, folder := range c.modules() {
		collect(load(t, filepath.Join(terraform, "modules", "function"), map[string]string{
			"env": "{}", "secrets": "{}", "image": `"a@sha256:0"`, "name": fmt.Sprintf("%q", folder), "prefix": values["prefix"],
		}))
	}
	found["title "+c.local("title").AsString()] = true
	for _, one := range slices.Sorted(maps.Keys(found)) {
		if name := one[strings.IndexByte(one, ' ')+1:]; name == "" || name == "?" {
			t.Errorf("prefix %s: %q has no name that a plan knows", prefix, one)
		}
	}
	return found
}

// TestTwoInstallations compares the names of installations in one project, also where
// one's prefix begins with another's.
func TestTwoInstallations(t *testing.T) {
	prefixes := []string{"return-sync", "return-sync-eu", "return-sync2", "acme", "acme-eu"}
	made := map[string]map[string]bool{}
	for _, prefix := range prefixes {
		made[prefix] = names(t, prefix)
		if n := len(made[prefix]); n < 60 {
			t.Errorf("prefix %s: %d names were found", prefix, n)
		}
	}
	for i, one := range prefixes {
		for _, other := range prefixes[i+1:] {
			for name := range made[one] {
				if made[other][name] {
					t.Errorf("installations %s and %s both make %s", one, other, name)
				}
			}
		}
	}
	for _, name := range []string{"google_cloud_tasks_queue returnSync", "google_cloud_scheduler_job returnsUpdateCron", "google_cloud_run_v2_service return-sync-cron", "google_service_account return-sync-tasks", "title Return-sync"} {
		if !made["return-sync"][name] {
			t.Errorf("the default installation no longer has %s", name)
		}
	}
}

// TestInstallationsDoNotSeeEachOther looks at what finds things by the beginning of
// their names: filters of Monitoring and Logging, and the jobs of schedules.
func TestInstallationsDoNotSeeEachOther(t *testing.T) {
	for _, prefix := range []string{"return-sync", "return-sync-eu", "acme"} {
		values := maps.Clone(variants()["defaults"])
		values["prefix"] = fmt.Sprintf("%q", prefix)
		c := load(t, terraform, values)
		filters := texts(c.local("log_filters"))
		maps.Copy(filters, texts(c.local("run_service")))
		filters["all"] = c.local("run_services").AsString()
		for key, filter := range filters {
			if strings.Contains(filter, `service_name:"`) || strings.Contains(filter, "starts_with") || !strings.Contains(filter, `"`+prefix+"-") {
				t.Errorf("%s of %s finds services by less than their names: %s", key, prefix, filter)
			}
		}
		var schedules cloudscheduler.Config
		env := envconfig.MapLookuper(environment(t, c, "schedules"))
		if err := wire.Configure(t.Context(), env, &schedules); err != nil {
			t.Fatal(err)
		}
		for _, other := range []string{"return-sync", "return-sync-eu", "acme", "acme-eu"} {
			for name := range names(t, other) {
				if job, ok := strings.CutPrefix(name, "google_cloud_scheduler_job "); ok && strings.HasPrefix(job, schedules.Installation+schedules.Prefix) {
					t.Errorf("schedules of %s would delete job %s of %s", prefix, job, other)
				}
			}
		}
	}
}

// TestQueuesAreCalledByTheirNames compares the queues that the program sends to with
// those that Terraform makes, for every function and the operator job.
func TestQueuesAreCalledByTheirNames(t *testing.T) {
	for _, prefix := range []string{"return-sync", "acme"} {
		values := maps.Clone(variants()["defaults"])
		values["prefix"] = fmt.Sprintf("%q", prefix)
		c := load(t, terraform, values)
		senders := map[string]map[string]string{"operator": texts(c.local("operator_env"))}
		for _, folder := range c.modules() {
			if env := texts(c.attribute("module "+folder, "env")); env["TASKS_LOCATION"] != "" {
				senders[folder] = env
			}
		}
		if len(senders) != 9 {
			t.Errorf("%d senders", len(senders))
		}
		for sender, env := range senders {
			env["TASKS_SERVICE_ACCOUNT"] = samples["TASKS_SERVICE_ACCOUNT"]
			var tasks cloudtasks.Config
			if err := wire.Configure(t.Context(), envconfig.MapLookuper(env), &tasks); err != nil {
				t.Fatal(err)
			}
			for queue, name := range texts(c.local("queue_names")) {
				if tasks.Prefix+queue != name {
					t.Errorf("%s of %s sends to %s, Terraform makes %s", sender, prefix, tasks.Prefix+queue, name)
				}
			}
			for job, name := range texts(c.local("job_names")) {
				if tasks.Prefix+job != name {
					t.Errorf("%s of %s asks for job %s, Terraform makes %s", sender, prefix, tasks.Prefix+job, name)
				}
			}
		}
	}
}

// TestPrefixes runs the rules of the variable over prefixes.
func TestPrefixes(t *testing.T) {
	c := load(t, terraform, required())
	for prefix, ok := range map[string]bool{
		"return-sync": true, "abc": true, "acme-eu": true, "return-sync-west": true, "a1b": true,
		"": false, "ab": false, "Acme": false, "acme_eu": false, "1acme": false, "acme-": false, "return-sync-west1": false,
		"sync-schedule": false, "x-sync-schedule": false, "sync-schedule-2": false,
	} {
		taken := true
		for _, inner := range c.blocks["variable prefix"].Body.Blocks {
			value, diags := inner.Body.Attributes["condition"].Expr.Value(&hcl.EvalContext{
				Functions: functions, Variables: map[string]cty.Value{"var": cty.ObjectVal(map[string]cty.Value{"prefix": cty.StringVal(prefix)})},
			})
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			taken = taken && value.True()
		}
		if taken != ok {
			t.Errorf("prefix %q is taken: %v", prefix, taken)
		}
	}
}
