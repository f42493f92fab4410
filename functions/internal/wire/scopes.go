package wire

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/identity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/member"
)

// Scopes is the parts of the scopes function.
type Scopes struct {
	Flow      *member.Scopes
	Operators *identity.Operators
	Limits    ScopesLimits
	Log       *slog.Logger
}

// ScopesLimits is what the environment says about requests.
type ScopesLimits struct {
	// MaxBody is the most bytes of a request's body.
	MaxBody int64 `env:"SCOPES_MAX_BODY, default=65536"`
	// AtOnce is how many requests an instance answers at once.
	AtOnce int `env:"SCOPES_AT_ONCE, default=20"`
	// Sweep is how often an instance looks for what was lost when nobody asks.
	Sweep time.Duration `env:"SCOPES_SWEEP, default=30s"`
}

// check refuses limits that would refuse everything.
func (l ScopesLimits) check() error {
	if l.MaxBody <= 0 || l.Sweep <= 0 || l.AtOnce <= 0 {
		return errors.New("SCOPES_MAX_BODY, SCOPES_AT_ONCE and SCOPES_SWEEP must be positive")
	}
	return nil
}

// FlowScopes opens what starts and follows scopes: a ticker of its own and our
// tables. It is also what a schedule starts a scope with.
func (e *Env) FlowScopes(ctx context.Context) (*member.Scopes, error) {
	s := &member.Scopes{Log: e.Log, Steps: e.Steps}
	if err := Configure(ctx, e.Lookup, &s.Config); err != nil {
		return nil, err
	}
	if err := s.Config.Check(); err != nil {
		return nil, err
	}
	c, err := e.Cron(ctx)
	if err != nil {
		return nil, err
	}
	s.Store, s.Ticker, s.Entities = c.Store, c, c.Entities
	return s, nil
}

// Scopes opens the scopes function's parts and begins to sweep: at once, so that
// what a crash left syncing is found, and then now and then. Reads do not wait
// for it, because each of them looks itself.
func (e *Env) Scopes(ctx context.Context) (*Scopes, error) {
	s := &Scopes{Log: e.Log}
	if err := Configure(ctx, e.Lookup, &s.Limits); err != nil {
		return nil, err
	}
	var problems [3]error
	problems[0] = s.Limits.check()
	s.Flow, problems[1] = e.FlowScopes(ctx)
	s.Operators, problems[2] = e.operators(ctx)
	err := errors.Join(problems[:]...)
	if err == nil {
		s.sweep(ctx, e)
	}
	return s, err
}

// sweep sweeps in the background until the environment is closed.
func (s *Scopes) sweep(ctx context.Context, e *Env) {
	ctx, end := context.WithCancel(context.WithoutCancel(ctx))
	var work sync.WaitGroup
	work.Go(func() {
		for ctx.Err() == nil {
			if err := s.Flow.Sweep(ctx); err != nil && ctx.Err() == nil {
				s.Log.WarnContext(ctx, "sync scopes could not be swept; the next read or sweep does it", "error", err)
			}
			select {
			case <-ctx.Done():
			case <-time.After(s.Limits.Sweep):
			}
		}
	})
	e.closing(func() error {
		end()
		work.Wait()
		return nil
	})
}

// operators opens what reads operators' tokens.
func (e *Env) operators(ctx context.Context) (*identity.Operators, error) {
	var callers identity.Config
	var cfg identity.OperatorConfig
	var roles identity.Roles
	if err := Configure(ctx, e.Lookup, &callers, &cfg, &roles); err != nil {
		return nil, err
	}
	if err := e.reachable(ctx, map[string]string{"SEARCH_JWKS_URL": callers.JWKS, "OPERATOR_JWKS_URL": cfg.JWKS}); err != nil {
		return nil, err
	}
	callers.Log = e.Log
	o, err := identity.NewOperators(cfg, callers, roles)
	if err == nil {
		e.closing(o.Close)
	}
	return o, err
}
