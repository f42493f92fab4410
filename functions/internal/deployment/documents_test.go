package deployment_test

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The forms in which a document names a file of the repository.
var (
	mdLink   = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	codeSpan = regexp.MustCompile("`([^`\n]+)`")
	repoPath = regexp.MustCompile(`(?:^|[\s"'=(])(?:\./|\.\./)?((?:functions|shared|terraform|testdata|\.ci|\.github)/[\w./-]*\w)`)
	fenced   = regexp.MustCompile("(?ms)^```[^\n]*\n(.*?)^```")
)

// documents returns the Markdown files of the repository, by their paths in it.
func documents(t *testing.T) map[string]string {
	t.Helper()
	found := files(t, "*.md")
	if len(found) < 2 {
		t.Fatalf("%d documents", len(found))
	}
	return found
}

// files returns the repository's files whose names match a pattern, by their paths in it.
func files(t *testing.T, pattern string) map[string]string {
	t.Helper()
	list, err := exec.CommandContext(t.Context(), "git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard", pattern).Output()
	if err != nil {
		// An exported tree has no git; its files are the same.
		list = nil
		err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case entry.IsDir() && (entry.Name() == "node_modules" || entry.Name() == ".git"):
				return fs.SkipDir
			case entry.Type().IsRegular():
				if ok, _ := filepath.Match(pattern, entry.Name()); ok {
					name, _ := filepath.Rel(root, path)
					list = append(list, name+"\x00"...)
				}
			}
			return nil
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for name := range strings.SplitSeq(strings.TrimSuffix(string(list), "\x00"), "\x00") {
		text, err := os.ReadFile(filepath.Join(root, name))
		if errors.Is(err, fs.ErrNotExist) { // removed, and not committed yet
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		found[name] = string(text)
	}
	return found
}

// anchorsOf returns the anchors of a document's headings.
func anchorsOf(text string) map[string]bool {
	found := map[string]bool{}
	for _, m := range heading.FindAllStringSubmatch(fenced.ReplaceAllString(text, ""), -1) {
		found[anchorOf(m[1])] = true
	}
	return found
}

// TestDocumentsNameWhatIsThere looks for every file and heading that a document links to,
// and for every path that its code names.
func TestDocumentsNameWhatIsThere(t *testing.T) {
	all := documents(t)
	for name, text := range all {
		for _, m := range mdLink.FindAllStringSubmatch(fenced.ReplaceAllString(text, ""), -1) {
			checkLink(t, all, name, m[1])
		}
		code := fenced.FindAllString(text, -1)
		for _, m := range codeSpan.FindAllStringSubmatch(fenced.ReplaceAllString(text, ""), -1) {
			code = append(code, m[1])
		}
		for _, part := range code {
			for _, m := range repoPath.FindAllStringSubmatch(part, -1) {
				// A pattern such as function_NAME.tf is no file.
				if _, err := os.Stat(filepath.Join(root, m[1])); err != nil && m[1] == strings.ToLower(m[1]) {
					t.Errorf("%s names %s, which is not there", name, m[1])
				}
			}
		}
	}
}

// checkLink looks for the file and the heading of a link.
func checkLink(t *testing.T, all map[string]string, from, link string) {
	t.Helper()
	if strings.Contains(link, "://") || strings.HasPrefix(link, "mailto:") {
		return
	}
	file, anchor, _ := strings.Cut(link, "#")
	to := from
	if file != "" {
		to = filepath.Join(filepath.Dir(from), file)
	}
	if _, err := os.Stat(filepath.Join(root, to)); err != nil {
		t.Errorf("%s links to %s, which is not there", from, link)
		return
	}
	if anchor != "" && !anchorsOf(all[to])[anchor] {
		t.Errorf("%s links to %s, and %s has no such heading", from, link, to)
	}
}
