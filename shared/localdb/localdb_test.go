package localdb

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
)

// TestMain doubles as the parent process that TestParentKilled kills.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == doomedArgument {
		doomedParent()
	}
	os.Exit(m.Run())
}

// started is a server for one test.
func started(t *testing.T, o Options) *Server {
	t.Helper()
	o.Install = true
	s, err := Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// ask runs a query for one text.
func ask(t *testing.T, dsn, query string) string {
	t.Helper()
	db, err := sql.Open("mysql", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var answer string
	if err := db.QueryRow(query).Scan(&answer); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return answer
}

func TestStartAndClose(t *testing.T) {
	s := started(t, Options{BufferPoolMB: 32})
	if err := s.CreateDatabase(t.Context(), "odd `name`"); err != nil {
		t.Fatal(err)
	}
	dsn := s.DSN("odd `name`")
	for query, want := range map[string]string{
		"SELECT DATABASE()":                "odd `name`",
		"SELECT @@session.time_zone":       "+00:00",
		"SELECT @@global.time_zone":        "+00:00",
		"SELECT @@character_set_database":  "utf8mb4",
		"SELECT @@bind_address":            "127.0.0.1",
		"SELECT @@innodb_buffer_pool_size": "33554432",
	} {
		if got := ask(t, dsn, query); got != want {
			t.Errorf("%s = %q; want %q", query, got, want)
		}
	}
	if err := s.DropDatabase(t.Context(), "odd `name`"); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(s.home.run); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("temporary directory after Close: %v; want it gone", err)
	}
	if err := s.exec(t.Context(), "DO 1"); err == nil {
		t.Error("the server still answers after Close")
	}
}

func TestDurability(t *testing.T) {
	for name, c := range map[string]struct {
		o    Options
		want map[string]string
	}{
		"quick": {Options{}, map[string]string{"innodb_flush_log_at_trx_commit": "0", "log_bin": "0"}},
		"kept":  {Options{Dir: t.TempDir(), Keep: true}, map[string]string{"innodb_flush_log_at_trx_commit": "2", "log_bin": "0"}},
		"durable": {Options{Durable: true}, map[string]string{
			"innodb_flush_log_at_trx_commit": "1", "log_bin": "1", "binlog_format": "ROW", "sync_binlog": "1",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			dsn := started(t, c.o).DSN("")
			for variable, want := range c.want {
				if got := ask(t, dsn, "SELECT @@global."+variable); got != want {
					t.Errorf("%s = %q; want %q", variable, got, want)
				}
			}
		})
	}
}

func TestTwoAtOnce(t *testing.T) {
	var wait sync.WaitGroup
	for _, name := range []string{"one", "two"} {
		wait.Go(func() {
			s, err := Start(t.Context(), Options{Install: true})
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			if err := s.CreateDatabase(t.Context(), name); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
}

// TestKeptDirectory goes through a path that is too long for a socket and has
// spaces in it.
func TestKeptDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "with a space", strings.Repeat("long", 30))
	first := started(t, Options{Dir: dir, Keep: true})
	if err := first.CreateDatabase(t.Context(), "kept"); err != nil {
		t.Fatal(err)
	}
	if _, err := Start(t.Context(), Options{Dir: dir, Keep: true}); err == nil || !strings.Contains(err.Error(), "in use by another process") {
		t.Errorf("second server in one directory: %v; want it refused", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second := started(t, Options{Dir: dir})
	if got := ask(t, second.DSN("kept"), "SELECT DATABASE()"); got != "kept" {
		t.Errorf("database after a restart = %q", got)
	}
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("directory after Close without Keep: %v; want it gone", err)
	}
}

func TestForeignDirectoryIsLeftAlone(t *testing.T) {
	dir := t.TempDir()
	precious := filepath.Join(dir, dataName, "precious")
	if err := os.MkdirAll(precious, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := Start(t.Context(), Options{Dir: dir, Install: true}); err == nil || !strings.Contains(err.Error(), "name another directory") {
		t.Errorf("Start = %v; want a refusal", err)
	}
	if _, err := os.Stat(precious); err != nil {
		t.Error(err)
	}
}

func TestBrokenDataShowsTheLog(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, dataName, "mysql"), 0o755); err != nil {
		t.Fatal(err)
	}
	_, err := Start(t.Context(), Options{Dir: dir, Install: true})
	if err == nil || !strings.Contains(err.Error(), "the end of its log:") {
		t.Errorf("Start on broken data = %v; want the end of the log", err)
	}
}

func TestGivenDSN(t *testing.T) {
	private := started(t, Options{})
	if err := private.CreateDatabase(t.Context(), "theirs"); err != nil {
		t.Fatal(err)
	}
	given := started(t, Options{DSN: private.DSN("theirs")})
	if got := ask(t, given.DSN(""), "SELECT DATABASE()"); got != "theirs" {
		t.Errorf("database of the given DSN = %q; want theirs", got)
	}
	if err := given.Close(); err != nil {
		t.Error(err)
	}
	if err := private.exec(t.Context(), "DO 1"); err != nil {
		t.Errorf("closing the given server stopped it: %v", err)
	}
}

func TestUselessDSN(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for dsn, want := range map[string]string{
		"nonsense":                        "not valid",
		"nobody:none@tcp(127.0.0.1:1)/db": "the database at 127.0.0.1:1 does not answer",
	} {
		if _, err := Start(ctx, Options{DSN: dsn}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Start(%q) = %v; want %q", dsn, err, want)
		}
	}
}

func TestStartIsBoundedByItsContext(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if s, err := Start(ctx, Options{}); err == nil {
		s.Close()
		t.Error("a start with a cancelled context succeeded")
	}
	left, err := os.ReadDir(temp)
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestShortTemp(t *testing.T) {
	for dir, want := range map[string]string{
		"/tmp":                         "/tmp",
		"/var/tmp/x y":                 "/var/tmp/x y",
		"/tmp/a:b":                     "/tmp",
		"/" + strings.Repeat("d/", 40): "/tmp",
	} {
		if got := shortTemp(dir); got != want {
			t.Errorf("shortTemp(%q) = %q; want %q", dir, got, want)
		}
	}
}

// TestManyAtOnce sets several servers up at the same time: a set-up must not
// reach into another's temporary files.
func TestManyAtOnce(t *testing.T) {
	var all errgroup.Group
	for range 5 {
		all.Go(func() error {
			s, err := Start(t.Context(), Options{})
			if err != nil {
				return err
			}
			return s.Close()
		})
	}
	if err := all.Wait(); err != nil {
		t.Error(err)
	}
}
