package wire

import (
	"context"
	"sync"
	"time"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"

	"gitlab.com/eshopbox-team/return-sync/shared/judge"
	"gitlab.com/eshopbox-team/return-sync/shared/metrics"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/target"
)

// Meter returns the meter of the process's instruments; without metrics it does nothing.
func Meter(e *Env) metric.Meter {
	if e.Metrics == nil {
		return noop.Meter{}
	}
	return e.Metrics
}

// stateAge is the maximum age of the state that metrics show. Collecting more often does
// not read the database more often.
const stateAge = 5 * time.Second

// observe has the state of the syncs measured, in a process that measures.
func (e *Env) observe(db *store.DB, entities entity.List, limits judge.Limits) error {
	if e.Metrics == nil {
		return nil
	}
	s := &stateReader{db: db, entities: entities, limits: limits}
	registration, err := metrics.Observe(e.Metrics, s.read)
	if registration != nil {
		e.closing(registration.Unregister)
	}
	return err
}

// stateReader reads the state of the syncs for metrics.
type stateReader struct {
	db       *store.DB
	entities entity.List
	limits   judge.Limits
	mu       sync.Mutex
	at       time.Time // of the last reading, by this machine's clock
	last     metrics.State
}

// read returns the state, at most stateAge old.
func (s *stateReader) read(ctx context.Context) (metrics.State, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if age := now.Sub(s.at); age >= 0 && age < stateAge {
		last := s.last
		last.Now = last.Now.Add(age)
		return last, nil
	}
	live, err := target.Catalog{Entities: s.entities, Store: s.db.Targets}.Live(ctx)
	if err != nil {
		return metrics.State{}, err
	}
	f, err := s.db.Facts.AlertFacts(ctx, live)
	if err != nil {
		return metrics.State{}, err
	}
	s.at, s.last = now, stateOf(f, s.limits)
	return s.last, nil
}

// stateOf is the part of the facts that is measured.
func stateOf(f judge.Facts, l judge.Limits) metrics.State {
	s := metrics.State{
		Now: f.Now, Day: metrics.Spent{Used: f.Spent.Day, Budget: l.OperationsDay}, Month: metrics.Spent{Used: f.Spent.Month, Budget: l.OperationsMonth},
	}
	for _, e := range f.Entities {
		one := metrics.Entity{Name: e.Name, Watermark: e.Watermark, Parked: e.Parked}
		if e.Drift != nil {
			one.Drift = &e.Drift.Count
		}
		s.Entities = append(s.Entities, one)
	}
	return s
}
