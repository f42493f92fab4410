package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/health"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/target"
)

// app is the program: what its commands have in common.
type app struct {
	deps
	file    string
	by      string // who acts, for the audit; empty is the user of this machine
	verbose bool
}

// session is one command under way.
type session struct {
	*app
	*wire.Env
}

// action is what a command does.
type action func(ctx context.Context, s *session, args []string) error

// run returns a command's RunE: it reads the settings, does the action and
// closes what was opened.
func (a *app) run(do action) func(*cobra.Command, []string) error {
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
			log = slog.New(slog.NewTextHandler(a.log, &slog.HandlerOptions{Level: c.LogLevel}))
		}
		s := &session{app: a, Env: &wire.Env{Lookup: lookup, Log: log}}
		defer func() { err = errors.Join(err, s.Close()) }()
		return do(cmd.Context(), s, args)
	}
}

// need says what a command wants from the settings.
type need struct {
	source  bool  // the returns' database, not only our own tables
	targets []any // further structs to fill
}

// configure reads the databases' settings and the targets, and returns all that
// is wrong at once.
func (s *session) configure(ctx context.Context, n need) (databases, error) {
	var d databases
	err := wire.Configure(ctx, s.Lookup, append([]any{&d}, n.targets...)...)
	problems := d.problems(n.source)
	switch {
	case problems == nil:
		return d, err
	case err == nil:
		return d, fmt.Errorf("the configuration is not complete:\n%w", problems)
	}
	return d, fmt.Errorf("%w\n%w", err, problems)
}

// answerWithin is how long a database has to answer at first.
const answerWithin = 10 * time.Second

// tables opens our own tables and makes sure that their database answers.
func (s *session) tables(ctx context.Context, d databases) (*store.DB, error) {
	db, err := s.Store(d.wired())
	if err != nil {
		return nil, err
	}
	limited, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	return db, unanswered(d.stateName(), d.wired().State(), db.SQL().PingContext(limited))
}

// migrated is tables whose schema is the one that this program knows.
func (s *session) migrated(ctx context.Context, d databases) (*store.DB, error) {
	db, err := s.tables(ctx, d)
	if err != nil {
		return nil, err
	}
	have, want, err := db.Schema(ctx)
	if err != nil {
		return nil, err
	}
	if todo := health.SchemaTodo(have, want); todo != nil {
		return nil, fmt.Errorf("%s: %s", todo.Problem, todo.Do)
	}
	return db, nil
}

// definitions returns the definitions, or the one of that name.
func definitions(defs wire.Definitions, name string) (entity.List, error) {
	list, err := defs.Load()
	if err != nil || name == "" {
		return list, err
	}
	d, err := list.Named(name)
	return entity.List{d}, err
}

// live opens our own tables and returns the definitions of the targets that
// searches see, of the entity named or of all; a target's own name means that
// target.
func (s *session) live(ctx context.Context, d databases, defs wire.Definitions, name string) (*store.DB, entity.List, error) {
	db, err := s.migrated(ctx, d)
	if err != nil {
		return nil, nil, err
	}
	entities, err := live(ctx, db, defs, name)
	return db, entities, err
}

// live is session.live for tables that are open; a target's own name means that target.
func live(ctx context.Context, db *store.DB, defs wire.Definitions, name string) (entity.List, error) {
	entities, err := defs.Load()
	if err != nil {
		return nil, err
	}
	catalog := target.Catalog{Entities: entities, Store: db}
	if name == "" {
		return catalog.Live(ctx)
	}
	// An entity whose live target cannot be read is an error: the definition in the
	// files may be that of an index which nobody sees any more.
	find := catalog.LiveOf
	if !target.Parse(name).First() {
		find = catalog.Named
	}
	d, err := find(ctx, name)
	return entity.List{d}, err
}
