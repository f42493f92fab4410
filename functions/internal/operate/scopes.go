package operate

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/audit"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/scope"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/member"
)

// ScopeActs are the acts on scopes and statuses.
type ScopeActs struct{ Flow *member.Scopes }

// Start starts a scope.
func (s ScopeActs) Start(ctx context.Context, by Actor, r scope.Request) (done member.ScopeDone, err error) {
	id := string(r.InstanceID)
	err = Audited(ctx, audit.New(s.Flow.DB.Pool()), by, audit.Entry{Action: StartScope, Object: id}, func(entry *audit.Entry) error {
		if before, err := s.Flow.Store.Scope(ctx, id); err == nil {
			entry.Old = fmt.Sprintf("%s, start %d", before.State, before.Run)
		}
		var err error
		if done, err = s.Flow.Start(ctx, r, ""); err == nil {
			entry.New = fmt.Sprintf("%s, start %d", done.Scope.State, done.Scope.Run)
			if !done.Started {
				entry.New += ": " + done.Message
			}
		}
		return err
	})
	return done, err
}

// SyncEntities syncs entities, in the name of a scope's member.
func (s ScopeActs) SyncEntities(ctx context.Context, by Actor, r scope.Request) (done member.EntitiesDone, err error) {
	var names []string
	for _, one := range r.Options.Entities {
		names = append(names, one.Entity)
	}
	object := strings.Join(names, ", ")
	if r.Options.Entities == nil {
		object = "all entities"
	}
	if r.InstanceID != "" {
		object += " for " + string(r.InstanceID)
	}
	err = Audited(ctx, audit.New(s.Flow.DB.Pool()), by, audit.Entry{Action: SyncEntities, Object: object}, func(entry *audit.Entry) error {
		var err error
		if done, err = s.Flow.SyncEntities(ctx, r); err == nil {
			entry.New = fmt.Sprintf("%s: %d statuses", done.Message, len(done.Statuses))
		}
		return err
	})
	return done, err
}

// notMet is the outcome of a deletion whose condition does not hold.
const notMet = "the condition is not met; nothing was done"

// DeleteScope deletes a scope under a condition. It reports whether it did.
func (s ScopeActs) DeleteScope(ctx context.Context, by Actor, id string, when scope.When) (bool, error) {
	return s.remove(ctx, by, audit.Entry{Action: DeleteScope, Object: id}, when, func() error {
		if err := scope.CheckID(id, "options.id"); err != nil {
			return err
		}
		return s.Flow.Store.DeleteScope(ctx, id)
	})
}

// DeleteStatus deletes a status, named by its number, under a condition. It reports
// whether it did.
func (s ScopeActs) DeleteStatus(ctx context.Context, by Actor, id string, when scope.When) (bool, error) {
	return s.remove(ctx, by, audit.Entry{Action: DeleteStatus, Object: id}, when, func() error {
		number, err := strconv.ParseInt(id, 10, 64)
		if err != nil || number < 1 {
			return fault.New(fault.Invalid, "bad-id", "options.id is not a sync status: want its number, such as \"7\"").WithParam("options.id")
		}
		return s.Flow.Store.DeleteStatus(ctx, number)
	})
}

// remove does a deletion if its condition is met.
func (s ScopeActs) remove(ctx context.Context, by Actor, entry audit.Entry, when scope.When, do func() error) (done bool, err error) {
	err = Audited(ctx, audit.New(s.Flow.DB.Pool()), by, entry, func(entry *audit.Entry) error {
		if err := s.Flow.Refresh(ctx); err != nil {
			return err
		}
		ok, err := s.Flow.Met(ctx, when)
		switch {
		case err != nil:
			return err
		case !ok:
			entry.New = notMet
			return nil
		}
		entry.New = "deleted"
		if err = do(); err != nil {
			entry.New = ""
		}
		done = err == nil
		return err
	})
	return done, err
}
