package main

import (
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
)

func TestMain(m *testing.M) {
	if err := limitChild(os.Getenv(limitEnv), os.Stdout); !errors.Is(err, errNoChild) {
		exit(err)
	}
	profileChild(os.Getenv(profileEnv), os.Getenv("FUNCTION_TARGET"))
	rehearsal.Child()
	os.Exit(m.Run())
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

// TestEverythingIsMeasured measures a little, and checks what does not depend on
// the machine's speed.
func TestEverythingIsMeasured(t *testing.T) {
	profiles := t.TempDir()
	var all map[string]told
	table := last(t, &all, "--rows", "1000", "--repeat", "1", "--json", "--latency", "5ms", "--buffer-pool", "64", "--profile", profiles)
	for _, s := range subjects {
		if !strings.Contains(table, s) || all[s].Seconds <= 0 {
			t.Errorf("%s is missing: %+v", s, all[s])
		}
	}
	if f := all["first"]; f.RecordsPerSecond <= 0 || f.Ratio <= 0 || f.Queries < 20 || f.Bytes < 1_000_000 || f.RSS < 10 {
		t.Errorf("first: %+v", f)
	}
	if s := all["second"]; s.Bytes != 0 || s.Queries >= all["first"].Queries {
		t.Errorf("second: %+v", s)
	}
	const most = 6 // statements of all functions together
	if i := all["idle"]; i.Queries > most || i.Bytes != 0 {
		t.Errorf("an idle tick took %v statements and sent %v bytes; want at most %d and none", i.Queries, i.Bytes, most)
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
