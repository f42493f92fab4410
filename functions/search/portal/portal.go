// Package portal is a page that searches returns in a browser: three static
// files without anything of a third party, and one JSON document that says whom
// to search as.
//
// Who calls it: people with a browser, in a rehearsal on one machine. It shows
// other front ends how the search function is meant to be used; it is no part of
// a deployment, because the tokens that it hands out are for whoever asks.
package portal

import (
	"embed"
	"encoding/json"
	"io/fs"
	"net/http"
)

//go:embed page
var files embed.FS

// Config tells the page whom to search as, and where.
type Config struct {
	Search  string   `json:"search"` // the search function's path
	Index   string   `json:"index"`  // the name of the index for it
	Tenants []Tenant `json:"tenants"`
}

// Tenant is an account with a token for it.
type Tenant struct {
	Account string `json:"account"`
	Token   string `json:"token"`
}

// policy lets the page load its own files and call its own origin, and nothing
// else; pictures of items may come from anywhere by https.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' https: data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Handler serves the page at / and what configure returns at /portal.json.
func Handler(configure func(*http.Request) (Config, error)) http.Handler {
	page, err := fs.Sub(files, "page")
	if err != nil {
		panic(err) // the folder is embedded
	}
	mux := http.NewServeMux()
	mux.Handle("GET /", http.FileServerFS(page))
	mux.HandleFunc("GET /portal.json", func(w http.ResponseWriter, r *http.Request) {
		cfg, err := configure(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		_ = json.NewEncoder(w).Encode(cfg) // an error of writing is the reader's
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", policy)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Referrer-Policy", "no-referrer")
		mux.ServeHTTP(w, r)
	})
}
