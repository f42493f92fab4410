package member

import (
	"context"
	"errors"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/scope"
	"gitlab.com/eshopbox-team/return-sync/shared/scope/scopestore"
)

// Other starts and follows the targets of one kind that another wing brings into scopes.
// A scope names such a target with the kind before it: report:sales.
type Other interface {
	// Kind is the word before the colon.
	Kind() string
	// Check says why a name is no target, nil if it is one.
	Check(ctx context.Context, name string) error
	// Start begins the work on a target and returns the wing's own reference to it, at
	// most 32 letters of ASCII. Starting twice with one key starts once and returns the same.
	Start(ctx context.Context, name, key string) (ref string, err error)
	// State says how the work stands: Syncing, Synced, Failed or Interrupted, the last
	// two with a reason that callers may see.
	State(ctx context.Context, ref string) (state scope.State, reason string, err error)
}

// other returns the wing that a target belongs to, if it is no entity.
func (s *Scopes) other(target string) (o Other, name string, ok bool) {
	kind, name, ok := strings.Cut(target, ":")
	if !ok {
		return nil, "", false
	}
	for _, o := range s.Others {
		if o.Kind() == kind {
			return o, name, true
		}
	}
	return nil, "", false
}

// begin starts the work of another wing and binds its statuses.
func (s *Scopes) begin(ctx context.Context, o Other, name string, p scopestore.Part) error {
	ref, err := o.Start(ctx, name, "scope-"+p.Operations[0])
	s.Steps.At("member-ticked")
	if err == nil {
		err = s.Store.BindForeign(context.WithoutCancel(ctx), p, ref)
		s.Steps.At("member-bound")
		return err
	}
	if ctx.Err() != nil {
		return s.giveUp(ctx, p)
	}
	s.Log.ErrorContext(ctx, "a member of another wing could not be started for its scope", "target", p.Entity, "error", err)
	return s.Store.EndStatuses(ctx, p, scopestore.StatusEnd{Reason: "it could not be started: " + sentence(err)})
}

// settleOthers ends the statuses of other wings whose work has ended. A status of a
// wing that this installation no longer uses is interrupted.
func (s *Scopes) settleOthers(ctx context.Context) error {
	list, err := s.Store.ForeignStatuses(ctx)
	problems := []error{err}
	for _, f := range list {
		state, why, err := s.stateOf(ctx, f)
		if err == nil && state != scope.Syncing {
			err = s.Store.EndForeign(ctx, f.ID, state, why)
		}
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}

// stateOf says how the work of a status stands.
func (s *Scopes) stateOf(ctx context.Context, f scopestore.Foreign) (scope.State, string, error) {
	o, _, ok := s.other(f.Entity)
	switch {
	case !ok:
		return scope.Interrupted, "this installation does not use the wing of " + f.Entity, nil
	case f.Ref == "":
		state, why := scope.Trail{Starting: f.Starting}.Verdict()
		return state, why, nil
	}
	state, why, err := o.State(ctx, f.Ref)
	if fault.KindOf(err) == fault.NotFound {
		return scope.Interrupted, "its work is no more; start it again", nil
	}
	return state, why, err
}
