package deployment_test

import (
	"context"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sethvargo/go-envconfig"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/server"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/telemetry"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wings"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/destination/algolia"
)

// folders returns the functions' folders by their entry points, as Terraform has
// them.
func folders(c *config) map[string]string {
	found := map[string]string{}
	for folder, size := range c.local("scale").AsValueMap() {
		found[size.GetAttr("target").AsString()] = folder
	}
	return found
}

// TestEveryFunctionHasItsFile compares the functions of the program with the
// modules, files and sizes of Terraform.
func TestEveryFunctionHasItsFile(t *testing.T) {
	c := load(t, terraform, required())
	targets := folders(c)
	var want, modules []string
	for _, f := range server.Functions() {
		folder, ok := targets[f.Name]
		if !ok {
			t.Errorf("function %s: scaling.tf has no size with target %q", f.Name, f.Name)
			continue
		}
		want = append(want, folder)
		if file := c.files["module "+folder]; file != "function_"+folder+".tf" {
			t.Errorf("function %s: terraform/function_%s.tf with module %q is missing (it is in %q)", f.Name, folder, folder, file)
		}
		if _, err := os.Stat(filepath.Join(root, "functions", folder, "function.go")); err != nil {
			t.Errorf("function %s: Terraform calls it %s, and there is no such folder: %v", f.Name, folder, err)
		}
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, c.modules()); diff != "" {
		t.Errorf("modules that no function of the program stands for (+), or that are missing (-):\n%s", diff)
	}
	for target, folder := range targets {
		if !slices.Contains(want, folder) {
			t.Errorf("scaling.tf has a size for %s (%s), which is no function of the program", folder, target)
		}
	}
	files, _ := filepath.Glob(filepath.Join(terraform, "function_*.tf"))
	for _, file := range files {
		name := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), "function_"), ".tf")
		modules = append(modules, name)
	}
	if diff := cmp.Diff(want, modules); diff != "" {
		t.Errorf("files function_*.tf (-program +files):\n%s", diff)
	}
}

// recorder looks names up and remembers which were asked for.
type recorder struct {
	mu    sync.Mutex
	vars  map[string]string
	asked map[string]bool
}

// Lookup implements envconfig.Lookuper.
func (r *recorder) Lookup(name string) (string, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked[name] = true
	value, ok := r.vars[name]
	return value, ok
}

// samples stand for what only the deployed thing knows.
var samples = map[string]string{
	"SOURCE_DSN": "u:p@tcp(127.0.0.1:1)/d", "STATE_DSN": "u:p@tcp(127.0.0.1:1)/d", "CLOUD_SQL_INSTANCE": "p:r:i",
	"ALGOLIA_WRITE_KEY": "example", "ALGOLIA_SEARCH_KEY": "example", "ALGOLIA_BROWSE_KEY": "example", "ALGOLIA_CHECK_KEY": "example", "ALGOLIA_SETTINGS_KEY": "example",
	"SEARCH_JWT_SECRET": strings.Repeat("x", 32), "SLACK_WEBHOOK_URL": "https://hooks.example/a", "ALERT_WEBHOOK_URL": "https://hooks.example/b",
	"TEAMS_WEBHOOK_URL": "https://hooks.example/c", "PAGERDUTY_ROUTING_KEY": "example", "METRICS_TOKEN": strings.Repeat("m", 32), "OTEL_EXPORTER_OTLP_HEADERS": "api-key=x", "ALERT_SMTP_PASSWORD": "example",
	"SPAPI_CLIENT_ID": "example", "SPAPI_CLIENT_SECRET": "example", "SPAPI_REFRESH_TOKEN": "example", "AIRTABLE_TOKEN": "example", "MONGODB_URI": "mongodb://example",
	"EXCHANGE_JWT_SECRET": strings.Repeat("j", 32), "EXCHANGE_KEY_SECRET": strings.Repeat("k", 32), "TRANSFER_TOKEN": strings.Repeat("t", 32),
	"CALLER_EMAILS": "c@p.iam.gserviceaccount.com", "TASKS_SERVICE_ACCOUNT": "a@p.iam.gserviceaccount.com", "SCHEDULER_SERVICE_ACCOUNT": "b@p.iam.gserviceaccount.com",
}

// environment returns the settings of a function in the cloud, and
// samples for its secrets and for what is not known before it is deployed.
func environment(t *testing.T, c *config, folder string) map[string]string {
	t.Helper()
	env := texts(c.attribute("module "+folder, "env"))
	for name, value := range env {
		if strings.Contains(value, "?") || value == "" {
			env[name] = samples[name]
		}
	}
	for name := range texts(c.attribute("module "+folder, "secrets")) {
		if _, twice := env[name]; twice {
			t.Errorf("%s: %s is a setting and a secret", folder, name)
		}
		env[name] = samples[name]
	}
	for name, value := range env {
		if value == "" {
			t.Errorf("%s: %s is empty, or has no sample in this test", folder, name)
		}
	}
	// What modules/function adds.
	for name := range c.module().added() {
		env[name] = ""
	}
	delete(env, "GOMEMLIMIT") // Go's own runtime reads it, see memory_test.go
	env["FUNCTION_TARGET"] = c.local("scale").GetAttr(folder).GetAttr("target").AsString()
	env["CLOUD_RUN_TIMEOUT_SECONDS"] = c.local("scale").GetAttr(folder).GetAttr("timeout").AsBigFloat().String()
	return env
}

// module returns the module that every function is made with.
func (c *config) module() *config {
	return load(c.t, filepath.Join(terraform, "modules", "function"), map[string]string{"env": "{}", "secrets": "{}"})
}

// added returns the environment that the module adds by itself.
func (c *config) added() map[string]string { return texts(c.local("env")) }

// TestEnvironment opens every function with exactly what Terraform sets: all
// that it requires must be there, and all that is there must be read.
func TestEnvironment(t *testing.T) {
	for name, values := range variants() {
		c := load(t, terraform, values)
		targets := folders(c)
		for _, f := range server.Functions() {
			folder := targets[f.Name]
			if folder == "" {
				continue // the test above reports it
			}
			t.Run(name+"/"+folder, func(t *testing.T) {
				c := load(t, terraform, values)
				env := environment(t, c, folder)
				set := slices.Sorted(maps.Keys(env))
				// Google's clients dial nothing before they are used, and want no
				// credentials for an emulator.
				env["K_SERVICE"] = "return-sync-" + folder // as Cloud Run does
				env["CLOUD_TASKS_EMULATOR_HOST"], env["CLOUD_SCHEDULER_EMULATOR_HOST"] = "127.0.0.1:1", "127.0.0.1:1"
				r := &recorder{vars: env, asked: map[string]bool{}}
				open(t, f, r)
				for _, name := range set {
					if !r.asked[name] {
						t.Errorf("Terraform sets %s for %s, and %s does not read it", name, folder, f.Name)
					}
				}
			})
		}
	}
}

// open opens a function as the server does, with its log thrown away.
func open(t *testing.T, f wire.Function, r *recorder) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var serving server.Config
	if _, err := wire.NewEnv(ctx, r, nil); err != nil {
		t.Errorf("%s: %v", f.Name, err)
	}
	if _, err := (&wire.Env{Lookup: r, Wings: wings.All()}).Used(ctx); err != nil {
		t.Errorf("%s: %v", f.Name, err)
	}
	if err := wire.Configure(ctx, r, &serving); err != nil {
		t.Errorf("%s: %v", f.Name, err)
	}
	if err := wire.Configure(ctx, r, &telemetry.Config{}); err != nil {
		t.Errorf("%s: %v", f.Name, err)
	}
	if serving.Target != f.Name {
		t.Errorf("FUNCTION_TARGET is %q, want %q", serving.Target, f.Name)
	}
	e := &wire.Env{Lookup: r, Log: slog.New(slog.DiscardHandler), Wings: wings.All()}
	defer func() {
		cancel()
		_ = e.Close()
	}()
	if _, err := f.Serve(ctx, e); err != nil {
		t.Errorf("%s does not open with the settings of Terraform:\n%v", f.Name, err)
	}
}

// TestSecretsAreReadByFew holds each secret to the functions that may read it.
func TestSecretsAreReadByFew(t *testing.T) {
	readers := map[string][]string{}
	c := load(t, terraform, variants()["everything"])
	collect := func(c *config) {
		for _, folder := range c.modules() {
			for _, secret := range texts(c.attribute("module "+folder, "secrets")) {
				if !slices.Contains(readers[secret], folder) {
					readers[secret] = append(readers[secret], folder)
				}
			}
		}
	}
	collect(c)
	collect(load(t, terraform, variants()["defaults"]))
	for secret, want := range map[string][]string{
		"algolia-write-key": {"follow", "process"}, "algolia-search-key": {"search"}, "algolia-browse-key": {"console", "verify"}, "algolia-check-key": {"watch"},
		"slack-webhook": {"watch"}, "alert-webhook": {"watch"}, "teams-webhook": {"watch"}, "pagerduty-key": {"watch"}, "smtp-password": {"watch"}, "metrics-token": {"console"}, "otlp-headers": {"console", "process", "search", "watch"}, "search-dsn": {"search"}, "search-jwt-secret": {"console", "scopes", "search"},
	} {
		if diff := cmp.Diff(want, readers["return-sync-"+secret]); diff != "" {
			t.Errorf("secret %s is read by (-want +have):\n%s", secret, diff)
		}
	}
}

// TestOperatorJob holds the environment of the operator job to names that the command line
// reads, and looks that it can compare the index.
func TestOperatorJob(t *testing.T) {
	known := literals(t, root+"/functions/cmd/internal/cli/settings.go")
	for name, values := range variants() {
		c := load(t, terraform, values)
		env, secrets := texts(c.local("operator_env")), texts(c.local("operator_secrets"))
		for setting := range env {
			if !known[setting] {
				t.Errorf("%s: Terraform sets %s for the operator job, and returnsync does not know it", name, setting)
			}
		}
		for setting, secret := range secrets {
			if _, there := c.local("secrets").AsValueMap()[secret]; !known[setting] || !there {
				t.Errorf("%s: the operator job's %s from secret %s: known %v, secret there %v", name, setting, secret, known[setting], there)
			}
			env[setting] = samples[setting]
		}
		var index algolia.BrowseConfig
		err := wire.Configure(t.Context(), envconfig.MapLookuper(env), &index)
		if err == nil {
			_, err = algolia.NewBrowser(index)
		}
		if (err == nil) != (name != "ledger") {
			t.Errorf("%s: verify --deep and repair --deep of the operator job: %v", name, err)
		}
	}
}
