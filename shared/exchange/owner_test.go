package exchange_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestOwnersSentencesHaveTests finds every test, every part of one and every file that
// OWNER.md names.
func TestOwnersSentencesHaveTests(t *testing.T) {
	text, err := os.ReadFile("OWNER.md")
	if err != nil {
		t.Fatal(err)
	}
	var code strings.Builder
	for _, dir := range []string{".", "../../functions/exchange", "../../functions/internal/wings/exchange", "../../functions/cmd/returnsync", "../../functions/cmd/internal/tools/exchange"} {
		err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") {
				return err
			}
			one, err := os.ReadFile(path)
			code.Write(one)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	names := regexp.MustCompile(`Test[A-Za-z0-9]+`).FindAllString(string(text), -1)
	if len(names) < 20 {
		t.Errorf("%d tests are named", len(names))
	}
	for _, name := range names {
		if !strings.Contains(code.String(), "func "+name+"(t ") {
			t.Errorf("there is no %s", name)
		}
	}
	parts := regexp.MustCompile(`Test\w+/([\w,]+\w)`).FindAllStringSubmatch(string(text), -1)
	if len(parts) < 10 {
		t.Errorf("%d parts of tests are named", len(parts))
	}
	for _, part := range parts {
		if name := strings.ReplaceAll(part[1], "_", " "); !strings.Contains(code.String(), `t.Run("`+name+`"`) {
			t.Errorf("no test has the part %q", name)
		}
	}
	for _, link := range regexp.MustCompile(`\]\(([^)]+)\)`).FindAllStringSubmatch(string(text), -1) {
		if _, err := os.Stat(link[1]); err != nil {
			t.Error(err)
		}
	}
}
