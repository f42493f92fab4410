package main

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/cli"
)

// programs is how Go and its libraries word errors; people read our words.
var programs = regexp.MustCompile(`strconv\.|sql: |\bEOF\b|json: |unmarshal|invalid syntax|invalid argument|nil pointer|arg\(s\)|flag\(s\)|flags in the group|%!|goroutine|panic|dial tcp|no such file or directory|open \.|parsing time|time: |parse "|unsupported protocol|lookup |\[\]string|<nil>`)

// misuse is a command line that must be refused.
type misuse struct {
	args []string
	says string // what standard error must say, if anything certain
}

// misuses makes wrong command lines of a command: of its words, its flags and their values.
func misuses(cmd *cobra.Command) (list []misuse) {
	path := strings.Fields(cmd.CommandPath())[1:]
	add := func(says string, more ...string) {
		list = append(list, misuse{slices.Concat(path, more), says})
	}
	add("unknown flag: --no-such-flag", "--no-such-flag")
	add(`"-1" is no flag`, "-1")
	if cli.IsGroup(cmd) {
		add(`unknown command "xyzzy"`, "xyzzy")
		for _, child := range cmd.Commands() {
			if name := child.Name(); child.IsAvailableCommand() && len(name) > 3 {
				add("did you mean "+cmd.CommandPath()+" ", name[:len(name)-1]+"q")
			}
		}
		return list
	}
	var words, few []string
	endless := false
	for _, word := range strings.Fields(cmd.Use)[1:] {
		if strings.HasPrefix(word, "-") || word == "|" {
			continue
		}
		words = append(words, word)
		endless = endless || strings.Contains(word, "...")
		if !strings.HasPrefix(word, "[") {
			few = append(few, word)
		}
	}
	if len(few) > 0 && !strings.Contains(cmd.Use, " | ") { // a flag may stand in place of the words
		add(" is missing; write: "+cmd.CommandPath(), make([]string, len(few)-1)...)
	}
	if !endless {
		add("is one word too many; write: "+cmd.CommandPath(), slices.Repeat([]string{"1"}, len(words)+1)...)
	}
	for _, bad := range []string{"999", "-", "?!", "", "99999999999999999999", "0", strings.Repeat("x", 3000)} {
		if len(words) > 0 {
			add("", slices.Repeat([]string{bad}, len(words))...)
		}
	}
	demands := false // some flags, whose lack is said first
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		demands = demands || len(f.Annotations[cobra.BashCompOneRequiredFlag]) > 0
	})
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" || f.Name == "version" {
			return
		}
		given := slices.Repeat([]string{"1"}, len(few))
		if len(f.Annotations[cobra.BashCompOneRequiredFlag]) > 0 {
			add("--"+f.Name+" is missing: "+strings.TrimSuffix(f.Usage, " (required)"), given...)
		}
		bad := []string{"?!", "", "-1", "99999999999999999999"}
		switch f.Value.Type() {
		case "bool":
			add("--"+f.Name+` is "perhaps"; want true or false`, append(given, "--"+f.Name+"=perhaps")...)
			return
		case "string":
			if !demands && !slices.Contains([]string{"description", "output", "state"}, f.Name) {
				add("--"+f.Name+" is empty; want ", append(given, "--"+f.Name+"=")...)
			}
		case "stringSlice", "stringArray", "stringToString":
		default:
			add("--"+f.Name+` is "x"; want `, append(given, "--"+f.Name, "x")...)
			bad = []string{"", "-1", "99999999999999999999", "0"}
		}
		add("--"+f.Name+" needs a value; see "+cmd.CommandPath()+" --help", append(given, "--"+f.Name)...)
		if f.Name == "output" || f.Name == "by" { // forms have a test of their own; any name is one
			return
		}
		for _, value := range bad {
			add("", append(given, "--"+f.Name+"="+value)...)
		}
	})
	return list
}

// TestMisuseIsExplained gives every command wrong words, flags and values by the thousand,
// without settings and with a database: none is worded by Go, and each that is wrong in any
// case ends with exit code 1 and says what was wrong. A bare group ends with 2.
func TestMisuseIsExplained(t *testing.T) {
	t.Chdir(t.TempDir()) // some words are names of files, which are written
	dsn, _ := database(t, 5)
	set := env{"SOURCE_DSN": dsn}
	call(t, surroundings(t, set), "migrate").expect(t, exitOK, nil, nil)
	count := 0
	each(newRoot(surroundings(t, nil).real()), func(cmd *cobra.Command) {
		if strings.HasPrefix(cmd.Name(), "_") || cmd.Name() == "help" || !cmd.Runnable() || cmd.CommandPath() == "returnsync transfers serve" {
			return
		}
		if cli.IsGroup(cmd) && cmd.HasParent() {
			call(t, surroundings(t, nil), strings.Fields(cmd.CommandPath())[1:]...).expect(t, exitAttention, []string{"Usage:"}, nil)
		}
		for _, m := range misuses(cmd) {
			for name, e := range map[string]env{"without settings": {}, "with a database": maps.Clone(set)} {
				if m.says != "" && len(e) > 0 {
					continue // refused before any setting is read
				}
				count++
				r := call(t, surroundings(t, e), m.args...)
				line := "returnsync " + strings.Join(m.args, " ")
				if len(line) > 200 {
					line = line[:200] + "…"
				}
				if found := programs.FindString(r.log); found != "" {
					t.Errorf("%s, %s: %q in %s", line, name, found, r.log)
				}
				if m.says == "" {
					continue
				}
				if r.code != exitError || !strings.Contains(r.log, m.says) {
					t.Errorf("%s, %s: code %d, want 1 and %q: %s", line, name, r.code, m.says, r.log)
				}
			}
		}
	})
	t.Logf("%d command lines", count)
	if count < 2000 {
		t.Errorf("%d command lines; want thousands", count)
	}
}
