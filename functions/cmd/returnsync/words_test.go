package main

import (
	"go/ast"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/sourcetest"
)

// private are words that only the program's authors know, or that name no actor: people at
// a screen or a terminal must not meet them.
var private = regexp.MustCompile(`(?i)\b(sign of life|told|tells?|changed by hand|beside the syncs|whoever|in doubt|knock(s|ed)?|fate|goes by|gone on with|comes? to rest|untold|tastes?|tasting|rightly|mend(s|ed)?)\b`)

// comment is a line of a script that is none of the page's texts.
var comment = regexp.MustCompile(`(?m)^\s*//.*$|/\*(?s:.*?)\*/`)

// TestTextsHaveNoPrivateWords reads every text that people meet: the constants of the
// program, the help, and the pages with their scripts.
func TestTextsHaveNoPrivateWords(t *testing.T) {
	const root = "../../.."
	texts, pages := 0, 0
	sourcetest.Inspect(t, func(path string, n ast.Node) {
		text, ok := sourcetest.Text(n)
		if ok && private.MatchString(text) {
			t.Errorf("%s: %q", path, private.FindString(text))
		}
		texts++
	}, root+"/functions", root+"/shared")
	err := filepath.WalkDir(root+"/functions", func(path string, entry fs.DirEntry, err error) error {
		kind := filepath.Ext(path)
		if err != nil || entry.IsDir() || !strings.Contains(path, "/page/") && !strings.HasSuffix(path, "help.golden") || kind != ".js" && kind != ".html" && kind != ".golden" {
			return err
		}
		pages++
		text, err := os.ReadFile(path)
		if found := private.FindString(comment.ReplaceAllString(string(text), "")); found != "" {
			t.Errorf("%s: %q", path, found)
		}
		return err
	})
	if err != nil || texts < 10_000 || pages < 15 {
		t.Errorf("%d constants, %d pages, %v; want all", texts, pages, err)
	}
}
