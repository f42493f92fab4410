package deployment_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// released are the kinds of resources that the deployer may change, and how.
var released = map[string][]string{
	"google_cloud_run_v2_service":           {"created", "updated in-place", "replaced", "destroyed"},
	"google_cloud_run_v2_job":               {"created", "updated in-place", "replaced", "destroyed"},
	"google_cloud_scheduler_job":            {"created", "updated in-place", "replaced", "destroyed"},
	"google_cloud_tasks_queue":              {"updated in-place"},
	"google_logging_metric":                 {"created", "updated in-place", "replaced", "destroyed"},
	"google_monitoring_alert_policy":        {"created", "updated in-place", "replaced", "destroyed"},
	"google_monitoring_dashboard":           {"created", "updated in-place", "replaced", "destroyed"},
	"google_monitoring_uptime_check_config": {"created", "updated in-place", "replaced", "destroyed"},
}

// TestOwnersApplyTheRest gives .ci/owners a plan with every kind of resource that
// Terraform makes and everything that can be done with it.
func TestOwnersApplyTheRest(t *testing.T) {
	plan := filepath.Join(t.TempDir(), "plan")
	run := func(text string, args ...string) (string, error) {
		if err := os.WriteFile(plan, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.CommandContext(t.Context(), "sh", append([]string{root + "/.ci/owners", plan}, args...)...).CombinedOutput()
		return string(out), err
	}
	const head = "Terraform will perform the following actions:\n\n"
	all, allowed := head, head
	refused := map[string]bool{}
	for kind := range named {
		for _, address := range []string{kind + ".x", kind + `.x["a b"]`, kind + ".y[0]", "module.cron." + kind + `.x["roles/a.b"]`, `module.cron["a"].` + kind + ".x"} {
			for _, action := range []string{"created", "updated in-place", "replaced", "destroyed"} {
				verb := map[bool]string{true: "must", false: "will"}[action == "replaced"]
				line := fmt.Sprintf("  # %s %s be %s\n  + resource {\n      # (3 unchanged attributes hidden)\n    }\n", address, verb, action)
				all += line
				if slices.Contains(released[kind], action) {
					allowed += line
				} else {
					word, _, _ := strings.Cut(action, " ")
					refused["  "+address+" ("+word+")"] = true
				}
			}
		}
	}
	if out, err := run(allowed); err != nil || out != "" {
		t.Errorf("a release is stopped: %v\n%s", err, out)
	}
	for _, args := range [][]string{nil, {"note"}} {
		out, err := run(all, args...)
		if (err == nil) != (len(args) == 1) {
			t.Errorf("with %q: %v", args, err)
		}
		said := map[string]bool{}
		for _, line := range strings.Split(strings.TrimSuffix(out, "\n"), "\n")[1:] {
			said[line] = true
		}
		if diff := cmp.Diff(refused, said); diff != "" {
			t.Errorf("an owner applies (-want +said):\n%s", diff)
		}
	}
}
