package odoo

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"sync"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/internal/control"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/internal/mishap"
)

// The kinds of faults that this service adds; doc.go explains them.
const (
	deadlock mishap.Kind = "deadlock"
	broken   mishap.Kind = "exception"
	message  mishap.Kind = "warning"
	denied   mishap.Kind = "accessDenied"
	noRight  mishap.Kind = "accessError"
)

// refusals are what the kinds answer with.
var refusals = map[mishap.Kind]refusal{
	deadlock: {application, trace("TransactionRollbackError: could not serialize access due to concurrent update\n")},
	broken:   {application, trace("KeyError: 'partner'")},
	message:  {warning, "Die Eingabe ist ungültig."},
	denied:   {accessDenied, "Access denied"},
	noRight:  {accessError, "The requested operation cannot be completed due to security restrictions."},
}

// userID is the id of the only user.
const userID = 7

// maxBody bounds a call.
const maxBody = 16 << 20

// Server answers calls. It is safe for concurrent use.
type Server struct {
	options Options
	mux     *http.ServeMux
	faults  *mishap.Plan
	done    chan struct{}
	posted  chan struct{} // something was put into the queue
	once    sync.Once

	mu     sync.Mutex
	tables map[string]*table
	queue  []map[string]any
	counts map[string]int // of calls that succeeded, by method
}

// New makes a server; Close ends it.
func New(options Options) *Server {
	s := &Server{options: options.withDefaults(), mux: http.NewServeMux(), done: make(chan struct{}), posted: make(chan struct{}, 1), tables: map[string]*table{}, counts: map[string]int{}}
	s.faults = mishap.New(s.options.Seed, s.done, deadlock, broken, message, denied, noRight)
	for _, m := range s.options.Models {
		s.tables[m.Name] = newTable(m, s.options.FirstID)
	}
	s.mux.HandleFunc("POST /xmlrpc/2/{service}", s.serve)
	door := control.Door[mishap.Faults]{Faults: s.faults.Faults, SetFaults: s.faults.Replace, Stats: func() any { return s.Counts() }, Keys: http.NotFoundHandler()}
	s.mux.Handle("/_emulator/", http.StripPrefix("/_emulator", door.Handler()))
	if s.options.Deliver != nil {
		go s.deliver()
	}
	return s
}

// Close ends silent requests and the delivery of jobs. It never fails.
func (s *Server) Close() error {
	s.once.Do(func() { close(s.done) })
	return nil
}

// FaultKind names a way to fail.
type FaultKind = mishap.Kind

// Fault is one way to fail.
type Fault = mishap.Fault

// SetFaults puts faults in force instead of those before.
func (s *Server) SetFaults(rules ...Fault) error {
	return s.faults.Replace(mishap.Faults{Rules: rules})
}

// Faults returns the faults in force.
func (s *Server) Faults() []Fault { return s.faults.Faults().Rules }

// FaultCounts returns how often each kind of fault struck.
func (s *Server) FaultCounts() map[FaultKind]int { return s.faults.Counts() }

// Counts returns how many calls of each method of a model succeeded, such as "write res.partner".
func (s *Server) Counts() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.counts)
}

// ServeHTTP answers a request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// serve answers a call.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
		return
	}
	method, params, err := parse(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	route, do := method, func() (any, error) { return s.common(method, params) }
	if r.PathValue("service") == "object" {
		c, err := s.object(method, params)
		if err == nil {
			route = c.name
		}
		do = func() (any, error) {
			if err != nil {
				return nil, err
			}
			return s.run(c)
		}
	}
	fail := func(w http.ResponseWriter, status int) { http.Error(w, http.StatusText(status), status) }
	s.faults.Serve(w, r, route, fail, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/xml")
		v, err := do()
		var refused refusal
		switch {
		case errors.As(err, &refused):
			io.WriteString(w, faultText(refused)) //nolint:errcheck // the client may have left
		case err != nil:
			http.Error(w, err.Error(), http.StatusInternalServerError)
		default:
			io.WriteString(w, response(v)) //nolint:errcheck // the client may have left
		}
	})
}

// common answers the service that nobody has logged in for.
func (s *Server) common(method string, params []any) (any, error) {
	switch method {
	case "version":
		return map[string]any{"server_version": "8.0", "server_serie": "8.0", "protocol_version": int64(1)}, nil
	case "login", "authenticate":
		if len(params) < 3 {
			return nil, raised("TypeError: %s takes 3 arguments", method)
		}
		if params[0] != s.options.Database {
			return nil, raised("OperationalError: FATAL:  database %q does not exist", fmt.Sprint(params[0]))
		}
		if params[1] != s.options.User || params[2] != s.options.Password {
			return false, nil
		}
		return int64(userID), nil
	}
	return nil, raised("Exception: Method not found: %s", method)
}

// named is a call with the name of its method.
type named struct {
	*call
	name string
}

// object reads a call of a model's method.
func (s *Server) object(method string, params []any) (named, error) {
	if method != "execute_kw" && method != "execute" || len(params) < 5 {
		return named{}, raised("NameError: Method not available %s", method)
	}
	if params[0] != s.options.Database || params[1] != int64(userID) || params[2] != s.options.Password {
		return named{}, refusal{accessDenied, "Access denied"}
	}
	model, _ := params[3].(string)
	name, _ := params[4].(string)
	c := &call{Server: s, table: s.tables[model], kwargs: map[string]any{}}
	if c.table == nil {
		return named{}, warn("Object %s doesn't exist", model)
	}
	if methods[name] == nil {
		return named{}, raised("AttributeError: type object '%s' has no attribute '%s'", model, name)
	}
	if method == "execute" {
		c.args = params[5:]
		return named{c, name}, nil
	}
	if len(params) > 5 {
		c.args, _ = params[5].([]any)
	}
	if len(params) > 6 {
		c.kwargs, _ = params[6].(map[string]any)
	}
	return named{c, name}, nil
}

// run runs a call unless a fault strikes it.
func (s *Server) run(c named) (any, error) {
	if f := s.faults.Strikes(c.name, c.table.Name, deadlock, broken, message, denied, noRight); f != nil {
		return nil, refusals[f.Kind]
	}
	return s.apply(c)
}

// apply does what a call asks for, all or nothing.
func (s *Server) apply(c named) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, err := methods[c.name](c.call)
	if err != nil {
		return nil, err
	}
	s.counts[c.name+" "+c.table.Name]++
	s.note(c, v)
	if s.queue = append(s.queue, c.jobs...); len(c.jobs) > 0 {
		select {
		case s.posted <- struct{}{}:
		default: // it is on the way already
		}
	}
	return v, nil
}
