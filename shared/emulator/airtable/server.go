package airtable

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/internal/mishap"
)

// The kinds of faults that this service adds; doc.go explains them.
const (
	refuseKind mishap.Kind = "refuse"
	quotaKind  mishap.Kind = "quota"
)

// Server answers the API. It is safe for concurrent use.
type Server struct {
	options Options
	mux     *http.ServeMux
	faults  *mishap.Plan
	gates   *gates
	stats   *counters
	done    chan struct{}
	once    sync.Once

	mu        sync.RWMutex
	bases     []*base
	iterators iterators
}

// New makes a server; Close ends its silent requests.
func New(options Options) *Server {
	options = options.withDefaults()
	s := &Server{
		options: options, mux: http.NewServeMux(), done: make(chan struct{}),
		gates: newGates(), stats: newCounters(), iterators: iterators{},
	}
	s.faults = mishap.New(options.Seed, s.done, refuseKind, quotaKind)
	for _, b := range options.Bases {
		s.bases = append(s.bases, &base{id: b.ID, name: b.Name})
	}
	s.routes()
	return s
}

// Close ends silent requests. It never fails.
func (s *Server) Close() error {
	s.once.Do(func() { close(s.done) })
	return nil
}

// ServeHTTP answers one request. The official client ends some paths with a slash.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if path, slash := strings.CutSuffix(r.URL.Path, "/"); slash && strings.HasPrefix(path, "/v0/") {
		r = r.Clone(r.Context())
		r.URL.Path, r.URL.RawPath = path, strings.TrimSuffix(r.URL.RawPath, "/")
	}
	s.mux.ServeHTTP(w, r)
}

// call is a request to a base.
type call struct {
	server *Server
	http   *http.Request
	base   *base  // nil where the route has none
	table  *table // nil where the route has none
}

// handler answers a call. It runs under the server's lock.
type handler func(c *call) (any, error)

// routes mounts the API, the control paths and the page.
func (s *Server) routes() {
	const records, meta = "/v0/{base}/{table}", "/v0/meta/bases"
	s.mount("GET "+records, listByQuery)
	s.mount("POST "+records+"/listRecords", listByBody)
	s.mount("POST "+records, createRecords)
	s.mount("PATCH "+records, updateRecords(false))
	s.mount("PUT "+records, updateRecords(true))
	s.mount("DELETE "+records, deleteRecords)
	s.mount("GET "+records+"/{record}", getRecord)
	s.mount("PATCH "+records+"/{record}", updateRecord(false))
	s.mount("PUT "+records+"/{record}", updateRecord(true))
	s.mount("DELETE "+records+"/{record}", deleteRecord)
	s.mount("GET "+meta, listBases)
	s.mount("GET /v0/meta/whoami", whoAmI)
	s.mount("GET "+meta+"/{base}/tables", getSchema)
	s.mount("POST "+meta+"/{base}/tables", createTable)
	s.mount("PATCH "+meta+"/{base}/tables/{table}", updateTable)
	s.mount("POST "+meta+"/{base}/tables/{table}/fields", createField)
	s.mount("PATCH "+meta+"/{base}/tables/{table}/fields/{field}", updateField)
	s.mux.HandleFunc("/v0/", func(w http.ResponseWriter, _ *http.Request) { send(w, nil, notFound()) })
	s.control()
	s.pages()
}

// mount mounts a route with its checks, faults and counter.
func (s *Server) mount(pattern string, next handler) {
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		counted := &counting{ResponseWriter: w}
		defer func() { s.stats.request(pattern, counted.status) }() // counts dropped connections too
		if err := s.admit(r); err != nil {
			send(counted, nil, err)
			return
		}
		fail := func(w http.ResponseWriter, status int) { send(w, nil, failure(status)) }
		s.faults.Serve(counted, r, pattern, fail, func(w http.ResponseWriter, r *http.Request) {
			answer, err := s.answer(r, next)
			send(w, answer, err)
		})
	})
}

// answer finds base and table and runs the handler.
func (s *Server) answer(r *http.Request, next handler) (any, error) {
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxBody)) // before the lock: the client may be slow
	if err != nil {
		return nil, refuse(http.StatusRequestEntityTooLarge, "REQUEST_TOO_LARGE", "The request is too large or broke off")
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &call{server: s, http: r}
	if id := r.PathValue("base"); id != "" {
		if c.base = s.base(id); c.base == nil {
			return nil, noModel()
		}
	}
	if name := r.PathValue("table"); name != "" {
		if c.table = c.base.table(name); c.table == nil {
			return nil, noModel()
		}
	}
	return next(c)
}

// maxBody is the largest request body in bytes.
const maxBody = 4 << 20

// base returns a base by its id, nil for none. The caller holds the lock.
func (s *Server) base(id string) *base {
	at := slices.IndexFunc(s.bases, func(b *base) bool { return b.id == id })
	if at < 0 {
		return nil
	}
	return s.bases[at]
}
