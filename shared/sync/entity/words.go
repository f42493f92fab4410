package entity

import (
	"errors"
	"reflect"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml"
)

// The sentences in which a reader of YAML speaks of Go.
var (
	intoField = regexp.MustCompile(`cannot unmarshal (.+?) into Go struct field \w+\.(\w+) of type ([\w.\[\]]+)`)
	intoValue = regexp.MustCompile(`cannot unmarshal (.+?) into Go value of type ([\w.\[\]]+)`)
	typeIs    = regexp.MustCompile(`string was used where mapping is expected|cannot unmarshal .+? into .+`)
)

// kinds are the words for the types of values.
var kinds = map[string]string{
	"string": "a text", "int": "a whole number", "bool": "true or false", "map[string]string": "keys with a type each",
	"uint64": "a number", "int64": "a number", "float64": "a number", "[]interface": "a list", "map[string]interface": "a mapping",
}

// kindWord returns the word for a type's name.
func kindWord(name string) string {
	for kind, word := range kinds {
		if name == kind || strings.HasPrefix(name, kind+" ") || strings.HasPrefix(name, "[]") && strings.HasPrefix(kind, "[]") {
			return word
		}
	}
	return "another value"
}

// keyOf returns the key of entity.yaml that fills a field.
func keyOf(field string) string {
	if f, ok := reflect.TypeFor[file]().FieldByName(field); ok {
		return f.Tag.Get("yaml")
	}
	return field
}

// inYAML returns an error of reading entity.yaml in the words of the file: its keys,
// lines and kinds of values.
func inYAML(err error) error {
	text := yaml.FormatError(err, false, false)
	text = intoField.ReplaceAllStringFunc(text, func(s string) string {
		m := intoField.FindStringSubmatch(s)
		return keyOf(m[2]) + ": want " + kindWord(m[3]) + ", not " + kindWord(m[1])
	})
	text = intoValue.ReplaceAllStringFunc(text, func(s string) string {
		m := intoValue.FindStringSubmatch(s)
		return "want " + kindWord(m[2]) + ", not " + kindWord(m[1])
	})
	text = typeIs.ReplaceAllString(text, "want keys with values, such as name: orders")
	return errors.New(text)
}
