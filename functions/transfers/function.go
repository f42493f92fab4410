// Package transfers is the API of transfer jobs: a function in the cloud, and a part of the
// Linux service.
//
// Who calls it: both systems, which post a job for each record that was changed, and
// people who look after the transfers, all of them with a token.
//
// What it does: it takes jobs in, starts the worker, and answers what became of them. The
// routes stand in routes.go and in openapi.json.
//
// A second call: a job that is posted twice becomes two jobs, of which the second finds
// that both sides agree already. The other routes may be called any number of times.
package transfers

import (
	"context"
	_ "embed" // the description
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/elnormous/contenttype"

	"gitlab.com/eshopbox-team/return-sync/shared/clock"
	"gitlab.com/eshopbox-team/return-sync/shared/edge"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/worker"
)

// Name is the function's name.
const Name = "Transfers"

// Jobs is what the API needs of the table of jobs.
type Jobs interface {
	transfer.Intake
	transfer.Reader
	Holder(ctx context.Context) (transfer.Holding, error)
}

// Part is a background part of the service, in this process or another one.
type Part interface {
	// Start asks for a run. Starts that come before it begins are one.
	Start(ctx context.Context) error
	// Status returns the status, and the last run's error for people.
	Status(ctx context.Context) (status worker.Status, problem string, err error)
}

// Clocks are the clocks that are compared, and the guard over the worker.
type Clocks interface {
	// Read asks the clocks.
	Read(ctx context.Context) clock.Reading
	// State returns what the worker's guard knows.
	State(ctx context.Context) (clock.State, error)
	// Reset ends a lock; the clocks are read before the next package.
	Reset(ctx context.Context) error
}

// API is what the routes answer from.
type API struct {
	Jobs           Jobs
	Flows          transfer.Flows
	Studio, Online transfer.System
	Worker         Part
	Protocol       Part
	Pace           worker.Pace
	Clocks         Clocks
	Tolerance      time.Duration // a larger difference of clocks locks the worker
	RunLimit       int
	Commit         string // the full commit id of the build; empty where none is known
	Token          string // that callers bring; empty opens the API, which is for loopback alone
	Now            func() time.Time
	Log            *slog.Logger
}

//go:embed openapi.json
var description []byte

// Handler answers the API's routes.
func (a *API) Handler() http.Handler {
	mux := http.NewServeMux()
	for _, r := range a.routes() {
		mux.Handle(r.path, a.negotiated(r, edge.HandleAny(a.Log, a.admitted(r.handle), r.methods...)))
	}
	mux.Handle("/openapi.json", edge.Handle(a.Log, func(*http.Request) (any, error) { return edge.Ready{description}, nil }, http.MethodGet, http.MethodHead))
	mux.Handle("/", edge.HandleAny(a.Log, a.admitted(func(*http.Request) (any, error) { return nil, errNoRoute }), http.MethodGet, http.MethodHead, http.MethodPost))
	return edge.Door(a.Log, atOnce, mux)
}

// atOnce bounds the requests that are answered at the same time.
const atOnce = 64

// negotiated fixes the form of an answer before the route answers. Without Accept, and
// with one that holds */*, the form is the route's own: JSON, or text for a text. A type
// that is not known is answered in it as well.
func (a *API) negotiated(r route, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		form, text := "application/json", r.text || r.textPost && req.Method == http.MethodPost
		if text {
			form = "text/plain"
		}
		if accept := strings.Join(req.Header.Values("Accept"), ","); accept != "" && !strings.Contains(accept, "*/*") {
			if chosen, _, err := contenttype.GetAcceptableMediaTypeFromHeader(accept, forms); err == nil && (chosen.Subtype != "plain" || text) {
				form = chosen.Type + "/" + chosen.Subtype
			}
		}
		req.Header.Set("Accept", form)
		next.ServeHTTP(w, req)
	})
}

// forms are the media types that answers have.
var forms = []contenttype.MediaType{
	contenttype.NewMediaType("application/json"), contenttype.NewMediaType("application/xml"), contenttype.NewMediaType("text/xml"), contenttype.NewMediaType("text/plain"),
}

// asXML reports whether an answer is XML, after negotiated.
func asXML(r *http.Request) bool { return strings.HasSuffix(r.Header.Get("Accept"), "/xml") }
