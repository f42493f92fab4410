package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/operate"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	syncscope "gitlab.com/eshopbox-team/return-sync/shared/scope"
	"gitlab.com/eshopbox-team/return-sync/shared/scope/scopestore"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/flow"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/member"
)

const scopesHelp = `A scope is a named group of members that are started and tracked as one; a member
stands for the entities that are synced in its name. It is

  syncing      until every member has completed, those not started included
  failed       when all have completed and one failed
  synced       when all have completed and none failed
  interrupted  when what carried a member was lost; start it again

The commands look at the runs before they answer, so what they say is up to
date. Every command also answers to the name of its action, such as
start-sync-scope or action.start-sync-scope.

Exit codes: 0 all is well; 1 the command failed, or with --wait the scope did not
end synced; 2 a scope that is shown failed or was interrupted.`

// scopes is the commands about scopes.
func (a *app) scopes() *cobra.Command {
	cmd := &cobra.Command{
		Use: "scopes", Short: "Start and watch groups of syncs", Long: scopesHelp, Args: cobra.NoArgs,
		Example: "  returnsync scopes start nightly --member returns=returns --member stock=stock --wait\n  returnsync scopes list",
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	start, restart, remove := a.scopeStart("start", false), a.scopeStart("restart", true), a.scopeDelete("delete")
	start.Aliases, remove.Aliases = names(syncscope.StartScope), names(syncscope.DeleteScope)
	cmd.AddCommand(a.scopesList(), a.scopesShow(), start, restart, remove)
	return cmd
}

// scopeActions is the actions' names as commands of their own, which the help
// does not list because they are the same as others.
func (a *app) scopeActions() []*cobra.Command {
	list := []*cobra.Command{a.scopeStart(syncscope.StartScope, false), a.scopeDelete(syncscope.DeleteScope), a.statusDelete(syncscope.DeleteStatus)}
	for _, cmd := range list {
		cmd.Hidden, cmd.Aliases = true, names(cmd.Name())[1:]
	}
	return list
}

// names returns the documented names of an action, the plain one first.
func names(action string) []string { return []string{action, "action." + action, "action-" + action} }

// scopesList is the command that lists scopes.
func (a *app) scopesList() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "list", Short: "List the scopes and how they are", Args: cobra.NoArgs,
		Example: "  returnsync scopes list\n  returnsync scopes list --json | jq '.[] | select(.state == \"failed\")'",
		RunE: a.run(func(ctx context.Context, s *session, _ []string) error {
			scopes, err := s.scopesRead(ctx)
			if err != nil {
				return err
			}
			list, err := scopes.Store.Scopes(ctx, manyScopes)
			if err != nil {
				return err
			}
			return s.printScopes(answers(list), asJSON)
		}),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, for programs")
	return cmd
}

// manyScopes is how many scopes are listed at most.
const manyScopes = 10_000

// scopesShow is the command that shows one scope and its members.
func (a *app) scopesShow() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "show <id>", Short: "Show a scope and its members", Args: cobra.ExactArgs(1),
		Example: "  returnsync scopes show nightly",
		RunE: a.run(func(ctx context.Context, s *session, args []string) error {
			scopes, err := s.scopesRead(ctx)
			if err != nil {
				return err
			}
			one, err := scopes.Store.Scope(ctx, args[0])
			if err != nil {
				return err
			}
			return s.printScope(one.Answer(), asJSON)
		}),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, for programs")
	return cmd
}

// scopeOptions are what the flags of a start say.
type scopeOptions struct {
	members       []string
	title         string
	json, wait    bool
	timeout       time.Duration
	interruptedBy time.Duration
	restart       bool
}

const startHelp = `Members are given once, as --member <instance>=<entity>,<entity>, and kept: a start
without any takes those of the last. A member without entities waits until
sync-entities is called in its name. A member whose entity is being synced already
joins that sync.`

// scopeStart is the command that starts a scope.
func (a *app) scopeStart(use string, restart bool) *cobra.Command {
	o := scopeOptions{restart: restart}
	cmd := &cobra.Command{
		Use: use + " <id>", Short: "Start a scope, unless it is syncing", Args: cobra.ExactArgs(1), Long: startHelp,
		Example: "  returnsync scopes " + use + " nightly --member returns=returns --member both=returns,stock --wait\n  returnsync scopes " + use + " nightly",
		RunE:    a.run(func(ctx context.Context, s *session, args []string) error { return s.startScope(ctx, args[0], o) }),
	}
	if restart {
		cmd.Short = "Start a scope anew, even if it is syncing"
		cmd.Long = "What its members have under way goes on and counts no more.\n\n" + startHelp
	} else {
		cmd.Flags().BoolVar(&o.restart, "restart", false, "even if it is syncing")
	}
	cmd.Flags().StringArrayVar(&o.members, "member", nil, "a member and its entities: <instance>=<entity>,<entity>; several times for several")
	cmd.Flags().StringVar(&o.title, "title", "", "what people call it")
	cmd.Flags().DurationVar(&o.interruptedBy, "interrupt-after", 0, "interrupt it if it has not completed by then; 0 never does")
	cmd.Flags().BoolVar(&o.json, "json", false, "print JSON, for programs")
	cmd.Flags().BoolVar(&o.wait, "wait", false, "follow it until it has ended")
	cmd.Flags().DurationVar(&o.timeout, "timeout", 30*time.Minute, "how long to wait with --wait")
	addSettings(cmd.Flags(), onSync)
	return cmd
}

// request translates the flags of a start.
func (o scopeOptions) request(id string) (syncscope.Request, error) {
	r := syncscope.Request{InstanceID: syncscope.ID(id)}
	r.Options.Title, r.Options.Restart = syncscope.Text(o.title), o.restart
	r.Options.TimeoutSeconds = int(o.interruptedBy.Seconds())
	for _, text := range o.members {
		member, list, given := strings.Cut(text, "=")
		r.Options.InstanceIDs = append(r.Options.InstanceIDs, syncscope.ID(member))
		if !given {
			continue
		}
		if r.Options.Members == nil {
			r.Options.Members = map[string]syncscope.Wanted{}
		}
		for _, entity := range strings.Split(list, ",") {
			r.Options.Members[member] = append(r.Options.Members[member], syncscope.Item{Entity: entity})
		}
	}
	if o.timeout <= 0 || o.interruptedBy < 0 || o.interruptedBy%time.Second != 0 {
		return r, fmt.Errorf("--timeout must be more than 0, and --interrupt-after whole seconds")
	}
	return r, nil
}

// startScope starts a scope and, if asked to, follows it.
func (s *session) startScope(ctx context.Context, id string, o scopeOptions) error {
	r, err := o.request(id)
	if err != nil {
		return err
	}
	scopes, err := s.scopesWrite(ctx)
	if err != nil {
		return err
	}
	done, err := operate.ScopeActs{Flow: scopes}.Start(ctx, s.actor(), r)
	if err != nil {
		return err
	}
	if !o.json {
		_, _ = fmt.Fprintf(s.out, "%s: %s\n", id, done.Message)
	}
	if o.wait {
		ctx, cancel := context.WithTimeout(ctx, o.timeout)
		defer cancel()
		done.Scope, err = s.awaitScope(ctx, scopes, done.Scope)
		if err != nil {
			return err
		}
	}
	if o.json {
		if err := printJSON(s.out, done); err != nil {
			return err
		}
	} else if o.wait {
		printMembers(s.out, done.Scope)
	}
	if o.wait && done.Scope.State != syncscope.Synced {
		return fmt.Errorf("the scope %s ended %s: look with returnsync scopes show %s", id, done.Scope.State, id)
	}
	return nil
}

// scopeDelete is the command that deletes a scope.
func (a *app) scopeDelete(use string) *cobra.Command {
	return &cobra.Command{
		Use: use + " <id>", Short: "Delete a scope; its syncs go on", Args: cobra.ExactArgs(1),
		Example: "  returnsync scopes delete nightly",
		RunE: a.run(func(ctx context.Context, s *session, args []string) error {
			scopes, err := s.scopesRead(ctx)
			if err != nil {
				return err
			}
			if _, err := (operate.ScopeActs{Flow: scopes}).DeleteScope(ctx, s.actor(), args[0], syncscope.When{}); err != nil {
				return err
			}
			_, _ = fmt.Fprintf(s.out, "%s: deleted\n", args[0])
			return nil
		}),
	}
}

// scopesRead opens what reading and deleting need, and brings it up to date.
func (s *session) scopesRead(ctx context.Context) (*member.Scopes, error) {
	var cfg member.Config
	d, err := s.configure(ctx, need{targets: []any{&cfg}})
	if err != nil {
		return nil, err
	}
	db, err := s.migrated(ctx, d)
	if err != nil {
		return nil, err
	}
	scopes := &member.Scopes{Store: scopestore.New(db.Pool()), Targets: db, Config: cfg, Log: s.Log}
	return scopes, scopes.Refresh(ctx)
}

// scopesWrite opens what starting needs: the tick as well.
func (s *session) scopesWrite(ctx context.Context) (*member.Scopes, error) {
	var cfg member.Config
	if err := wire.Configure(ctx, s.Lookup, &cfg); err != nil {
		return nil, err
	}
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	tick, db, entities, err := s.prepare(ctx, syncOptions{wait: true})
	if err != nil {
		return nil, err
	}
	return &member.Scopes{Store: scopestore.New(db.Pool()), Targets: db, Ticker: tick, Entities: entities, Config: cfg, Log: s.Log}, nil
}

// Run implements member.Ticker.
func (t ticker) Run(ctx context.Context, tick flow.Tick) ([]flow.Started, error) {
	return t(ctx, tick.Entity)
}
