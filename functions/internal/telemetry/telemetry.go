// Package telemetry sends the product's metrics out: it pushes them over OTLP, and serves
// them to Prometheus. Without a setting it does neither, and measuring costs nothing.
//
// Who may scrape: a caller with METRICS_TOKEN. The metrics name entities and say how the
// business goes, so they are not for everybody who reaches a public function.
package telemetry

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	exporter "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"

	"gitlab.com/eshopbox-team/return-sync/shared/alert"
)

// Config holds the environment's settings of metrics. The names with OTEL are those that
// OpenTelemetry gives them.
type Config struct {
	// Token lets its holder read GET /metrics; empty: nobody. A secret.
	Token string `env:"METRICS_TOKEN"`
	// Endpoint receives the metrics over OTLP/HTTP; empty: they are not pushed.
	Endpoint string `env:"OTEL_EXPORTER_OTLP_ENDPOINT"`
	// Headers go with each push, as name=value separated by commas: a secret.
	Headers map[string]string `env:"OTEL_EXPORTER_OTLP_HEADERS, separator=="`
	// Millis is the time between two pushes in milliseconds.
	Millis int `env:"OTEL_METRIC_EXPORT_INTERVAL, default=60000"`
}

// tokenLength is the least length of the token.
const tokenLength = 32

// Check refuses settings that cannot work or that guard nothing.
func (c Config) Check() error {
	var problems []error
	if c.Token != "" && len(c.Token) < tokenLength {
		problems = append(problems, errors.New("METRICS_TOKEN must have 32 characters or more"))
	}
	if c.Endpoint != "" {
		problems = append(problems, alert.Address("OTEL_EXPORTER_OTLP_ENDPOINT", c.Endpoint))
	}
	if c.Millis < 1000 {
		problems = append(problems, errors.New("OTEL_METRIC_EXPORT_INTERVAL must be at least 1000 milliseconds"))
	}
	return errors.Join(problems...)
}

// Telemetry is the way out of a process's metrics.
type Telemetry struct {
	provider metric.MeterProvider
	scrape   http.Handler // nil: none
	end      func(context.Context) error
}

// scope is the name of the instruments' library.
const scope = "gitlab.com/eshopbox-team/return-sync"

// Open opens the ways that are configured. service names the process.
func Open(ctx context.Context, c Config, service string, log *slog.Logger) (*Telemetry, error) {
	t := &Telemetry{provider: noop.NewMeterProvider(), end: func(context.Context) error { return nil }}
	if err := c.Check(); err != nil || c.Token == "" && c.Endpoint == "" {
		return t, err
	}
	options := []sdk.Option{sdk.WithResource(resource.NewSchemaless(attribute.String("service.name", service)))}
	if c.Token != "" {
		registry := prometheus.NewRegistry()
		reader, err := exporter.New(exporter.WithRegisterer(registry), exporter.WithoutScopeInfo())
		if err != nil {
			return t, err
		}
		options = append(options, sdk.WithReader(reader))
		t.scrape = bearer(c.Token, promhttp.HandlerFor(registry, promhttp.HandlerOpts{MaxRequestsInFlight: 2, Timeout: 20 * time.Second}))
	}
	if c.Endpoint != "" {
		push, err := otlpmetrichttp.New(ctx, otlpmetrichttp.WithEndpointURL(strings.TrimRight(c.Endpoint, "/")+"/v1/metrics"), otlpmetrichttp.WithHeaders(c.Headers))
		if err != nil {
			return t, errors.New("OTEL_EXPORTER_OTLP_ENDPOINT cannot be used")
		}
		options = append(options, sdk.WithReader(sdk.NewPeriodicReader(push, sdk.WithInterval(time.Duration(c.Millis)*time.Millisecond))))
	}
	provider := sdk.NewMeterProvider(options...)
	t.provider, t.end = provider, provider.Shutdown
	logging(log)
	return t, nil
}

// once installs the process's only handler of OpenTelemetry's errors.
var once sync.Once

// logging logs what fails beside the requests: a push, or the reading of the state.
func logging(log *slog.Logger) {
	once.Do(func() {
		otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { log.Warn("metrics are incomplete or were not pushed", "error", err.Error()) }))
	})
}

// Meter returns the meter of the product's instruments.
func (t *Telemetry) Meter() metric.Meter { return t.provider.Meter(scope) }

// Close pushes what was measured and ends.
func (t *Telemetry) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	return t.end(ctx)
}

// Before puts GET /metrics before a handler, also below a function's name.
func (t *Telemetry) Before(next http.Handler, function string) http.Handler {
	if t.scrape == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && (r.URL.Path == "/metrics" || function != "" && r.URL.Path == "/"+function+"/metrics") {
			t.scrape.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// bearer lets in callers with the token. It compares hashes in constant time, so that the
// answer's time says nothing of the token or its length.
func bearer(token string, next http.Handler) http.Handler {
	want := sha256.Sum256([]byte(token))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		brought, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		got := sha256.Sum256([]byte(brought))
		if subtle.ConstantTimeCompare(want[:], got[:]) != 1 || !ok {
			w.Header().Set("WWW-Authenticate", "Bearer")
			http.Error(w, "bring METRICS_TOKEN as bearer token", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}
