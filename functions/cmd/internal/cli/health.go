package cli

import (
	"context"
	"fmt"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/health"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/judge"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/flow"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
)

// Health returns what reads the report on the entity named, or on all. It works on tables
// that want migrating, and reports that.
func (s *Session) Health(ctx context.Context, name string) (func(context.Context) (health.Report, error), error) {
	var defs wire.Definitions
	var limits judge.Limits
	var ticks wire.Ticks
	var config flow.Config
	d, err := s.Configure(ctx, false, &defs, &limits, &ticks, &config)
	if err != nil {
		return nil, err
	}
	if limits.StaleAfter <= 0 {
		return nil, fmt.Errorf("SEARCH_STALE_AFTER (--stale-after) is %v; want more than 0", limits.StaleAfter)
	}
	if _, err := Definitions(defs, name); err != nil {
		return nil, err
	}
	db, err := s.Reach(ctx, d)
	if err != nil {
		return nil, err
	}
	check, err := s.Env.IndexCheck(ctx, db)
	if err != nil {
		return nil, err
	}
	wings, err := s.Env.Lookers(ctx, db.Pool())
	if err != nil {
		return nil, err
	}
	query := health.Query{
		Wings:    wings,
		Entities: func(ctx context.Context, db *store.DB) (entity.List, error) { return Live(ctx, db, defs, name) },
		Limits:   limits, Plans: ticks.Plans, Config: config, Check: check,
	}
	return func(ctx context.Context) (health.Report, error) { return query.Read(ctx, db) }, nil
}

// Repeat calls do every poll until ctx ends or do fails. Its end by ctx is no error.
func (s *Session) Repeat(ctx context.Context, do func() error) error {
	for {
		err := do()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(s.Poll):
		}
	}
}
