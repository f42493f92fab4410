package entity

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/reference"
)

// CheckSettings checks the names and values of an index's settings by the service's
// reference. The error names every wrong setting with its line, in the service's words.
func CheckSettings(settings []byte) error {
	dec := json.NewDecoder(bytes.NewReader(settings))
	if open, err := dec.Token(); err != nil || open != json.Delim('{') {
		return fmt.Errorf("want a JSON object with the settings of an index")
	}
	seen := map[string]bool{}
	var problems []string
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return err
		}
		line := 1 + bytes.Count(settings[:dec.InputOffset()], []byte("\n"))
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return err
		}
		setting := fmt.Sprint(name)
		if err := checkSetting(setting, value); err != nil {
			problems = append(problems, fmt.Sprintf("line %d: %v", line, err))
		}
		if seen[setting] {
			problems = append(problems, fmt.Sprintf("line %d: %s stands twice", line, setting))
		}
		seen[setting] = true
	}
	if len(problems) > 0 {
		return fmt.Errorf("%s", strings.Join(problems, "\n  "))
	}
	return nil
}

// checkSetting checks one setting, and names the one that a misspelt name most probably
// means; null resets one.
func checkSetting(name string, value json.RawMessage) error {
	err := reference.Settings.Check(name, value)
	if err != nil && !reference.Settings.Has(name) {
		if near := nearest(name, reference.Settings.Names()); near != "" {
			return fmt.Errorf("%w: did you mean %s?", err, near)
		}
	}
	return err
}

// nearest returns the name that a misspelt one most probably means, or nothing.
func nearest(name string, names []string) string {
	best, least := "", 1+len(name)/4
	for _, n := range names {
		if d := distance(strings.ToLower(name), strings.ToLower(n)); d <= least {
			best, least = n, d-1
		}
	}
	return best
}

// distance counts the letters to change, add or drop between two words.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			same := before
			if a[i] != b[j] {
				same++
			}
			before, row[j+1] = row[j+1], min(same, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
