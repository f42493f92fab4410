package transfer_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestOwnersDocumentNamesTestsThatExist looks for each test that OWNER.md names, and for a
// test or the second half in each row.
func TestOwnersDocumentNamesTestsThatExist(t *testing.T) {
	text, err := os.ReadFile("OWNER.md")
	if err != nil {
		t.Fatal(err)
	}
	exists := map[string]bool{}
	for _, root := range []string{".", "../clock", "../../functions/transfers", "../../functions/internal/wings/transfer", "../../functions/cmd/internal/tools/transfer"} {
		err := filepath.WalkDir(root, func(path string, _ os.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, "_test.go") {
				return err
			}
			code, err := os.ReadFile(path)
			for _, m := range regexp.MustCompile(`(?m)^func (Test\w+)\(t \*testing\.T\)`).FindAllSubmatch(code, -1) {
				exists[string(m[1])] = true
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	rows, untested := 0, 0
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "| ") || strings.Contains(line, "the document says") || strings.HasPrefix(line, "| rule |") {
			continue
		}
		rows++
		named := regexp.MustCompile("`(Test\\w+)`").FindAllStringSubmatch(line, -1)
		for _, m := range named {
			if !exists[m[1]] {
				t.Errorf("%s does not exist", m[1])
			}
		}
		if len(named) == 0 && !strings.Contains(line, "second half") {
			untested++
		}
	}
	if rows < 50 || untested > 1 { // that no binary is kept
		t.Errorf("%d rows, %d without a test", rows, untested)
	}
}
