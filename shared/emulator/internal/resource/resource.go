// Package resource reads the names of Google Cloud resources and pages through
// sorted lists of them.
package resource

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

var (
	project  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.:-]{0,62}$`)
	location = regexp.MustCompile(`^[a-z]+(-[a-z0-9]+)*$`)
)

// Kind is one segment pair below a location, such as queues/QUEUE_ID.
type Kind struct {
	// Collection is the fixed segment: "queues".
	Collection string
	// ID is the pattern of the variable segment, and IDRule the same in words.
	ID     *regexp.Regexp
	IDRule string
}

// Check refuses a name that is not projects/P/locations/L followed by the
// given kinds in order.
func Check(field, name string, kinds ...Kind) error {
	kinds = append([]Kind{
		{"projects", project, "letters, digits, hyphens, colons, periods"},
		{"locations", location, "a location such as asia-south1"},
	}, kinds...)
	parts := strings.Split(name, "/")
	if len(parts) != 2*len(kinds) {
		return fmt.Errorf("%s %q: expected the form %s", field, name, form(kinds))
	}
	for i, kind := range kinds {
		if parts[2*i] != kind.Collection {
			return fmt.Errorf("%s %q: expected the form %s", field, name, form(kinds))
		}
		if !kind.ID.MatchString(parts[2*i+1]) {
			return fmt.Errorf("%s %q: %q is not allowed in %s (%s)", field, name, parts[2*i+1], kind.Collection, kind.IDRule)
		}
	}
	return nil
}

func form(kinds []Kind) string {
	var parts []string
	for _, kind := range kinds {
		parts = append(parts, kind.Collection, strings.ToUpper(strings.TrimSuffix(kind.Collection, "s"))+"_ID")
	}
	return strings.Join(parts, "/")
}

// Parent returns the name without its last collection and id.
func Parent(name string) string {
	parts := strings.Split(name, "/")
	return strings.Join(parts[:max(len(parts)-2, 0)], "/")
}

// ID returns the last segment of a name.
func ID(name string) string { return name[strings.LastIndexByte(name, '/')+1:] }

// Page is a slice of a sorted list of names.
type Page struct {
	Names []string
	// Next is the token of the following page, empty on the last one.
	Next string
}

// Paginate sorts names in place and returns those after the token, size at
// most; a size outside 1..most means most.
func Paginate(names []string, token string, size, most int) (Page, error) {
	after, err := readToken(token)
	if err != nil || after != "" && len(names) > 0 && Parent(names[0]) != Parent(after) {
		return Page{}, fmt.Errorf("page_token %q was not made by this server for this list", token)
	}
	if size < 0 {
		return Page{}, fmt.Errorf("page_size is %d, it must not be negative", size)
	}
	if size == 0 || size > most {
		size = most
	}
	slices.Sort(names)
	start, found := slices.BinarySearch(names, after)
	if found {
		start++
	}
	end := min(start+size, len(names))
	page := Page{Names: names[start:end]}
	if end < len(names) {
		page.Next = tokenOf(names[end-1])
	}
	return page, nil
}

// errToken is a token that no list ended with.
var errToken = errors.New("not a page token")

// tokenOf returns the token of the page behind a name: the name with a checksum before
// it, so that other texts are recognized.
func tokenOf(name string) string {
	sum := sha256.Sum256([]byte(name))
	return base64.RawURLEncoding.EncodeToString(append(sum[:checked:checked], name...))
}

// checked is how many bytes of the checksum a token has.
const checked = 6

// readToken returns the name of a token, "" of the empty one.
func readToken(token string) (string, error) {
	if token == "" {
		return "", nil
	}
	text, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(text) < checked || tokenOf(string(text[checked:])) != token {
		return "", errToken
	}
	return string(text[checked:]), nil
}
