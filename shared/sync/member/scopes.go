// Package member makes syncs the members of scopes: it starts a scope's entities as
// one, follows their runs, and reports their states to the scope (package scope has
// the words and rules).
package member

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/scope"
	"gitlab.com/eshopbox-team/return-sync/shared/scope/scopestore"
	"gitlab.com/eshopbox-team/return-sync/shared/states"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/claim"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/flow"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/target"
)

// Ticker starts the syncs of entities: flow.Cron, or a client of it.
type Ticker interface {
	Run(ctx context.Context, t flow.Tick) ([]flow.Started, error)
}

// Config is what the environment says about scopes.
type Config struct {
	// StartLease is how long a start has to bind its syncs to their claims. After that
	// they count as lost.
	StartLease time.Duration `env:"SCOPES_START_LEASE, default=2m"`
	// KeepDays is how long statuses are kept.
	KeepDays int `env:"SCOPES_KEEP_DAYS, default=30"`
}

// Check refuses settings under which nothing could start.
func (c Config) Check() error {
	if c.StartLease < time.Second || c.KeepDays < 1 {
		return errors.New("SCOPES_START_LEASE must be at least 1s, SCOPES_KEEP_DAYS at least 1")
	}
	return nil
}

// Scopes starts and follows scopes and single syncs. It is safe for concurrent
// use.
//
// A start has two halves. In one transaction the scope is reset and every member
// with entities gets new statuses. Then the entities are ticked, and each status is
// bound to the claim of its entity: the one that the tick took, or that of a sync
// under way. Such a status joins the running sync; changes after that sync's window
// was fixed come with the next one. From there on the run has the state of the
// status, and Refresh reads it.
type Scopes struct {
	Store    *scopestore.Store
	DB       *store.DB // our own tables
	Ticker   Ticker
	Entities entity.List
	Config   Config
	Log      *slog.Logger
	Steps    states.Steps
	// Others start and follow members of other wings.
	Others []Other
}

// ScopeDone is what an action on a scope did.
type ScopeDone struct {
	Started bool         `json:"started"`
	Message string       `json:"message"`
	Scope   scope.Answer `json:"scope"`
}

// EntitiesDone is what sync-entities did.
type EntitiesDone struct {
	Started  bool                 `json:"started"`
	Message  string               `json:"message"`
	Statuses []scope.StatusAnswer `json:"statuses"`
}

// The messages of actions that did nothing, and of those that did.
const (
	saidNo        = "the condition is not met; nothing was done"
	saidSyncing   = "already syncing"
	saidDuplicate = "this occurrence has started it already"
	saidStarted   = "started"
)

// Start plays start-sync-scope. occurrence is the idempotency key of a schedule's
// start, empty for a person's.
func (s *Scopes) Start(ctx context.Context, r scope.Request, occurrence string) (ScopeDone, error) {
	w, err := s.wish(ctx, r)
	if err != nil {
		return ScopeDone{}, err
	}
	w.Occurrence = occurrence
	if err := s.Refresh(ctx); err != nil { // a run that has ended unnoticed must not count as syncing
		return ScopeDone{}, err
	}
	if ok, err := s.Met(ctx, r.When); err != nil || !ok {
		return s.scopeDone(ctx, w.ID, saidNo, err)
	}
	answer, begun, err := s.Store.StartScope(ctx, w)
	switch {
	case err != nil:
		return ScopeDone{}, err
	case answer == scopestore.ScopeSyncing:
		return s.scopeDone(ctx, w.ID, saidSyncing, nil)
	case answer == scopestore.ScopeDuplicate:
		return s.scopeDone(ctx, w.ID, saidDuplicate, nil)
	}
	s.Steps.At("scope-started")
	s.Log.InfoContext(ctx, "a sync scope was started", "scope", w.ID, "restart", w.Restart, "operations", len(begun))
	err = errors.Join(s.tick(ctx, begun), s.Refresh(context.WithoutCancel(ctx)))
	done, err := s.scopeDone(context.WithoutCancel(ctx), w.ID, saidStarted, err)
	done.Started = err == nil
	return done, err
}

// scopeDone returns the answer of an action on a scope. The answer for an unknown
// scope is empty: a condition may have prevented its first start.
func (s *Scopes) scopeDone(ctx context.Context, id, message string, err error) (ScopeDone, error) {
	if err != nil {
		return ScopeDone{}, err
	}
	now, err := s.Store.Scope(ctx, id)
	if fault.KindOf(err) == fault.NotFound {
		now, err = scope.Scope{ID: id, State: scope.None}, nil
	}
	return ScopeDone{Message: message, Scope: now.Answer()}, err
}

// wish translates a request to start a scope.
func (s *Scopes) wish(ctx context.Context, r scope.Request) (scopestore.ScopeStart, error) {
	w := scopestore.ScopeStart{
		ID: string(r.InstanceID), Title: string(r.Options.Title), Restart: r.Options.Restart,
		Lease: s.Config.StartLease, Token: claim.NewToken,
	}
	if err := scope.CheckID(w.ID, "instanceId"); err != nil {
		return w, err
	}
	ids, err := r.Options.Order()
	if err != nil {
		return w, err
	}
	for _, id := range ids {
		p := scope.Plan{ID: id}
		if wanted, ok := r.Options.Members[id]; ok {
			if p.Targets, err = s.targets(ctx, wanted, ""); err != nil {
				return w, err
			}
		}
		w.Plans = append(w.Plans, p)
	}
	if w.Timeout, err = r.Options.Timeout(); err != nil {
		return w, err
	}
	return w, scope.CheckPlans(w.Plans)
}

// targets translates a list of entities and of other wings' targets; nil means all
// entities.
func (s *Scopes) targets(ctx context.Context, wanted scope.Wanted, provider string) ([]scope.Target, error) {
	if wanted == nil {
		for _, d := range s.Entities {
			wanted = append(wanted, scope.Item{Entity: d.Name})
		}
	}
	if provider == "" {
		provider = scope.DefaultProvider
	}
	var list []scope.Target
	for _, item := range wanted {
		if other, name, ok := s.other(item.Entity); ok {
			if err := other.Check(ctx, name); err != nil {
				return nil, fault.New(fault.Invalid, "bad-target", "%s: %v", item.Entity, err).WithParam("entities")
			}
			list = append(list, scope.Target{Entity: item.Entity, Provider: provider, FunctionID: cmp.Or(item.Function, other.Kind())})
			continue
		}
		d, err := s.Entities.Named(item.Entity)
		if err != nil {
			return nil, fault.New(fault.Invalid, fault.CodeOf(err), "%s", err.Error()).WithParam("entities")
		}
		t := scope.Target{Entity: d.Name, Provider: provider, FunctionID: item.Function}
		if t.FunctionID == "" {
			t.FunctionID = d.JobType
		}
		list = append(list, t)
	}
	list = scope.Distinct(list)
	if len(list) > scope.MaxEntities {
		return nil, fault.New(fault.Invalid, "too-many", "at most %d entities at once", scope.MaxEntities).WithParam("entities")
	}
	return list, nil
}

// Met reports whether a condition holds now.
func (s *Scopes) Met(ctx context.Context, w scope.When) (bool, error) {
	if w.Scope == "" {
		return w.Met(""), nil
	}
	now, err := s.Store.Scope(ctx, string(w.Scope))
	if fault.KindOf(err) == fault.NotFound {
		return w.Met(scope.None), nil
	}
	return w.Met(now.State), err
}

// SyncEntities plays sync-entities: it syncs the entities, all of them without a
// list, and reports to every open scope that has the instance as a member. An
// empty list does nothing.
func (s *Scopes) SyncEntities(ctx context.Context, r scope.Request) (EntitiesDone, error) {
	none := EntitiesDone{Message: saidNo, Statuses: []scope.StatusAnswer{}}
	targets, err := s.targets(ctx, r.Options.Entities, string(r.Options.Provider))
	if err == nil && r.InstanceID != "" {
		err = scope.CheckID(string(r.InstanceID), "instanceId")
	}
	if err != nil {
		return none, err
	}
	if err := s.Refresh(ctx); err != nil {
		return none, err
	}
	if ok, err := s.Met(ctx, r.When); err != nil || !ok || len(targets) == 0 {
		return none, err
	}
	o := scopestore.NewOperation{Token: claim.NewToken(), Instance: string(r.InstanceID), Targets: targets, Lease: s.Config.StartLease}
	if err := s.Store.Operate(ctx, o); err != nil {
		return none, err
	}
	s.Steps.At("scope-started")
	err = s.tick(ctx, []scopestore.NewOperation{o})
	ctx = context.WithoutCancel(ctx)
	if err = errors.Join(err, s.Refresh(ctx)); err != nil {
		return none, err
	}
	list, err := s.Store.Statuses(ctx, scopestore.StatusFilter{Operation: o.Token, Limit: len(targets)})
	done := EntitiesDone{Started: true, Message: saidStarted, Statuses: []scope.StatusAnswer{}}
	for _, one := range slices.Backward(list) {
		done.Statuses = append(done.Statuses, one.Answer())
	}
	return done, err
}

// tick ticks the entities of operations, each once, and binds their statuses to
// the claims. What cannot be started fails, and its neighbours go on. When the
// caller goes away, what was not ticked yet is interrupted.
func (s *Scopes) tick(ctx context.Context, begun []scopestore.NewOperation) error {
	var problems []error
	for _, p := range parts(begun) {
		if ctx.Err() != nil {
			problems = append(problems, s.giveUp(ctx, p))
			continue
		}
		if other, name, ok := s.other(p.Entity); ok {
			problems = append(problems, s.begin(ctx, other, name, p))
			continue
		}
		claimID, err := s.tickOne(ctx, p)
		s.Steps.At("member-ticked")
		switch {
		case claimID != 0: // even if another target of the entity failed
			err = s.Store.BindStatuses(context.WithoutCancel(ctx), p, claimID)
			s.Steps.At("member-bound")
			problems = append(problems, err)
		case ctx.Err() != nil:
			problems = append(problems, s.giveUp(ctx, p))
		default:
			s.Log.ErrorContext(ctx, "a sync could not be started for its scope", "entity", p.Entity, "error", err)
			problems = append(problems, s.Store.EndStatuses(ctx, p, scopestore.StatusEnd{Reason: "it could not be started: " + sentence(err)}))
		}
	}
	return errors.Join(problems...)
}

// tickOne ticks an entity and returns the claim of the target that searches see,
// 0 if that was not started. An entity that was rebuilt has others beside it.
func (s *Scopes) tickOne(ctx context.Context, p scopestore.Part) (int64, error) {
	live, err := target.Catalog{Entities: s.Entities, Store: s.DB.Targets}.LiveOf(ctx, p.Entity)
	if err != nil {
		return 0, err
	}
	started, err := s.Ticker.Run(ctx, flow.Tick{Entity: p.Entity, Occurrence: "scope-" + p.Operations[0], ByHand: true})
	i := slices.IndexFunc(started, func(one flow.Started) bool { return one.Entity == live.Name })
	if i < 0 {
		return 0, err
	}
	return started[i].ClaimID, err
}

// giveUpWithin is how long a cancelled start may take to write that.
const giveUpWithin = 5 * time.Second

// giveUp interrupts statuses whose start was called off.
func (s *Scopes) giveUp(ctx context.Context, p scopestore.Part) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), giveUpWithin)
	defer cancel()
	return s.Store.EndStatuses(ctx, p, scopestore.StatusEnd{Reason: "the start was called off before this entity's turn; start it again", Interrupted: true})
}

// parts groups operations by entity, in the order in which they name them.
func parts(begun []scopestore.NewOperation) []scopestore.Part {
	var list []scopestore.Part
	at := map[string]int{}
	for _, o := range begun {
		for _, t := range o.Targets {
			i, known := at[t.Entity]
			if !known {
				i = len(list)
				at[t.Entity] = i
				list = append(list, scopestore.Part{Entity: t.Entity})
			}
			list[i].Operations = append(list[i].Operations, o.Token)
		}
	}
	return list
}

// sentence returns the part of an error that callers may see.
func sentence(err error) string {
	var f *fault.Error
	switch {
	case err == nil:
		return "the tick started nothing"
	case errors.As(err, &f) && f.Kind != fault.Internal:
		return f.Message
	}
	return "internal error; the log has the details"
}

// Refresh brings statuses and scopes up to date with their runs, and so ends those
// that a crash left syncing. It is called at start, before every answer, and at
// intervals. A second call changes nothing.
func (s *Scopes) Refresh(ctx context.Context) error {
	if _, err := s.Store.SettleStatuses(ctx); err != nil {
		return err
	}
	if err := s.settleOthers(ctx); err != nil {
		return err
	}
	closed, err := s.Store.RefreshScopes(ctx)
	for _, c := range closed {
		level := slog.LevelInfo
		if c.State != scope.Synced {
			level = slog.LevelWarn
		}
		s.Log.Log(ctx, level, "a sync scope has ended", "scope", c.ID, "state", string(c.State), "run", c.Run, "reason", c.Reason)
	}
	return err
}

// Sweep refreshes and removes statuses that are past their time.
func (s *Scopes) Sweep(ctx context.Context) error {
	_, err := s.Store.PruneStatuses(ctx, s.Config.KeepDays)
	return errors.Join(s.Refresh(ctx), err)
}

// StartScheduled starts a scope for a schedule, with the members of its last
// start. A second call with the same key does nothing.
func (s *Scopes) StartScheduled(ctx context.Context, id, key string) (message string, err error) {
	done, err := s.Start(ctx, scope.Request{InstanceID: scope.ID(id)}, key)
	return done.Message, err
}
