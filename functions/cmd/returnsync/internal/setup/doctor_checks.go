package setup

import (
	"context"
	"slices"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/cli"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/doctor"
	"gitlab.com/eshopbox-team/return-sync/shared/identity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/flow"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/target"
)

// TickJob is the scheduler's job that starts syncs, after the installation's prefix.
const TickJob = "returnsUpdateCron"

// The checks that others need.
const (
	reachSource = "source database"
	reachState  = "state database"
)

// checks returns every check, those of one entity alone if it is named.
func checks(ctx context.Context, s *cli.Session, entityName string) ([]doctor.Check, error) {
	var d cli.Databases
	var defs wire.Definitions
	var c flow.Config
	var l looking
	if err := wire.Configure(ctx, s.Env.Lookup, &d, &defs, &c, &l.Looking); err != nil {
		return nil, err
	}
	entities, err := cli.Definitions(defs, entityName)
	if err != nil {
		return nil, err
	}
	l.pace = doctor.Pace{PageAttempts: c.PageAttempts, PageLease: c.PageLease, RunLease: c.RunLease, Deadline: l.TasksDeadline}
	list, err := databaseChecks(s, d, entities)
	if err != nil {
		return nil, err
	}
	list = append(list, targetChecks(s, d, l, entities)...)
	list = append(list, indexChecks(s, d, defs, l, entities)...)
	if !d.None() {
		list = append(list, syncsCheck(s, entityName))
		db, err := s.Env.Store(d.Wired())
		if err != nil {
			return nil, err
		}
		more, err := s.Env.WingChecks(ctx, db.Pool())
		if err != nil {
			return nil, err
		}
		list = append(list, more...)
	}
	return append(list, pathChecks(s, l)...), nil
}

// databaseChecks returns the checks of both databases and of the definitions
// against the source.
func databaseChecks(s *cli.Session, d cli.Databases, entities entity.List) ([]doctor.Check, error) {
	if d.None() {
		lacking := []string{"SOURCE_DSN"}
		return []doctor.Check{{Name: reachSource, Missing: lacking}, {Name: reachState, Missing: lacking}}, nil
	}
	if err := d.Problems(false); err != nil {
		return nil, err
	}
	list, err := stateChecks(s, d)
	if err != nil || d.Source == "" {
		return append([]doctor.Check{{Name: reachSource, Missing: []string{"SOURCE_DSN"}}}, list...), err
	}
	source, err := s.Env.Source(d.Wired())
	if err != nil {
		return nil, err
	}
	db := doctor.Database{Name: "source", Setting: "SOURCE_DSN", SQL: source.SQL(), Refused: func(err error) error { return cli.Unanswered("SOURCE_DSN", d.Source, err) }}
	first := []doctor.Check{
		{Name: reachSource, Run: func(ctx context.Context) []doctor.Finding { return doctor.Reach(ctx, db) }},
		after(reachSource, "source clock", func(ctx context.Context) []doctor.Finding { return doctor.Clock(ctx, db, s.Now) }),
		after(reachSource, "source time zone", func(ctx context.Context) []doctor.Finding { return doctor.Zone(ctx, db) }),
		after(reachSource, "source replication", func(ctx context.Context) []doctor.Finding { return doctor.Replica(ctx, db, false) }),
		after(reachSource, "open transactions", func(ctx context.Context) []doctor.Finding {
			return doctor.Transactions(ctx, db, shortestOverlap(entities))
		}),
	}
	if d.Wired().Apart() {
		first = append(first, after(reachSource, "source privileges", func(ctx context.Context) []doctor.Finding {
			return doctor.Privileges(ctx, doctor.Account{Database: db})
		}))
	}
	for _, e := range entities {
		first = append(first, entityChecks(source.Sketch(), e)...)
	}
	return append(first, list...), nil
}

// stateChecks returns the checks of the database with our own tables.
func stateChecks(s *cli.Session, d cli.Databases) ([]doctor.Check, error) {
	store, err := s.Env.Store(d.Wired())
	if err != nil {
		return nil, err
	}
	name, dsn := d.StateName(), d.Wired().State()
	db := doctor.Database{Name: "state", Setting: name, SQL: store.SQL(), Refused: func(err error) error { return cli.Unanswered(name, dsn, err) }}
	reach := doctor.Check{Name: reachState, Run: func(ctx context.Context) []doctor.Finding { return doctor.Reach(ctx, db) }}
	if !d.Wired().Apart() {
		reach.Needs = reachSource // the same server: one failure, not two
	}
	return []doctor.Check{
		reach,
		after(reachState, "state clock", func(ctx context.Context) []doctor.Finding { return doctor.Clock(ctx, db, s.Now) }),
		after(reachState, "state replication", func(ctx context.Context) []doctor.Finding { return doctor.Replica(ctx, db, true) }),
		after(reachState, wire.StateTables, func(ctx context.Context) []doctor.Finding { return doctor.Schema(ctx, store) }),
		after(reachState, "state privileges", func(ctx context.Context) []doctor.Finding {
			return doctor.Privileges(ctx, doctor.Account{Database: db, Writes: true})
		}),
	}, nil
}

// after is a check that needs another.
func after(needs, name string, run func(context.Context) []doctor.Finding) doctor.Check {
	return doctor.Check{Name: name, Needs: needs, Run: run}
}

// shortestOverlap returns the limit for the length of a transaction.
func shortestOverlap(entities entity.List) time.Duration {
	shortest := entities[0].Overlap
	for _, e := range entities {
		shortest = min(shortest, e.Overlap)
	}
	return shortest
}

// entityChecks returns the checks of a definition against the source.
func entityChecks(source *wire.Source, e entity.Definition) []doctor.Check {
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
			return doctor.Records(ctx, source, e, now)
		})),
		after(fits, e.Name+" accounts", func(ctx context.Context) []doctor.Finding {
			return doctor.Accounts(ctx, source, e, identity.Nameable)
		}),
	}
}

// indexChecks returns the checks of the keys and of the entities' live indices.
func indexChecks(s *cli.Session, d cli.Databases, defs wire.Definitions, l looking, entities entity.List) []doctor.Check {
	app := lacks("ALGOLIA_APP_ID", l.AppID)
	searching := slices.Concat(app, lacks("ALGOLIA_SEARCH_KEY", l.SearchKey))
	managing := slices.Concat(app, lacks("ALGOLIA_ADMIN_KEY", l.AdminKey))
	live := func(ctx context.Context, e entity.Definition) (entity.Definition, error) {
		list, err := s.Indexed(ctx, d, defs, e.Name)
		if err != nil {
			return e, err
		}
		return list[0], nil
	}
	keys := func(name string, missing []string, key doctor.Key) doctor.Check {
		return doctor.Check{Name: name, Missing: slices.Concat(app, missing), Run: func(ctx context.Context) []doctor.Finding {
			at := key
			for _, e := range entities {
				e, err := live(ctx, e)
				if err != nil {
					return unknownIndex(err)
				}
				at.Indexes = append(at.Indexes, e.Index)
			}
			return doctor.Keys(ctx, at)
		}}
	}
	list := []doctor.Check{
		keys("write key", lacks("ALGOLIA_WRITE_KEY", l.WriteKey), doctor.WriteKey("ALGOLIA_WRITE_KEY", l.Rights(l.WriteKey))),
		keys("search key", lacks("ALGOLIA_SEARCH_KEY", l.SearchKey), doctor.SearchKey("ALGOLIA_SEARCH_KEY", l.Rights(l.SearchKey))),
	}
	for _, e := range entities {
		list = append(list,
			doctor.Check{Name: e.Name + " index", Missing: searching, Run: func(ctx context.Context) []doctor.Finding {
				e, err := live(ctx, e)
				if err != nil {
					return unknownIndex(err)
				}
				return doctor.Index(ctx, e.Index, l.Count)
			}},
			doctor.Check{Name: e.Name + " settings", Missing: managing, Run: func(ctx context.Context) []doctor.Finding {
				return doctor.Settings(ctx, e.Name, func(ctx context.Context) ([]doctor.Drift, error) {
					e, err := live(ctx, e)
					if err != nil {
						return nil, err
					}
					return s.Env.Drift(e)(ctx)
				})
			}},
		)
	}
	return list
}

// unknownIndex says that our own tables do not tell which index is live.
func unknownIndex(err error) []doctor.Finding {
	return []doctor.Finding{{Severity: doctor.Fail, Message: "the live index is not known: " + err.Error(), Do: "see the lines of the databases"}}
}

// targetChecks returns the checks of how the records of the live indices are written.
func targetChecks(s *cli.Session, d cli.Databases, l looking, entities entity.List) []doctor.Check {
	var list []doctor.Check
	for _, e := range entities {
		name := e.Name + " target"
		if d.None() {
			list = append(list, doctor.Check{Name: name, Missing: []string{"SOURCE_DSN"}})
			continue
		}
		list = append(list, after(wire.StateTables, name, func(ctx context.Context) []doctor.Finding {
			db, err := s.Env.Store(d.Wired())
			if err == nil {
				e, err = target.Catalog{Entities: entities, Store: db.Targets}.LiveOf(ctx, e.Name)
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
func pathChecks(s *cli.Session, l looking) []doctor.Check {
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
		return doctor.Schedule(ctx, doctor.Expected{Name: l.Installation + TickJob, Effect: "nothing starts syncs", Function: "the cron function", URL: l.CronURL, Fresh: l.StaleAfter, Now: s.Now()}, l.Job)
	}})
}

// lacks returns a setting's name if it has no value.
func lacks(name, value string) []string {
	if value == "" {
		return []string{name}
	}
	return nil
}
