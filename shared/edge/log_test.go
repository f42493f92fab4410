package edge_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/shared/edge"
	"gitlab.com/eshopbox-team/return-sync/shared/trace"
)

const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

// logged returns the one record that write logs.
func logged(t *testing.T, write func(*slog.Logger)) map[string]any {
	t.Helper()
	var out bytes.Buffer
	write(edge.NewLogger(&out, slog.LevelInfo, edge.Program{Project: "proj", Service: "cron", Version: "cron-00007"}))
	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil || strings.Count(out.String(), "\n") != 1 {
		t.Fatalf("not one JSON object: %v: %s", err, out.String())
	}
	return line
}

// TestWhatCloudLoggingReadsIsAlwaysAtTheTop logs with groups open or not.
func TestWhatCloudLoggingReadsIsAlwaysAtTheTop(t *testing.T) {
	ctx := trace.With(t.Context(), traceparent)
	cases := map[string]struct {
		write  func(*slog.Logger)
		labels any
		rest   map[string]any
	}{
		"plain": {func(l *slog.Logger) { l.InfoContext(ctx, "m", "run", 7, "page", 2, "pages", 9) },
			map[string]any{"run": "7", "page": "2"}, map[string]any{"run": 7.0, "page": 2.0, "pages": 9.0}},
		"with": {func(l *slog.Logger) { l.With("entity", "returns", "x", 1).InfoContext(ctx, "m", "run", 7) },
			map[string]any{"entity": "returns", "run": "7"}, map[string]any{"entity": "returns", "x": 1.0, "run": 7.0}},
		"no labels": {func(l *slog.Logger) { l.InfoContext(ctx, "m", "x", 1) }, nil, map[string]any{"x": 1.0}},
		"groups": {func(l *slog.Logger) {
			l.With("entity", "returns").WithGroup("a").With("run", 1).WithGroup("").WithGroup("b").InfoContext(ctx, "m", "level", "mine")
		}, map[string]any{"entity": "returns"}, map[string]any{"entity": "returns", "a": map[string]any{"run": 1.0, "b": map[string]any{"level": "mine"}}}},
		"a name of slog's own": {func(l *slog.Logger) { l.InfoContext(ctx, "m", "level", "mine") }, nil, map[string]any{"level": "mine"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			line := logged(t, c.write)
			want := map[string]any{
				"severity": "INFO", "message": "m", "time": line["time"],
				"logging.googleapis.com/trace":         "projects/proj/traces/0af7651916cd43dd8448eb211c80319c",
				"logging.googleapis.com/spanId":        "b7ad6b7169203331",
				"logging.googleapis.com/trace_sampled": true,
			}
			if c.labels != nil {
				want["logging.googleapis.com/labels"] = c.labels
			}
			for k, v := range c.rest {
				want[k] = v
			}
			if diff := cmp.Diff(want, line); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestTwoLoggersOfOneDoNotShareTheirLabels makes two of one, whose slices could
// have the same memory behind them.
func TestTwoLoggersOfOneDoNotShareTheirLabels(t *testing.T) {
	line := logged(t, func(l *slog.Logger) {
		one := l.With("entity", "a", "run", 1)
		two, _ := one.With("page", 2), one.With("page", 3)
		two.Info("m")
	})
	if diff := cmp.Diff(map[string]any{"entity": "a", "run": "1", "page": "2"}, line["logging.googleapis.com/labels"]); diff != "" {
		t.Error(diff)
	}
}

func TestErrorsHaveErrorReportingsForm(t *testing.T) {
	line := logged(t, func(l *slog.Logger) { l.Error("a page failed", "entity", "returns") })
	if line["@type"] != "type.googleapis.com/google.devtools.clouderrorreporting.v1beta1.ReportedErrorEvent" {
		t.Errorf("@type %v", line["@type"])
	}
	if diff := cmp.Diff(map[string]any{"service": "cron", "version": "cron-00007"}, line["serviceContext"]); diff != "" {
		t.Error(diff)
	}
	where := line["context"].(map[string]any)["reportLocation"].(map[string]any)
	if !strings.HasSuffix(where["filePath"].(string), "log_test.go") || where["lineNumber"].(float64) < 1 || !strings.Contains(where["functionName"].(string), "TestErrorsHave") {
		t.Errorf("reportLocation %v", where)
	}
	if line := logged(t, func(l *slog.Logger) { l.Warn("no error") }); line["@type"] != nil {
		t.Error("a warning is reported as an error")
	}
}

// TestAFailureCarriesItsRequestAndAPanicItsStack looks at what a handler that
// breaks leaves in the log.
func TestAFailureCarriesItsRequestAndAPanicItsStack(t *testing.T) {
	line := logged(t, func(l *slog.Logger) {
		h := edge.Handle(l, func(*http.Request) (any, error) { panic("broken") }, http.MethodPost)
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", "/a/b?token=s3cret", nil))
	})
	want := map[string]any{"requestMethod": "POST", "requestUrl": "/a/b", "status": 500.0}
	if diff := cmp.Diff(want, line["httpRequest"]); diff != "" {
		t.Error(diff)
	}
	stack, _ := line["stack_trace"].(string)
	if !strings.HasPrefix(stack, "panic: broken\n\ngoroutine ") || !strings.Contains(stack, "log_test.go") {
		t.Errorf("stack_trace %q", stack)
	}
	if line["error"] != "panic: broken" {
		t.Errorf("error %v", line["error"])
	}
}

// TestACallWithoutATraceBeginsOne and so does one whose trace cannot be read.
func TestACallWithoutATraceBeginsOne(t *testing.T) {
	seen := map[string]bool{}
	for _, header := range []string{"", "nonsense"} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("traceparent", header)
		edge.Handle(slog.New(slog.DiscardHandler), func(r *http.Request) (any, error) {
			id, _, _ := trace.Parts(r.Context())
			seen[id] = true
			return nil, nil
		}, http.MethodGet).ServeHTTP(httptest.NewRecorder(), r)
	}
	if len(seen) != 2 || seen[""] {
		t.Errorf("traces %v", seen)
	}
}
