// Package server is the deployed program: it knows every function and serves the
// one that FUNCTION_TARGET names, or all of them.
//
// The serving is ours, because the Functions Framework's (functions/cmd/framework) has
// neither timeouts nor an end: this one bounds every phase of a request, answers /healthz
// and /api, and on SIGTERM stops accepting, lets the requests under way finish or put their
// work back, and closes its parts.
package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime/debug"
	"sort"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/console"
	"gitlab.com/eshopbox-team/return-sync/functions/cron"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/telemetry"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wings"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/functions/process"
	"gitlab.com/eshopbox-team/return-sync/functions/schedules"
	"gitlab.com/eshopbox-team/return-sync/functions/scopes"
	"gitlab.com/eshopbox-team/return-sync/functions/search"
	"gitlab.com/eshopbox-team/return-sync/functions/verify"
	"gitlab.com/eshopbox-team/return-sync/functions/watch"
	"gitlab.com/eshopbox-team/return-sync/functions/window"
	"gitlab.com/eshopbox-team/return-sync/shared/identity"
)

// Functions returns every function of the product, those of all known wings included.
func Functions() []wire.Function { return Of(wings.All()) }

// Of returns the functions that serve sync and all wings, and those of some wings.
func Of(wings []wire.Wing) []wire.Function {
	list := []wire.Function{cron.Function, window.Function, process.Function, search.Function, schedules.Function, scopes.Function, verify.Function, watch.Function, console.Function}
	for _, w := range wings {
		list = append(list, w.Functions...)
	}
	return list
}

// Config is the part of the environment that configures the server.
type Config struct {
	Target string `env:"FUNCTION_TARGET"`
	Port   string `env:"PORT, default=8080"`
	// Host is the address to listen on; empty means all, as Cloud Run wants.
	Host string `env:"HOST"`
	// ServeAll lets others than this machine call every function at one address.
	ServeAll bool `env:"SERVE_ALL"`
	// TimeoutSeconds bounds a request; Cloud Run sets the same limit outside.
	TimeoutSeconds int `env:"CLOUD_RUN_TIMEOUT_SECONDS, default=600"`
	// DrainSeconds is how long requests under way may take after SIGTERM.
	DrainSeconds int `env:"DRAIN_SECONDS, default=9"`
}

// Check refuses times in which nothing could be served, and to serve every function
// to everybody who reaches this machine by mistake.
func (c Config) Check() error {
	if c.TimeoutSeconds < 1 || c.DrainSeconds < 1 {
		return errors.New("CLOUD_RUN_TIMEOUT_SECONDS and DRAIN_SECONDS must be at least 1")
	}
	if c.Target == "" && !c.ServeAll && !identity.Loopback(c.Host) {
		return fmt.Errorf("FUNCTION_TARGET is empty, which serves all functions, and HOST is %q, which others can reach: set FUNCTION_TARGET to one of %s, or HOST=127.0.0.1, or SERVE_ALL=true if all are meant", c.Host, names())
	}
	return nil
}

// Run serves until ctx ends, then drains. ready, if not nil, is called with the
// address once connections are accepted.
func Run(ctx context.Context, e *wire.Env, ready func(net.Addr)) (err error) {
	var cfg Config
	if err := wire.Configure(ctx, e.Lookup, &cfg); err != nil {
		return err
	}
	if _, ok := wingOf(e.Wings, cfg.Target); ok {
		debug.SetGCPercent(garbage)
	}
	if cfg.Target == process.Function.Name {
		pace(setPercent)
	}
	measured, problem := measuring(ctx, e, cfg.Target)
	defer func() { err = errors.Join(err, measured.Close()) }()
	handler, end, err := serving(ctx, e, cfg)
	defer func() { err = errors.Join(err, end()) }()
	if err = errors.Join(cfg.Check(), problem, err); err != nil {
		return err
	}
	handler = measured.Before(handler, cfg.Target)
	listener, err := net.Listen("tcp", net.JoinHostPort(cfg.Host, cfg.Port))
	if err != nil {
		return fmt.Errorf("cannot listen on port %s: %w: is another program using it? choose one with PORT", cfg.Port, err)
	}
	srv := newServer(handler, cfg)
	requests, endRequests := context.WithCancel(context.WithoutCancel(ctx))
	defer endRequests()
	srv.BaseContext = func(net.Listener) context.Context { return requests }
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(listener) }()
	if ready != nil {
		ready(listener.Addr())
	}
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	e.Log.Info("stopping: requests under way may finish", "seconds", cfg.DrainSeconds)
	return drain(srv, endRequests, time.Duration(cfg.DrainSeconds)*time.Second)
}

// measuring opens the process's metrics.
func measuring(ctx context.Context, e *wire.Env, service string) (*telemetry.Telemetry, error) {
	var cfg telemetry.Config
	problem := wire.Configure(ctx, e.Lookup, &cfg)
	if problem != nil {
		cfg = telemetry.Config{Millis: 60000}
	}
	t, err := telemetry.Open(ctx, cfg, cmp.Or(service, "return-sync"), e.Log)
	if err == nil && (cfg.Token != "" || cfg.Endpoint != "") {
		e.Metrics = t.Meter()
	}
	return t, errors.Join(problem, err)
}

// newServer returns a server that bounds every phase of a request.
func newServer(h http.Handler, cfg Config) *http.Server {
	limit := time.Duration(cfg.TimeoutSeconds) * time.Second
	return &http.Server{
		Handler:           deadline(h, limit),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       time.Minute,
		WriteTimeout:      limit + 10*time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
	}
}

// deadline ends a request's context shortly before its platform would, so that
// work stops at a place of its own choosing.
func deadline(h http.Handler, limit time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), limit-limit/10)
		defer cancel()
		h.ServeHTTP(w, r.WithContext(ctx))
	})
}

// Handler opens the target, or every function if there is none, and returns
// what serves them. With a target, every path is its own; without, each answers
// at its name and at its old path.
func Handler(ctx context.Context, e *wire.Env, cfg Config) (http.Handler, error) {
	mux := http.NewServeMux()
	var problems []error
	known := false
	used, err := e.Used(ctx)
	if err != nil {
		return nil, err
	}
	for _, f := range Of(used) {
		if cfg.Target != "" && cfg.Target != f.Name {
			continue
		}
		known = true
		h, err := f.Serve(ctx, e)
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", f.Name, err))
			continue
		}
		mount(mux, f, h, cfg.Target != "")
	}
	if w, ok := wingOf(e.Wings, cfg.Target); !known && ok {
		return nil, fmt.Errorf("FUNCTION_TARGET is %q of the wing %s, which this installation does not use: add %s to WINGS", cfg.Target, w, w)
	}
	if !known {
		return nil, fmt.Errorf("FUNCTION_TARGET is %q, which is no function: use %s, or leave it empty to serve all", cfg.Target, names())
	}
	return Health(mux), errors.Join(problems...)
}

// garbage is the percentage of the living memory at which functions of wings collect
// garbage; Go's own is 100. They stream: little lives long, and their memory is bounded.
const garbage = 40

// wingOf returns the wing that a function belongs to.
func wingOf(wings []wire.Wing, function string) (name string, ok bool) {
	for _, w := range wings {
		for _, f := range w.Functions {
			if f.Name == function {
				return w.Name, true
			}
		}
	}
	return "", false
}

// mount puts a function's handler on its paths.
func mount(mux *http.ServeMux, f wire.Function, h http.Handler, alone bool) {
	if alone {
		mux.Handle("/", h)
		return
	}
	for _, path := range f.Paths() {
		mux.Handle(path, h)
		mux.Handle(path+"/", http.StripPrefix(path, h))
	}
}

// names lists the functions for an error.
func names() string {
	var list []string
	for _, f := range Functions() {
		list = append(list, f.Name)
	}
	sort.Strings(list)
	return strings.Join(list, ", ")
}
