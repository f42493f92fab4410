package main

import (
	"encoding/json"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/cli"
	"gitlab.com/eshopbox-team/return-sync/functions/cmd/returnsync/internal/setup"
)

// TestHelp holds the help of every command to a golden file.
func TestHelp(t *testing.T) {
	var all strings.Builder
	each(newRoot(surroundings(t, nil).real()), func(cmd *cobra.Command) {
		path := strings.Fields(cmd.CommandPath())[1:]
		r := call(t, surroundings(t, nil), append([]string{"help"}, path...)...)
		r.expect(t, exitOK, nil, nil)
		all.WriteString("$ " + strings.TrimSpace("returnsync help "+strings.Join(path, " ")) + "\n" + r.out + "\n")
	})
	golden(t, "help.golden", all.String())
}

// each calls fn with a command and all below it.
func each(cmd *cobra.Command, fn func(*cobra.Command)) {
	fn(cmd)
	for _, child := range cmd.Commands() {
		each(child, fn)
	}
}

// TestEveryCommandExplainsItself demands an example and a sentence of each.
func TestEveryCommandExplainsItself(t *testing.T) {
	each(newRoot(surroundings(t, nil).real()), func(cmd *cobra.Command) {
		if cmd.Short == "" || cmd.Runnable() && cmd.Example == "" {
			t.Errorf("%s lacks a sentence or an example", cmd.CommandPath())
		}
	})
}

// TestAliases calls the help of every alias and of every hidden command: each name that
// was documented once still finds its command.
func TestAliases(t *testing.T) {
	found := 0
	each(newRoot(surroundings(t, nil).real()), func(cmd *cobra.Command) {
		names := cmd.Aliases
		if cmd.Hidden && !strings.HasPrefix(cmd.Name(), "_") {
			names = append(names, cmd.Name())
		}
		first, _, _ := strings.Cut(cmd.Long, "\n")
		for _, name := range names {
			path := slices.Concat(strings.Fields(cmd.Parent().CommandPath())[1:], []string{name, "--help"})
			want := []string{first, "Exit codes:"}
			if cli.IsGroup(cmd) {
				want = []string{first, "Available Commands:"}
			}
			call(t, surroundings(t, nil), path...).expect(t, exitOK, want, nil)
			found++
		}
	})
	if found < 20 {
		t.Errorf("%d names", found)
	}
}

// TestExitCodesAreDocumented demands the exit codes in the help of each command that does
// something, in the same words everywhere.
func TestExitCodesAreDocumented(t *testing.T) {
	each(newRoot(surroundings(t, nil).real()), func(cmd *cobra.Command) {
		does := cmd.Runnable() && !cli.IsGroup(cmd) && !strings.HasPrefix(cmd.Name(), "_")
		if does && strings.Count(cmd.Long, "Exit codes:\n  0  well\n  1  ") != 1 {
			t.Errorf("%s: %s", cmd.CommandPath(), cmd.Long)
		}
	})
}

func TestCommandLines(t *testing.T) {
	cases := map[string]struct {
		args []string
		code int
		out  string
		log  string
	}{
		"nothing":         {[]string{}, exitOK, "Configure:", ""},
		"unknown command": {[]string{"statsu"}, exitError, "", `unknown command "statsu"`},
		"suggestion":      {[]string{"statsu"}, exitError, "", "did you mean returnsync status?"},
		"unknown child":   {[]string{"parked", "lost"}, exitError, "", `unknown command "lost"`},
		"unknown flag":    {[]string{"status", "--jsn"}, exitError, "", "unknown flag: --jsn; the nearest is --json; see returnsync status --help"},
		"too many words":  {[]string{"migrate", "now"}, exitError, "", `"now" is one word too many; write: returnsync migrate`},
		"bad limit":       {[]string{"parked", "list", "--limit", "0"}, exitError, "", "--limit is 0; want 1 or more"},
		"bad timeout":     {[]string{"sync", "--timeout", "0s"}, exitError, "", "--timeout is 0s"},
		"completion":      {[]string{"completion", "bash"}, exitOK, "bash completion", ""},
		"version":         {[]string{"version"}, exitOK, runtime.Version(), ""},
		"groups":          {[]string{"entities"}, exitAttention, "check", ""},
		"parked":          {[]string{"parked"}, exitAttention, "list", ""},
		"version flag":    {[]string{"--version"}, exitOK, runtime.Version(), ""},
		"missing word":    {[]string{"jobs", "show"}, exitError, "", "JOB is missing; write: returnsync jobs show JOB"},
		"missing words":   {[]string{"parked", "drop", "--yes"}, exitError, "", "ID is missing; write: returnsync parked drop ID..."},
		"one too many":    {[]string{"runs", "show", "1", "2"}, exitError, "", `"2" is one word too many; write: returnsync runs show RUN`},
		"unknown form":    {[]string{"runs", "list", "-o", "xml"}, exitError, "", `--output is "xml"; want table, json, csv`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			call(t, surroundings(t, nil), c.args...).expect(t, c.code, []string{c.out}, []string{c.log})
		})
	}
}

func TestBuilt(t *testing.T) {
	info := &debug.BuildInfo{GoVersion: "go9", Settings: []debug.BuildSetting{{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.time", Value: "2026-11-28T03:00:00Z"}, {Key: "vcs.modified", Value: "true"}}}
	if diff := cmp.Diff("(devel) commit abc of 2026-11-28T03:00:00Z with local changes go9", setup.Built(info, true)); diff != "" {
		t.Error(diff)
	}
	if got := setup.Built(nil, false); !strings.HasPrefix(got, "unknown") {
		t.Error(got)
	}
}

// TestEveryCommandSpeaksJSON demands --json and -o of each command that does something and
// ends, and reads the JSON of one that prints sentences.
func TestEveryCommandSpeaksJSON(t *testing.T) {
	each(newRoot(surroundings(t, nil).real()), func(cmd *cobra.Command) {
		does := cmd.RunE != nil && !cli.IsGroup(cmd) && !strings.HasPrefix(cmd.Name(), "_") && cmd.CommandPath() != "returnsync transfers serve"
		if does && (cmd.Flags().Lookup("json") == nil || cmd.Flags().ShorthandLookup("o") == nil) {
			t.Errorf("%s has no --json or no -o", cmd.CommandPath())
		}
	})
	for _, args := range [][]string{{"version", "--json"}, {"version", "-o", "json"}} {
		var said struct {
			OK   bool
			Said []string
		}
		r := call(t, surroundings(t, nil), args...)
		if err := json.Unmarshal([]byte(r.out), &said); err != nil || !said.OK || len(said.Said) != 1 || !strings.HasPrefix(said.Said[0], "returnsync ") {
			t.Errorf("%v: %s, %v", args, r.out, err)
		}
	}
	call(t, surroundings(t, nil), "version", "-o", "xml").expect(t, exitError, nil, []string{`--output is "xml"; want table, json`})
}
