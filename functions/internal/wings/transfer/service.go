// Package transfer is the transfer wing as a Linux service: one process with the API, the
// worker and the protocol. It opens the wing's technologies.
package transfer

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"strconv"
	"sync"
	"time"

	driver "github.com/go-sql-driver/mysql"

	"gitlab.com/eshopbox-team/return-sync/functions/transfers"
	"gitlab.com/eshopbox-team/return-sync/shared/clock"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/store"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/worker"
)

// The times of the service.
const (
	firstStart = time.Second      // after the start, before the worker's first run
	patience   = 5 * time.Second  // for the database at the start
	grace      = 30 * time.Second // for what has begun at the end
)

// Service is the running service.
type Service struct {
	config    Config
	log       *slog.Logger
	db        *sql.DB
	listeners []net.Listener
	jobs      *worker.Background
	protocol  *worker.Background
	tokens    *worker.Background // nil without batches
	server    *http.Server

	closeSides  func() error // nil until they are open
	closeTokens func() error // nil without batches
}

// OpenJobs opens the table of jobs and brings it up to date.
func OpenJobs(ctx context.Context, c Config, log *slog.Logger) (*sql.DB, *store.Store, error) {
	db, err := open(c)
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := db.PingContext(ctx); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("db_host: the database %s at %s:%d does not take the user %s: %w", c.Database.Name, c.Database.Host, c.Database.Port, c.Database.User, err), db.Close())
	}
	if err := store.Migrate(ctx, db, c.Dialect, log); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("db_user: the tables cannot be made: %w", err), db.Close())
	}
	return db, store.New(db, c.Dialect, log), nil
}

// open opens the pool of a dialect.
func open(c Config) (*sql.DB, error) {
	c.Database.Connections = max(c.Worker.Threads.Threads, worker.MaxThreads) + 10
	if c.Dialect == sqldb.PostgreSQL {
		return store.OpenPostgreSQL(c.Database)
	}
	dsn := driver.NewConfig()
	dsn.User, dsn.Passwd, dsn.Net, dsn.DBName = c.Database.User, c.Database.Password, "tcp", c.Database.Name
	dsn.Addr = net.JoinHostPort(c.Database.Host, strconv.Itoa(int(c.Database.Port)))
	return sqldb.Open(sqldb.Settings{DSN: dsn.FormatDSN(), Variable: "db_host", MaxConnections: c.Database.Connections})
}

// Open checks everything that a start needs, and lists at once what is wrong: problem is
// that of the configuration.
func Open(ctx context.Context, c Config, problem error, log *slog.Logger) (*Service, error) {
	s := &Service{config: c, log: log}
	problems := []error{problem}
	for _, address := range c.Listen {
		l, err := net.Listen("tcp", address)
		if err != nil {
			problems = append(problems, fmt.Errorf("listen: %w", err))
			continue
		}
		s.listeners = append(s.listeners, l)
	}
	var jobs *store.Store
	if c.Database.Host != "" && c.Database.Name != "" {
		var err error
		s.db, jobs, err = OpenJobs(ctx, c, log)
		problems = append(problems, err)
	}
	if err := errors.Join(problems...); err != nil {
		s.close()
		return nil, err
	}
	if err := s.assemble(jobs); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// assemble joins the parts.
func (s *Service) assemble(jobs *store.Store) error {
	c := s.config
	both, err := openSides(c.Sides, c.Flows, &sideTables{db: s.db, dialect: c.Dialect, log: s.log})
	if err != nil {
		return err
	}
	s.closeSides = both.close
	guard := guardOf(c.Drift, c.NTP, s.log)
	parts := worker.Parts{
		Jobs: jobs, Studio: both.studio, Online: both.online, Flows: c.Flows, Guard: guard, Settings: c.Worker, Notes: jobs.Notes,
		Owner: owner(c.Instance), Now: time.Now, Log: s.log,
		Worked: func() { s.protocol.Start() },
	}
	w := worker.New(parts)
	s.jobs = worker.NewBackground("job worker", s.log, func(ctx context.Context, stop <-chan struct{}) error {
		_, err := w.Run(ctx, stop)
		return err
	})
	s.protocol = worker.NewBackground("protocol worker", s.log, func(ctx context.Context, stop <-chan struct{}) error {
		_, err := w.RunProtocol(ctx, stop)
		return err
	})
	if err := s.openTokens(w, both, jobs); err != nil {
		return err
	}
	api := &transfers.API{
		Jobs: jobs, Counts: jobs.Views, Flows: c.Flows, Studio: both.studio, Online: both.online, Worker: part{s.jobs, w.Requested}, Protocol: part{s.protocol, nil}, Pace: w.Pace(),
		Clocks: clocks{guard}, Tolerance: guard.Bound, RunLimit: c.Worker.RunLimit, Commit: commit(), Token: c.Token, Now: time.Now, Log: s.log,
	}
	s.server = &http.Server{
		Handler: api.Handler(), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, WriteTimeout: 10 * time.Minute, IdleTimeout: time.Minute,
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
	}
	return nil
}

// part is a background part of this process for callers.
type part struct {
	*worker.Background
	asked func() // called before a start, because jobs may have come; nil for nothing
}

// Start implements transfers.Part.
func (p part) Start(context.Context) error {
	if p.asked != nil {
		p.asked()
	}
	p.Background.Start()
	return nil
}

// Status implements transfers.Part.
func (p part) Status(context.Context) (worker.Status, string, error) {
	s, problem := p.Background.Status()
	return s, problem, nil
}

// clocks is the guard of this process for callers.
type clocks struct{ *clock.Guard }

// Read implements transfers.Clocks.
func (c clocks) Read(ctx context.Context) clock.Reading { return c.Sources.Read(ctx) }

// State implements transfers.Clocks.
func (c clocks) State(context.Context) (clock.State, error) { return c.Guard.State(), nil }

// Reset implements transfers.Clocks.
func (c clocks) Reset(context.Context) error {
	c.Guard.Reset()
	return nil
}

// Commit is the full commit id of a build whose tools record none:
// -ldflags "-X gitlab.com/eshopbox-team/return-sync/functions/internal/wings/transfer.Commit=ID".
var Commit string

// commit returns the commit id that the build holds, empty for none.
func commit() string {
	if Commit != "" {
		return Commit
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			return setting.Value
		}
	}
	return ""
}

// Addresses returns where the service listens.
func (s *Service) Addresses() (list []string) {
	for _, l := range s.listeners {
		list = append(list, l.Addr().String())
	}
	return list
}

// Run serves until ctx ends. Then no request is taken, what has begun ends within grace,
// and everything is closed.
func (s *Service) Run(ctx context.Context) error {
	defer s.close()
	for _, key := range s.config.Unused {
		s.log.WarnContext(ctx, "a setting has no effect in this build", "key", key)
	}
	failed := make(chan error, len(s.listeners))
	for _, l := range s.listeners {
		s.log.InfoContext(ctx, "listening", "address", l.Addr().String())
		go func() { failed <- s.server.Serve(l) }()
	}
	var wait sync.WaitGroup
	timers, cancel := context.WithCancel(ctx)
	wait.Go(func() { s.time(timers) })
	wait.Go(func() { s.timeTokens(timers) })
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	cancel()
	s.log.InfoContext(context.WithoutCancel(ctx), "ending: what has begun is finished")
	ending, done := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer done()
	err = errors.Join(err, s.server.Shutdown(ending))
	wait.Wait()
	s.jobs.Stop(ending)
	s.protocol.Stop(ending)
	if s.tokens != nil {
		s.tokens.Stop(ending)
	}
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	return err
}

// time starts the parts after the start and from time to time: jobs may wait for a retry,
// and another process that worked may have died.
func (s *Service) time(ctx context.Context) {
	next := time.NewTimer(firstStart)
	defer next.Stop()
	every := max(s.config.Worker.Debounce, time.Second)
	for {
		select {
		case <-ctx.Done():
			return
		case <-next.C:
		}
		s.jobs.Start()
		s.protocol.Start()
		next.Reset(every)
	}
}

// close closes what was opened.
func (s *Service) close() {
	for _, l := range s.listeners {
		_ = l.Close() // served listeners are closed already
	}
	if s.closeTokens != nil {
		_ = s.closeTokens()
	}
	if s.closeSides != nil {
		_ = s.closeSides()
	}
	if s.db != nil {
		_ = s.db.Close()
	}
}

// Serve is the whole service: it reads the configuration, starts, and serves until ctx
// ends. ready, if not nil, gets the addresses.
func Serve(ctx context.Context, path string, flags map[string]string, out io.Writer, ready func([]string)) error {
	c, problem := Read(path, flags)
	log, closing := NewLog(c, out)
	defer closing()
	if problem == nil && !c.Active {
		log.InfoContext(ctx, "active is false: nothing is done")
		return nil
	}
	s, err := Open(ctx, c, problem, log)
	if err != nil {
		return fmt.Errorf("the service cannot start:\n%w", err)
	}
	if ready != nil {
		ready(s.Addresses())
	}
	return s.Run(ctx)
}
