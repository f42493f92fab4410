package main

import (
	"context"
	"slices"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/doctor"
	"gitlab.com/eshopbox-team/return-sync/shared/identity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/flow"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/source/mysql"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/target"
)

// tickJob is the scheduler's job that starts syncs, after the installation's prefix.
const tickJob = "returnsUpdateCron"

// The checks that others need.
const (
	reachSource = "source database"
	reachState  = "state database"
)

// checks returns every check, those of one entity alone if it is named.
func (s *session) checks(ctx context.Context, entityName string) ([]doctor.Check, error) {
	var d databases
	var defs wire.Definitions
	var c flow.Config
	var l looking
	if err := wire.Configure(ctx, s.Lookup, &d, &defs, &c, &l.Looking); err != nil {
		return nil, err
	}
	entities, err := definitions(defs, entityName)
	if err != nil {
		return nil, err
	}
	l.pace = doctor.Pace{PageAttempts: c.PageAttempts, PageLease: c.PageLease, RunLease: c.RunLease, Deadline: l.TasksDeadline}
	list, err := s.databaseChecks(d, entities)
	if err != nil {
		return nil, err
	}
	list = append(list, s.targetChecks(d, l, entities)...)
	list = append(list, s.indexChecks(d, l, entities)...)
	if d.Source != "" || d.State != "" {
		list = append(list, s.syncsCheck(d, entityName))
	}
	return append(list, s.pathChecks(l)...), nil
}

// databaseChecks returns the checks of both databases and of the definitions
// against the source.
func (s *session) databaseChecks(d databases, entities entity.List) ([]doctor.Check, error) {
	if d.Source == "" && d.State == "" {
		lacking := []string{"SOURCE_DSN"}
		return []doctor.Check{{Name: reachSource, Missing: lacking}, {Name: reachState, Missing: lacking}}, nil
	}
	if err := d.problems(false); err != nil {
		return nil, err
	}
	list, err := s.stateChecks(d)
	if err != nil || d.Source == "" {
		return append([]doctor.Check{{Name: reachSource, Missing: []string{"SOURCE_DSN"}}}, list...), err
	}
	source, err := s.Source(d.wired())
	if err != nil {
		return nil, err
	}
	db := doctor.Database{Name: "source", Setting: "SOURCE_DSN", SQL: source.SQL(), Refused: func(err error) error { return unanswered("SOURCE_DSN", d.Source, err) }}
	first := []doctor.Check{
		{Name: reachSource, Run: func(ctx context.Context) []doctor.Finding { return doctor.Reach(ctx, db) }},
		after(reachSource, "source clock", func(ctx context.Context) []doctor.Finding { return doctor.Clock(ctx, db, s.now) }),
		after(reachSource, "source time zone", func(ctx context.Context) []doctor.Finding { return doctor.Zone(ctx, db) }),
		after(reachSource, "source replication", func(ctx context.Context) []doctor.Finding { return doctor.Replica(ctx, db, false) }),
		after(reachSource, "open transactions", func(ctx context.Context) []doctor.Finding {
			return doctor.Transactions(ctx, db, shortestOverlap(entities))
		}),
	}
	if d.wired().Apart() {
		first = append(first, after(reachSource, "source privileges", func(ctx context.Context) []doctor.Finding {
			return doctor.Privileges(ctx, doctor.Account{Database: db})
		}))
	}
	for _, e := range entities {
		first = append(first, entityChecks(source, e)...)
	}
	return append(first, list...), nil
}

// stateChecks returns the checks of the database with our own tables.
func (s *session) stateChecks(d databases) ([]doctor.Check, error) {
	store, err := s.Store(d.wired())
	if err != nil {
		return nil, err
	}
	name, dsn := d.stateName(), d.wired().State()
	db := doctor.Database{Name: "state", Setting: name, SQL: store.SQL(), Refused: func(err error) error { return unanswered(name, dsn, err) }}
	return []doctor.Check{
		{Name: reachState, Run: func(ctx context.Context) []doctor.Finding { return doctor.Reach(ctx, db) }},
		after(reachState, "state clock", func(ctx context.Context) []doctor.Finding { return doctor.Clock(ctx, db, s.now) }),
		after(reachState, "state replication", func(ctx context.Context) []doctor.Finding { return doctor.Replica(ctx, db, true) }),
		after(reachState, "state tables", func(ctx context.Context) []doctor.Finding { return doctor.Schema(ctx, store) }),
		after(reachState, "state privileges", func(ctx context.Context) []doctor.Finding {
			return doctor.Privileges(ctx, doctor.Account{Database: db, Writes: true})
		}),
	}, nil
}

// after is a check that needs another.
func after(needs, name string, run func(context.Context) []doctor.Finding) doctor.Check {
	return doctor.Check{Name: name, Needs: needs, Run: run}
}

// shortestOverlap returns what a transaction must stay under.
func shortestOverlap(entities entity.List) time.Duration {
	shortest := entities[0].Overlap
	for _, e := range entities {
		shortest = min(shortest, e.Overlap)
	}
	return shortest
}

// entityChecks returns the checks of a definition against the source.
func entityChecks(source *mysql.Source, e entity.Definition) []doctor.Check {
	fits := e.Name + " queries"
	at := func(run func(ctx context.Context, now time.Time) []doctor.Finding) func(context.Context) []doctor.Finding {
		return func(ctx context.Context) []doctor.Finding {
			now, err := source.Now(ctx)
			if err != nil {
				return []doctor.Finding{{Severity: doctor.Fail, Message: err.Error(), Do: "see " + reachSource}}
			}
			return run(ctx, now)
		}
	}
	return []doctor.Check{
		after(reachSource, fits, func(ctx context.Context) []doctor.Finding { return doctor.Fits(ctx, e, source.Check) }),
		after(fits, e.Name+" indexes", at(func(ctx context.Context, now time.Time) []doctor.Finding {
			return doctor.Plans(ctx, source.SQL(), e, now)
		})),
		after(fits, e.Name+" stamps", at(func(ctx context.Context, now time.Time) []doctor.Finding {
			return doctor.Stamps(ctx, source.SQL(), e, now)
		})),
		after(fits, e.Name+" record sizes", at(func(ctx context.Context, now time.Time) []doctor.Finding {
			return doctor.Records(ctx, source.SQL(), source, e, now)
		})),
		after(fits, e.Name+" accounts", func(ctx context.Context) []doctor.Finding {
			return doctor.Accounts(ctx, source, e, identity.Nameable)
		}),
	}
}

// indexChecks returns the checks of the keys and of the entities' indices.
func (s *session) indexChecks(d databases, l looking, entities entity.List) []doctor.Check {
	write, search := doctor.WriteKey("ALGOLIA_WRITE_KEY", l.Rights(l.WriteKey)), doctor.SearchKey("ALGOLIA_SEARCH_KEY", l.Rights(l.SearchKey))
	for _, e := range entities {
		write.Indexes, search.Indexes = append(write.Indexes, e.Index), append(search.Indexes, e.Index)
	}
	app := lacks("ALGOLIA_APP_ID", l.AppID)
	searching := slices.Concat(app, lacks("ALGOLIA_SEARCH_KEY", l.SearchKey))
	managing := slices.Concat(app, lacks("ALGOLIA_ADMIN_KEY", l.AdminKey))
	list := []doctor.Check{
		{Name: "write key", Missing: slices.Concat(app, lacks("ALGOLIA_WRITE_KEY", l.WriteKey)), Run: func(ctx context.Context) []doctor.Finding { return doctor.Keys(ctx, write) }},
		{Name: "search key", Missing: searching, Run: func(ctx context.Context) []doctor.Finding { return doctor.Keys(ctx, search) }},
	}
	for _, e := range entities {
		list = append(list,
			doctor.Check{Name: e.Name + " index", Missing: searching, Run: func(ctx context.Context) []doctor.Finding { return doctor.Index(ctx, e.Index, l.Count) }},
			doctor.Check{Name: e.Name + " settings", Missing: managing, Run: func(ctx context.Context) []doctor.Finding {
				return doctor.Settings(ctx, e.Name, func(ctx context.Context) ([]doctor.Drift, error) { return s.liveDrift(ctx, d, e) })
			}},
		)
	}
	return list
}

// liveDrift compares the settings of the live index of an entity, as far as our own
// tables are there to say which that is and how its records are written.
func (s *session) liveDrift(ctx context.Context, d databases, e entity.Definition) ([]doctor.Drift, error) {
	if d.Source == "" && d.State == "" {
		return s.Drift(e)(ctx)
	}
	db, err := s.Store(d.wired())
	if err != nil {
		return nil, err
	}
	live, err := target.Catalog{Entities: entity.List{e}, Store: db}.LiveOf(ctx, e.Name)
	if err != nil {
		return nil, err
	}
	return s.Drift(live)(ctx)
}

// targetChecks returns the checks of how the records of the live indices are written.
func (s *session) targetChecks(d databases, l looking, entities entity.List) []doctor.Check {
	var list []doctor.Check
	for _, e := range entities {
		name := e.Name + " target"
		if d.Source == "" && d.State == "" {
			list = append(list, doctor.Check{Name: name, Missing: []string{"SOURCE_DSN"}})
			continue
		}
		list = append(list, after("state tables", name, func(ctx context.Context) []doctor.Finding {
			db, err := s.Store(d.wired())
			if err == nil {
				e, err = target.Catalog{Entities: entities, Store: db}.LiveOf(ctx, e.Name)
			}
			if err != nil {
				return []doctor.Finding{{Severity: doctor.Fail, Message: err.Error(), Do: "returnsync migrate"}}
			}
			keys := l.KeyTTL > 0 && l.AppID != "" && l.SearchKey != ""
			t := doctor.Target{Entity: target.Parse(e.Name).Base, Index: e.Index, Keyed: e.Format.AccountKey || e.Account == "", Secret: len(e.Format.IDs) > 0}
			return doctor.Apart(ctx, t, keys, l.ReadsPastFilter)
		}))
	}
	return list
}

// pathChecks returns the checks of the queues and of the scheduler's job.
func (s *session) pathChecks(l looking) []doctor.Check {
	var list []doctor.Check
	location := lacks("TASKS_LOCATION", l.Tasks)
	for _, one := range wire.Queues() {
		name := l.Installation + one
		list = append(list, doctor.Check{Name: "queue " + name, Missing: location, Run: func(ctx context.Context) []doctor.Finding {
			return doctor.Queues(ctx, name, l.pace, l.Queue)
		}})
	}
	missing := location
	if l.Scheduler != "" {
		missing = nil
	}
	return append(list, doctor.Check{Name: "scheduler job", Missing: missing, Run: func(ctx context.Context) []doctor.Finding {
		return doctor.Schedule(ctx, doctor.Expected{Name: l.Installation + tickJob, URL: l.CronURL, Fresh: l.StaleAfter, Now: s.now()}, l.Job)
	}})
}

// lacks returns a setting's name if it has no value.
func lacks(name, value string) []string {
	if value == "" {
		return []string{name}
	}
	return nil
}
