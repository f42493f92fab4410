package algolia

import (
	"crypto/rand"
	"encoding/hex"
	"strconv"
	"sync"
	"time"
)

// Options set up a Server. The zero value works.
type Options struct {
	AdminKey     string           // may do everything; default "admin"
	SearchKey    string           // may search and list nothing else; default "search"
	RecordLimit  int              // bytes of one record as compact JSON; default 100_000, the Build plan has 10_000
	PublishDelay time.Duration    // how long a write stays invisible; default 20ms, negative: not at all
	Now          func() time.Time // clock of the time stamps and of validUntil; default time.Now
	Seed         int64            // seeds the decisions of Faults
	Faults       Faults           // failures to play, none by default
}

// Server answers the REST API. It holds one set of indices and keys for every
// application id that asks. Safe for concurrent use.
type Server struct {
	options Options
	routes  []route
	faults  *faultPlan
	stats   *counters

	mu   sync.Mutex
	apps map[string]*application
	ids  int64 // last task id given out
	made int64 // records that were given an objectID
	done chan struct{}
	once sync.Once
	work sync.WaitGroup
}

// New makes a server; Close stops it.
func New(options Options) *Server {
	if options.AdminKey == "" {
		options.AdminKey = "admin"
	}
	if options.SearchKey == "" {
		options.SearchKey = "search"
	}
	if options.RecordLimit == 0 {
		options.RecordLimit = 100_000
	}
	if options.PublishDelay == 0 {
		options.PublishDelay = 20 * time.Millisecond
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	s := &Server{
		options: options,
		faults:  newFaultPlan(options.Faults, options.Seed),
		stats:   newCounters(),
		apps:    map[string]*application{},
		done:    make(chan struct{}),
	}
	s.routes = s.table()
	return s
}

// Close stops the publishing of pending writes and waits for the one at work. It
// never fails; requests after it are still answered, their writes stay pending.
func (s *Server) Close() error {
	s.once.Do(func() {
		s.mu.Lock() // no application starts while the end is announced
		defer s.mu.Unlock()
		close(s.done)
	})
	s.work.Wait()
	return nil
}

// app returns the data of an application, made at its first request.
func (s *Server) app(id string) *application {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.apps[id]
	if a == nil {
		a = newApplication(s)
		s.apps[id] = a
	}
	return a
}

// nextTask gives out task ids, unique over all applications.
func (s *Server) nextTask() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ids++
	return s.ids
}

// nextRecord returns an objectID for a record that came without one. The service's own
// grow too, so that of two such records the newer is listed first.
func (s *Server) nextRecord() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.made++
	return strconv.FormatInt(firstRecord+s.made, 10)
}

// firstRecord keeps the objectIDs that are made here apart from callers' small numbers.
const firstRecord = 1_000_000_000_000

// known reports whether a task id was ever given out.
func (s *Server) known(task int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return task > 0 && task <= s.ids
}

// stamp is the current time as the API writes it.
func (s *Server) stamp() string {
	return s.options.Now().UTC().Format("2006-01-02T15:04:05.000Z")
}

// randomID returns n random bytes in hexadecimal.
func randomID(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// maxBody is the service's hard limit of a request, 1 GB.
const maxBody = 1 << 30
