package scrape

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/rehearsal"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/rehearsal/rehearsaltest"
	"gitlab.com/eshopbox-team/return-sync/shared/localdb/localdbtest"
	"gitlab.com/eshopbox-team/return-sync/shared/sample"
	"gitlab.com/eshopbox-team/return-sync/shared/tool"
)

// TestMain plays the functions' processes, and starts the tests' database server.
func TestMain(m *testing.M) {
	rehearsal.Child()
	localdbtest.Main(m)
}

// files is where the configuration, the rules and the dashboard are.
const files = "../../../testdata/metrics"

// patience bounds each wait.
const patience = 2 * time.Minute

// installed returns the path of one of Prometheus's programs.
func installed(t *testing.T, name string) string {
	t.Helper()
	m := tool.ThisMachine(os.Stderr)
	path := m.Find(name)
	if path == "" && m.Root {
		if err := m.Install(t.Context(), "prometheus", "prometheus"); err != nil {
			t.Fatal(err)
		}
		path = m.Find(name)
	}
	if path == "" {
		t.Fatalf("there is no %s on this machine; install it with: %sprometheus", name, tool.AptInstall)
	}
	return path
}

// TestRules has promtool play the rules over invented series.
func TestRules(t *testing.T) {
	for _, args := range [][]string{{"check", "config", "prometheus.yml"}, {"test", "rules", "rules_test.yml"}} {
		cmd := exec.CommandContext(t.Context(), installed(t, "promtool"), args...)
		cmd.Dir = files
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v: %v\n%s", args, err, out)
		}
	}
}

// prometheus is a running server.
type prometheus struct {
	t   *testing.T
	url string
}

// start starts Prometheus with the files of the repository, which changes replace in.
func start(t *testing.T, changes *strings.Replacer) prometheus {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"prometheus.yml", "rules.yml"} {
		text, err := os.ReadFile(filepath.Join(files, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(changes.Replace(string(text))), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close()
	ctx, stop := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, installed(t, "prometheus"), "--config.file="+filepath.Join(dir, "prometheus.yml"), "--storage.tsdb.path="+filepath.Join(dir, "data"),
		"--web.listen-address="+address, "--log.level=error")
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop()
		_ = cmd.Wait()
	})
	return prometheus{t, "http://" + address}
}

// point is one value of a query's answer.
type point struct {
	Metric map[string]string
	Value  [2]any
}

// query evaluates an expression. A server that does not answer yet has no values.
func (p prometheus) query(expr string) []point {
	p.t.Helper()
	answer, err := http.Get(p.url + "/api/v1/query?query=" + url.QueryEscape(expr))
	if err != nil {
		return nil
	}
	defer func() { _ = answer.Body.Close() }()
	var got struct {
		Status, Error string
		Data          struct{ Result []point }
	}
	if err := json.NewDecoder(answer.Body).Decode(&got); err != nil {
		return nil
	}
	if got.Status != "success" && answer.StatusCode == http.StatusBadRequest {
		p.t.Fatalf("%s: %s", expr, got.Error)
	}
	return got.Data.Result
}

// until waits until an expression has a value.
func (p prometheus) until(expr string) []point {
	p.t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		if got := p.query(expr); len(got) > 0 {
			return got
		}
	}
	p.t.Fatalf("after %v there is no value of %s; targets: %v", patience, expr, p.query("up"))
	return nil
}

// dashboard returns the expressions of the dashboard's panels.
func dashboard(t *testing.T) (list []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(files, "grafana.json"))
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	for _, p := range d.Panels {
		for _, target := range p.Targets {
			list = append(list, strings.ReplaceAll(target.Expr, "$__rate_interval", "1m"))
		}
	}
	return list
}

// TestScrape has Prometheus scrape the running product: each panel of the dashboard has
// a value, all is well while ticks come, and the rule fires when they stop.
func TestScrape(t *testing.T) {
	s := rehearsaltest.Filled(t.Context(), t, rehearsal.Options{
		Every: time.Second, Env: []string{"METRICS_TOKEN=" + rehearsal.MetricsToken, "OPERATIONS_DAY=1000000", "OPERATIONS_MONTH=20000000"},
	}, sample.GenerateOptions{Rows: 50, Seed: 1, Now: time.Now().Add(-time.Hour)})
	front, err := url.Parse(s.ConsoleURL())
	if err != nil {
		t.Fatal(err)
	}
	p := start(t, strings.NewReplacer("127.0.0.1:8080", front.Host, "15s", "1s", "> 1800", "> 20", "for: 5m", "for: 1s"))
	p.until(`returnsync_lag_seconds{entity="returns"} < 20`)
	if firing := p.query(`ALERTS{alertname="ReturnSyncBehind"}`); len(firing) > 0 {
		t.Errorf("an alert while all is well: %v", firing)
	}
	search, err := http.Get(s.URL("SearchOrderReturnIndexData") + "?query=") // answered with 401, which is measured too
	if err != nil {
		t.Fatal(err)
	}
	_ = search.Body.Close()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL("VerifyReturns"), http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	verified, err := s.Do(request)
	if err != nil || verified.StatusCode != http.StatusOK {
		t.Fatal(verified, err)
	}
	_ = verified.Body.Close()
	for _, expr := range dashboard(t) {
		p.until(expr)
	}
	if err := s.Kill("ReturnsCron"); err != nil {
		t.Fatal(err)
	}
	p.until(`ALERTS{alertname="ReturnSyncBehind",alertstate="firing",entity="returns"}`)
}
