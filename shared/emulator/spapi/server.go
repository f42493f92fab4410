package spapi

import (
	"bufio"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/internal/mishap"
)

// The kinds of faults that this service adds; doc.go explains them.
const (
	expiredToken  mishap.Kind = "expiredToken"
	forbidden     mishap.Kind = "forbidden"
	cancelled     mishap.Kind = "cancelled"
	fatal         mishap.Kind = "fatal"
	stuck         mishap.Kind = "stuck"
	expiredURL    mishap.Kind = "expiredURL"
	empty         mishap.Kind = "empty"
	truncated     mishap.Kind = "truncated"
	wrongCharset  mishap.Kind = "wrongCharset"
	latin1        mishap.Kind = "latin1"
	plain         mishap.Kind = "plain"
	htmlDocument  mishap.Kind = "htmlDocument"
	shortRow      mishap.Kind = "shortRow"
	renamedHeader mishap.Kind = "renamedHeader"
)

// Server answers the API. It is safe for concurrent use.
type Server struct {
	options Options
	mux     *http.ServeMux
	faults  *mishap.Plan
	done    chan struct{}
	once    sync.Once

	mu        sync.Mutex
	tokens    map[string]time.Time // access token -> its end
	reports   map[string]*report
	order     []*report // as they were created
	documents map[string]*report
	addresses map[string]address
	buckets   map[string]*bucket
	requests  map[string]map[string]int // operation -> status -> times
	ids       int
}

// New makes a server; Close stops it.
func New(options Options) *Server {
	s := &Server{
		options: options.withDefaults(), mux: http.NewServeMux(), done: make(chan struct{}),
		tokens: map[string]time.Time{}, reports: map[string]*report{}, documents: map[string]*report{},
		addresses: map[string]address{}, buckets: map[string]*bucket{}, requests: map[string]map[string]int{},
	}
	s.faults = mishap.New(options.Seed, s.done, expiredToken, forbidden, cancelled, fatal, stuck, expiredURL, empty,
		truncated, wrongCharset, latin1, plain, htmlDocument, shortRow, renamedHeader)
	s.serve("POST /auth/o2/token", "token", s.token)
	const root = "/reports/2021-06-30"
	s.serve("POST "+root+"/reports", "createReport", s.api("createReport", s.createReport))
	s.serve("GET "+root+"/reports", "getReports", s.api("getReports", s.getReports))
	s.serve("GET "+root+"/reports/{id}", "getReport", s.api("getReport", s.getReport))
	s.serve("DELETE "+root+"/reports/{id}", "cancelReport", s.api("cancelReport", s.cancelReport))
	s.serve("GET "+root+"/documents/{id}", "getReportDocument", s.api("getReportDocument", s.getReportDocument))
	s.serve("GET /documents/{key}", "document", s.document)
	s.mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { refuse(w, http.StatusNotFound, "There is no such path") })
	s.control()
	return s
}

// Close ends silent requests. It never fails.
func (s *Server) Close() error {
	s.once.Do(func() { close(s.done) })
	return nil
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// serve mounts an operation with its faults and its counter.
func (s *Server) serve(pattern, operation string, next http.HandlerFunc) {
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		counted := &counting{ResponseWriter: w, note: func(status int) { s.count(operation, status) }}
		w.Header().Set("x-amzn-RequestId", s.nextID("req-"))
		s.faults.Serve(counted, r, operation, func(w http.ResponseWriter, status int) { refuse(w, status, http.StatusText(status)) }, next)
	})
}

// count counts an answer.
func (s *Server) count(operation string, status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.requests[operation] == nil {
		s.requests[operation] = map[string]int{}
	}
	s.requests[operation][strconv.Itoa(status)]++
}

// nextID returns an identifier that was not given out before.
func (s *Server) nextID(prefix string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ids++
	return prefix + strconv.Itoa(50000000000+s.ids)
}

// counting notes an answer's status.
type counting struct {
	http.ResponseWriter
	note  func(status int)
	noted bool
}

// WriteHeader is part of http.ResponseWriter.
func (c *counting) WriteHeader(status int) {
	if !c.noted {
		c.noted = true
		c.note(status)
	}
	c.ResponseWriter.WriteHeader(status)
}

// Write is part of http.ResponseWriter.
func (c *counting) Write(p []byte) (int, error) {
	if !c.noted {
		c.WriteHeader(http.StatusOK)
	}
	return c.ResponseWriter.Write(p)
}

// Hijack is part of http.Hijacker, for connections that are reset.
func (c *counting) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	hijacker, ok := c.ResponseWriter.(http.Hijacker)
	if !ok {
		return nil, nil, http.ErrNotSupported
	}
	return hijacker.Hijack()
}

// Flush is part of http.Flusher, for documents that break off.
func (c *counting) Flush() {
	if f, ok := c.ResponseWriter.(http.Flusher); ok {
		f.Flush()
	}
}
