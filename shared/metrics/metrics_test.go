package metrics_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/metrics"
)

// attributes writes labels.
var attributes = attribute.DefaultEncoder()

// now is the tests' time.
var now = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// collect returns what a reader sees: values by name and labels, counts of histograms.
func collect(t *testing.T, reader sdk.Reader) (map[string]float64, error) {
	t.Helper()
	var got metricdata.ResourceMetrics
	err := reader.Collect(t.Context(), &got)
	values := map[string]float64{}
	for _, scope := range got.ScopeMetrics {
		for _, m := range scope.Metrics {
			name := m.Name + "[" + m.Unit + "] "
			switch data := m.Data.(type) {
			case metricdata.Gauge[float64]:
				for _, p := range data.DataPoints {
					values[name+p.Attributes.Encoded(attributes)] = p.Value
				}
			case metricdata.Gauge[int64]:
				for _, p := range data.DataPoints {
					values[name+p.Attributes.Encoded(attributes)] = float64(p.Value)
				}
			case metricdata.Histogram[float64]:
				for _, p := range data.DataPoints {
					values[name+p.Attributes.Encoded(attributes)] = float64(p.Count)
				}
			}
		}
	}
	return values, err
}

// TestState shows what is known, by the database's clock, and leaves out what is not.
func TestState(t *testing.T) {
	reader := sdk.NewManualReader()
	at, drift := now.Add(-90*time.Second), int64(3)
	state, problem := metrics.State{
		Now: now, Day: metrics.Spent{Used: 10, Budget: 100}, Month: metrics.Spent{Used: 200},
		Entities: []metrics.Entity{{Name: "returns~7", Watermark: &at, Parked: 2, Drift: &drift}, {Name: "stock"}},
	}, error(nil)
	if _, err := metrics.Observe(sdk.NewMeterProvider(sdk.WithReader(reader)).Meter("test"), func(context.Context) (metrics.State, error) { return state, problem }); err != nil {
		t.Fatal(err)
	}
	got, err := collect(t, reader)
	want := map[string]float64{
		"returnsync.lag[s] entity=returns": 90, "returnsync.watermark.timestamp[s] entity=returns": float64(at.Unix()),
		"returnsync.parked[{record}] entity=returns": 2, "returnsync.parked[{record}] entity=stock": 0, "returnsync.drift[{difference}] entity=returns": 3,
		"returnsync.operations[{operation}] window=24h": 10, "returnsync.operations[{operation}] window=30d": 200, "returnsync.operations.budget[{operation}] window=24h": 100,
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(err, diff)
	}
	problem = errors.New("the database is away")
	if got, err := collect(t, reader); err == nil || len(got) != 0 {
		t.Errorf("a state that is unknown: %v, %v", got, err)
	}
}

// TestLabelsAreFew measures many pages and answers: the labels stay few.
func TestLabelsAreFew(t *testing.T) {
	reader := sdk.NewManualReader()
	m := sdk.NewMeterProvider(sdk.WithReader(reader)).Meter("test")
	pages, err := metrics.NewPages(m)
	searches, problem := metrics.NewSearches(m)
	if err := errors.Join(err, problem); err != nil {
		t.Fatal(err)
	}
	for i, err := range []error{nil, nil, fault.New(fault.Retry, "x", "later"), fault.New(fault.Invalid, "x", "never %d", 7), errors.New("else")} {
		pages.Done(t.Context(), []string{"returns", "returns~1", "returns~2"}[i%3], err, time.Second)
	}
	for status := -5; status < 1000; status++ {
		searches.Answered(t.Context(), status, time.Millisecond)
	}
	got, err := collect(t, reader)
	want := map[string]float64{
		"returnsync.page.duration[s] entity=returns,outcome=done": 2, "returnsync.page.duration[s] entity=returns,outcome=retry": 2, "returnsync.page.duration[s] entity=returns,outcome=dropped": 1,
		"returnsync.search.duration[s] status=other": 505, "returnsync.search.duration[s] status=1xx": 100, "returnsync.search.duration[s] status=2xx": 100,
		"returnsync.search.duration[s] status=3xx": 100, "returnsync.search.duration[s] status=4xx": 100, "returnsync.search.duration[s] status=5xx": 100,
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(err, diff)
	}
}

// BenchmarkAnswered is what measuring costs a search.
func BenchmarkAnswered(b *testing.B) {
	for name, m := range map[string]metric.Meter{"off": noop.Meter{}, "on": sdk.NewMeterProvider(sdk.WithReader(sdk.NewManualReader())).Meter("test")} {
		b.Run(name, func(b *testing.B) {
			s, err := metrics.NewSearches(m)
			if err != nil {
				b.Fatal(err)
			}
			p, err := metrics.NewPages(m)
			if err != nil {
				b.Fatal(err)
			}
			b.Run("search", func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					s.Answered(b.Context(), 200, time.Millisecond)
				}
			})
			b.Run("page", func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					p.Done(b.Context(), "returns", nil, time.Millisecond)
				}
			})
		})
	}
}
