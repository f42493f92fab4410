package telemetry_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/metric"
	collector "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	"google.golang.org/protobuf/proto"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/telemetry"
	"gitlab.com/eshopbox-team/return-sync/shared/metrics"
)

// token is the tests' token.
var token = strings.Repeat("t", 32)

// open opens telemetry whose meter has measured one search.
func open(t *testing.T, c telemetry.Config) *telemetry.Telemetry {
	t.Helper()
	if c.Millis == 0 {
		c.Millis = 60000
	}
	tel, err := telemetry.Open(t.Context(), c, "SearchOrderReturnIndexData", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	measure(t, tel.Meter())
	return tel
}

// measure measures a search.
func measure(t *testing.T, m metric.Meter) {
	t.Helper()
	s, err := metrics.NewSearches(m)
	if err != nil {
		t.Fatal(err)
	}
	s.Answered(t.Context(), 200, 30*time.Millisecond)
}

// TestWhoMayScrape lets in who brings the token, and keeps all other requests with the
// function.
func TestWhoMayScrape(t *testing.T) {
	function := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "the function") })
	with := open(t, telemetry.Config{Token: token})
	without := open(t, telemetry.Config{})
	for _, c := range []struct {
		from                 *telemetry.Telemetry
		method, path, bearer string
		status               int
		has                  string
	}{
		{with, "GET", "/metrics", "Bearer " + token, 200, `returnsync_search_duration_seconds_bucket{status="2xx",le="0.05"} 1`},
		{with, "GET", "/Search/metrics", "Bearer " + token, 200, "returnsync_search_duration_seconds_count"},
		{with, "GET", "/metrics", "", 401, "METRICS_TOKEN"},
		{with, "GET", "/metrics", "Bearer " + token + "t", 401, "METRICS_TOKEN"},
		{with, "GET", "/metrics", "Bearer ", 401, "METRICS_TOKEN"},
		{with, "GET", "/metrics", token, 401, "METRICS_TOKEN"},
		{with, "POST", "/metrics", "Bearer " + token, 200, "the function"},
		{with, "GET", "/metrics/x", "Bearer " + token, 200, "the function"},
		{with, "GET", "/Other/metrics", "Bearer " + token, 200, "the function"},
		{without, "GET", "/metrics", "Bearer ", 200, "the function"},
	} {
		r := httptest.NewRequest(c.method, c.path, nil)
		r.Header.Set("Authorization", c.bearer)
		w := httptest.NewRecorder()
		c.from.Before(function, "Search").ServeHTTP(w, r)
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.has) || strings.Contains(w.Body.String(), token) {
			t.Errorf("%s %s with %q: %d %s", c.method, c.path, c.bearer, w.Code, w.Body)
		}
	}
}

// TestPush sends the metrics over OTLP to a collector, with its headers, at the end at
// the latest; a collector that is away fails nothing but the end.
func TestPush(t *testing.T) {
	got := make(chan *collector.ExportMetricsServiceRequest, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var request collector.ExportMetricsServiceRequest
		if r.URL.Path != "/otlp/v1/metrics" || r.Header.Get("api-key") != "k=1" || proto.Unmarshal(body, &request) != nil {
			t.Errorf("%s %v", r.URL.Path, r.Header)
		}
		w.Header().Set("Content-Type", "application/x-protobuf")
		select {
		case got <- &request:
		default:
		}
	}))
	defer server.Close()
	if err := open(t, telemetry.Config{Endpoint: server.URL + "/otlp/", Headers: map[string]string{"api-key": "k=1"}}).Close(); err != nil {
		t.Fatal(err)
	}
	resource := (<-got).ResourceMetrics[0]
	if name := resource.Resource.Attributes[0]; name.Key != "service.name" || name.Value.GetStringValue() != "SearchOrderReturnIndexData" {
		t.Errorf("resource %v", resource.Resource)
	}
	m := resource.ScopeMetrics[0].Metrics[0]
	if m.Name != metrics.SearchDuration || m.Unit != "s" || m.GetHistogram().DataPoints[0].Count != 1 {
		t.Errorf("metric %v", m)
	}
}

// TestSettings names what cannot work, without its value.
func TestSettings(t *testing.T) {
	for name, c := range map[string]telemetry.Config{
		"METRICS_TOKEN": {Token: "short-s3cret", Millis: 60000}, "OTEL_EXPORTER_OTLP_ENDPOINT": {Endpoint: "s3cret", Millis: 60000}, "OTEL_METRIC_EXPORT_INTERVAL": {Millis: 10},
	} {
		if _, err := telemetry.Open(t.Context(), c, "x", slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
