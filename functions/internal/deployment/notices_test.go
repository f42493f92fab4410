package deployment_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// noticesHead begins .github/THIRD_PARTY_NOTICES.md.
const noticesHead = `# Third-party notices

The modules that are compiled into the programs below functions/, with the licence and the
first copyright line of each module's own licence file. "Images" are functions/cmd/server and
functions/cmd/returnsync, which are deployed; the other programs run on a developer's machine.
The full texts lie in the module cache ("go list -m -f '{{.Dir}}' MODULE") and on pkg.go.dev.
"go test ./functions/internal/deployment -run Notices -update" writes this file, offline.

| module | version | licence | copyright | in the images |
|---|---|---|---|---|
`

// licences are sentences by which a licence's text is known, the particular ones first.
var licences = []struct{ name, sentence string }{
	{"Apache-2.0", "Apache License"},
	{"MPL-2.0", "Mozilla Public License"},
	{"BSD-3-Clause", "Neither the name of"},
	{"BSD-3-Clause", "names of its contributors"},
	{"BSD-2-Clause", "Redistributions in binary form"},
	{"MIT", "Permission is hereby granted, free of charge"},
	{"Unlicense", "released into the public domain"},
	{"ISC", "Permission to use, copy, modify, and/or distribute"},
	{"ISC", "Permission to use, copy, modify, and distribute this software for any"},
}

// copyright is a line that names a holder, not a sentence about copyright.
var copyright = regexp.MustCompile(`(?m)^\s*(Copyright (?:\(c\)|©|\d).*?)\s*$`)

// linked returns the modules that the programs below patterns are compiled from, by path.
func linked(t *testing.T, patterns ...string) map[string]goModule {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"list", "-deps", "-json=Module"}, patterns...)...)
	cmd.Dir, cmd.Env = root, append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "GOPROXY=off")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	found := map[string]goModule{}
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var one struct{ Module *goModule }
		if err := d.Decode(&one); err == io.EOF {
			return found
		} else if err != nil {
			t.Fatal(err)
		}
		if one.Module != nil && !one.Module.Main {
			found[one.Module.Path] = *one.Module
		}
	}
}

// goModule is a module as go list prints it.
type goModule struct {
	Path, Version, Dir string
	Main               bool
}

// notice returns a module's licence and its first copyright line.
func (m goModule) notice(t *testing.T) (licence, holder string) {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(m.Dir, "*LICENSE*"))
	if len(files) == 0 {
		t.Errorf("%s has no LICENSE file in %s", m.Path, m.Dir)
		return "unknown", ""
	}
	raw, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(strings.Fields(string(raw)), " ")
	for _, one := range licences {
		if strings.Contains(text, one.sentence) {
			licence = one.name
			break
		}
	}
	if licence == "" {
		t.Errorf("%s: the licence in %s is none of those that are known", m.Path, files[0])
	}
	// The appendix of the Apache licence holds an example of a notice.
	if line := copyright.FindStringSubmatch(string(raw)); line != nil && !strings.Contains(line[1], "[yyyy]") {
		holder = strings.ReplaceAll(line[1], "|", " ")
	}
	return licence, holder
}

// TestNotices compares the list of third-party modules with what go list finds, and refuses a
// licence that nobody has looked at. It needs no network.
func TestNotices(t *testing.T) {
	all, images := linked(t, "./functions/..."), linked(t, "./functions/cmd/server", "./functions/cmd/returnsync")
	want := noticesHead
	for _, path := range slices.Sorted(maps.Keys(all)) {
		licence, holder := all[path].notice(t)
		_, deployed := images[path]
		want += fmt.Sprintf("| %s | %s | %s | %s | %s |\n", path, all[path].Version, licence, holder, map[bool]string{true: "yes", false: "no"}[deployed])
	}
	file := root + "/.github/THIRD_PARTY_NOTICES.md"
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(string(have), "\n")); diff != "" {
		t.Errorf("modules (-go.mod +.github/THIRD_PARTY_NOTICES.md); run this test with -update:\n%s", diff)
	}
}
