// Package wire opens the concrete parts of a function from its configuration. It is the
// only importer of the technology rooms (source/mysql, destination/algolia,
// queue/cloudtasks ...): all other code knows a part by its interface.
//
// Each function opens only the parts that it uses, and so gets only their secrets: the
// write key goes to process alone, the search key to search alone.
package wire

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/sethvargo/go-envconfig"
	"go.opentelemetry.io/otel/metric"

	"gitlab.com/eshopbox-team/return-sync/shared/cloudsql"
	"gitlab.com/eshopbox-team/return-sync/shared/edge"
	"gitlab.com/eshopbox-team/return-sync/shared/heartbeat"
	"gitlab.com/eshopbox-team/return-sync/shared/queue/cloudtasks"
	"gitlab.com/eshopbox-team/return-sync/shared/states"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/destination/algolia"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/flow"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/join"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rework"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
)

// Function is one entry point: its name, its old path, and the opening of its handler.
type Function struct {
	// Name is the entry point, the value of FUNCTION_TARGET.
	Name string
	// OldPath is the path of the App Engine service; empty for a function that the
	// service did not have.
	OldPath string
	// ByServices marks a function that queues and the scheduler call. Each call's
	// identity token is then checked.
	ByServices bool
	// Open opens the parts and returns the handler.
	Open func(ctx context.Context, e *Env) (http.Handler, error)
}

// Serve opens the function and returns its handler, behind the check of callers.
func (f Function) Serve(ctx context.Context, e *Env) (http.Handler, error) {
	h, err := f.Open(ctx, e)
	if !f.ByServices {
		return h, err
	}
	guard, problem := e.guard(ctx, f.Name)
	if err = errors.Join(err, problem); err != nil {
		return nil, err
	}
	return guard(h), nil
}

// Paths returns the function's paths in a program that serves several functions.
func (f Function) Paths() []string {
	if f.OldPath == "" {
		return []string{"/" + f.Name}
	}
	return []string{"/" + f.Name, f.OldPath}
}

// Env is the environment in which a function opens. Close closes the parts that were
// opened through it.
type Env struct {
	Lookup envconfig.Lookuper
	Log    *slog.Logger
	// Wings are the wings that this program knows; see Used.
	Wings []Wing
	// Steps, if set, is called between any two steps of the flow; only rehearsals set
	// it.
	Steps states.Steps
	// Metrics, if set, is what the process measures with; see Meter.
	Metrics metric.Meter
	mu      sync.Mutex // of closers: doctor opens parts in several checks at once
	closers []func() error
	// cloudSQL is opened by the first database, under dialing.
	dialing  sync.Mutex
	cloudSQL *cloudsql.Dialer
}

// Common holds the environment's settings of every function.
type Common struct {
	LogLevel slog.Level `env:"LOG_LEVEL, default=INFO"`
	Project  string     `env:"GOOGLE_CLOUD_PROJECT"`
}

// platform holds Cloud Run's own settings of the process.
type platform struct {
	Target   string `env:"FUNCTION_TARGET"`
	Service  string `env:"K_SERVICE"`
	Revision string `env:"K_REVISION"`
}

// logger returns the process's log, which names service and function, because one image
// serves several functions.
func (p platform) logger(w io.Writer, c Common) *slog.Logger {
	program := edge.Program{Project: c.Project, Service: cmp.Or(p.Service, p.Target, "return-sync"), Version: p.Revision}
	log := edge.NewLogger(w, c.LogLevel, program)
	if p.Target != "" {
		log = log.With("function", p.Target)
	}
	return log
}

// NewEnv returns the environment of this process, logging to standard error, in a
// program that knows some wings.
func NewEnv(ctx context.Context, lookup envconfig.Lookuper, wings []Wing) (*Env, error) {
	var c Common
	if err := Configure(ctx, lookup, &c); err != nil {
		return nil, err
	}
	var p platform
	if err := Configure(ctx, lookup, &p); err != nil {
		return nil, err
	}
	return &Env{Lookup: lookup, Log: p.logger(os.Stderr, c), Wings: wings}, nil
}

// Again returns an environment without the parts that were opened through it.
func Again(e *Env) *Env {
	return &Env{Lookup: e.Lookup, Log: e.Log, Wings: e.Wings, Steps: e.Steps, Metrics: e.Metrics}
}

// Close closes the opened parts, last first.
func (e *Env) Close() error {
	e.mu.Lock()
	list := e.closers
	e.closers = nil
	e.mu.Unlock()
	var problems []error
	for _, closeIt := range slices.Backward(list) {
		problems = append(problems, closeIt())
	}
	return errors.Join(problems...)
}

// closing registers a part to be closed.
func (e *Env) closing(close func() error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closers = append(e.closers, close)
}

// Databases holds the environment's settings of the databases.
type Databases struct {
	// SourceDSN is the database that holds the truth, in go-sql-driver's form.
	SourceDSN string `env:"SOURCE_DSN, required"`
	// StateDSN holds our own tables; empty means next to the source's.
	StateDSN       string `env:"STATE_DSN"`
	MaxConnections int    `env:"DB_MAX_CONNECTIONS, default=8"`
}

// Apart reports whether our tables are on another server than the source's.
func (d Databases) Apart() bool { return d.StateDSN != "" && d.StateDSN != d.SourceDSN }

// State returns the DSN of our own tables.
func (d Databases) State() string {
	if d.StateDSN != "" {
		return d.StateDSN
	}
	return d.SourceDSN
}

// Definitions holds the environment's settings of entities.
type Definitions struct {
	Dir string `env:"ENTITIES_DIR"`
	// IndexPrefix begins every index's name, such as "staging_".
	IndexPrefix string `env:"INDEX_PREFIX"`
	// PageSize overrides every definition's, for measurements; 0 does not.
	PageSize int `env:"PAGE_SIZE"`
	// SecretIDs gives the records of every definition ids that nobody can guess, as
	// secretIds in entity.yaml does for one.
	SecretIDs bool `env:"SECRET_IDS"`
	// Overlap overrides every definition's, for rehearsals; 0 does not.
	Overlap time.Duration `env:"OVERLAP"`
}

// Load reads the definitions.
func (d Definitions) Load() (entity.List, error) {
	list, err := entity.Load(d.Dir)
	if err != nil {
		return nil, err
	}
	for i := range list {
		list[i].Index = d.IndexPrefix + list[i].Index
		list[i].SecretIDs = list[i].SecretIDs || d.SecretIDs
		if d.PageSize > 0 {
			list[i].PageSize = d.PageSize
		}
		if d.Overlap > 0 {
			list[i].Overlap = d.Overlap
		}
	}
	return list, nil
}

// Named reads the definitions and returns one.
func (d Definitions) Named(name string) (entity.Definition, error) {
	entities, err := d.Load()
	if err != nil {
		return entity.Definition{}, err
	}
	return entities.Named(name)
}

// Cron is the parts of the cron function.
type Cron struct {
	*flow.Cron
	Jobs  *rework.Waker
	Store *store.DB
}

// Wake starts a running job's chain of tasks.
func (c *Cron) Wake(ctx context.Context, id int64) error { return c.Jobs.Wake(ctx, id) }

// NewCron joins the cron step, our tables and the jobs that a tick wakes.
func NewCron(c *flow.Cron, db *store.DB) *Cron {
	jobs := &rework.Waker{Jobs: db.Jobs, Queue: c.Queue, Silence: c.Config.JobSilence, Log: c.Log, Steps: c.Steps}
	c.Heart, c.Jobs = heartbeat.New(db.Pool()), jobs
	return &Cron{Cron: join.Cron(c, db), Jobs: jobs, Store: db}
}

// Cron opens the cron function's parts.
func (e *Env) Cron(ctx context.Context) (*Cron, error) {
	var db Databases
	var defs Definitions
	var tasks cloudtasks.Config
	var to Addresses
	c := &flow.Cron{Log: e.Log, Steps: e.Steps}
	err := Configure(ctx, e.Lookup, &db, &defs, &tasks, &to, &c.Config)
	if err != nil {
		return nil, err
	}
	if err := c.Config.Check(); err != nil {
		return nil, err
	}
	if err := needed("WINDOW_URL", to.Window, QueueSync); err != nil {
		return nil, err
	}
	var problems [3]error
	var state *store.DB
	c.Entities, problems[0] = defs.Load()
	state, problems[1] = e.Store(db)
	c.Queue, problems[2] = e.queue(ctx, tasks, to)
	return NewCron(c, state), errors.Join(problems[:]...)
}

// Window is the parts of the window function.
type Window struct {
	*flow.Window
	Jobs  *rework.Jobs
	Store *store.DB
}

// NewWindow joins the window step, our tables, the source and the turns of jobs.
func NewWindow(w *flow.Window, entities entity.List, db *store.DB, src rework.Source) *Window {
	w.Source = src
	return &Window{Window: join.Window(w, entities, db), Store: db, Jobs: join.Jobs(&rework.Jobs{
		Source: src, Queue: w.Queue, Entities: entities, Config: w.Config, Log: w.Log, Steps: w.Steps,
	}, db)}
}

// Window opens the window function's parts.
func (e *Env) Window(ctx context.Context) (*Window, error) {
	var db Databases
	var defs Definitions
	var tasks cloudtasks.Config
	var to Addresses
	w := &flow.Window{Log: e.Log, Steps: e.Steps}
	if err := Configure(ctx, e.Lookup, &db, &defs, &tasks, &to, &w.Config); err != nil {
		return nil, err
	}
	if err := w.Config.Check(); err != nil {
		return nil, err
	}
	if err := errors.Join(needed("PROCESS_URL", to.Process, QueueProcessing), needed("WINDOW_URL", to.Window, QueueSync)); err != nil {
		return nil, err
	}
	w.Apart = db.Apart()
	var problems [4]error
	var state *store.DB
	entities, problem := defs.Load()
	problems[0] = problem
	state, problems[1] = e.Store(db)
	src, problem := e.Source(db)
	problems[2] = problem
	w.Queue, problems[3] = e.queue(ctx, tasks, to)
	return NewWindow(w, entities, state, src), errors.Join(problems[:]...)
}

// needed returns an error if the address that a queue delivers to is not set.
func needed(setting, value, queue string) error {
	if value != "" {
		return nil
	}
	return fmt.Errorf("the configuration is not complete:\n  %s is missing: where queue %s delivers to", setting, queue)
}

// Process opens the process step.
func (e *Env) Process(ctx context.Context) (*flow.Process, error) {
	var db Databases
	var defs Definitions
	var index algolia.Config
	p := &flow.Process{Log: e.Log, Steps: e.Steps}
	if err := Configure(ctx, e.Lookup, &db, &defs, &index, &p.Config); err != nil {
		return nil, err
	}
	if err := p.Config.Check(); err != nil {
		return nil, err
	}
	var problems [4]error
	entities, problem := defs.Load()
	problems[0] = problem
	if db.MaxConnections > 0 { // a page without a connection to the source reads no records
		p.Room = make(chan struct{}, db.MaxConnections)
	}
	p.Source, problems[2] = e.Source(db)
	pages, problem := e.Store(db)
	if problems[1] = problem; problem == nil {
		join.Process(p, entities, pages)
		problems[1] = e.publish(ctx, pages)
	}
	p.Index, problems[3] = algolia.New(index)
	return p, errors.Join(problems[:]...)
}
