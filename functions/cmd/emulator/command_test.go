package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const patience = 20 * time.Second

// screen is an output that can be read while it is written.
type screen struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write is part of io.Writer.
func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

// address waits for a line "name: address".
func (s *screen) address(t *testing.T, name string) string {
	t.Helper()
	line := regexp.MustCompile(`(?m)^` + name + `: (?:http://)?(127\.0\.0\.1:\d+)$`)
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		s.mu.Lock()
		match := line.FindStringSubmatch(s.text.String())
		s.mu.Unlock()
		if match != nil {
			return match[1]
		}
	}
	t.Fatalf("no address of %s was printed", name)
	return ""
}

// run starts the command and stops it, as Ctrl-C does, when the test ends.
func run(t *testing.T, args ...string) *screen {
	t.Helper()
	out := &screen{}
	command := newCommand(out, io.Discard)
	command.SetArgs(args)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- command.ExecuteContext(ctx) }()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("%v ended with %v", args, err)
			}
		case <-time.After(patience):
			t.Errorf("%v did not stop", args)
		}
	})
	return out
}

func fetch(t *testing.T, url string, header http.Header) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header = header
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %d, %v, %s", url, response.StatusCode, err, body)
	}
	return strings.Join(strings.Fields(string(body)), "")
}

func TestServesUntilStopped(t *testing.T) {
	for name, path := range map[string]string{"tasks": "Cloud Tasks", "scheduler": "Cloud Scheduler"} {
		t.Run(name, func(t *testing.T) {
			out := run(t, name, "--port", "0", "--control-port", "0", "--faults", `{"late":0.5,"late_max":"2s"}`)
			connection, err := net.Dial("tcp", out.address(t, path))
			if err != nil {
				t.Fatal(err)
			}
			connection.Close()
			got := fetch(t, "http://"+out.address(t, path+" control")+"/faults", nil)
			if diff := cmp.Diff(`{"late":0.5,"late_max":"2s"}`, got); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
		})
	}
}

func TestServesAlgolia(t *testing.T) {
	file := filepath.Join(t.TempDir(), "faults.json")
	if err := os.WriteFile(file, []byte(`{"rules":[{"kind":"rateLimit","max":2}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	out := run(t, "algolia", "--port", "0", "--admin-key", "boss", "--faults", file)
	header := http.Header{"X-Algolia-Application-Id": {"local"}, "X-Algolia-Api-Key": {"boss"}}
	if got := fetch(t, "http://"+out.address(t, "Algolia")+"/_emulator/faults", header); !strings.Contains(got, "rateLimit") {
		t.Errorf("faults: %s", got)
	}
}

func TestServesReports(t *testing.T) {
	for name, title := range map[string]string{"airtable": "Airtable", "spapi": "SP-API"} {
		out := run(t, name, "--port", "0", "--faults", `{"rules":[{"kind":"serverError","max":2}]}`)
		if got := fetch(t, "http://"+out.address(t, title)+"/_emulator/faults", nil); !strings.Contains(got, "serverError") {
			t.Errorf("%s: faults: %s", name, got)
		}
	}
}

func TestRefusals(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := strconv.Itoa(taken.Addr().(*net.TCPAddr).Port)
	tests := []struct {
		name string
		args []string
		want string
	}{
		{"port in use", []string{"tasks", "--port", port, "--control-port", "0"}, "port " + port + " for Cloud Tasks is in use: stop the program that has it, or choose another port with --port"},
		{"control port in use", []string{"scheduler", "--port", "0", "--control-port", port}, "choose another port with --control-port"},
		{"host", []string{"tasks", "--host", "0.0.0.0"}, "127.0.0.1 only"},
		{"unknown flag", []string{"algolia", "--index", "x"}, "--help lists the flags"},
		{"port out of range", []string{"algolia", "--port", "70000"}, "choose another with --port"},
		{"faults file missing", []string{"tasks", "--faults", "nowhere.json"}, "give a file or JSON"},
		{"faults unknown", []string{"tasks", "--faults", `{"lates":1}`}, `unknown field "lates"`},
		{"probability", []string{"scheduler", "--faults", `{"twice":2}`}, "twice is 2: a probability from 0 to 1"},
		{"algolia faults", []string{"algolia", "--faults", `{"rules":[{"kind":"gremlin"}]}`}, "gremlin"},
		{"airtable faults", []string{"airtable", "--faults", `{"rules":[{"kind":"gremlin"}]}`}, "gremlin"},
		{"airtable base", []string{"airtable", "--base", "SYNC"}, "app and 14 letters or digits"},
		{"spapi faults", []string{"spapi", "--faults", `{"rules":[{"kind":"refuse"}]}`}, "unknown kind"},
		{"argument", []string{"tasks", "more"}, "unknown command"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			command := newCommand(io.Discard, io.Discard)
			command.SetArgs(test.args)
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			err := command.ExecuteContext(ctx)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
}
