package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	driver "github.com/go-sql-driver/mysql"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/health"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/operate"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/audit"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/target"
)

// Databases is what the settings say about the databases. Unlike for a function, one of
// the two is enough: most commands need our own tables alone.
type Databases struct {
	Source         string `env:"SOURCE_DSN"`
	State          string `env:"STATE_DSN"`
	MaxConnections int    `env:"DB_MAX_CONNECTIONS, default=8"`
}

// Wired returns the databases as package wire takes them.
func (d Databases) Wired() wire.Databases {
	return wire.Databases{SourceDSN: d.Source, StateDSN: d.State, MaxConnections: d.MaxConnections}
}

// None reports that no database is configured.
func (d Databases) None() bool { return d.Source == "" && d.State == "" }

// StateName names the setting with the address of our own tables.
func (d Databases) StateName() string {
	if d.State != "" {
		return "STATE_DSN"
	}
	return "SOURCE_DSN"
}

// DSNForm is the form of a DSN.
const DSNForm = "user:password@tcp(host:port)/database"

// Problems lists what is wrong with the DSNs. The driver's own words may hold a part of
// the password and are left out.
func (d Databases) Problems(needSource bool) error {
	var list []error
	if d.Source == "" && (needSource || d.State == "") {
		list = append(list, errors.New("  SOURCE_DSN is missing: the database of the returns, as "+DSNForm))
	}
	list = append(list, dsnProblem("SOURCE_DSN", d.Source), dsnProblem("STATE_DSN", d.State))
	return errors.Join(list...)
}

// dsnProblem says what is wrong with a DSN; an empty one is not judged.
func dsnProblem(name, dsn string) error {
	if dsn == "" {
		return nil
	}
	cfg, err := driver.ParseDSN(dsn)
	switch {
	case err != nil:
		return errors.New("  " + name + " cannot be read: want " + DSNForm)
	case cfg.DBName == "":
		return errors.New("  " + name + " names no database: want " + DSNForm)
	}
	return nil
}

// Configure reads the databases' settings and fills the targets, and returns all problems
// at once. source says that the database of the returns is needed too.
func (s *Session) Configure(ctx context.Context, source bool, targets ...any) (Databases, error) {
	var d Databases
	err := wire.Configure(ctx, s.Env.Lookup, append([]any{&d}, targets...)...)
	problems := d.Problems(source)
	switch {
	case problems == nil:
		return d, err
	case err == nil:
		return d, fmt.Errorf("the configuration is not complete:\n%w", problems)
	}
	return d, fmt.Errorf("%w\n%w", err, problems)
}

// AnswerWithin is how long a database has to answer at first.
const AnswerWithin = 10 * time.Second

// Reach opens our own tables and makes sure that their database answers.
func (s *Session) Reach(ctx context.Context, d Databases) (*store.DB, error) {
	db, err := s.Env.Store(d.Wired())
	if err != nil {
		return nil, err
	}
	limited, cancel := context.WithTimeout(ctx, AnswerWithin)
	defer cancel()
	return db, Unanswered(d.StateName(), d.Wired().State(), db.SQL().PingContext(limited))
}

// Migrated opens our own tables, whose schema must be the one that this program knows.
func (s *Session) Migrated(ctx context.Context, d Databases) (*store.DB, error) {
	db, err := s.Reach(ctx, d)
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

// Tables reads the settings into the targets and opens our own tables.
func (s *Session) Tables(ctx context.Context, targets ...any) (*store.DB, error) {
	d, err := s.Configure(ctx, false, targets...)
	if err != nil {
		return nil, err
	}
	return s.Migrated(ctx, d)
}

// Known opens our own tables and loads the definitions: that of the entity named, or all.
// The definitions are judged first, so a wrong name is an error without a database.
func (s *Session) Known(ctx context.Context, name string, targets ...any) (*store.DB, entity.List, error) {
	var defs wire.Definitions
	d, err := s.Configure(ctx, false, append(targets, &defs)...)
	if err != nil {
		return nil, nil, err
	}
	entities, err := Definitions(defs, name)
	if err != nil {
		return nil, nil, err
	}
	db, err := s.Migrated(ctx, d)
	return db, entities, err
}

// LiveTables opens our own tables and returns the definitions of the targets that
// searches see, of the entity named or of all. source says that the database of the
// returns is needed too.
func (s *Session) LiveTables(ctx context.Context, source bool, name string, targets ...any) (Databases, *store.DB, entity.List, error) {
	var defs wire.Definitions
	d, err := s.Configure(ctx, source, append(targets, &defs)...)
	if err != nil {
		return d, nil, nil, err
	}
	db, err := s.Migrated(ctx, d)
	if err != nil {
		return d, nil, nil, err
	}
	entities, err := Live(ctx, db, defs, name)
	return d, db, entities, err
}

// Definitions returns the definitions, or the one of that name. A target's name, with
// which reports speak of an index after a rebuild, means its entity.
func Definitions(defs wire.Definitions, name string) (entity.List, error) {
	list, err := defs.Load()
	if err != nil || name == "" {
		return list, err
	}
	d, err := list.Named(target.Parse(name).Base)
	return entity.List{d}, err
}

// Indexed returns the definitions of the indices that searches see: after a rebuild they
// differ from the files. Without a database, or before its tables exist, there was no
// rebuild and the files are right.
func (s *Session) Indexed(ctx context.Context, d Databases, defs wire.Definitions, name string) (entity.List, error) {
	if d.None() {
		return Definitions(defs, name)
	}
	if err := d.Problems(false); err != nil {
		return nil, err
	}
	db, err := s.Reach(ctx, d)
	if err != nil {
		return nil, err
	}
	have, _, err := db.Schema(ctx)
	switch {
	case err != nil:
		return nil, err
	case have == 0:
		return Definitions(defs, name)
	}
	if db, err = s.Migrated(ctx, d); err != nil {
		return nil, err
	}
	return Live(ctx, db, defs, name)
}

// Live returns the definitions of the targets that searches see, of the entity named or
// of all; a target's own name means that target.
func Live(ctx context.Context, db *store.DB, defs wire.Definitions, name string) (entity.List, error) {
	entities, err := defs.Load()
	if err != nil {
		return nil, err
	}
	catalog := target.Catalog{Entities: entities, Store: db.Targets}
	if name == "" {
		return catalog.Live(ctx)
	}
	// An unreadable live target is an error: the definition in the files may describe an
	// index that searches no longer see.
	find := catalog.LiveOf
	if !target.Parse(name).First() {
		find = catalog.Named
	}
	d, err := find(ctx, name)
	return entity.List{d}, err
}

// Actor is the actor for the audit: the one that --by names, or the user of this machine.
func (s *Session) Actor() operate.Actor {
	return operate.Actor{Who: cmp.Or(s.by, s.User), Via: audit.ViaCLI}
}

// Audited does an act that only this program has, and keeps its row.
func (s *Session) Audited(ctx context.Context, db operate.Store, a audit.Entry, do func(*audit.Entry) error) error {
	return operate.Audited(ctx, db, s.Actor(), a, do)
}
