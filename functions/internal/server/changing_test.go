package server

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
)

// folder is a folder of definitions with the handler that serves by it.
type folder struct {
	*changing
	t      *testing.T
	dir    string
	clock  time.Time
	closed int
	log    strings.Builder
	hold   chan struct{} // a request of /slow waits for it
	inside chan struct{}
}

// newFolder serves the pages sizes of the definition "stock".
func newFolder(t *testing.T) *folder {
	t.Helper()
	s := &folder{t: t, dir: t.TempDir(), clock: time.Unix(1e9, 0), hold: make(chan struct{}), inside: make(chan struct{})}
	s.write("pageSize: 7")
	var err error
	s.changing, err = newChanging(&changing{
		log: slog.New(slog.NewTextHandler(&s.log, nil)), now: func() time.Time { return s.clock },
		mark: func() (string, error) { return entity.Mark(s.dir) },
		open: func() (http.Handler, func() error, error) {
			list, err := entity.Load(s.dir)
			end := func() error { s.closed++; return nil }
			if err != nil {
				return nil, end, err
			}
			d, err := entity.List(list).Named("stock")
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/slow" {
					close(s.inside)
					<-s.hold
				}
				_, _ = fmt.Fprint(w, d.PageSize)
			}), end, err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// write writes the definition with more lines.
func (s *folder) write(lines string) {
	s.t.Helper()
	at := filepath.Join(s.dir, "stock")
	for name, text := range map[string]string{
		"entity.yaml": "name: stock\njobType: STOCK_JOB\nindex: stock\n" + lines + "\n",
		"changed.sql": "SELECT id AS _root FROM stock WHERE at >= :from AND at < :to",
		"rows.sql":    "SELECT id AS _root, at AS _version, id AS objectID FROM stock WHERE id IN (:ids)",
	} {
		if err := os.MkdirAll(at, 0o700); err != nil {
			s.t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(at, name), []byte(text), 0o600); err != nil {
			s.t.Fatal(err)
		}
	}
}

// get asks for the page size.
func (s *folder) get(path string) string {
	rec := httptest.NewRecorder()
	s.ServeHTTP(rec, httptest.NewRequestWithContext(context.Background(), http.MethodGet, path, nil))
	return rec.Body.String()
}

// TestAChangedDefinitionIsNoticed edits a definition, breaks it and corrects it while
// requests are under way.
func TestAChangedDefinitionIsNoticed(t *testing.T) {
	s := newFolder(t)
	want := func(when, size string, closed int) {
		t.Helper()
		if got := s.get("/"); got != size || s.closed != closed {
			t.Errorf("%s: page size %s, %d closed; want %s and %d\n%s", when, got, s.closed, size, closed, s.log.String())
		}
	}
	want("at first", "7", 0)
	s.write("pageSize: 8")
	want("before the folder is compared", "7", 0)
	slow := make(chan string)
	go func() { slow <- s.get("/slow") }()
	<-s.inside
	s.clock = s.clock.Add(lookAgain)
	want("changed, while a request is under way", "8", 0)
	close(s.hold)
	if got := <-slow; got != "7" {
		t.Errorf("the request that had begun before got %s", got)
	}
	want("after that request", "8", 1)
	s.write("pageSize: nine")
	s.clock = s.clock.Add(lookAgain)
	want("broken", "8", 2)
	if !strings.Contains(s.log.String(), "pageSize: want a whole number") {
		t.Errorf("the log says %s", s.log.String())
	}
	s.clock = s.clock.Add(lookAgain)
	want("still broken, and not opened again", "8", 2)
	s.write("pageSize: 10")
	s.clock = s.clock.Add(lookAgain)
	want("corrected", "10", 3)
	s.clock = s.clock.Add(lookAgain)
	want("unchanged", "10", 3)
	if err := os.Rename(s.dir, s.dir+"-away"); err != nil {
		t.Fatal(err)
	}
	s.clock = s.clock.Add(lookAgain)
	want("the folder is away", "10", 3)
	if err := s.Close(); err != nil || s.closed != 4 {
		t.Errorf("%v, %d closed", err, s.closed)
	}
}
