package deployment_test

import (
	"fmt"
	"go/ast"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/server"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/sourcetest"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wings"
)

// unexplained stands in the table where a person has to say what a setting is for.
const unexplained = "TODO"

// The text before and after the table of settings.
const (
	settingsBegin = "| name | what for | default | read by |\n|---|---|---|---|\n"
	settingsEnd   = "\n\n"
)

// TestReadmeSettings compares the settings table of functions/README.md with the tags of
// the configuration structs and with what each function reads when it opens. -update
// rewrites names, defaults and readers; the second column is kept.
func TestReadmeSettings(t *testing.T) {
	path := root + "/functions/README.md"
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), settingsBegin)
	have, after, ended := strings.Cut(rest, settingsEnd)
	if !ok || !ended {
		t.Fatalf("%s has no table that begins with %q", path, settingsBegin)
	}
	purposes := map[string]string{}
	for line := range strings.Lines(have) {
		if cells := strings.Split(line, " | "); len(cells) == 4 {
			purposes[strings.Trim(cells[0], "| `")] = cells[1]
		}
	}
	want := settingsTable(t, purposes)
	if *update {
		if err := os.WriteFile(path, []byte(before+settingsBegin+want+settingsEnd+after), 0o644); err != nil {
			t.Fatal(err)
		}
		have = want
	}
	if strings.Contains(have, "| "+unexplained+" |") {
		t.Errorf("%s does not say what a setting is for: replace %s", path, unexplained)
	}
	if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(have, "\n")); diff != "" {
		t.Errorf("settings (-code +functions/README.md); run this test with -update:\n%s", diff)
	}
}

// settingsTable returns the rows of the table, by name.
func settingsTable(t *testing.T, purposes map[string]string) string {
	t.Helper()
	defaults, readers := declaredSettings(t), settingReaders(t)
	var rows []string
	for _, name := range slices.Sorted(maps.Keys(defaults)) {
		purpose := purposes[name]
		if purpose == "" {
			purpose = unexplained
		}
		rows = append(rows, fmt.Sprintf("| `%s` | %s | %s | %s |", name, purpose, defaults[name], readers[name]))
	}
	return strings.Join(rows, "\n")
}

// declaredSettings returns the names in the env tags of the program's structs with
// their defaults, or "required".
func declaredSettings(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	note := func(path, tag string) {
		name, options, _ := strings.Cut(tag, ",")
		preset := ""
		if _, value, ok := strings.Cut(options, "default="); ok {
			preset = "`" + value + "`"
		} else if strings.Contains(options, "required") {
			preset = "required"
		}
		old := found[name]
		switch {
		case old == "" || old == preset:
			found[name] = preset
		case preset != "":
			t.Errorf("%s: %s is %s here and %s elsewhere", path, name, preset, old)
		}
	}
	sourcetest.Inspect(t, func(path string, n ast.Node) {
		if field, ok := n.(*ast.Field); ok && field.Tag != nil {
			text, _ := sourcetest.Text(field.Tag)
			if tag := reflect.StructTag(text).Get("env"); tag != "" {
				note(path, tag)
			}
		}
	}, root+"/shared", root+"/functions")
	return found
}

// settingReaders opens every function with the environments that Terraform can give it and
// returns which functions ask for each name. The command line's are those that it lists.
func settingReaders(t *testing.T) map[string]string {
	t.Helper()
	readers := map[string][]string{}
	folders := folders(load(t, terraform, required()))
	for _, f := range server.Functions() {
		asked := map[string]bool{}
		for _, values := range variants() {
			env := environment(t, load(t, terraform, values), folders[f.Name])
			env["K_SERVICE"] = "return-sync"
			env["CLOUD_TASKS_EMULATOR_HOST"], env["CLOUD_SCHEDULER_EMULATOR_HOST"] = "127.0.0.1:1", "127.0.0.1:1"
			r := &recorder{vars: env, asked: asked}
			open(t, f, r)
		}
		for name := range asked {
			readers[name] = append(readers[name], folders[f.Name])
		}
	}
	said := map[string]string{}
	known := literals(t, root+"/functions/cmd/internal/cli/settings.go")
	for _, w := range wings.All() {
		for _, s := range w.Settings {
			known[s.Name] = true
		}
	}
	for name := range declaredSettings(t) {
		by := readers[name]
		slices.Sort(by)
		said[name] = strings.Join(by, ", ")
		if len(by) == len(server.Functions()) {
			said[name] = "every function"
		}
		if known[name] {
			said[name] = strings.TrimPrefix(said[name]+", `returnsync`", ", ")
		}
	}
	return said
}
