package deployment_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/sethvargo/go-envconfig"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/sourcetest"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wings"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/queue/cloudtasks"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/flow"
)

// TestQueues compares the names of the queues.
func TestQueues(t *testing.T) {
	want := wings.Queues()
	var have []string
	for name := range load(t, terraform, required()).local("queues").AsValueMap() {
		have = append(have, name)
	}
	slices.Sort(want)
	slices.Sort(have)
	if diff := cmp.Diff(want, have); diff != "" || len(want) == 0 {
		t.Errorf("queues (-functions/internal/wire +terraform/queues.tf):\n%s", diff)
	}
}

// jobSaid is how a function's comment names the scheduler's jobs that call it.
var jobSaid = regexp.MustCompile(`\breturns[A-Z][A-Za-z]*\b`)

// TestJobs compares the scheduler's jobs with what the functions' comments say
// about who calls them, and each job's deadline with its function's time.
func TestJobs(t *testing.T) {
	c := load(t, terraform, required())
	said := map[string]string{"returnsJobs": "cron"} // said in cron's comment as ?jobs=1
	for _, folder := range c.modules() {
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, "functions", folder, "function.go"), nil, parser.ParseComments|parser.PackageClauseOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range jobSaid.FindAllString(file.Doc.Text(), -1) {
			said[name] = folder
		}
	}
	have := map[string]string{}
	for name, job := range c.local("jobs").AsValueMap() {
		have[name] = job.GetAttr("function").AsString()
	}
	if diff := cmp.Diff(said, have); diff != "" {
		t.Errorf("scheduler jobs (-functions/*/function.go +terraform/scheduler.tf):\n%s", diff)
	}
	for _, f := range []string{root + "/functions/internal/rehearsal/functions.go", root + "/functions/cmd/returnsync/internal/setup/doctor_checks.go"} {
		for name := range literals(t, f) {
			if name != "" && jobSaid.FindString(name) == name && have[name] == "" {
				t.Errorf("%s calls a job %q, which Terraform does not make", f, name)
			}
		}
	}
	text, err := os.ReadFile(terraform + "/scheduler.tf")
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`attempt_deadline\s*=\s*"\$\{local\.scale\[each\.value\.function\]\.timeout\}s"`).Match(text) {
		t.Error("scheduler.tf: a job's attempt_deadline must be its function's timeout")
	}
}

// literals returns the texts of a Go file.
func literals(t *testing.T, path string) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	sourcetest.Inspect(t, func(_ string, n ast.Node) {
		if text, ok := sourcetest.Text(n); ok {
			found[text] = true
		}
	}, path)
	return found
}

// TestTimesAgree reads the times and attempts that Terraform gives the program by
// the program's own rules.
func TestTimesAgree(t *testing.T) {
	c := load(t, terraform, required())
	env := envconfig.MapLookuper(environment(t, c, "window"))
	var steps flow.Config
	var tasks cloudtasks.Config
	if err := wire.Configure(t.Context(), env, &steps, &tasks); err != nil {
		t.Fatal(err)
	}
	if err := steps.Check(); err != nil {
		t.Error(err)
	}
	seconds := func(n int) time.Duration { return time.Duration(n) * time.Second }
	for _, folder := range []string{"window", "process"} {
		timeout := seconds(c.scale(folder, "timeout"))
		if tasks.Deadline < timeout {
			t.Errorf("a task is waited for %v and %s may work %v: a second delivery would meet the first", tasks.Deadline, folder, timeout)
		}
	}
	if work := seconds(c.scale("process", "timeout")) * 9 / 10; steps.PageLease > work {
		t.Errorf("a page may take %v and a request of process ends after %v", steps.PageLease, work)
	}
	if attempts := c.number("queue_attempts"); attempts <= steps.PageAttempts {
		t.Errorf("a queue tries %d times, a page %d", attempts, steps.PageAttempts)
	}
	if wait := seconds(c.number("queue_max_backoff")); wait >= steps.RunLease {
		t.Errorf("a queue waits %v between two attempts, and a run may be silent for %v", wait, steps.RunLease)
	}
}

// TestSumsAgree computes for itself what the functions take, what the queues
// deliver and how many connections there can be, at several sizes.
func TestSumsAgree(t *testing.T) {
	for _, scaling := range []string{"{}", `{ process = { instances = 1, concurrency = 1 } }`, `{ process = { instances = 7, concurrency = 3 }, window = { instances = 3 } }`} {
		values := required()
		values["scaling"] = scaling
		c := load(t, terraform, values)
		pages := c.number("processing_concurrency") + c.number("backfill_concurrency")
		takes := c.scale("process", "instances") * c.scale("process", "concurrency")
		if small := takes < 2; pages > takes && !small {
			t.Errorf("%s: the queues deliver %d pages at once and process takes %d", scaling, pages, takes)
		} else if small && c.number("processing_concurrency") > 0 {
			t.Errorf("%s: one request at once is too few for two queues, and nothing would stop the plan", scaling)
		}
		if n, takes := c.number("sync_concurrency")+c.number("backfill_concurrency"), c.scale("window", "instances")*c.scale("window", "concurrency"); n > takes {
			t.Errorf("%s: the queues deliver %d tasks at once and window takes %d", scaling, n, takes)
		}
		connections := 0
		for _, folder := range c.modules() {
			connections += c.scale(folder, "instances") * c.scale(folder, "pools") * c.scale(folder, "connections")
		}
		if connections != c.number("connections") {
			t.Errorf("%s: %d connections, Terraform says %d", scaling, connections, c.number("connections"))
		}
		room, _ := c.vars["database"].GetAttr("max_connections").AsBigFloat().Int64()
		if scaling == "{}" && connections >= int(room) {
			t.Errorf("the defaults want %d connections of %d", connections, room)
		}
	}
}

// TestAddresses checks that a function gets the addresses that Cloud Run gives.
func TestAddresses(t *testing.T) {
	c := load(t, terraform, required())
	for folder, name := range map[string]string{"window": "WINDOW_URL", "process": "PROCESS_URL", "schedules": "SCHEDULES_URL"} {
		teller := map[string]string{"window": "cron", "process": "window", "schedules": "schedules"}[folder]
		want := fmt.Sprintf("https://return-sync-%s-123456789012.asia-south1.run.app", folder)
		if have := texts(c.attribute("module "+teller, "env"))[name]; have != want {
			t.Errorf("%s of %s is %s, want %s", name, teller, have, want)
		}
	}
}

// TestWhoCalls holds the callers and the ways in to a list, and everybody to the
// one function that has a variable for it.
func TestWhoCalls(t *testing.T) {
	want := map[string][]string{
		"cron": {"scheduler"}, "window": {"tasks"}, "process": {"tasks"}, "search": {"uptime"},
		"verify": {"housekeeper"}, "schedules": {"housekeeper"}, "watch": {"housekeeper"}, "scopes": {"operator-team"}, "console": {"operator-team"}, "reports": {"tasks", "housekeeper"},
		"exchange": {"everybody"}, // partners log in by themselves
		"partners": {"tasks"},
		"transfer": {"tasks", "housekeeper"}, "transfers": {"everybody"}, // both systems bring a token
	}
	values := required()
	values["operators"] = `{ team = "group:ops@example.com" }`
	c := load(t, terraform, values)
	for _, folder := range c.modules() {
		var have []string
		for name := range texts(c.attribute("module "+folder, "invokers")) {
			have = append(have, name)
		}
		slices.Sort(have)
		slices.Sort(want[folder])
		if diff := cmp.Diff(want[folder], have); diff != "" {
			t.Errorf("%s is called by (-want +have):\n%s", folder, diff)
		}
		_, open := c.blocks["module "+folder].Body.Attributes["ingress"]
		if fromOutside := folder == "search" || folder == "scopes" || folder == "console" || folder == "exchange" || folder == "transfers"; open != fromOutside {
			t.Errorf("%s: ingress from everywhere is %v, want %v", folder, open, fromOutside)
		}
	}
	values["search_public"] = "true"
	c = load(t, terraform, values)
	for _, folder := range c.modules() {
		for name, member := range texts(c.attribute("module "+folder, "invokers")) {
			if (member == "allUsers") != ((folder == "search" || folder == "exchange" || folder == "transfers") && name == "everybody") {
				t.Errorf("%s may be called by %s (%s)", folder, name, member)
			}
		}
	}
}

// TestRoles holds every role that Terraform grants to a list.
func TestRoles(t *testing.T) {
	want := map[string][]string{
		"google_artifact_registry_repository_iam_member": {"roles/artifactregistry.writer"},
		"google_cloud_run_v2_service_iam_member":         {"roles/run.invoker"},
		"google_cloud_tasks_queue_iam_member":            {"roles/cloudtasks.enqueuer", "roles/cloudtasks.viewer"},
		"google_iap_web_cloud_run_service_iam_member":    {"roles/iap.httpsResourceAccessor"},
		"google_secret_manager_secret_iam_member":        {"roles/secretmanager.secretAccessor"},
		"google_service_account_iam_member":              {"roles/iam.serviceAccountUser"},
		"google_storage_bucket_iam_member":               {"roles/storage.objectViewer"},
	}
	have := map[string][]string{}
	for _, c := range []*config{load(t, terraform, required()), load(t, terraform, required()).module()} {
		for _, b := range c.blocks {
			if b.Type != "resource" || !regexp.MustCompile(`_iam_(member|binding|policy)$`).MatchString(b.Labels[0]) {
				continue
			}
			kind := b.Labels[0]
			if !regexp.MustCompile(`_iam_member$`).MatchString(kind) {
				t.Errorf("%s would take away what others were given: use _iam_member", kind)
			}
			role, literal := text(b.Body.Attributes["role"].Expr)
			if literal && !slices.Contains(have[kind], role) {
				have[kind] = append(have[kind], role)
			}
			if kind != "google_project_iam_member" && kind != "google_storage_bucket_iam_member" && !literal {
				t.Errorf("%s %s: write its role down", kind, b.Labels[1])
			}
		}
	}
	delete(have, "google_project_iam_member") // below
	for kind := range have {
		slices.Sort(have[kind])
	}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("roles (-want +terraform):\n%s", diff)
	}
	c := load(t, terraform, variants()["iam"])
	var project []string
	for _, role := range c.local("sql_roles").AsValueSlice() {
		project = append(project, role.AsString())
	}
	if diff := cmp.Diff([]string{"roles/cloudsql.client", "roles/cloudsql.instanceUser"}, project); diff != "" {
		t.Errorf("roles on the project that functions have (-want +terraform):\n%s", diff)
	}
}

// text returns an expression's text, if it is nothing but text.
func text(e hclsyntax.Expression) (string, bool) {
	value, diags := e.Value(nil)
	if diags.HasErrors() {
		return "", false
	}
	return value.AsString(), true
}
