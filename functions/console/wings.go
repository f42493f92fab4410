package console

import (
	"net/http"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/edge"
)

// checked admits callers to a wing's page: who may look gets its reading methods, and
// an operator everything else, with the header of changes. A person without a session
// comes back to the console's page to sign in.
func (f *function) checked(page http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reads := r.Method == http.MethodGet || r.Method == http.MethodHead
		p, err := f.person(r)
		if err != nil && reads && r.Header.Get("Sec-Fetch-Mode") == "navigate" {
			http.Redirect(w, r, Path+"/", http.StatusSeeOther)
			return
		}
		if err == nil && !reads {
			if err = f.changes(r); err == nil {
				err = p.Demand()
			}
		}
		if err != nil {
			edge.HandleOperator(f.Log, func(*http.Request) (any, error) { return nil, err }, r.Method).ServeHTTP(w, r)
			return
		}
		page.ServeHTTP(w, r.WithContext(wire.WithPerson(r.Context(), p)))
	})
}
