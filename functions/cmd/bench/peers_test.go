package main

import (
	"database/sql"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	driver "github.com/go-sql-driver/mysql"
	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/shared/localdb/localdbtest"
	"gitlab.com/eshopbox-team/return-sync/shared/sample"
)

// keeper is an index that keeps the records of batches by index and id.
type keeper struct {
	mu      sync.Mutex
	records map[string]map[string]any
	batches map[string]int
}

func (k *keeper) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var batch struct {
		Requests []struct {
			Action string
			Body   map[string]any
		}
	}
	if err := json.NewDecoder(r.Body).Decode(&batch); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	name := strings.Split(r.URL.Path, "/")[3]
	k.batches[name]++
	if k.records[name] == nil {
		k.records[name] = map[string]any{}
	}
	for _, one := range batch.Requests {
		k.records[name][one.Action+" "+one.Body["objectID"].(string)] = one.Body
	}
	_, _ = io.WriteString(w, `{"taskID":1,"objectIDs":[]}`)
}

// TestThePeersSendTheSameRecords compares what limit and scripts send: a script that
// does less than the limit would be no peer.
func TestThePeersSendTheSameRecords(t *testing.T) {
	dsn := localdbtest.New(t)
	db, err := sql.Open("mysql", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if err := sample.Migrate(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	const rows, page = 1000, 300
	if _, err := sample.Generate(t.Context(), db, sample.GenerateOptions{Rows: rows, Seed: 3, Now: time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)}); err != nil {
		t.Fatal(err)
	}
	cfg, err := driver.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	index := &keeper{records: map[string]map[string]any{}, batches: map[string]int{}}
	server := httptest.NewServer(index)
	defer server.Close()
	peers, missing, err := preparePeers(t.Context(), t.TempDir(), options{}, io.Discard)
	if err != nil || len(missing) > 0 {
		t.Fatal(err, missing)
	}
	for _, name := range []string{limitName, goName, nodeName} { // the limit first
		p := peers[name]
		done, err := p.run(t.Context(), work{
			Net: cfg.Net, Address: cfg.Addr, User: cfg.User, Password: cfg.Passwd, Database: cfg.DBName, URL: server.URL,
			RowsFile: p.rows, Roots: rows, Page: page, Workers: 3,
		})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := len(index.records[name]); got < rows || done.records != int64(got) || index.batches[name] != 4 || done.cpu <= 0 || done.rss < 5 {
			t.Errorf("%s: %+v, with %d records in %d batches; want 4", name, done, got, index.batches[name])
		}
		if diff := cmp.Diff(index.records[limitName], index.records[name]); diff != "" {
			t.Errorf("%s sends other records than the limit: %.4000s", name, diff)
		}
	}
}

// TestAFailingPeerSaysWhy runs programs that end early or print no number.
func TestAFailingPeerSaysWhy(t *testing.T) {
	for script, want := range map[string]string{
		"echo no such table >&2; exit 3": "no such table",
		"echo done":                      `parsing "done"`,
		"true":                           "printed no number",
	} {
		_, err := peer{command: []string{"sh", "-c", script}}.run(t.Context(), work{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %q", script, err, want)
		}
	}
}

// TestWhatCannotRunIsSaid takes tools away: every row stays, with the reason.
func TestWhatCannotRunIsSaid(t *testing.T) {
	tool, err := exec.LookPath("go")
	if err != nil {
		t.Fatal(err)
	}
	if tool, err = filepath.EvalSymlinks(tool); err != nil {
		t.Fatal(err)
	}
	onlyGo := t.TempDir()
	if err := os.Symlink(tool, filepath.Join(onlyGo, "go")); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		path string
		args []string
		rows []string
		want string
	}{
		"no Node":        {onlyGo, []string{"--only", "node,node_50ms"}, []string{"node", "node_50ms"}, "the Node script cannot run"},
		"no Go tools":    {t.TempDir(), []string{"--only", "go,node_durable,idle"}, []string{"go", "node_durable", "idle"}, "Go tools"},
		"another server": {os.Getenv("PATH"), []string{"--dsn", "root@tcp(127.0.0.1:1)/", "--only", "limit_durable,first_durable"}, []string{"limit_durable", "first_durable"}, "--dsn"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("PATH", c.path)
			var all measured
			table := last(t, &all, append(c.args, "--json")...)
			for _, row := range c.rows {
				if why := all.notRun[row]; !strings.Contains(why, c.want) || !strings.Contains(table, "| "+row) || strings.Count(table, "NOT RUN: ") != len(c.rows) {
					t.Errorf("%s: %q; want a reason with %q\n%s", row, why, c.want, table)
				}
			}
		})
	}
}
