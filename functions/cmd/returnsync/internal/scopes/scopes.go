// Package scopes is the commands about groups of syncs that are started and tracked as one.
package scopes

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/cli"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/operate"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	syncscope "gitlab.com/eshopbox-team/return-sync/shared/scope"
	"gitlab.com/eshopbox-team/return-sync/shared/scope/scopestore"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/member"
)

const scopesHelp = `A scope is a named group of members that are started and tracked as one. A member
stands for the entities that are synced in its name. The state of a scope is

  syncing      until every member has completed, members not yet started included
  failed       when all have completed and one failed
  synced       when all have completed and none failed
  interrupted  when the work of a member was lost; start the scope again

The commands bring the states up to date before they answer. Every command also
answers to the name of its action, such as start-sync-scope or
action.start-sync-scope.`

// failedScope is the case in which a command that shows scopes needs attention.
const failedScope = "a scope that is shown failed or was interrupted"

// Commands returns the commands of this group. All but the first are the documented names
// of actions; help does not list them, since they repeat others.
func Commands(a *cli.App) []*cobra.Command {
	start, remove := startCmd(a, "start", false), deleteCmd(a, "delete")
	start.Aliases, remove.Aliases = names(syncscope.StartScope), names(syncscope.DeleteScope)
	list := []*cobra.Command{cli.Group(&cobra.Command{
		Use: "scopes", Short: "Start and watch groups of syncs, and their single syncs", Long: scopesHelp,
		Example: "  returnsync scopes start nightly --member returns=returns --member stock=stock --wait\n  returnsync scopes list",
	}, listCmd(a), showCmd(a), start, startCmd(a, "restart", true), remove, statusesCmd(a), syncEntitiesCmd(a, "sync"))}
	for _, cmd := range []*cobra.Command{
		startCmd(a, syncscope.StartScope, false), deleteCmd(a, syncscope.DeleteScope), statusDeleteCmd(a, syncscope.DeleteStatus), syncEntitiesCmd(a, syncscope.SyncEntities),
	} {
		cmd.Hidden, cmd.Aliases = true, names(cmd.Name())[1:]
		list = append(list, cmd)
	}
	statuses := statusesCmd(a)
	statuses.Hidden = true
	return append(list, statuses)
}

// statusesCmd is the commands about single syncs.
func statusesCmd(a *cli.App) *cobra.Command {
	remove := statusDeleteCmd(a, "delete")
	remove.Aliases = names(syncscope.DeleteStatus)
	return cli.Group(&cobra.Command{
		Use: "statuses", Short: "Show the single syncs that scopes and people started",
		Long: `A status is one entity's part of a start of a scope or of a call of scopes sync:
syncing, synced, or failed with an error. How the syncs are doing: returnsync status.`,
		Example: "  returnsync scopes statuses list --state failed",
	}, statusListCmd(a), remove)
}

// names returns the documented names of an action, the plain one first.
func names(action string) []string { return []string{action, "action." + action, "action-" + action} }

// manyScopes is how many scopes are listed at most.
const manyScopes = 10_000

// listCmd is the command that lists scopes.
func listCmd(a *cli.App) *cobra.Command {
	return cli.List[syncscope.Answer]{
		Command: cobra.Command{
			Short:       "List the scopes and their states",
			Annotations: cli.Attention(failedScope),
			Example:     "  returnsync scopes list\n  returnsync scopes list --json | jq '.[] | select(.state == \"failed\")'",
		},
		Read: func(ctx context.Context, s *cli.Session, _ cli.ListFlags) ([]syncscope.Answer, error) {
			scopes, err := forReading(ctx, s)
			if err != nil {
				return nil, err
			}
			list, err := scopes.Store.Scopes(ctx, manyScopes)
			all := make([]syncscope.Answer, len(list))
			for i, one := range list {
				all[i] = one.Answer()
			}
			return all, err
		},
		Empty: "there are no scopes; to start one: returnsync scopes start --help",
		Head:  "SCOPE\tSTATE\tNOT STARTED\tSYNCING\tFAILED\tSYNCED\tLAST STARTED (UTC)\tLAST SYNCED (UTC)\tLAST FAILED (UTC)",
		Row: func(a syncscope.Answer) []any {
			return []any{a.ID, a.State, a.NotStarted, a.Syncing, a.Failed, a.Synced, moment(a.LastStartedAt), moment(a.LastSyncedAt), moment(a.LastFailedAt)}
		},
		After: func(_ context.Context, _ *cli.Session, _ cli.ListFlags, all []syncscope.Answer) error {
			return attentionOf(all...)
		},
	}.Build(a)
}

// showCmd is the command that shows one scope and its members.
func showCmd(a *cli.App) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "show SCOPE", Short: "Show a scope and its members", Args: cli.Args,
		Annotations: cli.Attention(failedScope),
		Example:     "  returnsync scopes show nightly",
		RunE: a.Run(func(ctx context.Context, s *cli.Session, args []string) error {
			scopes, err := forReading(ctx, s)
			if err != nil {
				return err
			}
			one, err := scopes.Store.Scope(ctx, args[0])
			if err != nil {
				return err
			}
			return printScope(s, one.Answer(), asJSON)
		}),
	}
	cli.JSONFlag(cmd.Flags(), &asJSON)
	return cmd
}

// startOptions are the flags of a start.
type startOptions struct {
	cli.Wait
	members       []string
	title         string
	json          bool
	interruptedBy time.Duration
	restart       bool
}

const startHelp = `Members are given once, as --member INSTANCE=ENTITY,ENTITY, and kept: a start without
any takes those of the last start. --member returns is short for --member
returns=returns. --member INSTANCE= has no entities: the member waits for scopes sync in
its name. If an entity of a member is being synced already, the member joins that
sync.`

// startCmd is the command that starts a scope.
func startCmd(a *cli.App, use string, restart bool) *cobra.Command {
	o := startOptions{restart: restart}
	cmd := &cobra.Command{
		Use: use + " SCOPE", Short: "Start a scope, unless it is syncing", Args: cli.Args, Long: startHelp,
		Annotations: cli.Failure(map[string]string{}, "with --wait the scope did not end synced"),
		Example:     "  returnsync scopes " + use + " nightly --member returns=returns --member both=returns,stock --wait\n  returnsync scopes " + use + " nightly",
		RunE:        a.Run(func(ctx context.Context, s *cli.Session, args []string) error { return startScope(ctx, s, args[0], o) }),
	}
	if restart {
		cmd.Short = "Start a scope anew, even if it is syncing"
		cmd.Long = "Syncs that its members have under way continue and count no more.\n\n" + startHelp
	} else {
		cmd.Flags().BoolVar(&o.restart, "restart", false, "start it even if it is syncing")
	}
	cmd.Flags().StringArrayVar(&o.members, "member", nil, "a member and its entities, INSTANCE=ENTITY,ENTITY; repeat it for several members")
	cmd.Flags().StringVar(&o.title, "title", "", "its name, for people")
	cmd.Flags().DurationVar(&o.interruptedBy, "interrupt-after", 0, "interrupt it if it has not completed by then; 0 never does")
	cli.JSONFlag(cmd.Flags(), &o.json)
	o.Add(cmd.Flags(), 30*time.Minute)
	cli.AddSettings(cmd.Flags(), cli.OnSync)
	return cmd
}

// request translates the flags of a start.
func (o startOptions) request(id string) (syncscope.Request, error) {
	r := syncscope.Request{InstanceID: syncscope.ID(id)}
	r.Options.Title, r.Options.Restart = syncscope.Text(o.title), o.restart
	r.Options.TimeoutSeconds = int(o.interruptedBy.Seconds())
	if err := syncscope.CheckID(id, "SCOPE"); err != nil {
		return r, err
	}
	for _, text := range o.members {
		member, list, given := strings.Cut(text, "=")
		if err := syncscope.CheckID(member, "--member"); err != nil {
			return r, err
		}
		r.Options.InstanceIDs = append(r.Options.InstanceIDs, syncscope.ID(member))
		if !given {
			list = member // a name alone is the entity's and the member's
		}
		if list == "" {
			continue // the member waits for others to sync in its name
		}
		if r.Options.Members == nil {
			r.Options.Members = map[string]syncscope.Wanted{}
		}
		for _, entity := range strings.Split(list, ",") {
			r.Options.Members[member] = append(r.Options.Members[member], syncscope.Item{Entity: entity})
		}
	}
	if o.Timeout <= 0 || o.interruptedBy < 0 || o.interruptedBy%time.Second != 0 {
		return r, errors.New("--timeout must be more than 0, and --interrupt-after a number of whole seconds")
	}
	return r, nil
}

// startScope starts a scope and, if asked to, follows it.
func startScope(ctx context.Context, s *cli.Session, id string, o startOptions) error {
	r, err := o.request(id)
	if err != nil {
		return err
	}
	scopes, err := forStarting(ctx, s)
	if err != nil {
		return err
	}
	done, err := operate.ScopeActs{Flow: scopes}.Start(ctx, s.Actor(), r)
	if err != nil {
		return err
	}
	if !o.json {
		_, _ = fmt.Fprintf(s.Out, "%s: %s\n", id, done.Message)
	}
	sayWaiting(s, done.Scope)
	if o.Wait.Wait {
		ctx, cancel := context.WithTimeout(ctx, o.Timeout)
		defer cancel()
		done.Scope, err = awaitScope(ctx, s, scopes, done.Scope)
		if err != nil {
			return err
		}
	}
	if o.json {
		if err := cli.JSON(s.Out, done); err != nil {
			return err
		}
	} else if o.Wait.Wait {
		printMembers(s.Out, done.Scope)
	}
	if o.Wait.Wait && done.Scope.State != syncscope.Synced {
		return fmt.Errorf("the scope %s ended %s: see returnsync scopes show %s", id, done.Scope.State, id)
	}
	return nil
}

// sayWaiting names the members of an open scope that were given no entities: such a
// member starts nothing, and the scope stays open until somebody else syncs in its name.
func sayWaiting(s *cli.Session, one syncscope.Answer) {
	for _, id := range slices.Sorted(maps.Keys(one.Details)) {
		if one.State != syncscope.Syncing || len(one.Details[id].Entities) > 0 || one.Details[id].State != syncscope.NotStarted {
			continue
		}
		_, _ = fmt.Fprintf(s.Err, "the member %s has no entities: the scope is syncing until returnsync scopes sync --instance %s; "+
			"to sync entities in its name now: returnsync scopes restart %s --member %s=ENTITY\n", id, id, one.ID, id)
	}
}

// deleteCmd is the command that deletes a scope.
func deleteCmd(a *cli.App, use string) *cobra.Command {
	return &cobra.Command{
		Use: use + " SCOPE", Short: "Delete a scope; its syncs continue", Args: cli.Args,
		Example: "  returnsync scopes delete nightly",
		RunE:    a.Run(remove("", operate.ScopeActs.DeleteScope)),
	}
}

// remove returns an action that deletes the scope or the status that an argument names.
func remove(form string, do func(operate.ScopeActs, context.Context, operate.Actor, string, syncscope.When) (bool, error)) cli.Action {
	return func(ctx context.Context, s *cli.Session, args []string) error {
		if form != "" && !numberForm.MatchString(args[0]) {
			return fmt.Errorf("%q is not %s", args[0], form)
		}
		scopes, err := forReading(ctx, s)
		if err != nil {
			return err
		}
		if _, err := do(operate.ScopeActs{Flow: scopes}, ctx, s.Actor(), args[0], syncscope.When{}); err != nil {
			return err
		}
		_, err = fmt.Fprintf(s.Out, "%s: deleted\n", args[0])
		return err
	}
}

// numberForm is the form of a status's number.
var numberForm = regexp.MustCompile(`^[1-9][0-9]*$`)

// forReading opens our own tables and brings the scopes up to date: enough to read and to
// delete.
func forReading(ctx context.Context, s *cli.Session) (*member.Scopes, error) {
	var cfg member.Config
	db, err := s.Tables(ctx, &cfg)
	if err != nil {
		return nil, err
	}
	scopes := &member.Scopes{Store: scopestore.New(db.Pool()), DB: db, Config: cfg, Log: s.Env.Log}
	return scopes, scopes.Refresh(ctx)
}

// forStarting opens our own tables and the tick.
func forStarting(ctx context.Context, s *cli.Session) (*member.Scopes, error) {
	var cfg member.Config
	if err := wire.Configure(ctx, s.Env.Lookup, &cfg); err != nil {
		return nil, err
	}
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	tick, err := s.OpenTick(ctx, "", true)
	if err != nil {
		return nil, err
	}
	return &member.Scopes{Store: scopestore.New(tick.Store.Pool()), DB: tick.Store, Ticker: tick.Play, Entities: tick.Entities, Config: cfg, Log: s.Env.Log}, nil
}
