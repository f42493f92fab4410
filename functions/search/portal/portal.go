// Package portal is a page that searches returns in a browser, and a plain one for every
// other entity: static files without third-party code, and for each page a JSON document
// with the accounts to search as.
//
// Who calls it: people with a browser, in a rehearsal on one machine. It shows
// other front ends how to use the search function. It is no part of a deployment,
// because it gives tokens to every caller.
package portal

import (
	"embed"
	"errors"
	"io/fs"
	"net/http"
	"regexp"

	"gitlab.com/eshopbox-team/return-sync/shared/edge"
)

//go:embed page
var files embed.FS

// Config is the page's configuration: the accounts to search as, and where.
type Config struct {
	Search  string   `json:"search"` // the search function's path
	Index   string   `json:"index"`  // the name of the index for it
	Others  []string `json:"others"` // further entities, which have pages of their own
	Tenants []Tenant `json:"tenants"`
	// Pictures says by the beginning of a picture's address in records where the page
	// finds that picture: at an address of its own origin. Other pictures are not shown.
	Pictures map[string]string `json:"pictures,omitempty"`
}

// Tenant is an account with a token for it.
type Tenant struct {
	Account string `json:"account"`
	Token   string `json:"token"`
}

// policy lets the page load its own files and call its own origin, and nothing else.
// Pictures of items too: a record cannot make a browser call an address that it names.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// number is the form of a return's number in an address: it has a digit, and no point, so
// that it is none of the page's files.
var number = regexp.MustCompile(`^[A-Za-z0-9_-]*[0-9][A-Za-z0-9_-]*$`)

// Handler serves the page at / and at a return's number, such as /RT1000399, and that of
// another entity at /entities/NAME. What configure returns for a page stands behind its
// folder in portal.json; for /entities/NAME the request's path value entity is NAME. An
// error that is fs.ErrNotExist is answered 404, any other 503.
func Handler(configure func(*http.Request) (Config, error)) http.Handler {
	page, err := fs.Sub(files, "page")
	if err != nil {
		panic(err) // the folder is embedded
	}
	static := http.FileServerFS(page)
	mux := http.NewServeMux()
	mux.Handle("GET /", static)
	mux.HandleFunc("GET /entities/{entity}", func(w http.ResponseWriter, r *http.Request) { http.ServeFileFS(w, r, page, "entity.html") })
	// A return's own page is the same page, which reads the number from its address.
	mux.HandleFunc("GET /{number}", func(w http.ResponseWriter, r *http.Request) {
		if number.MatchString(r.PathValue("number")) {
			http.ServeFileFS(w, r, page, "index.html")
			return
		}
		static.ServeHTTP(w, r)
	})
	configured := func(w http.ResponseWriter, r *http.Request) {
		cfg, err := configure(r)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			http.Error(w, err.Error(), http.StatusNotFound)
		case err != nil:
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		default:
			w.Header().Set("Cache-Control", "no-store")
			_ = edge.Reply(w, r, cfg) // a configuration always has a JSON form
		}
	}
	mux.HandleFunc("GET /portal.json", configured)
	mux.HandleFunc("GET /entities/{entity}/portal.json", configured)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", policy)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Referrer-Policy", "no-referrer")
		mux.ServeHTTP(w, r)
	})
}
