package deployment_test

import (
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/cloudbuild/apiv1/v2/cloudbuildpb"
	"github.com/goccy/go-yaml"
	"google.golang.org/protobuf/encoding/protojson"
)

// build reads cloudbuild.yaml into Google's own type and takes no unknown field.
func build(t *testing.T) *cloudbuildpb.Build {
	t.Helper()
	text, err := os.ReadFile(root + "/cloudbuild.yaml")
	if err != nil {
		t.Fatal(err)
	}
	asJSON, err := yaml.YAMLToJSON(text)
	if err != nil {
		t.Fatal(err)
	}
	var b cloudbuildpb.Build
	if err := (protojson.UnmarshalOptions{DiscardUnknown: false}).Unmarshal(asJSON, &b); err != nil {
		t.Fatalf("cloudbuild.yaml is no build: %v", err)
	}
	return &b
}

func TestBuildRunsAsItself(t *testing.T) {
	b := build(t)
	if b.GetServiceAccount() == "" || b.GetOptions().GetLogging() != cloudbuildpb.BuildOptions_CLOUD_LOGGING_ONLY {
		t.Error("a build with an account of its own must log to Cloud Logging only")
	}
	var longest time.Duration
	for _, s := range b.GetSteps() {
		longest = max(longest, s.GetTimeout().AsDuration())
	}
	if whole := b.GetTimeout().AsDuration(); whole <= longest || whole > 24*time.Hour {
		t.Errorf("the build may take %v, its longest step %v", whole, longest)
	}
}

// TestBuildOrder looks that every step waits for steps that stand before it, and
// that nothing can be overtaken that must not be.
func TestBuildOrder(t *testing.T) {
	waits := map[string][]string{}
	for i, s := range build(t).GetSteps() {
		if s.GetId() == "" || waits[s.GetId()] != nil {
			t.Errorf("step %d: its id %q is missing or there twice", i+1, s.GetId())
		}
		if len(s.GetWaitFor()) == 0 {
			t.Errorf("step %s waits for nothing by name and so for all before it", s.GetId())
		}
		for _, id := range s.GetWaitFor() {
			if _, before := waits[id]; id != "-" && !before {
				t.Errorf("step %s waits for %q, which is no step before it", s.GetId(), id)
			}
		}
		waits[s.GetId()] = s.GetWaitFor()
	}
	var after func(step, earlier string) bool
	after = func(step, earlier string) bool {
		return slices.ContainsFunc(waits[step], func(id string) bool { return id == earlier || after(id, earlier) })
	}
	for _, pair := range [][2]string{
		{"image", "test"}, {"plan", "image"}, {"plan", "check"}, {"job", "plan"},
		{"migrate", "job"}, {"apply", "migrate"}, {"smoke", "apply"}, {"check", "init"},
	} {
		if !after(pair[0], pair[1]) {
			t.Errorf("%s can run before %s has ended", pair[0], pair[1])
		}
	}
}

// builtin are the substitutions that Cloud Build makes by itself.
var builtin = []string{"PROJECT_ID", "PROJECT_NUMBER", "BUILD_ID", "LOCATION", "COMMIT_SHA", "SHORT_SHA", "BRANCH_NAME", "TAG_NAME", "REPO_NAME", "REVISION_ID", "TRIGGER_NAME"}

// dollar is everything that begins with a dollar: an escaped one, a name, or what
// Cloud Build would choke on.
var dollar = regexp.MustCompile(`\$(\$|\{?([A-Za-z_][A-Za-z0-9_]*)\}?|.|$)`)

// TestSubstitutions looks that what is used is defined, what is defined is used,
// and every dollar that is the shell's is written twice.
func TestSubstitutions(t *testing.T) {
	b := build(t)
	used := map[string]bool{}
	note := func(where, s string) {
		for _, m := range dollar.FindAllStringSubmatch(s, -1) {
			if m[1] == "$" {
				continue
			}
			used[m[2]] = true
			if _, ours := b.GetSubstitutions()[m[2]]; !ours && !slices.Contains(builtin, m[2]) {
				t.Errorf("%s: %q is no substitution; a dollar of the shell is written $$", where, m[0])
			}
		}
	}
	note("serviceAccount", b.GetServiceAccount())
	for _, s := range b.GetSteps() {
		for _, part := range append(append([]string{s.GetName(), s.GetDir(), s.GetEntrypoint()}, s.GetArgs()...), s.GetEnv()...) {
			note("step "+s.GetId(), part)
		}
		if s.GetScript() != "" {
			t.Errorf("step %s: substitutions do not reach script; use args", s.GetId())
		}
	}
	for name := range b.GetSubstitutions() {
		if !regexp.MustCompile(`^_[A-Z0-9_]+$`).MatchString(name) {
			t.Errorf("%s: a substitution of ours begins with _ and is in capitals", name)
		}
		if !used[name] {
			t.Errorf("%s is defined and not used, which Cloud Build refuses", name)
		}
	}
}

// TestTriggersKnowTheSubstitutions compares what Terraform's triggers say with
// what the build knows.
func TestTriggersKnowTheSubstitutions(t *testing.T) {
	values := required()
	values["delivery"] = `{ accounts = true, state_bucket = "b", repository = "projects/p/locations/r/connections/c/repositories/n" }`
	c := load(t, terraform, values)
	known := build(t).GetSubstitutions()
	for trigger, deploys := range map[string]string{"deliver": "true", "propose": "false"} {
		said := texts(c.attribute("resource google_cloudbuild_trigger "+trigger, "substitutions"))
		for name := range said {
			if _, ok := known[name]; !ok {
				t.Errorf("trigger %s says %s, which cloudbuild.yaml does not know", trigger, name)
			}
		}
		if said["_DEPLOY"] != deploys {
			t.Errorf("trigger %s: _DEPLOY is %s", trigger, said["_DEPLOY"])
		}
	}
	if known["_DEPLOY"] != "false" {
		t.Error("a build without settings must deploy nothing")
	}
}

// TestNothingIsDeployedByAProposal looks that every step that changes something
// asks first whether it may.
func TestNothingIsDeployedByAProposal(t *testing.T) {
	changing := regexp.MustCompile(`terraform .*apply|gcloud run jobs execute|\.ci/image|\.ci/smoke`)
	guarded := regexp.MustCompile(`^\[ "\$_DEPLOY" = true \] \|\| (exit 0|\{ echo "[^"]*"; exit 0; \})\n`)
	for _, s := range build(t).GetSteps() {
		args := s.GetArgs()
		text := args[len(args)-1]
		if changing.MatchString(text) && !guarded.MatchString(text) && !slices.Contains(s.GetEnv(), "DEPLOY=$_DEPLOY") {
			t.Errorf("step %s changes something without asking for _DEPLOY first:\n%s", s.GetId(), text)
		}
	}
}

// TestScriptsAreShell has the shell read, and not run, what it will be given.
func TestScriptsAreShell(t *testing.T) {
	b := build(t)
	var names []string
	for name := range maps.Keys(b.GetSubstitutions()) {
		names = append(names, "$"+name, "x", "${"+name+"}", "x")
	}
	substitute := strings.NewReplacer(append(names, "$$", "$", "$PROJECT_ID", "p")...)
	for _, s := range b.GetSteps() {
		args := s.GetArgs()
		shell := s.GetEntrypoint()
		if len(args) != 2 || args[0] != "-ceu" {
			if _, err := os.Stat(root + "/" + args[0]); err != nil {
				t.Errorf("step %s: %v", s.GetId(), err)
			}
			args = []string{"-ceu", "true"}
		}
		if out, err := exec.CommandContext(t.Context(), shell, "-n", "-c", substitute.Replace(args[1])).CombinedOutput(); err != nil {
			t.Errorf("step %s: %v\n%s", s.GetId(), err, out)
		}
	}
	for _, script := range []string{"image", "smoke", "tool", "owners", "terraform"} {
		if out, err := exec.CommandContext(t.Context(), "bash", "-n", root+"/.ci/"+script).CombinedOutput(); err != nil {
			t.Errorf(".ci/%s: %v\n%s", script, err, out)
		}
		if info, err := os.Stat(root + "/.ci/" + script); err != nil || info.Mode()&0o111 == 0 {
			t.Errorf(".ci/%s cannot be run: %v", script, err)
		}
	}
}

// TestVolumes looks that what a step leaves for another is on a volume that both
// have, and that a volume is shared, as Cloud Build demands.
func TestVolumes(t *testing.T) {
	shared := map[string]int{}
	for _, s := range build(t).GetSteps() {
		mounted := ""
		for _, v := range s.GetVolumes() {
			shared[v.GetName()]++
			mounted += v.GetPath() + " "
		}
		all := strings.Join(append(s.GetArgs(), s.GetEnv()...), "\n")
		if strings.Contains(all, "/build") != strings.Contains(mounted, "/build") {
			t.Errorf("step %s speaks of /build: %v; has the volume: %q", s.GetId(), strings.Contains(all, "/build"), mounted)
		}
	}
	for name, steps := range shared {
		if steps < 2 {
			t.Errorf("volume %s belongs to one step alone", name)
		}
	}
}
