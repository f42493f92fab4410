package deployment_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// standIn is the program that stands for gcloud, terraform, git, go and openssl: it
// writes down how it was called, and what Terraform would have read at that time.
const standIn = `#!/bin/bash
name=$(basename "$0") about=
case "$name $*" in
"terraform apply"*)
  about=" [$(grep '^ticks' terraform.tfvars | tr -d ' ')]"
  [ ! -e images.auto.tfvars ] || about="$about [images $(grep -c '^image ' images.auto.tfvars)]" ;;
"terraform output -raw repository") echo asia-south1-docker.pkg.dev/acme/return-sync ;;
"terraform output"*) echo asia-south1-docker.pkg.dev/acme/return-sync/x@sha256:0 ;;
"gcloud secrets versions add"*) [ -n "$(cat)" ] || { echo "an empty secret" >&2; exit 1; } ;;
"openssl rand"*) echo 00 ;;
esac
echo "$name $*$about" >>"$LOG"
`

// toolStandIn stands for ko and crane.
const toolStandIn = `#!/bin/bash
case "$*" in
*"crane digest"*) echo sha256:$(printf '%064d' 7) ;;
*"ko build"*)
  while [ "$1" != --image-refs ]; do shift; done
  echo "r/$(basename "$2"):latest@sha256:$(printf '%064d' 8)" >"$2" ;;
esac
`

// shell returns the commands of the README between two headings, as one script.
func shell(t *testing.T, from, to string) string {
	t.Helper()
	text, err := os.ReadFile(terraform + "/README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(text), from)
	part, _, found := strings.Cut(rest, to)
	if !ok || !found {
		t.Fatalf("README.md: there is no part from %q to %q", from, to)
	}
	script := ""
	for _, m := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(part, -1) {
		script += m[1]
	}
	return script
}

// follow runs a script as a reader of the README would, in a copy of what it needs, and
// returns how the programs were called.
func follow(t *testing.T, script string) []string {
	t.Helper()
	dir, bin := t.TempDir(), t.TempDir()
	for _, from := range []string{"terraform", "cloudbuild.yaml", ".ko.yaml", ".ci/image"} {
		to := filepath.Join(dir, from)
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.CommandContext(t.Context(), "cp", "-R", filepath.Join(root, from), to).CombinedOutput(); err != nil {
			t.Fatal(err, string(out))
		}
	}
	files := map[string]string{filepath.Join(dir, ".ci/tool"): toolStandIn, filepath.Join(bin, "script"): script}
	for _, name := range []string{"gcloud", "terraform", "git", "go", "openssl"} {
		files[filepath.Join(bin, name)] = standIn
	}
	for path, text := range files {
		if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, left := range []string{"terraform.tfvars", "images.auto.tfvars"} {
		_ = os.Remove(filepath.Join(dir, "terraform", left))
	}
	log := filepath.Join(bin, "log")
	cmd := exec.CommandContext(t.Context(), "bash", "-eu", "-o", "pipefail", filepath.Join(bin, "script"))
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "LOG="+log)
	cmd.Stdin = strings.NewReader("an-admin-key\n")
	out, err := cmd.CombinedOutput()
	called, _ := os.ReadFile(log)
	if err != nil {
		t.Fatalf("a reader who follows the README gets stuck: %v\n%s\nuntil then:\n%s", err, out, called)
	}
	return strings.Split(strings.TrimSpace(string(called)), "\n")
}

// TestFirstPageIsShort keeps the first page to what a reader takes in at one sitting: what
// grows moves beside what it describes.
func TestFirstPageIsShort(t *testing.T) {
	const most = 250
	text, err := os.ReadFile(root + "/README.md")
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), "\n"); n > most {
		t.Errorf("README.md has %d lines, more than %d", n, most)
	}
}

// TestReadmeFromAnEmptyProject follows the page to the first sync, and looks that
// nothing is called before what it needs.
func TestReadmeFromAnEmptyProject(t *testing.T) {
	called := follow(t, shell(t, "## From an empty project", "### The console in a browser"))
	at := 0
	for _, want := range []string{
		`^terraform providers lock `, `^git add -f .terraform.lock.hcl`, `^git commit .*lock.hcl ../cloudbuild.yaml ../.ko.yaml$`, `^gcloud storage buckets create gs://acme-returns-prod-state`,
		`^terraform init -backend-config=bucket=acme-returns-prod-state$`, `^gcloud projects describe acme-returns-prod`, `^terraform apply \[ticks=false\]$`,
		`^gcloud secrets versions add return-sync-operator-dsn`, `^terraform apply \[ticks=false\] \[images 1\]$`, `^gcloud run jobs execute return-sync-operator .*--args=migrate --wait$`,
		`^go run ../functions/cmd/returnsync settings push$`, `--args=doctor --wait$`, `^terraform apply \[ticks=true\] \[images 1\]$`,
		`^gcloud scheduler jobs run returnsUpdateCron `, `--args=status --wait$`, `--args=verify,--deep --wait$`,
	} {
		found := slices.IndexFunc(called[at:], regexp.MustCompile(want).MatchString)
		if found < 0 {
			t.Fatalf("README.md does not call %s after what must come before it:\n%s", want, strings.Join(called, "\n"))
		}
		at += found + 1
	}
	if n := len(slices.DeleteFunc(slices.Clone(called), func(s string) bool { return !strings.HasPrefix(s, "terraform apply") })); n != 3 {
		t.Errorf("%d applies, want the foundation, the rest, and the ticks:\n%s", n, strings.Join(called, "\n"))
	}
	values := required()
	values["wings"] = "[]" // a wing's secrets are filled when the wing is added
	c := load(t, terraform, values)
	for key := range c.local("secrets").AsValueMap() {
		if !slices.ContainsFunc(called, func(s string) bool { return strings.HasPrefix(s, "gcloud secrets versions add return-sync-"+key+" ") }) {
			t.Errorf("README.md fills no value into the secret %s, without which nothing starts", key)
		}
	}
}

// TestReadmeSteps looks that what is no command comes in its place: the grants around
// the migration that makes the tables they name.
func TestReadmeSteps(t *testing.T) {
	text, err := os.ReadFile(terraform + "/README.md")
	if err != nil {
		t.Fatal(err)
	}
	at := 0
	for _, want := range []string{
		"**1. Lock the provider.**", "**5. The foundation.**", "**6. The keys.**", "**8. The tables and the grants.**", "(#the-databases-users)", "--args=migrate",
		"**9. The index's settings, and a check.**", "settings push", "**10. Switch the ticks on.**", "**11. The first sync.**", "**12. Open the console**",
		"### The console in a browser", "### Two installations in one project", "### The database's users", "## Upgrade", "## Rollback", "## Rotate a key",
	} {
		found := strings.Index(string(text)[at:], want)
		if found < 0 {
			t.Fatalf("README.md: %q is missing, or stands before what must come first", want)
		}
		at += found + len(want)
	}
}

// TestReadmeUpgradeAndRollback follows these parts on an installation.
func TestReadmeUpgradeAndRollback(t *testing.T) {
	before := "export REGION=asia-south1\ncp terraform/terraform.tfvars.example terraform/terraform.tfvars\n.ci/image pin\ncd terraform\n"
	called := follow(t, before+shell(t, "## Delivery from a repository", "## Rotate a key"))
	at := 0
	for _, want := range []string{
		`^terraform apply -var image=.*@sha256:.* -var operator_image=`, `^terraform apply -target=google_cloud_run_v2_job.operator .*\[images 1\]$`,
		`^gcloud run jobs execute return-sync-operator `, `^terraform apply \[`, `^gcloud run services update-traffic `,
	} {
		found := slices.IndexFunc(called[at:], regexp.MustCompile(want).MatchString)
		if found < 0 {
			t.Fatalf("README.md does not call %s in its place:\n%s", want, strings.Join(called, "\n"))
		}
		at += found + 1
	}
}

// TestBasesMustBePinned makes images where the bases are named by tags, and where one of
// the two files is pinned by hand and wrongly.
func TestBasesMustBePinned(t *testing.T) {
	unpin := "sed -i -E 's/@sha256:[0-9a-f]{64}$//' cloudbuild.yaml .ko.yaml\n"
	refused := "! .ci/image 2>err || { echo 'images were made on tags'; exit 1; }\ngrep -q 'run .ci/image pin' err || { cat err; exit 1; }\n"
	for name, script := range map[string]string{
		"tags":             unpin + refused,
		"one tag":          ".ci/image pin\nsed -i -E 's/^(defaultBaseImage: .*)@.*/\\1/' .ko.yaml\n" + refused,
		"a short digest":   ".ci/image pin\nsed -i -E '0,/@sha256:0000/s//@sha256:/' cloudbuild.yaml\n" + refused,
		"pinned":           ".ci/image pin\n.ci/image pinned\n.ci/image\n.ci/image\n[ $(wc -l <terraform/images.auto.tfvars) = 3 ]\n",
		"pinned and moved": ".ci/image pin\nsed -i 's/%064d/1%063d/' .ci/tool\n.ci/image pin\ngrep -q '@sha256:10' .ko.yaml\n.ci/image pinned\n",
	} {
		t.Run(name, func(t *testing.T) {
			follow(t, "export IMAGE_REPOSITORY=r\ngit <<<''\n"+script)
		})
	}
}
