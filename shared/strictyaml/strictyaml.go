// Package strictyaml reads definitions in YAML: a key that nobody knows is an error, and so
// is a text at which the library panics. Every definition is read by this package, as a
// whole or node by node, so that no text ends a program.
package strictyaml

import (
	"bytes"
	"fmt"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// Decode reads one document.
func Decode(text []byte, into any) error {
	return guarded(func() error {
		return yaml.NewDecoder(bytes.NewReader(text), yaml.Strict()).Decode(into)
	})
}

// Parse returns the nodes of a text.
func Parse(text []byte) (file *ast.File, err error) {
	err = guarded(func() (err error) {
		file, err = parser.ParseBytes(text, 0)
		return err
	})
	return file, err
}

// DecodeNode reads a node that Parse returned.
func DecodeNode(node ast.Node, into any) error {
	return guarded(func() error { return yaml.NodeToValue(node, into, yaml.Strict()) })
}

// Line returns the line of the node at a path such as $[0].fields, 0 if nothing stands there.
func Line(file *ast.File, path string) (line int) {
	_ = guarded(func() error { // an error leaves the line 0
		at, err := yaml.PathString(path)
		if err != nil {
			return err
		}
		node, err := at.FilterFile(file)
		if err == nil && node != nil && node.GetToken() != nil {
			line = node.GetToken().Position.Line
		}
		return err
	})
	return line
}

// guarded calls the library and returns its panic as an error: goccy/go-yaml takes a
// scalar with a tag for a list or a mapping.
func guarded(call func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("the text is no YAML that can be read: %v", v)
		}
	}()
	return call()
}
