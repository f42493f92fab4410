package main

import (
	"go/ast"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/sourcetest"
)

// The forms in which a document writes a command line.
var (
	fencedBlock = regexp.MustCompile("(?ms)^ *```sh\n(.*?)^ *```")
	inlineCode  = regexp.MustCompile("`([^`]+)`")
	operatorJob = regexp.MustCompile(`gcloud run jobs execute return-sync-operator[^\n]*--args=([\w,=-]+)`)
	calls       = regexp.MustCompile(`^(?:\$ |[A-Z_]+=\S* )*(?:go run (?:\.|\.\.)/functions/cmd/)?returnsync(?: |$)`)
)

// TestDocumentedCommandLines parses every command line of the Markdown files: each command and
// flag that a document names must be there.
func TestDocumentedCommandLines(t *testing.T) {
	const root = "../../.."
	lines := 0
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".md") || strings.Contains(path, "node_modules") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, args := range commandLines(string(text)) {
			lines++
			if err := parses(t, args); err != nil {
				t.Errorf("%s: returnsync %s: %v", path, strings.Join(args, " "), err)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if lines < 20 {
		t.Errorf("only %d command lines were found", lines)
	}
}

// commandLines returns the arguments of the calls of returnsync in a document.
func commandLines(text string) [][]string {
	var found [][]string
	add := func(code string) {
		if call := calls.FindString(code); call != "" {
			code = code[len(call):]
			if i := strings.IndexAny(code, "#;"); i >= 0 {
				code = code[:i]
			}
			found = append(found, alternatives(strings.Fields(code))...)
		}
	}
	for _, m := range fencedBlock.FindAllStringSubmatch(text, -1) {
		for line := range strings.Lines(m[1]) {
			for part := range strings.SplitSeq(line, ";") {
				add(strings.TrimSpace(part))
			}
		}
	}
	for _, m := range inlineCode.FindAllStringSubmatch(fencedBlock.ReplaceAllString(text, ""), -1) {
		add(strings.Join(strings.Fields(m[1]), " "))
	}
	for _, m := range operatorJob.FindAllStringSubmatch(text, -1) {
		found = append(found, strings.Split(m[1], ","))
	}
	return found
}

// alternatives reads "parked list | show ID | retry ID" as three command lines of parked.
func alternatives(words []string) [][]string {
	if len(words) == 0 || !slices.Contains(words, "|") {
		return [][]string{words}
	}
	found := [][]string{{words[0]}}
	for _, w := range words[1:] {
		if w == "|" {
			found = append(found, []string{words[0]})
			continue
		}
		last := len(found) - 1
		found[last] = append(found[last], w)
	}
	return found
}

// parses finds the command of a line and its flags, and runs nothing. The names of the other
// words are the document's own; a group of commands takes none.
func parses(t *testing.T, args []string) error {
	t.Helper()
	root := newRoot(surroundings(t, nil).real())
	root.InitDefaultHelpCmd()
	cmd, rest, err := root.Find(args)
	if err != nil {
		return err
	}
	if err := cmd.ParseFlags(rest); err != nil && err != pflag.ErrHelp {
		return err
	}
	if cmd.HasSubCommands() && cmd.HasParent() {
		return cobra.NoArgs(cmd, cmd.Flags().Args())
	}
	return nil
}

// verbs are the places in a text that its program fills in.
var verbs = regexp.MustCompile(`%[a-z]`)

// TestCommandsInMessages parses every command line that a text of the program names, in
// errors, remedies, alerts and help: a remedy must be a command that there is. A word
// behind "returnsync" that is no command is part of a sentence.
func TestCommandsInMessages(t *testing.T) {
	known := map[string]bool{}
	for _, cmd := range newRoot(surroundings(t, nil).real()).Commands() {
		known[cmd.Name()] = true
	}
	lines := 0
	sourcetest.Inspect(t, func(path string, n ast.Node) {
		text, _ := sourcetest.Text(n)
		for _, args := range commandsIn(verbs.ReplaceAllString(text, "1")) {
			if len(args) == 0 || !known[args[0]] {
				continue
			}
			lines++
			if err := parses(t, inCommand(args)); err != nil {
				t.Errorf("%s: returnsync %s: %v", path, strings.Join(args, " "), err)
			}
		}
	}, "../../../functions", "../../../shared")
	if lines < 80 {
		t.Errorf("only %d command lines were found", lines)
	}
}

// inCommand drops the words of the sentence that follow a command line, and gives a last
// flag a value: in the program the value comes from the next part of the text.
func inCommand(args []string) []string {
	var line []string
	for _, word := range args {
		if slices.Contains([]string{"as", "to", "and", "or", "is", "in", "with", "then", "for", "if", "shows", "lists", "says", "first", "again", "afterwards", "does", "has"}, word) {
			break
		}
		line = append(line, strings.TrimSuffix(word, "."))
		if strings.HasSuffix(word, ".") {
			break
		}
	}
	if last := line[len(line)-1]; strings.HasPrefix(last, "--") && !strings.Contains(last, "=") {
		line = append(line, "1")
	}
	return line
}
