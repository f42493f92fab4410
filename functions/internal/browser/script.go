package browser

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Script bundles a script of a folder with the packages of its package-lock.json and runs
// it in node, which has a page's globals. A script with the ending .cjs runs as it is,
// without a page. The script reads config from the file that CLIENTS_CONFIG names and
// prints a line for each check, PASS or FAIL and its name; Script returns how many passed
// and the lines of the others.
func Script(t testing.TB, folder, name string, config any) (passed int, failed []string) {
	t.Helper()
	packages, err := Modules(folder)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	out := t.TempDir()
	given, bundle := filepath.Join(out, "config.json"), filepath.Join(out, "bundle.cjs")
	if err := os.WriteFile(given, text, 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(program string, args ...string) string {
		command := exec.CommandContext(t.Context(), program, args...)
		command.Dir = folder
		command.Env = append(command.Environ(), "NODE_PATH="+packages, "NODE_ENV=production", "CLIENTS_CONFIG="+given)
		said, err := command.CombinedOutput()
		if err != nil {
			t.Fatalf("browser: %s of %s: %v:\n%s", name, folder, err, said)
		}
		return string(said)
	}
	program := []string{name}
	if !strings.HasSuffix(name, ".cjs") {
		program = []string{"dom.cjs", bundle}
		run(filepath.Join(packages, ".bin", "esbuild"), name, "--bundle", "--platform=node", "--format=cjs", "--log-level=error",
			`--define:process.env.NODE_ENV="production"`, "--outfile="+bundle)
	}
	said := run("node", program...)
	for line := range strings.Lines(said) {
		switch {
		case strings.HasPrefix(line, "PASS "):
			passed++
		case strings.HasPrefix(line, "FAIL "):
			failed = append(failed, strings.TrimSpace(line))
		default:
			t.Logf("%.300s", strings.TrimSpace(line))
		}
	}
	return passed, failed
}
