package mssql

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/internal/control"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/internal/mishap"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/mssql/internal/rows"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/mssql/internal/tds"
)

// The kinds of faults that this service adds; doc.go explains them.
const (
	deadlock mishap.Kind = "deadlock"
	denied   mishap.Kind = "denied"
	missing  mishap.Kind = "missing"
	locked   mishap.Kind = "locked"
	stranger mishap.Kind = "loginDenied"
)

// Faults are the failures to play; see doc.go.
type Faults = mishap.Faults

// Kind names a way to fail.
type Kind = mishap.Kind

// Fault is one way to fail.
type Fault = mishap.Fault

// SetFaults replaces the failures that are played. Kinds of HTTP alone are refused.
func (s *Server) SetFaults(f Faults) error {
	for _, r := range f.Rules {
		switch r.Kind {
		case mishap.RateLimit, mishap.ServerError, mishap.HTML:
			return fmt.Errorf("the kind %q is one of HTTP", r.Kind)
		}
	}
	return s.faults.Replace(f)
}

// strikes reports whether a fault of a kind happens to a route now.
func (s *Server) strikes(route string, kind mishap.Kind) bool {
	return s.faults.Strikes(route, "", kind) != nil
}

// before plays the part of a fault that comes before its statement: an error of the
// server, or one that ends the request without an answer.
func (c *session) before(ctx context.Context, fault *Fault, st *statement, a *tds.Answer) (*tds.Error, error) {
	switch fault.Kind {
	case mishap.Slow:
		timer := time.NewTimer(time.Duration(fault.DelayMS) * time.Millisecond)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	case mishap.Reset, mishap.Timeout:
		return nil, c.unheard(ctx, fault.Kind == mishap.Timeout)
	case deadlock:
		if c.tx != nil {
			a.Transaction(tds.ChangeRollback, c.txID)
			c.rollback()
		}
		return rows.Deadlock(int(c.spid)), nil
	case denied:
		return &tds.Error{Number: 229, State: 5, Class: 14, Message: "The permission for " + st.name + " was denied on the object, database 'studio', schema 'dbo'."}, nil
	case missing:
		return &tds.Error{Number: 208, State: 1, Class: 16, Message: "Invalid object name, for " + st.name + "."}, nil
	case locked:
		return &tds.Error{Number: 1222, State: 45, Class: 16, Message: "Lock request time out period exceeded."}, nil
	}
	return nil, nil
}

// Stats counts what happened.
type Stats struct {
	Connections int                 `json:"connections"`
	Calls       map[string]int      `json:"calls"`  // by the statement's name; "refused" are unknown ones
	Posted      map[string]int      `json:"posted"` // jobs, by model
	Faults      map[mishap.Kind]int `json:"faults"`
}

// count counts a call.
func (s *Server) count(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.Calls[name]++
}

// Stats returns what happened.
func (s *Server) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Stats{Connections: s.stats.Connections, Calls: maps.Clone(s.stats.Calls), Posted: maps.Clone(s.stats.Posted), Faults: s.faults.Counts()}
}

// Control answers HTTP: GET and PUT /faults, GET /stats.
func (s *Server) Control() http.Handler {
	return control.Door[Faults]{Faults: s.faults.Faults, SetFaults: s.SetFaults, Stats: func() any { return s.Stats() }, Keys: http.NotFoundHandler()}.Handler()
}
