package server

import (
	"context"
	"net/http"
	"sync"

	"github.com/GoogleCloudPlatform/functions-framework-go/functions"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
)

// Register registers every function with the Functions Framework under its name.
// A function's parts are opened by its first request, because the framework may
// serve only one of them and the others need not be configured. The framework
// allows this once a process.
func Register(ctx context.Context, e *wire.Env) {
	for _, f := range Functions() {
		opened := sync.OnceValues(func() (http.Handler, error) { return f.Serve(ctx, e) })
		functions.HTTP(f.Name, health(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h, err := opened()
			if err != nil {
				e.Log.ErrorContext(r.Context(), "the function cannot be opened", "function", f.Name, "error", err)
				http.Error(w, "the function is not configured; the log has the details", http.StatusInternalServerError)
				return
			}
			h.ServeHTTP(w, r)
		})).ServeHTTP)
	}
}
