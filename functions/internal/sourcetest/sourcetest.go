// Package sourcetest reads the program's own source for tests that compare documents with
// it.
package sourcetest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Inspect calls visit with every node of the Go files below some folders, or of single
// files; those of tests are left out.
func Inspect(t testing.TB, visit func(path string, n ast.Node), places ...string) {
	t.Helper()
	for _, place := range places {
		err := filepath.WalkDir(place, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(n ast.Node) bool {
				visit(path, n)
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// Text returns the text of a string constant; other nodes have none. A text that several
// constants make up, joined by +, is seen in parts.
func Text(n ast.Node) (text string, ok bool) {
	constant, ok := n.(*ast.BasicLit)
	if !ok || constant.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(constant.Value)
	return text, err == nil
}
