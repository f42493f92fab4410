// Package strictyaml reads definitions in YAML: a key that nobody knows is an error, and so
// is a text at which the library's parser panics.
package strictyaml

import (
	"bytes"
	"fmt"

	"github.com/goccy/go-yaml"
)

// Decode reads one document.
func Decode(text []byte, into any) (err error) {
	defer func() {
		if v := recover(); v != nil { // goccy/go-yaml takes a scalar with a tag for a list
			err = fmt.Errorf("the text is no YAML that can be read: %v", v)
		}
	}()
	return yaml.NewDecoder(bytes.NewReader(text), yaml.Strict()).Decode(into)
}
