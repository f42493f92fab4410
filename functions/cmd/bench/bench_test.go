package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/rehearsal"
	"gitlab.com/eshopbox-team/return-sync/shared/localdb/localdbtest"
)

func TestMain(m *testing.M) {
	if err := limitChild(os.Getenv(workEnv), os.Stdout); !errors.Is(err, errNoChild) {
		exit(err)
	}
	profileChild(os.Getenv(profileEnv), os.Getenv("FUNCTION_TARGET"))
	rehearsal.Child()
	localdbtest.Main(m)
}

// logged is a buffer that several processes' logs are copied into at once.
type logged struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// last runs the command and decodes the last line of its output.
func last(t testing.TB, into any, args ...string) string {
	t.Helper()
	var out, log logged
	cmd := newCommand(&out, &log)
	cmd.SetArgs(args)
	if err := cmd.ExecuteContext(t.Context()); err != nil {
		t.Fatalf("%v\n%s", err, log.String())
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), into); err != nil {
		t.Fatalf("%v: %s", err, out.String())
	}
	return out.String()
}

// measured is the JSON of a study.
type measured struct {
	settings map[string]map[string]string
	figures  map[string]map[string]figure
	notRun   map[string]string
}

// median returns the median of a figure.
func (m measured) median(subject, key string) float64 { return m.figures[subject][key].Median }

// UnmarshalJSON refuses figures without a column, so that no figure is renamed unseen.
func (m *measured) UnmarshalJSON(text []byte) error {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(text, &all); err != nil {
		return err
	}
	m.figures, m.notRun = map[string]map[string]figure{}, map[string]string{}
	for name, one := range all {
		var missing struct {
			NotRun string `json:"not_run"`
		}
		if name == "settings" {
			if err := json.Unmarshal(one, &m.settings); err != nil {
				return err
			}
			continue
		}
		if json.Unmarshal(one, &missing) == nil && missing.NotRun != "" {
			m.notRun[name] = missing.NotRun
			continue
		}
		strict := json.NewDecoder(bytes.NewReader(one))
		strict.DisallowUnknownFields()
		figures := map[string]figure{}
		if err := strict.Decode(&figures); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		m.figures[name] = figures
	}
	return nil
}

// syncKeys are the figures of a sync of all records.
var syncKeys = []string{"senders", "records_per_s", "ratio", "ratio_to_go", "ratio_to_first", "cpu_s_per_million", "queries",
	"rss_mb", "seconds", "bytes", "mb_per_million", "mb_per_s"}

// TestEverythingIsMeasured measures a little, and checks what does not depend on
// the machine's speed.
func TestEverythingIsMeasured(t *testing.T) {
	profiles := filepath.Join(t.TempDir(), "new") // made by the command
	var all measured
	table := last(t, &all, "--rows", "1000", "--repeat", "1", "--json", "--latency", "5ms", "--workers-latency", "6", "--buffer-pool", "64", "--profile", profiles)
	for _, sc := range scenarios {
		for _, p := range parts {
			name := p.name + sc.suffix
			all.check(t, p, sc)
			if !strings.Contains(table, "| "+name+" ") || all.notRun[name] != "" {
				t.Errorf("%s is missing: %v", name, all.notRun)
			}
		}
	}
	if len(all.figures) != len(names()) {
		t.Errorf("the JSON has %d subjects; want %d", len(all.figures), len(names()))
	}
	for database, want := range map[string][3]string{"fast": {"0", "OFF", "0"}, "durable": {"1", "ON", "1"}} {
		s := all.settings[database]
		if got := [3]string{s["innodb_flush_log_at_trx_commit"], s["log_bin"], s["sync_binlog"]}; got != want || s["version"] == "" {
			t.Errorf("the %s database has %v", database, s)
		}
		if !strings.Contains(table, database+" database: 1000 returns, ") || !strings.Contains(table, "log_bin "+want[1]) {
			t.Errorf("the settings of the %s database are not beside the table:\n%s", database, table)
		}
	}
	if all.settings["durable"]["binlog_format"] != "ROW" {
		t.Errorf("the durable database has %v", all.settings["durable"])
	}
	for _, name := range []string{"ReturnUpdateProcessingQueue-first.cpu.pprof", "ReturnUpdateProcessingQueue-first.allocs.pprof"} {
		if info, err := os.Stat(filepath.Join(profiles, name)); err != nil || info.Size() == 0 {
			t.Errorf("the profile %s: %v", name, err)
		}
	}
}

// check checks the figures of a part in a scenario that hold on every machine.
func (m measured) check(t *testing.T, p part, sc scenario) {
	t.Helper()
	name := p.name + sc.suffix
	of := func(key string) float64 { return m.median(name, key) }
	want := syncKeys
	if p.some {
		want = []string{"senders", "queries", "rss_mb", "seconds", "bytes"}
	}
	var have []string
	for key := range m.figures[name] {
		if !strings.HasPrefix(key, cpuOfProcess) {
			have = append(have, key)
		}
	}
	if diff := cmp.Diff(want, have, cmpopts.SortSlices(strings.Compare)); diff != "" {
		t.Errorf("%s has other figures (-want +got):\n%s", name, diff)
	}
	for _, key := range want {
		if strings.HasPrefix(key, "ratio") || key == "seconds" || key == "records_per_s" || key == "cpu_s_per_million" {
			if of(key) <= 0 {
				t.Errorf("%s: %s is %v", name, key, of(key))
			}
		}
	}
	if want := map[bool]float64{false: 4, true: 6}[sc.far]; of("senders") != want {
		t.Errorf("%s has %v senders; want %v", name, of("senders"), want)
	}
	if sends := !p.some && p.name != "second"; sends && (of("bytes") < 1_000_000 || of("mb_per_million") < 500 || of("mb_per_s") <= 0 || of("rss_mb") < 10) {
		t.Errorf("%s: %v", name, m.figures[name])
	}
	const most = 6 // statements of all functions together
	if p.name == "idle" && (of("queries") > most || of("bytes") != 0) {
		t.Errorf("%s: an idle tick took %v statements and sent %v bytes; want at most %d and none", name, of("queries"), of("bytes"), most)
	}
	if p.name == "second" && (of("bytes") != 0 || of("queries") >= m.median("first"+sc.suffix, "queries")) {
		t.Errorf("%s: %v", name, m.figures[name])
	}
}

// mostMemory is how many MiB the deployed program may have resident, its own 28 MiB among
// them, while 15 pages of 500 returns wait for an index that takes 50 ms to answer.
const mostMemory = 64

// BenchmarkMemory measures the process function's memory at its peak.
func BenchmarkMemory(b *testing.B) {
	for b.Loop() {
		var all measured
		last(b, &all, "--rows", "60000", "--repeat", "1", "--only", "first_50ms", "--json")
		mib := all.figures["first_50ms"]["rss_mb"].High
		b.ReportMetric(mib, "MiB")
		if mib == 0 || mib > mostMemory {
			b.Errorf("%.0f MiB; want at most %d", mib, mostMemory)
		}
	}
}

func TestScale(t *testing.T) {
	const connections = 10 // each that is opened anew costs a statement
	// A narrow table stands beside that of returns: two entities.
	for table, idle := range map[string]float64{"--narrow=false": 6, "--narrow": 9} {
		var all measured
		last(t, &all, "scale", table, "--rows", "10000,20000", "--repeat", "1", "--json", "--buffer-pool", "128")
		small, large := all.figures["10000"], all.figures["20000"]
		if large["queries"].Median > small["queries"].Median+connections || large["idle_queries"].Median > idle || large["idle_queries"].Median < 1 ||
			small["pages"].Median == 0 || large["pages"].Median != 2*small["pages"].Median || large["queries_ratio"].Median <= 0 || large["window_rss_mb"].Median < 5 {
			t.Errorf("%s: %v, %v", table, small, large)
		}
	}
}

func TestFresh(t *testing.T) {
	var all measured
	last(t, &all, "fresh", "--rows", "200", "--repeat", "3", "--json")
	for _, way := range []string{"tick_1s", "direct"} {
		if f := all.figures[way]["ms"]; f.Median <= 0 || f.High < f.Median || f.P95 < f.Median {
			t.Errorf("%s: %+v", way, f)
		}
	}
}

func TestFlagsThatMakeNoSense(t *testing.T) {
	for want, args := range map[string][]string{
		"--rows is 5":         {"--rows", "5"},
		"want one number":     {"--rows", "1000,2000"},
		"at least 1":          {"--repeat", "0"},
		"--latency":           {"--latency", "-1s"},
		"--only speed":        {"--only", "speed"},
		"--only go_50":        {"--only", "first,go_50"},
		"multiples of 10000":  {"scale", "--rows", "15000"},
		"unknown command":     {"now"},
		"unknown flag: --fas": {"--fast"},
	} {
		cmd := newCommand(&logged{}, &logged{})
		cmd.SetArgs(args)
		if err := cmd.ExecuteContext(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v; want %q", args, err, want)
		}
	}
}

func TestFigureOf(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   figure
	}{
		{nil, figure{}},
		{[]float64{3}, figure{3, 3, 3, 3}},
		{[]float64{9, 1, 2}, figure{2, 1, 9, 9}},
		{[]float64{4, 1, 2, 9}, figure{3, 1, 9, 9}},
	} {
		if got := figureOf(c.values); got != c.want {
			t.Errorf("%v: %v; want %v", c.values, got, c.want)
		}
	}
}

func TestTheSinkCounts(t *testing.T) {
	s := &sink{}
	behind := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "behind", http.StatusTeapot) })
	server := httptest.NewServer(s.before(behind))
	defer server.Close()
	body := `{"requests":[{"action":"addObject","body":{}},{"action":"deleteObject","body":{}},{"action":"addObject","body":{}}]}`
	for path, want := range map[string]int{"/1/indexes/x/batch": 200, "/1/indexes/x/task/770000000001": 200, "/1/indexes/x/task/1": 418, "/1/indexes/*/queries": 418} {
		res, err := http.Post(server.URL+path, "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("%s answered %d; want %d", path, res.StatusCode, want)
		}
	}
	if got := fmt.Sprint(s.records.Load(), s.bytes.Load(), s.requests.Load()); got != fmt.Sprint(2, len(body), 1) {
		t.Errorf("the sink counted %s", got)
	}
}
