package main

import (
	"context"
	"fmt"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/cli"
	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/tools"
	"gitlab.com/eshopbox-team/return-sync/functions/cmd/returnsync/internal/alerts"
	"gitlab.com/eshopbox-team/return-sync/functions/cmd/returnsync/internal/index"
	"gitlab.com/eshopbox-team/return-sync/functions/cmd/returnsync/internal/jobs"
	"gitlab.com/eshopbox-team/return-sync/functions/cmd/returnsync/internal/schedules"
	"gitlab.com/eshopbox-team/return-sync/functions/cmd/returnsync/internal/scopes"
	"gitlab.com/eshopbox-team/return-sync/functions/cmd/returnsync/internal/setup"
	"gitlab.com/eshopbox-team/return-sync/functions/cmd/returnsync/internal/syncs"
)

// groups are the commands, one group a line.
func groups() []func(*cli.App) []*cobra.Command {
	return []func(*cli.App) []*cobra.Command{
		setup.Commands,
		syncs.Commands,
		jobs.Commands,
		index.Commands,
		scopes.Commands,
		schedules.Commands,
		alerts.Commands,
	}
}

// headings are the groups of the help by their headings, in order; a wing's command has a
// group of its own.
var headings = []struct {
	id, title string
	commands  []string
}{
	{"sync", "Sync:", []string{"status", "sync", "runs", "logs", "alerts"}},
	{"repair", "Repair:", []string{"record", "verify", "repair", "parked", "backfill", "rebuild", "jobs"}},
	{"define", "Definitions:", []string{"entities", "settings"}},
	{"operate", "Operate:", []string{"schedules", "scopes", "audit"}},
	{"configure", "Configure:", []string{"migrate", "doctor", "token", "version", "completion", "help"}},
}

// sortHelp puts every command below a heading of the help.
func sortHelp(root *cobra.Command) {
	of := map[string]string{}
	for _, h := range headings {
		for _, name := range h.commands {
			of[name] = h.id
		}
	}
	root.SetHelpCommandGroupID(of["help"])
	root.SetCompletionCommandGroupID(of["completion"])
	var groups []*cobra.Group
	for _, h := range headings {
		groups = append(groups, &cobra.Group{ID: h.id, Title: h.title})
	}
	for _, cmd := range root.Commands() {
		if cmd.Hidden || !cmd.Runnable() && !cmd.HasSubCommands() { // a topic of help has neither
			continue
		}
		if cmd.GroupID = of[cmd.Name()]; cmd.GroupID == "" {
			cmd.GroupID = cmd.Name()
			groups = append(groups, &cobra.Group{ID: cmd.Name(), Title: strings.ToUpper(cmd.Name()[:1]) + cmd.Name()[1:] + ":"})
		}
	}
	root.AddGroup(groups...)
}

// execute runs a command line and returns the exit code.
func execute(ctx context.Context, args []string, d cli.Deps) int {
	root := newRoot(d)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	code := cli.ExitCode(err)
	if code == cli.ExitError {
		_, _ = fmt.Fprintln(d.Err, "returnsync:", err)
	}
	return code
}

const rootHelp = `returnsync is the operator's tool of Return-sync. It sets the database up, reports how
the syncs are doing and what to do, starts them, compares and repairs the index, syncs
history again, and builds an index anew.

Exit codes of all commands:
  0  well
  1  the command failed: standard error says why and what to do
  2  the command worked and found something that needs attention; each command's
     help says what`

const rootExamples = `  returnsync status                       how the syncs are doing, and what to do
  returnsync migrate                      bring our tables up to date
  returnsync sync --entity returns --wait start a sync now and follow it
  returnsync verify --deep                compare the index record by record
  returnsync help config                  where settings come from`

// newRoot returns the command with all groups.
func newRoot(d cli.Deps) *cobra.Command {
	a := &cli.App{Deps: d}
	root := &cobra.Command{
		Use:           "returnsync",
		Short:         "Operate the syncs of returns into the search index",
		Long:          rootHelp,
		Example:       rootExamples,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cli.ChildNamed,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetOut(d.Out)
	root.SetErr(d.Err)
	root.SetFlagErrorFunc(cli.FlagError)
	root.PersistentPreRunE = cli.FlagsTogether
	a.AddFlags(root)
	root.SetVersionTemplate("returnsync {{.Version}}\n")
	root.Version = setup.Built(debug.ReadBuildInfo())
	for _, group := range groups() {
		root.AddCommand(group(a)...)
	}
	for _, t := range tools.All() {
		if t.Commands != nil {
			root.AddCommand(t.Commands(a)...)
		}
	}
	sortHelp(root)
	cli.Standard(root)
	cli.Complete(a, root)
	cli.DocumentExits(root)
	cli.RecordJSON(a, root)
	return root
}
