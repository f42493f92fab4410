// Package localdb finds, starts and stops a private MariaDB or MySQL, so that
// the product runs and is tested on a machine that has nothing but Go.
//
// The search goes from the most to the least explicit: a DSN is used as it is;
// else a server program found on the machine is run privately, with its own
// data directory, free port and socket, on the loopback address only; else, as
// root on Debian or Ubuntu and when allowed, the two packages that hold the
// server program are installed; else the error carries the exact line to type.
//
// A private server never outlives its parent on Linux (the kernel kills it when
// the parent dies, however it dies), gets no Ctrl-C of the terminal (it has a
// process group of its own), and trades durability for speed unless asked not to,
// because its data can be made again.
package localdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/go-sql-driver/mysql"

	"gitlab.com/eshopbox-team/return-sync/shared/tool"
)

// Options choose the database.
type Options struct {
	// DSN of a running server (go-sql-driver form). Given, it is only checked
	// that the server answers, and nothing is started or stopped.
	DSN string
	// Dir holds the private server's data and log; it is created when absent,
	// and data left there by an earlier Keep is used again. Empty means a new
	// temporary directory, removed on Close.
	Dir string
	// Keep leaves Dir's contents on Close. Without Dir it has no effect.
	Keep bool
	// Install allows to install the server's packages when none is found, as
	// root on Debian or Ubuntu.
	Install bool
	// BufferPoolMB is InnoDB's buffer pool in MiB; 0 means 128.
	BufferPoolMB int
	// Durable makes a private server flush its log at every commit and write a row
	// binlog, flushed too, as a production server does.
	Durable bool
	// Binlog makes a private server write a row binlog, with transaction ids, for what
	// follows the log. It survives the server's death as the data do.
	Binlog bool
	// Log receives progress sentences for people; nil means silence.
	Log io.Writer
}

// Server is a database server that answers: a private one, or the one that
// Options.DSN named.
type Server struct {
	config  *mysql.Config
	process *process
	home    *home
	again   func() (*process, error) // starts the program once more
	close   sync.Once
	err     error
}

// startTimeout bounds the start of a private server, set-up of its data
// directory included. MySQL needs some 10 s of it on a slow disk.
const startTimeout = 90 * time.Second

// Start returns a server that answers. The context bounds the start only; the
// server then runs until Close. An error says what to type or to repair, and
// carries the last lines of the server's log if there is one.
func Start(ctx context.Context, o Options) (*Server, error) {
	if o.Log == nil {
		o.Log = io.Discard
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if o.DSN != "" {
		return connect(ctx, o.DSN)
	}
	program, err := (machine{tool.ThisMachine(o.Log)}).locate(ctx, o.Install)
	if err != nil {
		return nil, err
	}
	h, err := openHome(o.Dir, o.Keep, program)
	if err != nil {
		return nil, err
	}
	s, err := h.launch(ctx, program, o)
	if err != nil {
		h.close()
		return nil, err
	}
	return s, nil
}

// connect checks that the server behind a given DSN answers.
func connect(ctx context.Context, dsn string) (*Server, error) {
	config, err := mysql.ParseDSN(dsn)
	if err != nil {
		return nil, fmt.Errorf("localdb: the database DSN is not valid (want user:password@tcp(host:port)/name): %w", err)
	}
	s := &Server{config: utc(config)}
	if err := s.exec(ctx, "DO 1"); err != nil {
		return nil, fmt.Errorf("localdb: the database at %s does not answer: %w; start it, or correct the DSN", config.Addr, err)
	}
	return s, nil
}

// utc sets what every connection of the product wants: times as time.Time, in
// UTC on both sides of the wire.
func utc(config *mysql.Config) *mysql.Config {
	config.ParseTime = true
	config.Loc = time.UTC
	if config.Params == nil {
		config.Params = map[string]string{}
	}
	config.Params["time_zone"] = "'+00:00'"
	return config
}

// DSN names a database of the server in go-sql-driver form, with parseTime,
// loc=UTC and the session time zone +00:00. It creates nothing. An empty name
// keeps the database of the given DSN, or none on a private server.
func (s *Server) DSN(database string) string {
	config := s.config.Clone()
	if database != "" {
		config.DBName = database
	}
	return config.FormatDSN()
}

// CreateDatabase creates an empty utf8mb4 database unless it is there already.
func (s *Server) CreateDatabase(ctx context.Context, name string) error {
	if err := s.exec(ctx, "CREATE DATABASE IF NOT EXISTS "+quoted(name)+" CHARACTER SET utf8mb4"); err != nil {
		return fmt.Errorf("localdb: create database %q: %w", name, err)
	}
	return nil
}

// DropDatabase removes a database and all that is in it, if it is there.
func (s *Server) DropDatabase(ctx context.Context, name string) error {
	if err := s.exec(ctx, "DROP DATABASE IF EXISTS "+quoted(name)); err != nil {
		return fmt.Errorf("localdb: drop database %q: %w", name, err)
	}
	return nil
}

// quoted writes an identifier so that no character of it can end it early.
func quoted(name string) string {
	return "`" + strings.ReplaceAll(name, "`", "``") + "`"
}

// exec runs one statement on a connection of its own: administration is rare,
// and an idle pool would count against the server's connections.
func (s *Server) exec(ctx context.Context, statement string) error {
	db, err := sql.Open("mysql", s.DSN(""))
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.ExecContext(ctx, statement)
	return err
}

// Crash kills a private server and starts it again at the same address. What was not
// flushed is lost, unless the operating system has it.
func (s *Server) Crash(ctx context.Context) error {
	if s.process == nil {
		return errors.New("localdb: a server that was given cannot be crashed")
	}
	_ = s.process.command.Process.Kill() // an error means that it has ended
	<-s.process.exited
	proc, err := s.again()
	if err != nil {
		return err
	}
	s.process = proc
	return proc.awaitReady(ctx, s.config)
}

// Close stops a private server (SIGTERM, then SIGKILL) and removes its
// temporary directory; a server that was given is left alone. A second call
// does nothing and returns what the first returned.
func (s *Server) Close() error {
	s.close.Do(func() {
		if s.process == nil {
			return
		}
		s.process.stop()
		s.err = s.home.close()
	})
	return s.err
}
