package rehearsal

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/sethvargo/go-envconfig"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/scheduler"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/tasks"
	"gitlab.com/eshopbox-team/return-sync/shared/identity"
	"gitlab.com/eshopbox-team/return-sync/shared/localdb"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
)

// Options configure a stack. The zero value of a number means its default.
type Options struct {
	DSN   string // a server to use instead of a private one
	Dir   string // the private database's directory; empty is temporary
	Keep  bool   // leave the database's directory
	Port  int    // of the front; 0 is any free one
	Every time.Duration
	// HoldTicks leaves the first tick to BeginTicks: a tick before the data is
	// there would move the watermark beyond it.
	HoldTicks bool
	Seed      int64 // of the emulators' faults
	// Workers is how many pages are worked at once.
	Workers int
	// BufferPoolMB is the private database's cache.
	BufferPoolMB int
	// Durable makes the private database survive a crash, as a production server does.
	Durable bool
	// Database is the schema that is created; its default is that of DSN, else return_sync.
	Database string
	// Own takes a schema only if it is empty or an earlier stack's own, and begins there
	// with an empty state, see own.go.
	Own bool
	// Steps holds every process between any two steps until the stack lets it go
	// on, so that it can be killed or paused exactly there.
	Steps bool
	// RecordLimit and PublishDelay are the index emulator's.
	RecordLimit  int
	PublishDelay time.Duration
	// WatchIndex, if not nil, stands before the index emulator and sees what
	// reaches it.
	WatchIndex func(http.Handler) http.Handler
	// Slack and Webhook are where alerts go; empty sends none there.
	Slack, Webhook string
	// Accounts, if not nil, returns the user and the password that a function has for
	// the database; else all of them are its administrator.
	Accounts func(function string) (user, password string)
	// Migrate, if not nil, makes our tables in the place of the stack itself.
	Migrate func(ctx context.Context, s *Stack) error
	// Wings are the wings beside sync that play.
	Wings []Wing
	// Env is further environment of the functions, NAME=value, and wins.
	Env []string
	Log io.Writer // sentences for people
	// ChildLog takes the logs of all functions at once, so it must be
	// safe for concurrent use, as a file is; nil discards it.
	ChildLog io.Writer
}

// The names that a stack uses where the cloud has real ones.
const (
	Location  = "projects/local/locations/local"
	AppID     = "LOCAL"
	AdminKey  = "admin"
	SearchKey = "search"
	// JWTSecret signs the demonstration's tokens; it guards nothing.
	JWTSecret = "a-secret-of-the-local-rehearsal-only"
)

// Stack is the running product. Close stops all of it.
type Stack struct {
	Options   Options
	DB        *sql.DB // parseTime, UTC: the source's and our own tables
	Store     *store.DB
	Entities  []entity.Definition
	Algolia   *algolia.Server
	Tasks     *tasks.Server
	Scheduler *scheduler.Server
	Identity  *identity.Verifier
	Operators *identity.Operators

	wings      []wire.Wing // that play
	plays      []*Play     // theirs, in the same order
	database   *localdb.Server
	front      *front
	steps      *steps
	life       context.Context // ends when Close begins
	end        context.CancelFunc
	revivals   sync.WaitGroup
	algoliaURL string
	tasksAddr  string
	schedAddr  string
	issuer     string         // of the identity tokens that queues and the scheduler send
	closers    []func() error // run last first
}

// Start starts everything and waits until it serves. After an error nothing
// keeps running.
func Start(ctx context.Context, o Options) (*Stack, error) {
	if o.Log == nil {
		o.Log = io.Discard
	}
	if o.ChildLog == nil {
		o.ChildLog = io.Discard
	}
	if named, err := mysql.ParseDSN(o.DSN); err == nil && o.DSN != "" && named.DBName != "" {
		// The schema may not exist yet, so the server is asked without it.
		o.Database = cmp.Or(o.Database, named.DBName)
		named.DBName = ""
		o.DSN = named.FormatDSN()
	}
	o.Database = cmp.Or(o.Database, "return_sync")
	if o.Workers == 0 {
		o.Workers = 4
	}
	s := &Stack{Options: o}
	s.life, s.end = context.WithCancel(context.WithoutCancel(ctx))
	s.steps = newSteps(o.Seed, s.strikeDown)
	for _, step := range []func(context.Context) error{
		s.openFront, s.openDatabase, s.openEmulators, s.openStore, s.openIndices, s.openWings, s.openFunctions, s.openQueues, s.openJob,
	} {
		if err := step(ctx); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	return s, nil
}

// Close stops everything, last started first.
func (s *Stack) Close() error {
	s.end()
	s.revivals.Wait()
	var problems []error
	for i := len(s.closers) - 1; i >= 0; i-- {
		problems = append(problems, s.closers[i]())
	}
	s.closers = nil
	return errors.Join(problems...)
}

// closing remembers what to stop.
func (s *Stack) closing(stop func() error) { s.closers = append(s.closers, stop) }

// openFront comes first: a port in use should be reported before a database starts.
func (s *Stack) openFront(context.Context) (err error) {
	if s.front, err = openFront(s.Options.Port, s.steps, s.portalPage, s.Operator); err != nil {
		return err
	}
	s.closing(s.front.server.Close)
	return nil
}

// openDatabase finds or starts the database.
func (s *Stack) openDatabase(ctx context.Context) (err error) {
	s.database, err = localdb.Start(ctx, localdb.Options{
		DSN: s.Options.DSN, Dir: s.Options.Dir, Keep: s.Options.Keep, Install: true,
		BufferPoolMB: s.Options.BufferPoolMB, Durable: s.Options.Durable, Log: s.Options.Log,
		Binlog: slices.ContainsFunc(s.Options.Wings, func(w Wing) bool { return w.Binlog }),
	})
	if err != nil {
		return err
	}
	s.closing(s.database.Close)
	if err := s.database.CreateDatabase(ctx, s.Options.Database); err != nil {
		return err
	}
	s.DB, err = sql.Open("mysql", s.DSN())
	if err != nil {
		return err
	}
	s.closing(s.DB.Close)
	if s.Options.Own {
		return s.ownSchema(ctx)
	}
	return nil
}

// openEmulators starts the emulators on free ports.
func (s *Stack) openEmulators(context.Context) (err error) {
	s.Algolia = algolia.New(algolia.Options{
		AdminKey: AdminKey, SearchKey: SearchKey, Seed: s.Options.Seed,
		RecordLimit: s.Options.RecordLimit, PublishDelay: s.Options.PublishDelay,
	})
	s.closing(s.Algolia.Close)
	key, keys, err := s.openIssuer()
	if err != nil {
		return err
	}
	s.Tasks = tasks.New(tasks.Options{Seed: s.Options.Seed, OIDCIssuer: s.issuer, OIDCKey: key})
	s.closing(s.Tasks.Close)
	s.Scheduler = scheduler.New(scheduler.Options{Seed: s.Options.Seed, Every: s.Options.Every, OIDCIssuer: s.issuer, OIDCKey: key})
	s.closing(s.Scheduler.Close)
	s.serve(keys, s.Tasks.Control())
	var index http.Handler = s.Algolia
	if s.Options.WatchIndex != nil {
		index = s.Options.WatchIndex(index)
	}
	web := &http.Server{Handler: index, ReadHeaderTimeout: 10 * time.Second}
	s.closing(web.Close)
	for _, e := range []struct {
		address *string
		serve   func(net.Listener) error
	}{{&s.algoliaURL, web.Serve}, {&s.tasksAddr, s.Tasks.Serve}, {&s.schedAddr, s.Scheduler.Serve}} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		*e.address = listener.Addr().String()
		go func() { _ = e.serve(listener) }()
	}
	s.algoliaURL = "http://" + s.algoliaURL
	return nil
}

// openStore migrates our own tables.
func (s *Stack) openStore(ctx context.Context) (err error) {
	s.Store, err = store.Open(s.DSN(), 4, slog.New(slog.NewTextHandler(s.Options.ChildLog, nil)))
	if err != nil {
		return err
	}
	s.closing(s.Store.Close)
	if s.wings, err = s.known(); err != nil {
		return err
	}
	migrate := s.Options.Migrate
	if migrate == nil {
		migrate = func(ctx context.Context, s *Stack) error {
			_, err := s.Store.Migrate(ctx, wire.WingTables(s.wings)...)
			return err
		}
	}
	if err := migrate(ctx, s); err != nil {
		return err
	}
	if s.Entities, err = entity.Load(s.lookup("ENTITIES_DIR")); err != nil {
		return err
	}
	callers := identity.Config{Secret: JWTSecret, Claim: "account"}
	if s.Identity, err = identity.New(callers); err != nil {
		return err
	}
	s.Operators, err = identity.NewOperators(identity.OperatorConfig{Audience: OperatorAudience}, callers, operatorRoles)
	return err
}

// openIndices gives every index its settings and the page's its replicas, as
// returnsync settings push does.
func (s *Stack) openIndices(ctx context.Context) error {
	known := envconfig.MapLookuper(map[string]string{
		"ALGOLIA_APP_ID": AppID, "ALGOLIA_ADMIN_KEY": AdminKey, "ALGOLIA_URL": s.algoliaURL,
		"SEARCH_ENTITIES": strings.Join(Searched(s), ","), "SEARCH_SORTS": s.sortNames(),
	})
	settings, err := (&wire.Env{Lookup: known}).IndexSettings(ctx)
	if err != nil {
		return err
	}
	for _, d := range s.Entities {
		if _, err := settings.Push(ctx, d, d.Index); err != nil {
			return err
		}
	}
	return nil
}

// openFunctions starts every function's process.
func (s *Stack) openFunctions(ctx context.Context) error {
	s.closing(s.stopFunctions)
	for _, f := range s.functions() {
		if err := s.startFunction(ctx, f.Name); err != nil {
			return err
		}
	}
	return nil
}
