package wire

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/identity"
	"gitlab.com/eshopbox-team/return-sync/shared/scope/scopestore"
	"gitlab.com/eshopbox-team/return-sync/shared/signout"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/member"
)

// Scopes holds the parts of the scopes function.
type Scopes struct {
	Flow      *member.Scopes
	Operators *identity.Operators
	Limits    ScopesLimits
	Log       *slog.Logger
}

// ScopesLimits holds the environment's limits of requests.
type ScopesLimits struct {
	// MaxBody is the largest body of a request in bytes.
	MaxBody int64 `env:"SCOPES_MAX_BODY, default=65536"`
	// AtOnce is the most requests that an instance answers at once.
	AtOnce int `env:"SCOPES_AT_ONCE, default=20"`
	// Sweep is the period between an instance's searches for interrupted scopes.
	Sweep time.Duration `env:"SCOPES_SWEEP, default=30s"`
}

// check refuses limits that would admit no request.
func (l ScopesLimits) check() error {
	if l.MaxBody <= 0 || l.Sweep <= 0 || l.AtOnce <= 0 {
		return errors.New("SCOPES_MAX_BODY, SCOPES_AT_ONCE and SCOPES_SWEEP must be positive")
	}
	return nil
}

// FlowScopes opens the starter and follower of scopes: a ticker of its own and our
// tables. Schedules start scopes with it too.
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
	s.Store, s.DB, s.Ticker, s.Entities = scopestore.New(c.Store.Pool()), c.Store, c, c.Entities
	used, err := e.Used(ctx)
	problems := []error{err}
	for _, w := range used {
		if w.Members != nil {
			other, err := w.Members(ctx, Opening{e, c.Store.Pool()})
			s.Others, problems = append(s.Others, other), append(problems, err)
		}
	}
	return s, errors.Join(problems...)
}

// Scopes opens the scopes function's parts and begins to sweep: at once, which finds
// scopes that a crash left syncing, and then periodically. Reads do not wait for a
// sweep, because each checks the runs itself.
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
		s.Operators.Heed(signout.New(s.Flow.DB.Pool()).Ended)
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

// operators opens the reader of operators' tokens.
func (e *Env) operators(ctx context.Context) (*identity.Operators, error) {
	var callers identity.Config
	var cfg identity.OperatorConfig
	var roles identity.Roles
	if err := Configure(ctx, e.Lookup, &callers, &cfg, &roles); err != nil {
		return nil, err
	}
	if err := e.reachable(ctx, map[string]string{identity.NameJWKS: callers.JWKS, "OPERATOR_JWKS_URL": cfg.JWKS}); err != nil {
		return nil, err
	}
	callers.Log = e.Log
	o, err := identity.NewOperators(cfg, callers, roles)
	if err == nil {
		e.closing(o.Close)
	}
	return o, err
}
