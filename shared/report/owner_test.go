package report_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// named matches a test in OWNER.md: its folder and its name.
var named = regexp.MustCompile("`((?:shared|functions)/[a-z/]+) (Test[A-Za-z]+)`")

// TestOwnersSentencesNameTestsThatExist finds every test that OWNER.md names, and a test
// or the mark of an open point in every row.
func TestOwnersSentencesNameTestsThatExist(t *testing.T) {
	text, err := os.ReadFile("OWNER.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| sentence") {
			continue
		}
		rows++
		tests := named.FindAllStringSubmatch(line, -1)
		if len(tests) == 0 && !strings.Contains(line, "**Open**") {
			t.Errorf("neither a test nor open: %s", line)
		}
		for _, one := range tests {
			if !hasTest(t, filepath.Join("..", "..", one[1]), one[2]) {
				t.Errorf("%s has no %s", one[1], one[2])
			}
		}
	}
	if rows < 25 {
		t.Errorf("only %d sentences", rows)
	}
}

// hasTest reports whether a folder's tests have one of a name.
func hasTest(t *testing.T, folder, name string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "\nfunc "+name+"(t *testing.T)") {
			return true
		}
	}
	return false
}
