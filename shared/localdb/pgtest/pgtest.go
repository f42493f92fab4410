// Package pgtest gives tests a real PostgreSQL: every test a fresh database with a user
// who may create tables in one schema of it and nothing else, on a private server that
// all tests of a package share.
//
// A package that uses it says so once:
//
//	func TestMain(m *testing.M) { os.Exit(pgtest.Around(m.Run)) }
//
// The server is that of Debian's package postgresql, run with a data directory of its
// own, on loopback. It trades durability for speed. As root on Debian the package is
// installed; elsewhere a test without it fails and says what to type.
package pgtest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver pgx

	"gitlab.com/eshopbox-team/return-sync/shared/tool"
)

// Database is a database with a user.
type Database struct {
	Host, Name, User, Password string
	Port                       uint16
}

// server is a running PostgreSQL.
type server struct {
	dir     string
	port    int
	command *exec.Cmd
	exited  chan struct{}
}

// shared is the one server of the test process: TestMain and the tests have no other
// place in common.
var shared struct {
	sync.Mutex
	inside bool
	server *server
	err    error
}

// Around runs a package's tests and ends the server that they started.
func Around(run func() int) int {
	shared.Lock()
	shared.inside = true
	shared.Unlock()
	code := run()
	shared.Lock()
	defer shared.Unlock()
	if shared.server != nil {
		shared.server.stop()
	}
	return code
}

// New returns a fresh database, which is dropped when the test ends. The user's tables
// are in a schema of the database's own; the schema public is closed to the user.
func New(t testing.TB) Database {
	t.Helper()
	s, err := started()
	if err != nil {
		t.Fatal(err)
	}
	name := "rs_" + strings.ToLower(rand.Text()[:12])
	password := rand.Text()
	s.must(t, "postgres", "CREATE DATABASE "+name)
	s.must(t, name, "REVOKE ALL ON SCHEMA public FROM PUBLIC", "CREATE SCHEMA sosync",
		"CREATE ROLE "+name+" LOGIN PASSWORD '"+password+"'", "GRANT USAGE, CREATE ON SCHEMA sosync TO "+name,
		"ALTER ROLE "+name+" IN DATABASE "+name+" SET search_path = sosync")
	t.Cleanup(func() {
		s.must(t, "postgres", "DROP DATABASE "+name+" WITH (FORCE)", "DROP ROLE "+name)
	})
	return Database{Host: "127.0.0.1", Port: uint16(s.port), Name: name, User: name, Password: password}
}

// must runs statements as the server's owner.
func (s *server) must(t testing.TB, database string, statements ...string) {
	t.Helper()
	db, err := sql.Open("pgx", s.url(database))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, one := range statements {
		if _, err := db.Exec(one); err != nil {
			t.Fatalf("%.30s: %v", one, err)
		}
	}
}

// url names a database of the server over its socket, which its directory protects.
func (s *server) url(database string) string {
	return fmt.Sprintf("host=%s port=%d user=owner dbname=%s", s.dir, s.port, database)
}

// started returns the server, started at the first call.
func started() (*server, error) {
	shared.Lock()
	defer shared.Unlock()
	if !shared.inside {
		return nil, errors.New("pgtest: the package lacks func TestMain(m *testing.M) { os.Exit(pgtest.Around(m.Run)) }")
	}
	if shared.server == nil && shared.err == nil {
		shared.server, shared.err = start()
	}
	return shared.server, shared.err
}

// find returns the path of a program of the server.
func find(name string) (string, error) {
	m := tool.ThisMachine(os.Stderr)
	find := m.Find
	m.Find = func(names ...string) string { // Debian keeps those of a server elsewhere
		if found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name); len(found) > 0 {
			return found[len(found)-1]
		}
		return find(names...)
	}
	path, err := m.Need(context.Background(), name, "postgresql")
	if err != nil {
		return "", fmt.Errorf("pgtest: %w", err)
	}
	return path, nil
}

// start makes a data directory and runs the server on it.
func start() (s *server, err error) {
	initdb, err := find("initdb")
	if err != nil {
		return nil, err
	}
	program, err := find("postgres")
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "rspg")
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = os.RemoveAll(dir)
		}
	}()
	as, err := account(dir)
	if err != nil {
		return nil, err
	}
	command := exec.Command(initdb, "-D", filepath.Join(dir, "data"), "-U", "owner", "--auth-local=trust", "--auth-host=scram-sha-256", "-E", "UTF8", "--locale=C", "--no-sync")
	command.Dir, command.SysProcAttr = dir, as
	if text, err := command.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("pgtest: initdb: %w\n%s", err, text)
	}
	for try := 0; ; try++ {
		if s, err = run(program, dir, as); err == nil || try == 4 {
			return s, err
		}
	}
}

// account returns how the server's processes start: killed with this process, and not as
// root, which PostgreSQL refuses.
func account(dir string) (*syscall.SysProcAttr, error) {
	attr := &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	if os.Geteuid() != 0 {
		return attr, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		return attr, os.Chown(dir, uid, gid)
	}
	return nil, errors.New("pgtest: there is no user postgres or nobody to run the server as")
}

// run starts the server on a free port and waits until it answers.
func run(program, dir string, as *syscall.SysProcAttr) (*server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &server{dir: dir, port: l.Addr().(*net.TCPAddr).Port, exited: make(chan struct{})}
	_ = l.Close()
	durable := []string{"-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"}
	if os.Getenv("RETURN_SYNC_TEST_DURABLE") != "" {
		durable = nil
	}
	s.command = exec.Command(program, append([]string{"-D", filepath.Join(dir, "data"), "-k", dir, "-p", strconv.Itoa(s.port),
		"-c", "listen_addresses=127.0.0.1", "-c", "max_connections=300"}, durable...)...)
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	s.command.Dir, s.command.SysProcAttr, s.command.Stdout, s.command.Stderr = dir, as, log, log
	begun := make(chan error)
	go func() { // the kernel ties the server's life to the thread that started it
		runtime.LockOSThread()
		err := s.command.Start()
		begun <- err
		if err == nil {
			_ = s.command.Wait()
			close(s.exited)
		}
	}()
	if err := <-begun; err != nil {
		return nil, err
	}
	return s, s.ready()
}

// ready waits until the server answers.
func (s *server) ready() error {
	db, err := sql.Open("pgx", s.url("postgres"))
	if err != nil {
		return err
	}
	defer db.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for {
		err := db.PingContext(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-s.exited:
			text, _ := os.ReadFile(filepath.Join(s.dir, "log"))
			return fmt.Errorf("pgtest: the server stopped while starting:\n%s", text)
		case <-ctx.Done():
			return fmt.Errorf("pgtest: the server does not answer: %w", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// stop ends the server and removes its data.
func (s *server) stop() {
	_ = s.command.Process.Signal(syscall.SIGINT) // fast: connections are ended
	select {
	case <-s.exited:
	case <-time.After(10 * time.Second):
		_ = s.command.Process.Kill()
		<-s.exited
	}
	_ = os.RemoveAll(s.dir)
}
