package server

import "net/http"

// Health puts before a function what its platform and its operators ask: /healthz
// for probes, /api for a look whether it is there at all. Neither touches the
// function or its parts.
func Health(h http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", says("ok\n"))
	mux.HandleFunc("GET /api", says("Hello world!"))
	mux.Handle("/", h)
	return mux
}

// says returns a handler that answers with a text.
func says(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte(text))
	}
}
