// Package metrics is what the product measures of itself, as instruments of OpenTelemetry.
// Names follow its conventions: returnsync.lag of unit s, which Prometheus reads as
// returnsync_lag_seconds.
//
// The labels have few values: the names of definitions, an outcome, a class of status. No
// label holds an id, an account or an error.
package metrics

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/target"
)

// The names of the instruments and labels.
const (
	Lag              = "returnsync.lag"
	Watermark        = "returnsync.watermark.timestamp"
	Parked           = "returnsync.parked"
	Drift            = "returnsync.drift"
	Operations       = "returnsync.operations"
	OperationsBudget = "returnsync.operations.budget"
	PageDuration     = "returnsync.page.duration"
	SearchDuration   = "returnsync.search.duration"

	entityLabel  = "entity"
	outcomeLabel = "outcome"
	statusLabel  = "status"
	windowLabel  = "window"
)

// The buckets, in seconds: a page takes up to its lease, a search up to its time limit.
var (
	pageBuckets   = []float64{.025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120}
	searchBuckets = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}
)

// Pages measures deliveries of page tasks. It is safe for concurrent use.
type Pages struct{ duration metric.Float64Histogram }

// NewPages returns the instrument.
func NewPages(m metric.Meter) (*Pages, error) {
	h, err := m.Float64Histogram(PageDuration, metric.WithUnit("s"), metric.WithDescription("How long a delivery of a page task took."), metric.WithExplicitBucketBoundaries(pageBuckets...))
	return &Pages{h}, err
}

// Done measures a delivery of a page of an entity's target, which may be empty where the
// page is unknown. Nil measures nothing.
func (p *Pages) Done(ctx context.Context, entity string, err error, took time.Duration) {
	if p == nil {
		return
	}
	p.duration.Record(ctx, took.Seconds(), metric.WithAttributeSet(attribute.NewSet(
		attribute.String(entityLabel, target.Parse(entity).Base), attribute.String(outcomeLabel, outcome(err)))))
}

// outcome is what became of a delivery.
func outcome(err error) string {
	switch {
	case err == nil:
		return "done"
	case fault.Retryable(err):
		return "retry"
	}
	return "dropped"
}

// Searches measures answers of the search function. It is safe for concurrent use.
type Searches struct {
	duration metric.Float64Histogram
	classes  [6]metric.MeasurementOption // by the first digit of the status
}

// NewSearches returns the instrument.
func NewSearches(m metric.Meter) (*Searches, error) {
	h, err := m.Float64Histogram(SearchDuration, metric.WithUnit("s"), metric.WithDescription("How long an answer of the search function took."), metric.WithExplicitBucketBoundaries(searchBuckets...))
	s := &Searches{duration: h}
	for i, class := range []string{"other", "1xx", "2xx", "3xx", "4xx", "5xx"} {
		s.classes[i] = metric.WithAttributeSet(attribute.NewSet(attribute.String(statusLabel, class)))
	}
	return s, err
}

// Answered measures an answer. Nil measures nothing.
func (s *Searches) Answered(ctx context.Context, status int, took time.Duration) {
	if s == nil {
		return
	}
	class := status / 100
	if class < 0 || class >= len(s.classes) {
		class = 0
	}
	s.duration.Record(ctx, took.Seconds(), s.classes[class])
}

// State is the state of the syncs at one moment.
type State struct {
	Now      time.Time // by the database's clock
	Entities []Entity
	// Day and Month are the operations of the index in 24 hours and 30 days.
	Day, Month Spent
}

// Spent is operations of the index, and their budget; 0 is no budget.
type Spent struct{ Used, Budget int64 }

// Entity is the state of one entity.
type Entity struct {
	Name      string
	Watermark *time.Time // nil before the first sync
	Parked    int64
	Drift     *int64 // nil where nothing was compared yet
}

// Observe has the state read whenever the metrics are collected. A state that cannot be
// read is an error of the collection and leaves its metrics out: none is 0 for unknown.
func Observe(m metric.Meter, read func(context.Context) (State, error)) (metric.Registration, error) {
	var problems []error
	gauge := func(name, unit, text string) metric.Int64ObservableGauge {
		g, err := m.Int64ObservableGauge(name, metric.WithUnit(unit), metric.WithDescription(text))
		problems = append(problems, err)
		return g
	}
	seconds := func(name, text string) metric.Float64ObservableGauge {
		g, err := m.Float64ObservableGauge(name, metric.WithUnit("s"), metric.WithDescription(text))
		problems = append(problems, err)
		return g
	}
	lag := seconds(Lag, "How far the index is behind the source: now less the watermark, by the database's clock.")
	watermark := seconds(Watermark, "The watermark: up to when the index is known to be equal to the source, in seconds since 1970.")
	parked := gauge(Parked, "{record}", "Records that are kept out of the index.")
	drift := gauge(Drift, "{difference}", "Differences between source, ledger and index that a comparison found.")
	operations := gauge(Operations, "{operation}", "Operations of the index in a window of time.")
	budget := gauge(OperationsBudget, "{operation}", "The most operations of the index in a window of time.")
	reg, err := m.RegisterCallback(func(ctx context.Context, o metric.Observer) error {
		s, err := read(ctx)
		if err != nil {
			return err
		}
		for _, e := range s.Entities {
			label := metric.WithAttributes(attribute.String(entityLabel, target.Parse(e.Name).Base))
			if e.Watermark != nil {
				o.ObserveFloat64(lag, max(0, s.Now.Sub(*e.Watermark).Seconds()), label)
				o.ObserveFloat64(watermark, float64(e.Watermark.UnixMilli())/1000, label)
			}
			o.ObserveInt64(parked, e.Parked, label)
			if e.Drift != nil {
				o.ObserveInt64(drift, *e.Drift, label)
			}
		}
		for window, spent := range map[string]Spent{"24h": s.Day, "30d": s.Month} {
			label := metric.WithAttributes(attribute.String(windowLabel, window))
			o.ObserveInt64(operations, spent.Used, label)
			if spent.Budget > 0 {
				o.ObserveInt64(budget, spent.Budget, label)
			}
		}
		return nil
	}, lag, watermark, parked, drift, operations, budget)
	return reg, errors.Join(append(problems, err)...)
}
