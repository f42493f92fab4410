package transfer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/functions/transfers"
	"gitlab.com/eshopbox-team/return-sync/shared/clock"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/store"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/worker"
)

// cloudConfig holds the environment's settings that both functions read.
type cloudConfig struct {
	sideConfig
	starting
	// Flows is a file of flows; empty means those of the program.
	Flows    string        `env:"TRANSFER_FLOWS"`
	Dir      string        `env:"TRANSFERS_DIR"`
	Threads  int           `env:"TRANSFER_THREADS, default=1"`
	Package  int           `env:"TRANSFER_PACKAGE, default=20"`
	RunLimit int           `env:"TRANSFER_RUN_LIMIT, default=5"`
	Drift    time.Duration `env:"TRANSFER_MAX_DRIFT, default=50ms"`
	NTP      []string      `env:"TRANSFER_NTP_SERVERS, default=0.pool.ntp.org,1.pool.ntp.org,2.pool.ntp.org,3.pool.ntp.org"`
}

// workConfig holds those of the worker alone.
type workConfig struct {
	Throttle    time.Duration `env:"TRANSFER_THROTTLE"`
	LockTimeout time.Duration `env:"TRANSFER_LOCK_TIMEOUT, default=10s"`
	Lease       time.Duration `env:"TRANSFER_LEASE, default=20s"`
	RetryAfter  time.Duration `env:"TRANSFER_RETRY_AFTER, default=10s"`
	Protocol    bool          `env:"TRANSFER_PROTOCOL, default=true"`
	// Budget leaves the function's time to what has begun.
	Budget time.Duration `env:"TRANSFER_BUDGET, default=8m"`
}

// tokenConfig holds the API's secret.
type tokenConfig struct {
	Token string `env:"TRANSFER_TOKEN, required"`
}

// minToken is the least length of the token: the API can be reached from everywhere.
const minToken = 32

// check refuses a token that can be guessed.
func (c tokenConfig) check() error {
	if len(c.Token) < minToken {
		return fmt.Errorf("TRANSFER_TOKEN must have at least %d characters", minToken)
	}
	return nil
}

// check refuses settings with which nothing could work.
func (c cloudConfig) check() error {
	var problems []error
	if problem := c.sideConfig.check(); problem != "" {
		problems = append(problems, errors.New("TRANSFER_SIDES "+problem))
	}
	if err := c.threads().Check(); err != nil {
		problems = append(problems, fmt.Errorf("TRANSFER_THREADS, TRANSFER_PACKAGE: %w", err))
	}
	if c.RunLimit < 1 || c.Drift <= 0 || c.Debounce < 0 {
		problems = append(problems, errors.New("TRANSFER_RUN_LIMIT and TRANSFER_MAX_DRIFT must be above 0, TRANSFER_DEBOUNCE not below"))
	}
	return errors.Join(problems...)
}

// threads is how many jobs run at once.
func (c cloudConfig) threads() worker.Threads {
	return worker.Threads{Threads: c.Threads, Package: c.Package}
}

// cloud is the parts that both functions are made of.
type cloud struct {
	wire.Opening
	config cloudConfig
	flows  transfer.Flows
	sides
	jobs  *store.Store
	waker *waker
	guard *clock.Guard
}

// openCloud opens the parts. It connects to nothing.
func openCloud(ctx context.Context, e *wire.Env) (*cloud, error) {
	o, err := e.Opened(ctx)
	if err != nil {
		return nil, err
	}
	p := &cloud{Opening: o, jobs: jobsOf(o.Pool, o.Log)}
	if err := wire.Configure(ctx, o.Lookup, &p.config); err != nil {
		return nil, err
	}
	if err := p.config.check(); err != nil {
		return nil, err
	}
	var problems [3]error
	p.flows, problems[0] = ReadFlows(p.config.Flows, p.config.Dir)
	p.sides, problems[1] = openSides(p.config.sideConfig, p.flows, &sideTables{db: o.Pool.DB, dialect: sqldb.MySQL, log: o.Log})
	p.waker, problems[2] = p.config.waker(ctx, o)
	if problems[1] == nil {
		e.Closing(p.close)
	}
	p.guard = guardOf(p.config.Drift, p.config.servers(), o.Log)
	return p, errors.Join(problems[:]...)
}

// jobsOf returns the product's table of jobs.
func jobsOf(pool *sqldb.DB, log *slog.Logger) *store.Store {
	return store.New(pool.DB, sqldb.MySQL, log)
}

// api is the API, whose worker and protocol are in another process.
func (p *cloud) api(token string) *transfers.API {
	return &transfers.API{
		Jobs: p.jobs, Counts: p.jobs.Views, Flows: p.flows, Studio: p.studio, Online: p.online,
		Worker: remote{p, transfer.NoteWorker}, Protocol: remote{p, transfer.NoteProtocol},
		Pace: worker.Pace{Configured: p.config.threads(), Notes: p.jobs.Notes}, Clocks: remoteClocks{p.guard, p.jobs.Notes}, Tolerance: p.config.Drift,
		RunLimit: p.config.RunLimit, Commit: commit(), Token: token, Now: time.Now, Log: p.Log,
	}
}

// turns is the worker.
func (p *cloud) turns(ctx context.Context) (*worker.Turns, error) {
	var c workConfig
	if err := wire.Configure(ctx, p.Lookup, &c); err != nil {
		return nil, err
	}
	if c.Throttle < 0 || c.LockTimeout <= 0 || c.Lease < time.Second || c.RetryAfter <= 0 || c.Budget <= 0 {
		return nil, errors.New("TRANSFER_LEASE must be 1s or more, TRANSFER_LOCK_TIMEOUT, TRANSFER_RETRY_AFTER and TRANSFER_BUDGET above 0, TRANSFER_THROTTLE not below")
	}
	s := worker.Defaults()
	s.Threads, s.Debounce, s.RunLimit = p.config.threads(), p.config.Debounce, p.config.RunLimit
	s.Throttle, s.LockTimeout, s.Lease, s.RetryAfter, s.Protocol = c.Throttle, c.LockTimeout, c.Lease, c.RetryAfter, c.Protocol
	w := worker.New(worker.Parts{
		Jobs: p.jobs, Studio: p.studio, Online: p.online, Flows: p.flows, Guard: &notedGuard{Guard: p.guard, notes: p.jobs.Notes, log: p.Log},
		Settings: s, Notes: p.jobs.Notes, Owner: owner("function"), Now: time.Now, Log: p.Log,
	})
	return &worker.Turns{Worker: w, Queue: p.jobs.Views, Budget: c.Budget, Wake: p.waker.Wake}, nil
}

// remote is a background part of the worker's function, for the API.
type remote struct {
	*cloud
	note transfer.NoteName
}

// Start implements transfers.Part: jobs that came just now are old enough when the task
// is delivered.
func (r remote) Start(ctx context.Context) error {
	return r.waker.Wake(ctx, time.Now().Add(r.config.Debounce))
}

// Status implements transfers.Part. A part that says that it runs does so only while its
// process holds the lease.
func (r remote) Status(ctx context.Context) (worker.Status, string, error) {
	holder, err := r.jobs.Holder(ctx)
	if err != nil {
		return worker.Idle, "", err
	}
	var sign transfer.Sign
	_, err = transfer.Read(ctx, r.jobs.Notes, r.note, &sign)
	switch {
	case err != nil:
		return worker.Idle, "", err
	case sign.Running && holder.Token != "":
		return worker.Running, "", nil
	case sign.Error != "":
		return worker.Broken, sign.Error, nil
	}
	return worker.Idle, "", nil
}

// remoteClocks is what the worker's guard knows, for the API. A reading is that of this
// process.
type remoteClocks struct {
	guard *clock.Guard
	notes transfer.Notes
}

// Read implements transfers.Clocks.
func (c remoteClocks) Read(ctx context.Context) clock.Reading { return c.guard.Sources.Read(ctx) }

// State implements transfers.Clocks.
func (c remoteClocks) State(ctx context.Context) (clock.State, error) {
	return clockState(ctx, c.notes)
}

// clockState reads what the worker's guard knows.
func clockState(ctx context.Context, notes transfer.Notes) (s clock.State, err error) {
	_, err = transfer.Read(ctx, notes, transfer.NoteClocks, &s)
	return s, err
}

// Reset implements transfers.Clocks. The worker sees the newer note.
func (c remoteClocks) Reset(ctx context.Context) error {
	return errors.Join(c.notes.Leave(ctx, transfer.NoteRecheck, "{}"), transfer.Leave(ctx, c.notes, transfer.NoteClocks, clock.State{}))
}

// notedGuard is the worker's guard: it says what it knows in a note, and reads the clocks
// again when a person asks for it by another one.
type notedGuard struct {
	*clock.Guard
	notes transfer.Notes
	log   *slog.Logger

	mu    sync.Mutex
	asked time.Time // of the last note that was heeded
	noted time.Time // of the last check that was noted
}

// Allow implements worker.Guard. A table that does not answer changes nothing here: the
// worker needs it next.
func (g *notedGuard) Allow(ctx context.Context) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if note, err := g.notes.Note(ctx, transfer.NoteRecheck); err != nil {
		g.log.WarnContext(ctx, "whether a reading of the clocks was asked for is not known", "error", err)
	} else if note.At.After(g.asked) {
		g.asked = note.At
		g.Reset()
	}
	allowed := g.Guard.Allow(ctx)
	if state := g.State(); !state.LastCheck.Equal(g.noted) {
		g.noted = state.LastCheck
		if err := transfer.Leave(ctx, g.notes, transfer.NoteClocks, state); err != nil {
			g.log.WarnContext(ctx, "the reading of the clocks could not be left for other processes", "error", err)
		}
	}
	return allowed
}
