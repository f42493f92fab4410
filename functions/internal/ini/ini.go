// Package ini reads the command line's settings from an INI file.
//
// The file has one section, and its keys are the names of the environment
// variables that the functions use:
//
//	[return-sync]
//	SOURCE_DSN   = reader:secret@tcp(10.0.0.5:3306)/eshopbox
//	ENTITIES_DIR = /etc/return-sync/entities
//
// Comments stand on lines of their own and begin with # or ;. A value ends with its line,
// so a password may contain # and ;. Quotes around a value are removed. Each mistake is an
// error with the file and the line, and all mistakes are reported at once. No error
// contains a value: it may be a secret.
package ini

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
)

// Section is the name of the one section.
const Section = "return-sync"

// Form is how a file is written.
type Form struct {
	Section  string // the name of the one section
	Comments string // the characters that begin a comment
	Fold     bool   // keys are written in any case and read in small letters
	Help     string // where the keys are listed, for errors
}

// product is the form of the command line's own file.
var product = Form{Section: Section, Comments: "#;", Help: "the keys are the names of the environment variables; returnsync help config lists them"}

// Read reads a file. known lists the keys that it may hold.
func Read(path string, known []string) (map[string]string, error) {
	return product.Read(path, known)
}

// Parse reads a file's text; name stands before errors.
func Parse(name string, text []byte, known []string) (map[string]string, error) {
	return product.Parse(name, text, known)
}

// Read reads a file of the form.
func (f Form) Read(path string, known []string) (map[string]string, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("there is no configuration file %q: check the name, which counts from the folder that you are in", path)
	}
	if err != nil {
		return nil, fmt.Errorf("the configuration file %q cannot be read: %w", path, errors.Unwrap(err))
	}
	return f.Parse(path, text, known)
}

// Parse reads the text of a file of the form.
func (f Form) Parse(name string, text []byte, known []string) (map[string]string, error) {
	section, values := "", map[string]string{}
	var problems []error
	for i, raw := range strings.Split(strings.TrimPrefix(string(text), "\ufeff"), "\n") {
		line, problem := strings.TrimSpace(raw), ""
		switch {
		case line == "" || strings.ContainsRune(f.Comments, rune(line[0])):
		case line[0] == '[':
			section, problem = f.header(line)
		default:
			key, value, found := strings.Cut(line, "=")
			if key = strings.TrimSpace(key); f.Fold {
				key, section = strings.ToLower(key), strings.ToLower(section)
			}
			if problem = f.judge(section, key, known); !found {
				problem = "want NAME = value, a section in brackets, or a comment that begins with " + strings.Join(strings.Split(f.Comments, ""), " or ")
			}
			if _, again := values[key]; again && problem == "" {
				problem = key + " stands more than once: keep one of them"
			}
			if problem == "" {
				values[key] = unquoted(strings.TrimSpace(value))
			}
		}
		if problem != "" {
			problems = append(problems, fmt.Errorf("%s:%d: %s", name, i+1, problem))
		}
	}
	return values, errors.Join(problems...)
}

// header reads the line of a section.
func (f Form) header(line string) (section, problem string) {
	section, _, closed := strings.Cut(line[1:], "]")
	if !closed {
		problem = "the section's bracket is not closed: want [" + f.Section + "]"
	}
	return strings.TrimSpace(section), problem
}

// judge says what is wrong with a key, nothing if it is right.
func (f Form) judge(section, key string, known []string) string {
	switch {
	case section == "":
		return fmt.Sprintf("%s stands before the section: put a line [%s] above it", shown(key), f.Section)
	case section != f.Section:
		return fmt.Sprintf("section %s is unknown: the only one is [%s]", shown(section), f.Section)
	case !slices.Contains(known, key):
		return shown(key) + " is not a setting: " + f.Help
	}
	return ""
}

// nameForm is the form of a setting's name.
var nameForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]{0,47}$`)

// shown returns a name for an error. A text without the form of a name may be a secret in
// the wrong place.
func shown(name string) string {
	if nameForm.MatchString(name) {
		return name
	}
	return "this line's name"
}

// unquoted removes the quotes around a value.
func unquoted(value string) string {
	if n := len(value); n > 1 && value[0] == value[n-1] && strings.ContainsRune("\"'`", rune(value[0])) {
		return value[1 : n-1]
	}
	return value
}
