// Package console is the function behind the operators' page: is it all right,
// in one look, and what to do where it is not.
//
// Who calls it: people with a browser. Whoever is signed in may look; changing
// anything takes an operator. Signed in is who comes through Identity-Aware
// Proxy, who sends an operator's or a reader's bearer token, or who has given such a token
// to the page, which keeps it in a cookie that scripts cannot read.
//
// What it does, below its own path:
//
//	GET  /             the page: three scripts, a style sheet, nothing of a third party
//	GET  /session      who is signed in; POST signs in, POST /session/end signs out
//	GET  /state        everything that the page shows
//	GET  /events       the same as server-sent events, whole again at each change
//	GET  /runs/{id}    a run, its pages and what the run log says of it
//	POST /act/{action} changes something: see actions
//
// A second call: of a start finds the sync that is under way; of a change of a
// schedule or a job is refused, because it is no longer what the page showed. What
// is changed is written down first (package operate).
//
// Another site cannot change anything through a browser that is signed in: a
// change has to carry a header that no form can send and no other origin may, and
// the browser's own word about where it comes from is heard as well.
package console

import (
	"context"
	"embed"
	"io/fs"
	"net/http"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/edge"
)

// The paths that the function answers at. Path is the one for people.
const (
	name = "SyncConsole"
	Path = "/console"
)

// Function is the console function. The owner's service had none; its second
// path is short because people type it.
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

// function is the handlers' common ground.
type function struct {
	*wire.Console
	now     func() time.Time
	latest  *latest
	streams *streams // those that are open
	foreign *http.CrossOriginProtection
}

// Handler answers requests; now is the clock that tokens are judged by.
func Handler(c *wire.Console, now func() time.Time) http.Handler {
	f := &function{Console: c, now: now, streams: newStreams(c.Config.Streams, c.Config.SubjectStreams), foreign: http.NewCrossOriginProtection()}
	f.latest = &latest{read: f.read, every: c.Config.Poll, now: now}
	mux := http.NewServeMux()
	page, err := fs.Sub(files, "page")
	if err != nil {
		panic(err) // the folder is embedded
	}
	mux.Handle("GET /", http.FileServerFS(page))
	for path, do := range map[string]edge.Handler{"/session": f.session, "/state": f.state, "/runs/{id}": f.run} {
		mux.Handle("GET "+path, edge.HandleOperator(c.Log, do, http.MethodGet, http.MethodHead))
	}
	mux.Handle("POST /act/{action}", edge.HandleOperator(c.Log, f.act, http.MethodPost))
	mux.HandleFunc("POST /session", f.signIn)
	mux.HandleFunc("POST /session/end", f.signOut)
	// An open page does not count among the requests: streams have bounds of their own.
	doors := http.NewServeMux()
	doors.Handle("GET /events", edge.HandleOperator(c.Log, f.events, http.MethodGet, http.MethodHead))
	doors.Handle("/", edge.Door(c.Log, c.Config.AtOnce, mux))
	return careful(doors)
}

// policy lets the page load its own files and call its own origin, and nothing
// else: no inline script or style, no frame around it.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
	"frame-ancestors 'none'; base-uri 'none'; form-action 'self'"

// careful gives answers the headers that all of them have, and takes the
// function's own path off the address.
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
			case ok && rest == "": // the page's addresses are relative to it
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
