package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/sethvargo/go-envconfig"
	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
)

// deps is what the program takes from its surroundings.
type deps struct {
	env      envconfig.Lookuper
	home     string // where .config is looked for; empty for nowhere
	dir      string // where return-sync.ini is looked for; empty for here
	out, log io.Writer
	terminal bool // log is a terminal
	client   *http.Client
	cron     func(*wire.Env, context.Context) (*wire.Cron, error)
	now      func() time.Time
	poll     time.Duration // how often a followed run is looked at
	user     string        // of this machine; empty if it has no name
}

// The exit codes; the root's help documents them.
const (
	exitOK        = 0
	exitError     = 1
	exitAttention = 2
)

// errAttention ends a command that worked and found something to look at. What
// it is has been printed.
var errAttention = errors.New("something needs attention")

// execute runs a command line and returns the exit code.
func execute(ctx context.Context, args []string, d deps) int {
	root := newRoot(d)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errAttention):
		return exitAttention
	}
	_, _ = fmt.Fprintln(d.log, "returnsync:", err)
	return exitError
}

const rootHelp = `returnsync looks after Return-sync: it sets the database up, says how the syncs are
doing and what to do, starts them, compares and mends the index, loads history,
and builds an index anew.

Exit codes:
  0  all is well
  1  the command failed; standard error says why and what to do
  2  the command worked, and something needs attention (status, verify, runs show, alerts list, settings diff)`

const rootExamples = `  returnsync status                       how are the syncs doing, and what to do
  returnsync migrate                      bring our tables up to date
  returnsync sync --entity returns --wait start a sync now and follow it
  returnsync verify --deep                is the index right, record by record
  returnsync help config                  where settings come from`

// newRoot returns the command with all its children.
func newRoot(d deps) *cobra.Command {
	a := &app{deps: d}
	root := &cobra.Command{
		Use:           "returnsync",
		Short:         "Look after the syncs of returns into the search index",
		Long:          rootHelp,
		Example:       rootExamples,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetOut(d.out)
	root.SetErr(d.log)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return fmt.Errorf("%w; see %s --help", err, cmd.CommandPath())
	})
	f := root.PersistentFlags()
	f.StringVar(&a.file, "config", "", "the INI file to read (RETURN_SYNC_CONFIG)")
	f.StringVar(&a.by, "by", "", "who changes something, for the audit (default: the user of this machine)")
	f.BoolVarP(&a.verbose, "verbose", "v", false, "show the parts' own log, from LOG_LEVEL on")
	addSettings(f, everywhere)
	root.AddCommand(a.migrate(), a.entities(), a.status(), a.sync(), a.backfill(), a.repair(), a.rebuild(), a.jobs(), a.parked(), a.verify(), a.runs(), a.logs(), a.alerts(), a.indexSettings(), a.doctor(), a.scopes(), a.statuses(), a.syncEntities(), a.schedules(), a.token(), a.version(), configTopic())
	root.AddCommand(a.scopeActions()...)
	return root
}
