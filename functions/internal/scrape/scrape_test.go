package scrape

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/rehearsal"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/rehearsal/rehearsaltest"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia"
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

// until waits until an expression has a value, and does something meanwhile.
func (p prometheus) until(expr string, meanwhile func()) {
	p.t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		if len(p.query(expr)) > 0 {
			return
		}
		meanwhile()
	}
	p.t.Fatalf("after %v there is no value of %s; targets: %v", patience, expr, p.query("up"))
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

// plausible are the metrics by the names that Prometheus gives them, and what each of their
// values must be.
var plausible = map[string]string{
	"returnsync_lag_seconds":                    ">= 0 < 600",
	"returnsync_watermark_timestamp_seconds":    "> time() - 600 <= time() + 60",
	"returnsync_parked":                         ">= 0",
	"returnsync_drift":                          ">= 0",
	"returnsync_operations":                     "> 0",
	"returnsync_operations_budget":              ">= 1000000",
	"returnsync_page_duration_seconds_bucket":   ">= 0",
	"returnsync_page_duration_seconds_count":    "> 0",
	"returnsync_page_duration_seconds_sum":      "> 0",
	"returnsync_search_duration_seconds_bucket": ">= 0",
	"returnsync_search_duration_seconds_count":  "> 0",
	"returnsync_search_duration_seconds_sum":    "> 0",
}

// registered returns the names of the code's instruments, which are constants.
func registered(t *testing.T) (list []string) {
	t.Helper()
	text, err := os.ReadFile("../../../shared/metrics/metrics.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range regexp.MustCompile(`= "(returnsync\.[a-z.]+)"`).FindAllStringSubmatch(string(text), -1) {
		list = append(list, strings.ReplaceAll(found[1], ".", "_"))
	}
	return list
}

// product is a product that runs, with the Prometheus that scrapes it.
type product struct {
	*rehearsal.Stack
	prometheus
}

// run starts both. changes are made in Prometheus's files beside the address and the time
// between two scrapes.
func run(t *testing.T, rows int, o rehearsal.Options, changes ...string) product {
	t.Helper()
	o.Env = append(o.Env, "METRICS_TOKEN="+rehearsal.MetricsToken, "OPERATIONS_DAY=1000000", "OPERATIONS_MONTH=20000000")
	s := rehearsaltest.Filled(t.Context(), t, o, sample.GenerateOptions{Rows: rows, Seed: 1, Now: time.Now().Add(-time.Hour)})
	front, err := url.Parse(s.ConsoleURL())
	if err != nil {
		t.Fatal(err)
	}
	return product{s, start(t, strings.NewReplacer(append(changes, "127.0.0.1:8080", front.Host, "15s", "1s")...))}
}

// verify has the function of comparisons work once. During faults it may fail.
func (p product) verify() {
	p.t.Helper()
	request, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, p.URL("VerifyReturns"), http.NoBody)
	if err != nil {
		p.t.Fatal(err)
	}
	if answer, err := p.Do(request); err == nil {
		_ = answer.Body.Close()
	}
}

// exec changes rows of the database.
func (p product) exec(query string) {
	p.t.Helper()
	if _, err := p.DB.ExecContext(p.t.Context(), query); err != nil {
		p.t.Fatalf("%s: %v", query, err)
	}
}

// faults has the index fail from now on as the rules say.
func (p product) faults(rules ...algolia.Fault) {
	p.t.Helper()
	if err := p.AlgoliaFaults(p.t.Context(), algolia.Faults{Rules: append([]algolia.Fault{}, rules...)}); err != nil {
		p.t.Fatal(err)
	}
}

// TestScrapeOfASoak has Prometheus scrape the product while the soak of local --soak lets
// everything go wrong: each metric that the code registers has plausible values, and each
// panel of the dashboard has some.
func TestScrapeOfASoak(t *testing.T) {
	p := run(t, 200, rehearsal.Options{Every: 2 * time.Second, Steps: true, HoldTicks: true, Seed: 7, Env: rehearsal.SoakEnv()})
	if err := p.BeginTicks(t.Context()); err != nil {
		t.Fatal(err)
	}
	soaking, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := p.Soak(soaking, time.Hour, 10, func(rehearsal.SoakReport) {})
		ended <- err
	}()
	defer func() {
		stop()
		if err := <-ended; err == nil {
			t.Error("the soak ended before it was stopped")
		}
	}()
	work := func() {
		p.verify()
		search, err := http.Get(p.URL("SearchOrderReturnIndexData") + "?query=") // answered with 401, which is measured too
		if err == nil {
			_ = search.Body.Close()
		}
	}
	for name, limits := range plausible {
		p.until(name, work)
		if wrong := p.query(name + " unless (" + name + " " + limits + ")"); len(wrong) > 0 {
			t.Errorf("%s is not %s: %v", name, limits, wrong)
		}
	}
	for _, expr := range dashboard(t) {
		p.until(expr, work)
	}
	// A function that was killed a moment ago may have measured nothing since, so the whole
	// of the soak is asked for.
	for _, name := range p.query(`count by (__name__) (last_over_time({__name__=~"returnsync_.+"}[1h]))`) {
		if plausible[name.Metric["__name__"]] == "" {
			t.Errorf("nothing says what values of %s are plausible", name.Metric["__name__"])
		}
	}
	for _, name := range registered(t) {
		if got := p.query(`last_over_time({__name__=~"` + name + `(_seconds)?(_count)?"}[1h])`); len(got) == 0 {
			t.Errorf("%s was not scraped", name)
		}
	}
	select {
	case err := <-ended:
		ended <- err
		t.Errorf("the soak ended early: %v", err)
	default:
	}
}

// TestAlerts does what each rule is there for. The rule fires at the threshold that is
// shipped, and its alert ends with the trouble. Only times are shorter: how long something
// must hold, and the span of a rate. The outage of 31 minutes is one in the table of claims:
// the watermark is as old as it would be then. The rules of the budget and of slow searches
// are played by promtool alone.
func TestAlerts(t *testing.T) {
	p := run(t, 50, rehearsal.Options{Every: time.Second, Env: []string{"ALGOLIA_ATTEMPTS=1"}},
		"for: 5m", "for: 1s", "for: 10m", "for: 1s", "for: 15m", "for: 1s", "[10m]", "[15s]", "[5m]", "[15s]")
	p.until(`returnsync_lag_seconds{entity="returns"} < 600`, func() {})
	p.until(`returnsync_page_duration_seconds_count{outcome="done"}`, func() {})
	p.until("absent(ALERTS)", func() {})
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	touch := func() {
		p.exec("UPDATE order_return SET customer_name = CONCAT('touched ', UUID()), updated_at = NOW(6) WHERE id < 4")
	}
	const console, cron = "SyncConsole", "ReturnsCron"
	for _, c := range []struct {
		alert       string
		wrong, well func()
		meanwhile   func() // is done until the alert fires, and until it ends
	}{
		{"ReturnSyncBehind", func() {
			must(p.Kill(cron))
			p.exec("UPDATE order_return_algolia_sync SET date_range_end = NOW(6) - INTERVAL 31 MINUTE WHERE job_type = 'RETURN_JOB'")
		}, func() { must(p.Revive(t.Context(), cron)) }, func() {}},
		{"ReturnSyncUnknown", func() { must(p.Kill(console)) }, func() { must(p.Revive(t.Context(), console)) }, func() {}},
		{"ReturnSyncParked", func() {
			p.faults(algolia.Fault{Kind: algolia.RefuseNamed, Pattern: "^R[123]-"})
			touch()
		}, func() {
			p.faults()
			touch()
		}, func() {}},
		{"ReturnSyncPagesFail", func() { p.faults(algolia.Fault{Kind: algolia.ServerError}) }, func() { p.faults() }, touch},
		{"ReturnSyncDrift", func() {
			var root, item int64
			must(p.DB.QueryRowContext(t.Context(), `SELECT r.id, i.id FROM order_return r JOIN order_return_item i ON i.order_return_id = r.id
				WHERE r.deleted_at IS NULL AND i.deleted_at IS NULL AND r.id > 10 LIMIT 1`).Scan(&root, &item))
			request, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, fmt.Sprintf("%s/1/indexes/%s/R%d-%d", p.AlgoliaURL(), p.index(), root, item), http.NoBody)
			must(err)
			request.Header.Set("X-Algolia-Application-Id", rehearsal.AppID)
			request.Header.Set("X-Algolia-API-Key", rehearsal.AdminKey)
			answer, err := http.DefaultClient.Do(request)
			must(err)
			_ = answer.Body.Close()
			if answer.StatusCode != http.StatusOK {
				t.Fatal(answer.Status)
			}
		}, func() {
			p.exec("UPDATE order_return SET customer_name = 'again', updated_at = NOW(6) WHERE id BETWEEN 10 AND 50")
		}, p.verify},
	} {
		firing := `ALERTS{alertname="` + c.alert + `",alertstate="firing"}`
		c.wrong()
		p.until(firing, c.meanwhile)
		c.well()
		p.until("absent("+firing+")", c.meanwhile)
		t.Logf("%s fired and ended", c.alert)
	}
}

// index returns the name of the index of returns.
func (p product) index() string {
	p.t.Helper()
	d, err := p.Entity("returns")
	if err != nil {
		p.t.Fatal(err)
	}
	return d.Index
}
