// Package ini reads the command line's settings from an INI file.
//
// The file has one section, and its keys are the names of the environment
// variables that the functions use:
//
//	[return-sync]
//	SOURCE_DSN   = reader:secret@tcp(10.0.0.5:3306)/eshopbox
//	ENTITIES_DIR = /etc/return-sync/entities
//
// Comments stand on lines of their own and begin with # or ;. A value goes to
// the end of its line, so # and ; may stand in a password; quotes around a value
// are taken off. A mistake is an error with the file and the line, and all
// mistakes come at once. No error ever holds a value: it may be a secret.
package ini

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/ini.v1"
)

// Section is the name of the one section.
const Section = "return-sync"

// Read reads a file. known lists the keys that may stand in it.
func Read(path string, known []string) (map[string]string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("the configuration file cannot be read: %w", err)
	}
	return Parse(path, text, known)
}

// Parse reads a file's text; name stands before errors.
func Parse(name string, text []byte, known []string) (map[string]string, error) {
	lines := scan(text)
	if err := lines.malformed(name); err != nil {
		return nil, err
	}
	f, err := ini.LoadSources(ini.LoadOptions{
		IgnoreInlineComment: true, IgnoreContinuation: true, KeyValueDelimiters: "=",
		AllowShadows: true, AllowDuplicateShadowValues: true,
	}, text)
	if err != nil {
		// The library's error quotes the line, which may hold a secret.
		return nil, fmt.Errorf("%s cannot be read as an INI file: look for a quote that is not closed", name)
	}
	values := map[string]string{}
	var problems []error
	for _, s := range f.Sections() {
		for _, key := range s.Keys() {
			problem := judge(s.Name(), key, known)
			if problem == "" {
				values[key.Name()] = key.Value()
				continue
			}
			problems = append(problems, fmt.Errorf("%s:%d: %s", name, lines.find(s.Name(), key.Name()), problem))
		}
	}
	return values, errors.Join(problems...)
}

// judge says what is wrong with a key, nothing if it is right.
func judge(section string, key *ini.Key, known []string) string {
	switch {
	case section == ini.DefaultSection:
		return fmt.Sprintf("%s stands before the section: put a line [%s] above it", shown(key.Name()), Section)
	case section != Section:
		return fmt.Sprintf("section %s is unknown: the only one is [%s]", shown(section), Section)
	case !slices.Contains(known, key.Name()):
		return shown(key.Name()) + " is no setting: the keys are the names of the environment variables; returnsync help config lists them"
	case len(key.ValueWithShadows()) > 1:
		return key.Name() + " stands more than once: keep one of them"
	}
	return ""
}

// nameForm is what a setting's name may look like.
var nameForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]{0,47}$`)

// shown returns a name for an error. What has not the form of a name may be a
// secret in the wrong place.
func shown(name string) string {
	if nameForm.MatchString(name) {
		return name
	}
	return "this line's name"
}

// line is a key as it stands in the text.
type line struct {
	section, key string
	number       int
	bad          bool // neither comment nor section nor key = value
}

// lines are all keys of a text.
type lines []line

// scan finds where keys stand.
func scan(text []byte) lines {
	var all lines
	section := ini.DefaultSection
	for i, raw := range strings.Split(strings.TrimPrefix(string(text), "\ufeff"), "\n") {
		s := strings.TrimSpace(raw)
		switch {
		case s == "" || s[0] == '#' || s[0] == ';':
		case s[0] == '[':
			section = strings.TrimSpace(strings.TrimPrefix(strings.SplitN(s, "]", 2)[0], "["))
		default:
			key, _, ok := strings.Cut(s, "=")
			all = append(all, line{section: section, key: strings.Trim(strings.TrimSpace(key), "\"`"), number: i + 1, bad: !ok})
		}
	}
	return all
}

// malformed names the first line that is nothing at all.
func (l lines) malformed(name string) error {
	for _, at := range l {
		if at.bad {
			return fmt.Errorf("%s:%d: want NAME = value, a section in brackets, or a comment that begins with # or ;", name, at.number)
		}
	}
	return nil
}

// find returns the last line on which a key stands, 0 if it was not recognized.
func (l lines) find(section, key string) int {
	for _, at := range slices.Backward(l) {
		if at.section == section && at.key == key {
			return at.number
		}
	}
	return 0
}
