package portal

import (
	"encoding/json"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// languages reads the texts of each language by their keys. A counted text has several
// forms, which are joined.
func languages(t *testing.T) map[string]map[string]string {
	t.Helper()
	names, err := fs.Glob(files, "page/texts/*.json")
	if err != nil || len(names) < 3 {
		t.Fatal(names, err)
	}
	all := map[string]map[string]string{}
	for _, name := range names {
		text, err := files.ReadFile(name)
		raw, texts := map[string]any{}, map[string]string{}
		if err != nil || json.Unmarshal(text, &raw) != nil {
			t.Fatalf("%s cannot be read: %v", name, err)
		}
		for key, value := range raw {
			switch value := value.(type) {
			case string:
				texts[key] = value
			case map[string]any:
				texts[key] = "" // the forms' own values are checked where a browser knows them
				for _, form := range value {
					texts[key] += form.(string) + "\n"
				}
			}
			if strings.TrimSpace(texts[key]) == "" {
				t.Errorf("%s: %s has no text", name, key)
			}
		}
		all[strings.TrimSuffix(strings.TrimPrefix(name, "page/texts/"), ".json")] = texts
	}
	return all
}

// TestEachLanguageHasTheSameTexts compares the keys, and the values that a text leaves room
// for.
func TestEachLanguageHasTheSameTexts(t *testing.T) {
	room := regexp.MustCompile(`\{\w+\}`)
	all := languages(t)
	for language, texts := range all {
		if diff := cmp.Diff(slices.Sorted(maps.Keys(all["en"])), slices.Sorted(maps.Keys(texts))); diff != "" {
			t.Errorf("%s (-en +%s):\n%s", language, language, diff)
		}
		for key, text := range texts {
			values := func(text string) []string {
				return slices.Compact(slices.Sorted(slices.Values(room.FindAllString(text, -1))))
			}
			if diff := cmp.Diff(values(all["en"][key]), values(text)); diff != "" {
				t.Errorf("%s: the values of %s (-en +%s):\n%s", language, key, language, diff)
			}
		}
	}
}

// TestTextsStandInOnePlace demands that the page's HTML and scripts hold no text for people,
// that each text which they name is there, and that each text is named.
func TestTextsStandInOnePlace(t *testing.T) {
	texts := languages(t)["en"]
	comments := regexp.MustCompile(`(?m)(^|\s)//.*$`)
	literals := regexp.MustCompile("'(?:[^'\\\\\n]|\\\\.)*'|`(?:[^`\\\\]|\\\\.)*`")
	// A text for people has a capital before small letters, or two words.
	forPeople := regexp.MustCompile(`^[A-Z][a-z]+$|[A-Za-z]{2,}[,.?!]? [a-z]{2,}`)
	// These are no texts: names of keys, headers, selectors, classes and endings of fields.
	technical := regexp.MustCompile(`^'(Escape|ArrowDown|ArrowUp|Authorization|Content-Type|Retry-After|Bearer |input\[type=search\], select|#hits \w+|side when|At)'$`)
	tags := regexp.MustCompile(`(?s)<!doctype html>|<title.*?</title>|<noscript>.*?</noscript>|<kbd.*?</kbd>|<[^>]*>`)
	visible := regexp.MustCompile(`\s(placeholder|aria-label|title|alt)="`)
	named := regexp.MustCompile(`data-(?:text|aria-label|title|placeholder)="(\w+)"`)
	used, all := map[string]bool{}, ""
	err := fs.WalkDir(files, "page", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := files.ReadFile(path)
		text := string(raw)
		switch {
		case strings.HasSuffix(path, ".html"):
			for _, m := range named.FindAllStringSubmatch(text, -1) {
				if used[m[1]] = true; texts[m[1]] == "" {
					t.Errorf("%s names the text %s, which is not there", path, m[1])
				}
			}
			if left := tags.ReplaceAllString(text, ""); strings.ContainsFunc(left, func(r rune) bool { return r >= 'A' && r <= 'z' }) || visible.MatchString(text) {
				t.Errorf("%s holds a text: %s %q", path, strings.Join(strings.Fields(left), " "), visible.FindString(text))
			}
		case strings.HasSuffix(path, ".js"):
			text = comments.ReplaceAllString(text, "")
			all += text
			for _, literal := range literals.FindAllString(text, -1) {
				if inside := literal[1 : len(literal)-1]; forPeople.MatchString(inside) && !technical.MatchString(literal) {
					t.Errorf("%s holds the text %s", path, literal)
				}
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for key := range texts {
		family, _, _ := strings.Cut(key, ".")
		if !used[key] && !strings.Contains(all, "'"+key+"'") && !strings.Contains(all, "'"+family+".'") {
			t.Errorf("nothing shows the text %s", key)
		}
	}
	for _, m := range regexp.MustCompile(`\b(?:say|nodes)\((?:[a-z.]+ \? )?'(\w+)'(?: : '(\w+)')?[,)]`).FindAllStringSubmatch(all, -1) {
		for _, key := range m[1:] {
			if key != "" && texts[key] == "" {
				t.Errorf("the scripts show the text %s, which is not there", key)
			}
		}
	}
}
