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
func last(t *testing.T, into any, args ...string) string {
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

// measured is the JSON of a run.
type measured struct {
	settings map[string]map[string]string
	results  map[string]result
}

// UnmarshalJSON refuses what it does not know, so that no field is renamed unseen.
func (m *measured) UnmarshalJSON(text []byte) error {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(text, &all); err != nil {
		return err
	}
	if err := json.Unmarshal(all["settings"], &m.settings); err != nil {
		return err
	}
	delete(all, "settings")
	m.results = map[string]result{}
	for name, one := range all {
		strict := json.NewDecoder(bytes.NewReader(one))
		strict.DisallowUnknownFields()
		var r result
		if err := strict.Decode(&r); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		m.results[name] = r
	}
	return nil
}

// TestEverythingIsMeasured measures a little, and checks what does not depend on
// the machine's speed.
func TestEverythingIsMeasured(t *testing.T) {
	profiles := t.TempDir()
	var all measured
	table := last(t, &all, "--rows", "1000", "--repeat", "1", "--json", "--latency", "5ms", "--workers-latency", "6", "--buffer-pool", "64", "--profile", profiles)
	for _, s := range subjects() {
		r := all.results[s.name()]
		if !strings.Contains(table, "| "+s.name()+" ") || r.NotRun != "" || r.Seconds <= 0 {
			t.Errorf("%s is missing: %+v", s.name(), r)
		}
		if s.all && (r.RecordsPerSecond <= 0 || r.Ratio <= 0 || r.RatioToGo <= 0 || r.RatioToFirst <= 0 || r.CPUPerMillion <= 0) {
			t.Errorf("%s: %+v", s.name(), r)
		}
		if want := map[bool]int{false: 4, true: 6}[s.far]; r.Senders != want {
			t.Errorf("%s has %d senders; want %d", s.name(), r.Senders, want)
		}
		if sends := s.all && s.part.name != "second"; sends && (r.Bytes < 1_000_000 || r.MBPerMillion < 500 || r.MBPerSecond <= 0 || r.RSS < 10) {
			t.Errorf("%s: %+v", s.name(), r)
		}
		const most = 6 // statements of all functions together
		if s.part.name == "idle" && (r.Queries > most || r.Bytes != 0) {
			t.Errorf("%s: an idle tick took %v statements and sent %v bytes; want at most %d and none", s.name(), r.Queries, r.Bytes, most)
		}
		if s.part.name == "second" && (r.Bytes != 0 || r.Queries >= all.results["first"+s.suffix].Queries) {
			t.Errorf("%s: %+v", s.name(), r)
		}
	}
	if len(all.results) != len(subjects()) {
		t.Errorf("the JSON has %d subjects; want %d", len(all.results), len(subjects()))
	}
	for database, want := range map[string][3]string{"fast": {"0", "OFF", "0"}, "durable": {"1", "ON", "1"}} {
		s := all.settings[database]
		if got := [3]string{s["innodb_flush_log_at_trx_commit"], s["log_bin"], s["sync_binlog"]}; got != want || s["version"] == "" {
			t.Errorf("the %s database has %v", database, s)
		}
		if !strings.Contains(table, database+" database: ") {
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

func TestScale(t *testing.T) {
	var all struct{ Scale []scaled }
	last(t, &all, "scale", "--rows", "10000,20000", "--repeat", "1", "--json", "--buffer-pool", "128")
	if len(all.Scale) != 2 {
		t.Fatalf("%+v", all)
	}
	small, large := all.Scale[0], all.Scale[1]
	const connections = 10 // each that is opened anew costs a statement
	if large.Queries.Median > small.Queries.Median+connections || large.IdleQueries > 6 || large.Pages != 2*small.Pages {
		t.Errorf("%+v, %+v", small, large)
	}
}

func TestFresh(t *testing.T) {
	var all struct{ Fresh map[string]freshness }
	last(t, &all, "fresh", "--rows", "200", "--repeat", "3", "--json")
	for _, way := range []string{"tick_1s", "direct"} {
		if f := all.Fresh[way]; f.Median <= 0 || f.High < f.Median {
			t.Errorf("%s: %+v", way, f)
		}
	}
}

func TestFlagsThatMakeNoSense(t *testing.T) {
	for want, args := range map[string][]string{
		"--rows is 5":         {"--rows", "5"},
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

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   figure
	}{
		{nil, figure{}},
		{[]float64{3}, figure{3, 3, 3}},
		{[]float64{9, 1, 2}, figure{2, 1, 9}},
		{[]float64{4, 1, 2, 9}, figure{3, 1, 9}},
	} {
		if got := median(c.values); got != c.want {
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
