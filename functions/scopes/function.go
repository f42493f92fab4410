// Package scopes is the function by which people start and watch sync scopes.
//
// Who calls it: operators and the pages that they use, each with a bearer token of
// the operators' audience. Such a token may read; changing anything takes one whose
// role claim names an operator. A tenant's token is refused, as by the console.
//
// What it does, below its own path:
//
//	GET  /scopes          all scopes          GET /scopes/{id}  one
//	GET  /statuses        the newest statuses, by entity, state, instanceId, limit
//	POST /{action}        start-sync-scope, delete-sync-scope, delete-sync-status,
//	                      sync-entities; action.… and action-… mean the same
//	GET  /openapi.json    the description of all this
//
// A second call: of a start answers "already syncing" and changes nothing, unless
// a restart is asked for; of a delete answers 404; of sync-entities joins the
// syncs that are under way. Every answer is up to date, because the function
// looks at the runs before it answers; so does each of its instances when it
// starts, which is how a crash is recovered from.
package scopes

import (
	"context"
	_ "embed" // the description
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/edge"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/identity"
)

// The paths that the function answers at.
const (
	name    = "SyncScopes"
	oldPath = "/_ah/api/esb/v1/syncScopes"
)

// Function is the scopes function.
var Function = wire.Function{Name: name, OldPath: oldPath, Open: open}

// open opens the function's parts.
func open(ctx context.Context, e *wire.Env) (http.Handler, error) {
	s, err := e.Scopes(ctx)
	if err != nil {
		return nil, err
	}
	return Handler(s, time.Now)
}

// description is the OpenAPI description.
//
//go:embed openapi.json
var description json.RawMessage

// function is the handlers' common ground.
type function struct {
	*wire.Scopes
	now func() time.Time
}

// Handler answers requests; now is the clock that tokens are judged by.
func Handler(s *wire.Scopes, now func() time.Time) (http.Handler, error) {
	if !json.Valid(description) {
		return nil, errors.New("openapi.json is not valid JSON")
	}
	f := &function{Scopes: s, now: now}
	mux := http.NewServeMux()
	for path, do := range map[string]edge.Handler{
		"/scopes": f.scopes, "/scopes/{id}": f.scope, "/statuses": f.statuses, "/openapi.json": f.describe,
	} {
		mux.Handle(path, edge.Handle(s.Log, do, http.MethodGet, http.MethodHead))
	}
	mux.Handle("/{action}", edge.Handle(s.Log, f.act, http.MethodPost))
	mux.Handle("/", edge.Handle(s.Log, f.nowhere, http.MethodGet, http.MethodHead, http.MethodPost))
	return careful(edge.Door(s.Log, s.Limits.AtOnce, mux)), nil
}

// careful gives answers the headers that all of them have, and takes the
// function's own path off the address.
func careful(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Vary", "Authorization")
		h.Set("WWW-Authenticate", `Bearer realm="scopes"`)
		below := next
		for _, own := range []string{"/" + name, oldPath} {
			if rest, ok := strings.CutPrefix(r.URL.Path, own); ok && (rest == "" || rest[0] == '/') {
				below = http.StripPrefix(own, rooted(next))
			}
		}
		rooted(below).ServeHTTP(challenge{w}, r)
	})
}

// rooted makes the empty path, which is what is left of a function's own, the
// root: the mux would send the caller elsewhere.
func rooted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "" {
			r = r.Clone(r.Context())
			r.URL.Path = "/"
		}
		next.ServeHTTP(w, r)
	})
}

// challenge takes the demand for a token out of answers that do not demand one.
type challenge struct{ http.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (c challenge) WriteHeader(status int) {
	if status != http.StatusUnauthorized {
		c.Header().Del("WWW-Authenticate")
	}
	c.ResponseWriter.WriteHeader(status)
}

// person returns who asks.
func (f *function) person(r *http.Request) (identity.Person, error) {
	return f.Operators.Person(r, f.now())
}

// nowhere answers what nobody else does.
func (f *function) nowhere(r *http.Request) (any, error) {
	if _, err := f.person(r); err != nil {
		return nil, err
	}
	return nil, fault.New(fault.NotFound, "no-path", "there is nothing here; openapi.json describes what there is")
}

// describe answers with the description.
func (f *function) describe(*http.Request) (any, error) { return description, nil }
