// Package cli is what all groups of commands of returnsync share: the settings, one
// session a command, the databases, lists, waits and exit codes. A group is a package
// beside this one with a function Commands; package main joins the groups, one line each.
package cli

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/sethvargo/go-envconfig"
	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
)

// Deps is what the program takes from its surroundings.
type Deps struct {
	Environment envconfig.Lookuper
	Home        string // the folder of .config; empty for none
	Dir         string // the folder of return-sync.ini; empty for the current one
	Out, Err    io.Writer
	Terminal    bool // Err is a terminal
	Client      *http.Client
	OpenCron    func(*wire.Env, context.Context) (*wire.Cron, error)
	Now         func() time.Time
	Poll        time.Duration // between two looks at work that is waited for
	User        string        // of this machine; empty if it has no name
	Wings       []wire.Wing   // the wings that this program knows
}

// App is the program: its surroundings and the flags that every command has.
type App struct {
	Deps
	file    string
	by      string // the actor for the audit; empty for the user of this machine
	verbose bool
	listed  map[*cobra.Command]ids // what each list has, for completion
}

// names keeps what a list has, for completion.
func (a *App) names(cmd *cobra.Command, list ids) {
	if a.listed == nil {
		a.listed = map[*cobra.Command]ids{}
	}
	a.listed[cmd] = list
}

// Session is one command under way.
type Session struct {
	*App
	Env *wire.Env
}

// Action is what a command does.
type Action func(ctx context.Context, s *Session, args []string) error

// AddFlags adds the flags of every command to the root.
func (a *App) AddFlags(root *cobra.Command) {
	f := root.PersistentFlags()
	f.StringVar(&a.file, "config", "", "the INI file to read (RETURN_SYNC_CONFIG)")
	f.StringVar(&a.by, "by", "", "the actor to name in the audit log (default: the user of this machine)")
	f.BoolVarP(&a.verbose, "verbose", "v", false, "show the program's log, from LOG_LEVEL on")
	AddSettings(f, everywhere)
}

// Run returns a command's RunE: it reads the settings, does the action and closes what
// was opened.
func (a *App) Run(do Action) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) (err error) {
		lookup, err := a.lookup(cmd)
		if err != nil {
			return err
		}
		log := slog.New(slog.DiscardHandler)
		if a.verbose {
			var c wire.Common
			if err := wire.Configure(cmd.Context(), lookup, &c); err != nil {
				return err
			}
			log = slog.New(slog.NewTextHandler(a.Err, &slog.HandlerOptions{Level: c.LogLevel}))
		}
		s := &Session{App: a, Env: &wire.Env{Lookup: lookup, Log: log, Wings: a.Wings}}
		defer func() { err = errors.Join(err, s.Env.Close()) }()
		return do(cmd.Context(), s, args)
	}
}

// group is the annotation of a command that only holds others.
const group = "group"

// IsGroup reports whether a command only holds others.
func IsGroup(cmd *cobra.Command) bool { return cmd.Annotations[group] != "" || !cmd.HasParent() }

// Group returns a command that only holds others; without a name of one it shows its help
// and exits with 2, since nothing was done.
func Group(cmd *cobra.Command, children ...*cobra.Command) *cobra.Command {
	cmd.Args = ChildNamed
	cmd.Annotations = map[string]string{group: "true"}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return errors.Join(cmd.Help(), ErrAttention) }
	cmd.AddCommand(children...)
	return cmd
}
