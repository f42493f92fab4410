package wire

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/edge"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/identity"
)

// place is the host of a process, which decides who can reach it.
type place struct {
	Host string `env:"HOST"`
	// Service is set by Cloud Run.
	Service string `env:"K_SERVICE"`
}

// private reports whether this machine alone can reach the process.
func (p place) private() bool { return p.Service == "" && identity.Loopback(p.Host) }

// guard returns the check of callers for a function of queues and the scheduler. Callers
// must be configured, unless this machine alone can reach the process or the environment
// switches the check off.
func (e *Env) guard(ctx context.Context, name string) (func(http.Handler) http.Handler, error) {
	var at place
	var who identity.ServiceConfig
	var opted struct {
		Out bool `env:"CALLER_UNCHECKED"`
	}
	if err := Configure(ctx, e.Lookup, &at, &who, &opted); err != nil {
		return nil, err
	}
	who.Log = e.Log
	switch {
	case opted.Out && who.Configured():
		return nil, errors.New("CALLER_UNCHECKED contradicts CALLER_AUDIENCE and CALLER_EMAILS: unset it, or them")
	case opted.Out, at.private() && !who.Configured():
		e.Log.WarnContext(ctx, "callers of this function are not checked: set CALLER_AUDIENCE and CALLER_EMAILS", "target", name)
		return func(h http.Handler) http.Handler { return h }, nil
	case !who.Configured():
		return nil, errors.New("the configuration is not complete:\n  CALLER_AUDIENCE and CALLER_EMAILS are missing: this function's address, and the accounts of the queues or the scheduler that call it; CALLER_UNCHECKED=true serves every caller that the platform admits")
	case who.ByPlatform && at.Service == "":
		return nil, errors.New("CALLER_SIGNATURE_BY_PLATFORM is for Cloud Run alone, which sets K_SERVICE: elsewhere no platform checks signatures")
	case who.Local() && !at.private():
		return nil, fmt.Errorf("CALLER_ISSUER or CALLER_JWKS_URL is on this machine, and HOST is %q, which others can reach: an issuer of tests is for HOST=127.0.0.1", at.Host)
	}
	services, err := identity.NewServices(who)
	if err != nil {
		return nil, err
	}
	e.closing(services.Close)
	return func(h http.Handler) http.Handler { return e.guarded(services, h) }, nil
}

// guarded admits the callers that services knows.
func (e *Env) guarded(services *identity.Services, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		caller, err := services.Service(r, time.Now())
		if err == nil {
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, caller)))
			return
		}
		if kind := fault.KindOf(err); kind == fault.Unauthenticated || kind == fault.Forbidden {
			e.Log.ErrorContext(r.Context(), "a caller was refused", "code", fault.CodeOf(err), "reason", err.Error(), "path", r.URL.Path)
		}
		edge.Handle(e.Log, func(*http.Request) (any, error) { return nil, err }, r.Method).ServeHTTP(w, r)
	})
}

// callerKey is the key of the caller in a request's context.
type callerKey struct{}

// CallerOf returns the address of the account whose identity token came with a
// request, empty if callers are not checked.
func CallerOf(ctx context.Context) string {
	caller, _ := ctx.Value(callerKey{}).(string)
	return caller
}

// reachable refuses key addresses on this machine, which are for tests, where others can
// reach the process. The names are those of the environment.
func (e *Env) reachable(ctx context.Context, addresses map[string]string) error {
	var at place
	if err := Configure(ctx, e.Lookup, &at); err != nil || at.private() {
		return err
	}
	var problems []error
	for name, address := range addresses {
		if address != "" && identity.LocalAddress(address) {
			problems = append(problems, fmt.Errorf("%s is on this machine, and HOST is %q, which others can reach: keys of tests are for HOST=127.0.0.1", name, at.Host))
		}
	}
	return errors.Join(problems...)
}
