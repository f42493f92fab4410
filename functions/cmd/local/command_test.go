package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/rehearsal"
	"gitlab.com/eshopbox-team/return-sync/functions/search/portal"
	"gitlab.com/eshopbox-team/return-sync/shared/localdb"
)

func TestMain(m *testing.M) {
	rehearsal.Child()
	os.Exit(m.Run())
}

// entitiesDir holds the definition of stock, and a file with its tables.
const entitiesDir = "../../../testdata/entities"

// shared is a buffer that several processes' logs are copied into at once.
type shared struct {
	mu   sync.Mutex
	text strings.Builder
}

func (s *shared) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *shared) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// local runs the command and returns the last line of its output and its log.
func local(ctx context.Context, t *testing.T, args ...string) (string, string, error) {
	t.Helper()
	var out, log shared
	cmd := newCommand(&out, &log)
	cmd.SetArgs(args)
	err := cmd.ExecuteContext(ctx)
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	return lines[len(lines)-1], log.String(), err
}

func TestOnce(t *testing.T) {
	last, log, err := local(t.Context(), t, "--once", "--rows", "120", "--page-size", "50", "--entities", entitiesDir)
	if err != nil {
		t.Fatalf("%v\n%s", err, log)
	}
	var s summary
	if err := json.Unmarshal([]byte(last), &s); err != nil {
		t.Fatalf("%v: %s", err, last)
	}
	if !s.OK || s.Returns != 120 || s.Pages != 3 || s.First.Saved == 0 || s.Second.Saved != 0 || s.Differences != 0 {
		t.Errorf("%+v", s)
	}
	if stock := s.Entities["stock"]; stock.First.Saved != 4 || stock.Second.Unchanged != 4 || stock.Differences != 0 {
		t.Errorf("stock: %+v", stock)
	}
}

// TestAFurtherEntityWithoutTables names what is missing, and the returns are synced.
func TestAFurtherEntityWithoutTables(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "stock"), os.DirFS(filepath.Join(entitiesDir, "stock"))); err != nil {
		t.Fatal(err)
	}
	last, _, err := local(t.Context(), t, "--once", "--rows", "10", "--entities", dir)
	var s summary
	if problem := json.Unmarshal([]byte(last), &s); err == nil || problem != nil || s.OK || s.First.Saved == 0 || s.Differences != 0 {
		t.Errorf("%v, %v: %s", err, problem, last)
	}
	if text := strings.Join(s.Problems, "\n"); len(s.Problems) != 1 || !strings.Contains(text, "stock/changed.sql") || !strings.Contains(text, "stock_position' doesn't exist") {
		t.Errorf("%q", s.Problems)
	}
	if err := os.WriteFile(filepath.Join(dir, tablesFile), []byte("CREATE TABLE one (id INT);\nCREATE TABEL two (id INT)"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := local(t.Context(), t, "--once", "--rows", "10", "--entities", dir); err == nil || !strings.Contains(err.Error(), tablesFile) || !strings.Contains(err.Error(), "TABEL") {
		t.Errorf("a wrong statement: %v", err)
	}
}

// TestOnceOnFiles loads a small folder, kept by the command under --dir.
func TestOnceOnFiles(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"returns.csv": "return_number,customer_id,country,returned_at,line_count,unit_count,refund_amount,currency,order_number,order_date,distinct_orders\n" +
			"C1,7,United Kingdom,2011-01-02 10:00:00,2,3,12.50,GBP,,,0\n",
		"return_items.csv": "return_number,line_no,sku,description,kind,quantity,unit_price,line_amount,order_number,order_date,ordered_quantity,days_to_return\n" +
			"C1,1,A,LAMP,product,1,2.50,2.50,,,,\nC1,2,B,RED  CUP,product,2,5.00,10.00,,,,\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	last, log, err := local(t.Context(), t, "--once", "--data", dir)
	if err != nil || !strings.Contains(last, `"items":2,`) || !strings.Contains(last, `"ok":true`) {
		t.Errorf("%s, %v\n%s", last, err, log)
	}
	if _, _, err := local(t.Context(), t, "--once", "--data", filepath.Join(dir, "absent")); err == nil || !strings.Contains(err.Error(), "absent") {
		t.Errorf("a folder that is not there: %v", err)
	}
}

// TestAShortSoak lets everything go wrong for a moment.
func TestAShortSoak(t *testing.T) {
	last, log, err := local(t.Context(), t, "--soak", "6s", "--seed", "3", "--rows", "60", "--churn", "15")
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, last, log)
	}
	var r rehearsal.SoakReport
	if err := json.Unmarshal([]byte(last), &r); err != nil || !r.OK || r.Differences != 0 || len(r.Faults) == 0 {
		t.Errorf("%v: %+v", err, r)
	}
}

// TestItRunsUntilItIsStopped starts everything and stops it when a tick was shown.
func TestItRunsUntilItIsStopped(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithTimeout(t.Context(), 3*time.Minute)
	defer stop()
	var out, log shared
	missing := func() []string {
		return slices.DeleteFunc([]string{"Return-sync is running", "Authorization: Bearer ey", "returns run", "stock run", "synced", "found"},
			func(want string) bool { return strings.Contains(out.String(), want) })
	}
	program := buildReturnsync(t)
	go func() {
		defer stop()
		for ctx.Err() == nil && len(missing()) > 0 {
			time.Sleep(20 * time.Millisecond)
		}
		_, config, _ := strings.Cut(out.String(), "RETURN_SYNC_CONFIG=")
		config, _, _ = strings.Cut(config, "\n")
		if said, err := exec.CommandContext(ctx, program, "doctor", "--config", config).CombinedOutput(); err != nil || !strings.Contains(string(said), "All is well") {
			t.Errorf("doctor: %v\n%s", err, said)
		}
		// The page of the further entity finds its records.
		if err := searchStock(ctx, out.String()); err != nil {
			t.Error(err)
		}
	}()
	cmd := newCommand(&out, &log)
	cmd.SetArgs([]string{"--port", "0", "--rows", "50", "--every", "1s", "--churn", "20", "--entities", entitiesDir})
	if err := cmd.ExecuteContext(ctx); !errors.Is(err, errStopped) {
		t.Fatalf("%v\n%s", err, log.String())
	}
	if left := missing(); len(left) > 0 {
		t.Errorf("%q is missing in:\n%s", left, out.String())
	}
}

// searchStock does what the page of stock does, at the addresses that welcome prints.
func searchStock(ctx context.Context, welcome string) error {
	_, rest, _ := strings.Cut(welcome, "\n  stock")
	page, rest, _ := strings.Cut(strings.TrimSpace(rest), "\n")
	_, rest, _ = strings.Cut(rest, "search at ")
	search, _, _ := strings.Cut(rest, "\n")
	var cfg portal.Config
	if err := getJSON(ctx, page+"/portal.json", "", &cfg); err != nil || len(cfg.Tenants) != 2 || !strings.HasSuffix(search, cfg.Search) {
		return fmt.Errorf("%s: %+v, %v; the search is at %q", page, cfg, err, search)
	}
	for _, tenant := range cfg.Tenants {
		var answer struct {
			Hits   []struct{ Account string }
			Facets map[string]map[string]int
		}
		if err := getJSON(ctx, search+"?query=L-2026&facets=*", tenant.Token, &answer); err != nil || len(answer.Hits) == 0 || len(answer.Facets) == 0 {
			return fmt.Errorf("%s: %+v, %v", tenant.Account, answer, err)
		}
		for _, hit := range answer.Hits {
			if hit.Account != tenant.Account {
				return fmt.Errorf("%s sees a record of %s", tenant.Account, hit.Account)
			}
		}
	}
	return nil
}

// getJSON reads an answer.
func getJSON(ctx context.Context, url, token string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", url, res.Status)
	}
	return json.NewDecoder(res.Body).Decode(into)
}

// buildReturnsync builds the operator's command line as welcome says, and returns its path.
func buildReturnsync(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "returnsync")
	if said, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "../returnsync").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	return program
}

// TestTheScreen writes the functions' logs in pieces.
func TestTheScreen(t *testing.T) {
	var out strings.Builder
	s := &screen{to: &out}
	for _, piece := range []string{"plain\n{\"time\":\"2026-11-29T08:00:00Z\",\"severity\":\"ERROR\",", "\"message\":\"it broke\",\"function\":\"F\",\"error\":\"e\"}\n{}\n{\"message\"", ":1}\n", "rest"} {
		if n, err := s.Write([]byte(piece)); n != len(piece) || err != nil {
			t.Fatal(n, err)
		}
	}
	lines := strings.Split(out.String(), "\n")
	if len(lines) != 5 || lines[0] != "plain" || !strings.HasSuffix(lines[1], " ERROR F: it broke: e") || lines[2] != "{}" || lines[3] != `{"message":1}` {
		t.Errorf("%q", lines)
	}
}

func TestFlagsThatMakeNoSense(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	port := strconv.Itoa(taken.Addr().(*net.TCPAddr).Port)
	for want, args := range map[string][]string{
		"--rows is -1":         {"--rows", "-1"},
		"--every is 1ms":       {"--every", "1ms"},
		"--churn is -2":        {"--churn", "-2"},
		"--workers is 0":       {"--workers", "0"},
		"--port is 70000":      {"--port", "70000"},
		"--keep needs --dir":   {"--keep"},
		"--soak is 1m0s":       {"--soak", "1m", "--once"},
		"--soak is 0s":         {"--soak", "0s"},
		"--soak is -1s":        {"--soak", "-1s"},
		"--page-size is 20001": {"--page-size", "20001"},
		`--rows is "abc"`:      {"--rows", "abc"},
		"--data is /nope":      {"--data", "/nope"},
		"--entities is /nope":  {"--entities", "/nope"},
		"unknown flag":         {"--colour"},
		"unknown command":      {"now"},
		port + " of 127.0.0.1": {"--once", "--port", port},
	} {
		if _, _, err := local(t.Context(), t, args...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v; want %q", args, err, want)
		}
	}
}

// TestLocalTwice uses one directory twice: state and index begin anew together, the data
// stays, and flags that ask for other data are refused.
func TestLocalTwice(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "db")
	for n := range 2 {
		last, log, err := local(t.Context(), t, "--once", "--rows", "60", "--dir", dir, "--keep")
		if err != nil {
			t.Fatalf("start %d: %v\n%s", n, err, log)
		}
		var s summary
		if err := json.Unmarshal([]byte(last), &s); err != nil {
			t.Fatalf("%v: %s", err, last)
		}
		if !s.OK || s.Returns != 60 || s.First.Saved == 0 || s.Differences != 0 {
			t.Errorf("start %d: %+v", n, s)
		}
	}
	for _, args := range [][]string{{"--rows", "70"}, {"--seed", "9"}, {"--data", t.TempDir()}} {
		if _, _, err := local(t.Context(), t, append(args, "--once", "--dir", dir, "--keep")...); err == nil || !strings.Contains(err.Error(), "the flags ask for") {
			t.Errorf("%v: %v", args, err)
		}
	}
}

// TestLocalInAnotherSchema names schemas in the DSN: one with a table of somebody's is
// refused and stays as it was, a missing one is created and used, and one that another run
// uses is left to that run.
func TestLocalInAnotherSchema(t *testing.T) {
	server, err := localdb.Start(t.Context(), localdb.Options{Install: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	if err := server.CreateDatabase(t.Context(), "return_sync"); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("mysql", server.DSN("return_sync"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if _, err := db.Exec("CREATE TABLE sync_ledger (mine INT)"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"", "return_sync"} {
		if _, _, err := local(t.Context(), t, "--once", "--rows", "10", "--dsn", server.DSN(name)); err == nil || !strings.Contains(err.Error(), "did not make") {
			t.Errorf("schema %q: %v", name, err)
		}
	}
	if _, log, err := local(t.Context(), t, "--once", "--rows", "10", "--dsn", server.DSN("another")); err != nil {
		t.Errorf("%v\n%s", err, log)
	}
	var tables, there int
	if err := db.QueryRow("SELECT COUNT(*), SUM(table_schema = 'another') FROM information_schema.tables WHERE table_name IN ('order_return', 'sync_ledger')").Scan(&tables, &there); err != nil || tables != 3 || there != 2 {
		t.Errorf("%d tables, %d of them in the named schema, %v", tables, there, err)
	}
	lock, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = lock.Close() })
	if _, err := lock.ExecContext(t.Context(), "DO GET_LOCK(CONCAT('return-sync ', MD5('another')), 0)"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := local(t.Context(), t, "--once", "--rows", "10", "--dsn", server.DSN("another")); err == nil || !strings.Contains(err.Error(), "another run of this program") {
		t.Errorf("a schema that is used: %v", err)
	}
}
