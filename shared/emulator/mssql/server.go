package mssql

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/internal/mishap"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/mssql/internal/rows"
)

// Options set up a Server. The zero value works.
type Options struct {
	User     string // default "sosync"
	Password string // default "Local-1433"
	Database string // default "studio"
	// Encrypt demands TLS for all that is sent; without it the client decides, and a
	// client that knows no TLS may log in.
	Encrypt bool
	Tables  []Table // beside the studio's
	First   int64   // the tables' numbers begin behind it
	// Post is called after each commit of a person's change, as the studio's triggers
	// post jobs. It must not block.
	Post func(Job)
	// Wrote is called after each commit of a write of the synchronisation. It must not block.
	Wrote func(Written)
	Now   func() time.Time
	Seed  int64 // of faults
	// Refused is called with each text that the table of statements does not hold.
	Refused func(text string)
}

// withDefaults fills what was left out.
func (o Options) withDefaults() Options {
	for _, d := range []struct {
		into *string
		text string
	}{{&o.User, "sosync"}, {&o.Password, "Local-1433"}, {&o.Database, "studio"}} {
		if *d.into == "" {
			*d.into = d.text
		}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Post == nil {
		o.Post = func(Job) {}
	}
	if o.Wrote == nil {
		o.Wrote = func(Written) {}
	}
	if o.Refused == nil {
		o.Refused = func(string) {}
	}
	return o
}

// Server is an emulated SQL Server with a studio's database. It is safe for concurrent
// use.
type Server struct {
	options    Options
	tables     []Table
	db         *rows.DB
	statements map[string]*statement // by their text, in the form of canonical
	faults     *mishap.Plan
	tls        *tls.Config
	pem        []byte
	ctx        context.Context // ends with Close
	stop       context.CancelFunc
	work       sync.WaitGroup

	mu       sync.Mutex
	sessions map[*session]bool
	listener net.Listener
	spids    uint16
	stats    Stats
}

// New makes a server.
func New(options Options) (*Server, error) {
	s := &Server{options: options.withDefaults(), sessions: map[*session]bool{}, spids: 50, statements: map[string]*statement{}}
	s.stats.Calls, s.stats.Posted = map[string]int{}, map[string]int{}
	s.tables = append(studio(), options.Tables...)
	forms := make([]rows.Table, len(s.tables))
	for i := range s.tables {
		form, err := s.tables[i].form()
		if err != nil {
			return nil, err
		}
		forms[i] = form
	}
	s.db = rows.New(forms, options.First)
	if err := s.known(); err != nil {
		return nil, err
	}
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.faults = mishap.New(options.Seed, s.ctx.Done(), deadlock, denied, missing, locked, stranger)
	var err error
	s.tls, s.pem, err = certificate(s.options.Now())
	return s, err
}

// Certificate returns the server's certificate as PEM. Clients that check it are given
// this one.
func (s *Server) Certificate() []byte { return s.pem }

// Serve answers clients on the listener until Close, then returns nil.
func (s *Server) Serve(l net.Listener) error {
	s.mu.Lock()
	s.listener = l
	if s.ctx.Err() != nil { // closed before it served
		_ = l.Close()
	}
	s.mu.Unlock()
	for {
		raw, err := l.Accept()
		if err != nil {
			if s.ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
				return nil
			}
			return err
		}
		s.mu.Lock()
		s.spids++
		one := newSession(s, raw, s.spids)
		s.sessions[one] = true
		s.stats.Connections++
		s.mu.Unlock()
		s.work.Go(func() {
			one.serve()
			s.mu.Lock()
			delete(s.sessions, one)
			s.mu.Unlock()
		})
	}
}

// Close ends every connection and waits for them.
func (s *Server) Close() error {
	s.stop()
	s.mu.Lock()
	if s.listener != nil {
		_ = s.listener.Close() // nothing is accepted any more
	}
	for one := range s.sessions {
		_ = one.raw.Close() // its reader ends
	}
	s.mu.Unlock()
	s.work.Wait()
	return nil
}

// Disconnect cuts every connection, as a restart of the server does. Transactions that
// are open are rolled back.
func (s *Server) Disconnect() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for one := range s.sessions {
		one.cut()
	}
}
