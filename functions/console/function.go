// Package console is the function behind the operators' page: the state of all syncs,
// and what to do about each problem.
//
// Who calls it: people with a browser, and programs. A reader may look; changing
// anything takes an operator. A person signs in through Identity-Aware Proxy, sends an
// operator's or a reader's bearer token, or pastes such a token into the page, which
// keeps the token in a cookie that scripts cannot read.
//
// What it does, below its own path:
//
//	GET  /             the page: scripts, a style sheet, nothing of a third party. The page
//	                   shows what the address names: ?page=runs, ?run=1043, ?entity=returns,
//	                   ?record=ID, ?job=7, ?alert=12
//	GET  /session      who is signed in; POST signs in, POST /session/end ends the session's token
//	GET  /first        the session and the state in one answer, for the page's first content
//	GET  /state        everything that changes on the page
//	GET  /events       the same as server-sent events, whole again at each change
//	GET  /runs         runs, newest first: ?entity=, ?state=, ?syncs=true, ?before=, ?limit=
//	GET  /runs/{id}    a run, its pages and what the run log says of it
//	GET  /jobs         jobs, newest first; /jobs/{id} one; /alerts and /alerts/{id} likewise
//	GET  /parked       an entity's parked records: ?entity=, ?reason=, ?cause=, ?account=, ?since=24h,
//	                   ?record=, ?after=
//	GET  /log          the run log, newest first: ?entity=, ?severity=, ?since=, ?before=
//	GET  /record       what is known of one record, and why it is found or not (operators)
//	POST /ask/{question} says what an action would do and cost: see questions
//	POST /act/{action} changes something: see actions
//	     /wings/{name}/ the page of a wing beside sync
//	GET  /openapi.json the description of all this but the wings' pages
//
// A second call: of a start finds the sync that is running; of a change of a schedule or
// a job is refused, because the page showed an older version. Each change is first
// written to the audit (package operate).
//
// Another site cannot change anything through the browser of a signed-in person: a
// change must carry a header that no form can send and no other origin may send, and the
// browser's own headers about the origin are checked.
package console

import (
	"context"
	"embed" // the page and the description
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/klauspost/compress/gzhttp"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/edge"
)

// The paths at which the function answers. Path is the one for people.
const (
	name = "SyncConsole"
	Path = "/console"
)

// Function is the console function. The App Engine service had none; the second path is
// short because people type it.
var Function = wire.Function{Name: name, OldPath: Path, Open: open}

//go:embed page
var files embed.FS

// open opens the function's parts.
func open(ctx context.Context, e *wire.Env) (http.Handler, error) {
	c, err := e.Console(ctx)
	if err != nil {
		return nil, err
	}
	return Handler(c, time.Now), nil
}

// function is the common part of the handlers.
type function struct {
	*wire.Console
	now     func() time.Time
	latest  *latest
	streams *streams // the open ones
	// comparing holds the comparison that is under way.
	comparing chan struct{}
	foreign   *http.CrossOriginProtection
}

// Handler answers requests; now is the clock for tokens.
func Handler(c *wire.Console, now func() time.Time) http.Handler {
	f := &function{Console: c, now: now, streams: newStreams(c.Config.Streams, c.Config.SubjectStreams), foreign: http.NewCrossOriginProtection(), comparing: make(chan struct{}, 1)}
	f.latest = &latest{read: f.read, every: c.Config.Poll, now: now}
	mux := http.NewServeMux()
	page, err := fs.Sub(files, "page")
	if err != nil {
		panic(err) // the folder is embedded
	}
	assets, err := edge.Files(page)
	if err != nil {
		panic(err) // the files are embedded
	}
	mux.Handle("GET /", f.ahead(assets))
	routes := f.routes()
	for pattern, h := range routes {
		mux.Handle(pattern, h)
	}
	zip, err := gzhttp.NewWrapper(gzhttp.ContentTypes([]string{"application/json"})) // files are compressed once
	if err != nil {
		panic(err) // the options are constants
	}
	// An open page does not count among the requests: streams have limits of their own.
	doors := http.NewServeMux()
	doors.Handle(eventsRoute, routes[eventsRoute])
	requests := http.NewServeMux()
	requests.Handle("/", mux)
	for _, page := range c.Pages {
		path := "/wings/" + page.Name
		requests.Handle(path+"/", http.StripPrefix(path, f.checked(page.Handler)))
	}
	doors.Handle("/", edge.Door(c.Log, c.Config.AtOnce, zip(requests)))
	return careful(doors)
}

// ahead has the browser ask for the list or thing of the page's address before the page's
// scripts have come. The paths are those that the script asks for, letter by letter.
func (f *function) ahead(page http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if path := besides(r.URL.Query()); r.URL.Path == "/" && path != "" {
			if _, err := f.person(r); err == nil {
				w.Header().Add("Link", "<"+path+`>; rel="preload"; as="fetch"; crossorigin="anonymous"`)
			}
		}
		page.ServeHTTP(w, r)
	})
}

// besides is what a page shows beside the view, by the page's address; empty for nothing.
func besides(q url.Values) string {
	for thing, list := range map[string]string{"run": "runs/", "job": "jobs/", "alert": "alerts/"} {
		if number := q.Get(thing); number != "" && strings.Trim(number, "0123456789") == "" && number[0] != '0' {
			return list + number
		}
	}
	filters := map[string][]string{"jobs": {}, "alerts": {}, "runs": {"entity", "state", "before"}, "log": {"entity", "severity", "since", "before"}}
	list := q.Get("page")
	names, ok := filters[list]
	if !ok {
		return ""
	}
	var chosen []string
	for _, name := range names {
		if value := q.Get(name); value != "" {
			chosen = append(chosen, name+"="+url.QueryEscape(value))
		}
	}
	if len(names) > 0 {
		list += "?"
	}
	return list + strings.Join(chosen, "&")
}

// eventsRoute is the route of the stream.
const eventsRoute = "GET /events"

// routes are the addresses for programs and for the page's scripts, without the wings' own.
func (f *function) routes() map[string]http.Handler {
	routes := map[string]http.Handler{
		"POST /session": http.HandlerFunc(f.signIn), "POST /session/end": http.HandlerFunc(f.signOut),
		"POST /ask/{question}": edge.HandleOperator(f.Log, f.ask, http.MethodPost), "POST /act/{action}": edge.HandleOperator(f.Log, f.act, http.MethodPost),
	}
	for pattern, do := range map[string]edge.Handler{
		"GET /session": f.session, "GET /first": f.first, "GET /state": f.reading(f.state), eventsRoute: f.events, "GET /runs": f.reading(f.runs), "GET /runs/{id}": f.reading(f.run),
		"GET /jobs": f.reading(f.jobs), "GET /jobs/{id}": f.reading(f.job), "GET /alerts": f.reading(f.alerts), "GET /alerts/{id}": f.reading(f.alert),
		"GET /parked": f.reading(f.parked), "GET /log": f.reading(f.log), "GET /record": f.record, "GET /openapi.json": f.reading(describe),
	} {
		routes[pattern] = edge.HandleOperator(f.Log, do, http.MethodGet, http.MethodHead)
	}
	return routes
}

// description is the OpenAPI description of routes.
//
//go:embed openapi.json
var description []byte

// describe answers with the description.
func describe(*http.Request) (any, error) { return edge.Ready{description}, nil }

// policy lets the page load its own files and call its own origin alone: no inline
// script or style, no frame around the page.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
	"frame-ancestors 'none'; base-uri 'none'; form-action 'self'"

// careful adds the headers that all answers carry, and removes the function's own path
// from the address.
func careful(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		for key, value := range map[string]string{
			"Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer",
			"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
			"Cache-Control": "no-store", "Vary": "Authorization, Cookie",
		} {
			h.Set(key, value)
		}
		for _, own := range []string{"/" + name, Path} {
			rest, ok := strings.CutPrefix(r.URL.Path, own)
			switch {
			case ok && rest == "": // the page's addresses are relative to the path
				http.Redirect(w, r, own+"/", http.StatusTemporaryRedirect)
				return
			case ok && rest[0] == '/':
				http.StripPrefix(own, next).ServeHTTP(w, r)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}
