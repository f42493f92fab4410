// Package localdbtest gives tests a real database: every test a fresh, empty
// one, on a server that all tests of a package share.
//
// A package that uses it says so once:
//
//	func TestMain(m *testing.M) { localdbtest.Main(m) }
//
// and each test then calls New. A test is never skipped for want of a database:
// without one it fails, and the failure carries the line to type. As root on
// Debian or Ubuntu the server's packages are installed instead.
//
// RETURN_SYNC_TEST_DSN names a server to use instead of a private one, to run
// the same tests on another make or version. Its account must be allowed to
// create and drop databases; those that it holds already are not touched.
package localdbtest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/localdb"
)

// dsnVariable is the environment variable that names a server from outside.
const dsnVariable = "RETURN_SYNC_TEST_DSN"

// durableVariable makes a private server flush every commit, for measurements.
const durableVariable = "RETURN_SYNC_TEST_DURABLE"

// adminTimeout bounds creating and dropping a database on a busy machine.
const adminTimeout = time.Minute

// shared is the one server of the test process. It has to be a variable of the
// package: TestMain and the tests have no other place in common.
var shared struct {
	sync.Mutex
	running bool // inside Run
	server  *localdb.Server
	err     error
}

// Main runs a package's tests and ends the process: the whole of a TestMain.
func Main(m *testing.M) { os.Exit(Run(m)) }

// Run runs a package's tests, stops the shared server if one was started, and
// returns the exit code. It is for a TestMain that has more to do than Main.
func Run(m *testing.M) int {
	shared.Lock()
	shared.running = true
	shared.Unlock()
	code := m.Run()
	if err := stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

func stop() error {
	shared.Lock()
	defer shared.Unlock()
	shared.running = false
	if shared.server == nil {
		return nil
	}
	return shared.server.Close()
}

// New returns the DSN of a fresh, empty database, which is dropped when the
// test ends. It fails the test when there is no server.
func New(t testing.TB) string {
	t.Helper()
	server, err := start()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), adminTimeout)
	defer cancel()
	name := "rs_test_" + strings.ToLower(rand.Text()[:12])
	if err := server.CreateDatabase(ctx, name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), adminTimeout)
		defer cancel()
		if err := server.DropDatabase(ctx, name); err != nil {
			t.Error(err)
		}
	})
	return server.DSN(name)
}

// Open is New with an open pool on the database, closed when the test ends.
func Open(t testing.TB) *sql.DB {
	t.Helper()
	dsn := New(t)
	db, err := sql.Open("mysql", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// start returns the shared server, started at the first call. A failure is
// remembered: the next test would only wait for the same one.
func start() (*localdb.Server, error) {
	shared.Lock()
	defer shared.Unlock()
	if !shared.running {
		return nil, fmt.Errorf("localdbtest: the package lacks func TestMain(m *testing.M) { localdbtest.Main(m) }")
	}
	if shared.server == nil && shared.err == nil {
		shared.server, shared.err = localdb.Start(context.Background(), localdb.Options{
			DSN:     os.Getenv(dsnVariable),
			Durable: os.Getenv(durableVariable) != "",
			Install: true,
			Log:     os.Stderr,
		})
	}
	return shared.server, shared.err
}
